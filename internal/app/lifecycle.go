package app

import (
	"context"

	"regia/internal/experience"
	"regia/internal/lifecycle"
	"regia/internal/people"
	"regia/internal/web"
)

// lifecycleRoom wires the room of who comes back.
func (a *App) lifecycleRoom(n naming) *lifecycle.Room {
	return &lifecycle.Room{
		Ledger: a.Ledger, Book: a.Registry, Company: a.Company, Touchpoints: forLifecycle{n}.Touchpoints, Sources: forLifecycle{n}.Sources,
		People: a.People, Clock: a.Clock, Logger: a.Logger,
	}
}

// forLifecycle gives touchpoints and sources as the Life-cycle room sees them.
type forLifecycle struct{ naming }

func (n forLifecycle) Sources(ctx context.Context) ([]lifecycle.Source, error) {
	all, err := n.sources.List(ctx)
	out := make([]lifecycle.Source, len(all))
	for k, s := range all {
		out[k] = lifecycle.Source{ID: s.ID, Channel: s.Channel}
	}
	return out, err
}

func (n forLifecycle) Touchpoints(ctx context.Context) ([]lifecycle.Touchpoint, error) {
	c, err := n.touchpoints.Catalogue(ctx)
	out := make([]lifecycle.Touchpoint, len(c.Touchpoints))
	for k, t := range c.Touchpoints {
		out[k] = lifecycle.Touchpoint{Key: t.Key, Name: map[string]string{"it": t.Name.In("it"), "en": t.Name.In("en")}, Channel: t.Channel}
	}
	return out, err
}

// relationships tells the Person page how far somebody has come.
type relationships struct{ room *lifecycle.Room }

func (r relationships) Relationship(ctx context.Context, l *web.Locale, person experience.ID) (people.Relationship, error) {
	told, err := r.room.Tell(ctx, l, person)
	return people.Relationship(told), err
}
