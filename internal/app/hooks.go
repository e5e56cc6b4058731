package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/hooks"
	"regia/internal/mapping"
)

// hooksRoom wires the room that takes webhooks.
func (a *App) hooksRoom() *hooks.Room {
	return hooks.New(hooks.Options{
		Book: a.Registry, Door: hooksDoor{a}, BaseURL: a.Config.URL, Clock: a.Clock, Logger: a.Logger,
		Source: func(ctx context.Context, id string) (hooks.Source, error) {
			s, err := a.Sources.Get(ctx, id)
			return hooks.Source{ID: s.ID, Name: s.Name, Webhook: s.Kind == collect.WebhookSource, Disabled: s.Disabled}, err
		},
	})
}

// hooksDoor brings what webhooks told in by the front door: as a batch of
// history, whose interactions count once however often they are told.
type hooksDoor struct{ *App }

func (d hooksDoor) Take(ctx context.Context, source string, items []mapping.Item) (hooks.Taken, error) {
	var taken hooks.Taken
	s, err := d.Sources.Get(ctx, source)
	if err != nil {
		return taken, err
	}
	body, err := json.Marshal(map[string]any{"batch": items})
	if err != nil {
		return taken, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://regia/v1/import", bytes.NewReader(body))
	if err != nil {
		return taken, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Write-Key", s.WriteKey)
	answer, err := d.InProcess().RoundTrip(r)
	if err != nil {
		return taken, err
	}
	defer answer.Body.Close()
	var said struct {
		Accepted int
		Rejected []struct{ Error string }
		Error    string
	}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return taken, err
	}
	if answer.StatusCode != http.StatusOK {
		return taken, doorError(answer.StatusCode, said.Error)
	}
	taken.Accepted = said.Accepted
	for _, x := range said.Rejected {
		taken.Rejected = append(taken.Rejected, x.Error)
	}
	return taken, nil
}

// doorError is the door's refusal of a whole batch.
func doorError(status int, message string) error {
	switch status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return experience.Errorf(experience.Unavailable, "%s", message)
	case http.StatusForbidden:
		return experience.Errorf(experience.Forbidden, "%s", message)
	}
	return experience.Errorf(experience.Internal, "the front door answered %s: %s", strconv.Itoa(status), message)
}

func (d hooksDoor) Refused(source, class, reason string) { d.door.Refused(source, class, reason) }
