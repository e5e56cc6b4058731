package app

import (
	"context"

	"regia/internal/impact"
	"regia/internal/people"
)

// impactRoom wires the room that tells what interactions do to people. Other
// rooms ask it by interfaces of their own: Impressions, Scores, Curve.
func (a *App) impactRoom(n naming) *impact.Room {
	return &impact.Room{
		Ledger: a.Ledger, Registry: a.Registry, Bus: a.Log, Touchpoints: forImpact{n}.Touchpoints, People: a.People,
		Company: a.Company, Clock: a.Clock, Logger: a.Logger, Title: people.EventTitle,
	}
}

type forImpact struct{ naming }

func (n forImpact) Touchpoints(ctx context.Context) ([]impact.Touchpoint, error) {
	c, err := n.touchpoints.Catalogue(ctx)
	out := make([]impact.Touchpoint, len(c.Touchpoints))
	for k, t := range c.Touchpoints {
		out[k] = impact.Touchpoint{
			Key: t.Key, Name: impact.Text{IT: t.Name.In("it"), EN: t.Name.In("en")}, Channel: t.Channel, Stage: t.Stage, Department: t.Department,
		}
	}
	return out, err
}
