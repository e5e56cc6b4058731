package app

import (
	"context"

	"regia/internal/impact"
	"regia/internal/journey"
)

// impactRoom wires the room that tells what interactions do to people. Other
// rooms ask it by interfaces of their own: Impressions, Scores, Curve.
func (a *App) impactRoom(n naming) *impact.Room {
	return impact.New(impact.Options{
		Assumed: a.assumed, Ledger: a.Ledger, Registry: a.Registry, Bus: a.Log, Touchpoints: forImpact{n}.Touchpoints, People: a.People,
		Company: a.Company, Clock: a.Clock, Logger: a.Logger,
	})
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

// assumed gives what the designers of maps suppose of how things go today; what
// is wanted (to be) is nobody's experience. A step that is known by more than an
// event or a touchpoint is left to its map.
func (a *App) assumed(ctx context.Context) ([]impact.Assumption, error) {
	maps, err := a.Journeys.List(ctx)
	var out []impact.Assumption
	for _, m := range maps {
		if m.Kind == journey.ToBe {
			continue
		}
		for _, s := range m.Steps() {
			if len(s.Assumed) == 0 {
				continue
			}
			for _, x := range s.Matches() {
				if len(x.Where) == 0 && x.Kind == "" {
					out = append(out, impact.Assumption{Event: x.Event, Touchpoint: x.Touchpoint, Impacts: s.Assumed, Why: m.Name + ", " + s.Name})
				}
			}
		}
	}
	return out, err
}
