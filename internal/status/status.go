// Package status is the room that says how Regia itself is: how much it holds,
// how far behind the log the books are, whether it is ready.
package status

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stream"
	"regia/internal/web"
)

// Log is what the room asks of the log.
type Log interface {
	Tail(ctx context.Context) (stream.Tail, error)
	Written(ctx context.Context, sequence uint64) (time.Time, error) // when a block was written
}

// Ledger is what the room asks of the book of what happened.
type Ledger interface {
	Head(ctx context.Context) (ledger.Head, error)
}

// Room is the status room.
type Room struct {
	Log     Log
	Ledger  Ledger
	People  func(ctx context.Context) (int64, error)
	Failing func() error // what keeps the weaver from going on; nil when nothing does
	Clock   experience.Clock
	Version string
}

// Status is how Regia is now.
type Status struct {
	Interactions int64  `json:"interactions" doc:"Interactions in the ledger, marked ones included"`
	People       int64  `json:"people" doc:"People, known and anonymous"`
	LagBlocks    int64  `json:"lag_blocks" doc:"Blocks in the log that are not in the books yet"`
	LagMs        int64  `json:"lag_ms" doc:"Age of the oldest of them, in milliseconds"`
	Version      string `json:"version"`
}

// Status reads how Regia is.
func (r *Room) Status(ctx context.Context) (Status, error) {
	s := Status{Version: r.Version}
	head, err := r.Ledger.Head(ctx)
	if err != nil {
		return s, err
	}
	s.Interactions = head.Rows
	if s.LagBlocks, s.LagMs, err = r.lag(ctx, head); err != nil {
		return s, err
	}
	s.People, err = r.People(ctx)
	return s, err
}

// Lag tells how many blocks the books are behind the log, and the age of the
// oldest of them in milliseconds.
func (r *Room) Lag(ctx context.Context) (blocks, ms int64, err error) {
	head, err := r.Ledger.Head(ctx)
	if err != nil {
		return 0, 0, err
	}
	return r.lag(ctx, head)
}

func (r *Room) lag(ctx context.Context, head ledger.Head) (blocks, ms int64, err error) {
	tail, err := r.Log.Tail(ctx)
	if err != nil || tail.Last <= head.Position.Sequence {
		return 0, 0, err
	}
	written, err := r.Log.Written(ctx, head.Position.Sequence+1)
	if err != nil {
		return 0, 0, err
	}
	return int64(tail.Last - head.Position.Sequence), max(0, r.Clock().Sub(written).Milliseconds()), nil
}

type statusOutput struct{ Body Status }

// Register adds the room's routes.
func (r *Room) Register(s *web.Site) {
	web.Operation(s, huma.Operation{OperationID: "get-status", Method: http.MethodGet, Path: "/api/v1/status", Tags: []string{"Status"},
		Summary: "How much Regia holds, and how far behind it is"}, nil,
		func(ctx context.Context, _ *struct{}) (*statusOutput, error) {
			got, err := r.Status(ctx)
			return &statusOutput{got}, err
		})
	s.Public("GET /healthz", func(w http.ResponseWriter, _ *web.Request) error { return answer(w, http.StatusOK, nil) })
	s.Public("GET /readyz", func(w http.ResponseWriter, q *web.Request) error {
		err := r.ready(q.Context())
		if err != nil {
			return answer(w, http.StatusServiceUnavailable, err)
		}
		return answer(w, http.StatusOK, nil)
	})
}

// ready tells whether events can be taken and will be woven.
func (r *Room) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := r.Failing(); err != nil {
		return experience.Errorf(experience.Unavailable, "the weaver stopped; run regia doctor: %w", err)
	}
	if _, err := r.Log.Tail(ctx); err != nil {
		return err
	}
	_, err := r.Ledger.Head(ctx)
	return err
}

func answer(w http.ResponseWriter, status int, err error) error {
	body := map[string]string{"status": "ok"}
	if err != nil {
		body = map[string]string{"status": "unavailable", "error": experience.MessageOf(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(body)
}
