package app

import (
	"context"

	"regia/internal/experience"
	"regia/internal/journey"
	"regia/internal/people"
)

// journeyRoom wires the room of journeys.
func (a *App) journeyRoom(names naming) *journey.Room {
	return &journey.Room{
		Store: a.Journeys, Ledger: a.Ledger, Company: a.Company, Touchpoints: names.Touchpoints, UserName: a.userName,
		Title: people.EventTitle, Clock: a.Clock, Logger: a.Logger,
		Alive: journey.Alive{Impressions: a.Impact, People: a.People},
	}
}

// userName gives the name of a user, "" where there is none.
func (a *App) userName(ctx context.Context, id string) string {
	known, err := experience.ParseID(id)
	if err != nil {
		return ""
	}
	u, err := a.Access.User(ctx, known)
	if err != nil {
		return ""
	}
	return u.Name
}

// demoJourney is the key of the map that a demo comes with.
const demoJourney = "acquisto-online"

// journey draws the demo company's map, once: whoever changes it or takes it
// away finds it so at the next start.
func (d *Demo) journey(ctx context.Context) error {
	m, err := journey.Ready("ecommerce", "it") // the demo company is Italian
	if err != nil {
		return err
	}
	m.Key = demoJourney
	_, err = d.app.Journeys.Create(ctx, "", m)
	if experience.CodeOf(err) == experience.Conflict {
		return nil // it is, or was, there
	}
	return err
}
