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
		Ledger: a.Ledger, Book: a.Registry, Company: a.Company, Touchpoints: n.Touchpoints, Sources: n.Sources,
		People: a.People, Clock: a.Clock, Logger: a.Logger,
	}
}

// relationships tells the Person page how far somebody has come.
type relationships struct{ room *lifecycle.Room }

func (r relationships) Relationship(ctx context.Context, l *web.Locale, person experience.ID) (people.Relationship, error) {
	told, err := r.room.Tell(ctx, l, person)
	return people.Relationship(told), err
}
