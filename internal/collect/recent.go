package collect

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"regia/internal/experience"
)

// Recent tells what came in from sources.
type Recent interface {
	// RecentEvents gives the events of a source that came in last, the newest first.
	RecentEvents(ctx context.Context, source string, limit int) ([]RecentEvent, error)
	// Activity gives what came in from each source, bots and staff included.
	Activity(ctx context.Context, since time.Time) (map[string]Activity, error)
}

// RecentEvent is one event as it stands in the ledger.
type RecentEvent struct {
	ID         string
	MessageID  string
	Kind       experience.Kind
	Name       string
	Time       time.Time // when it happened
	ReceivedAt time.Time
	Touchpoint string // key; "" = unbound
	Person     string // id; "" = nobody
	Flags      experience.Flags
	Imported   bool
}

// Activity is what came in from one source.
type Activity struct {
	Events int64     // since the moment asked for
	Last   time.Time // when the last one of all came in
}

// Ledger is what happened, as this room reads it.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// NewRecent reads from the ledger.
func NewRecent(l Ledger) Recent { return recent{l} }

type recent struct{ ledger Ledger }

func (r recent) RecentEvents(ctx context.Context, source string, limit int) ([]RecentEvent, error) {
	// First how far back: that reads two columns, where all would be read of
	// every row to be sorted.
	since, err := r.since(ctx, source, limit)
	if err != nil {
		return nil, err
	}
	rows, err := r.ledger.Query(ctx, `SELECT CAST(id AS TEXT), message_id, kind, name, time, received_at, touchpoint,
			COALESCE(CAST(person_id AS TEXT), ''), flags, imported
		FROM interactions WHERE source = $1 AND received_at >= $3 ORDER BY received_at DESC, time DESC, id DESC LIMIT $2`, source, limit, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []RecentEvent
	for rows.Next() {
		var e RecentEvent
		if err := rows.Scan(&e.ID, &e.MessageID, &e.Kind, &e.Name, &e.Time, &e.ReceivedAt, &e.Touchpoint, &e.Person, &e.Flags, &e.Imported); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// since gives when the nth last event of a source came in; the zero time where
// there are fewer.
func (r recent) since(ctx context.Context, source string, n int) (since time.Time, err error) {
	rows, err := r.ledger.Query(ctx, `SELECT received_at FROM interactions WHERE source = $1 ORDER BY received_at DESC LIMIT 1 OFFSET $2`, source, n-1)
	if err != nil {
		return since, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&since)
	}
	return since, errors.Join(err, rows.Err())
}

func (r recent) Activity(ctx context.Context, since time.Time) (map[string]Activity, error) {
	rows, err := r.ledger.Query(ctx, `SELECT source, COUNT(*) FILTER (WHERE received_at >= $1), MAX(received_at)
		FROM interactions GROUP BY source`, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]Activity{}
	for rows.Next() {
		var source string
		var a Activity
		if err := rows.Scan(&source, &a.Events, &a.Last); err != nil {
			return nil, err
		}
		all[source] = a
	}
	return all, rows.Err()
}
