package app

import (
	"context"

	"regia/internal/experience"
	"regia/internal/export"
	"regia/internal/people"
)

// exportRoom wires the room that lets data out.
func (a *App) exportRoom(names naming) *export.Room {
	return export.New(export.Options{
		Ledger: a.Ledger, People: forExport{a.People}, Sources: names.exportSources, Touchpoints: names.exportTouchpoints,
		Clock: a.Clock, Logger: a.Logger,
	})
}

// forExport gives people as the export writes them.
type forExport struct{ *people.Records }

func (f forExport) Each(ctx context.Context, anonymous bool, do func(export.Person) error) error {
	return f.Records.Each(ctx, anonymous, func(p people.Portrait) error {
		return do(export.Person{
			ID: p.ID, Known: p.Known, Name: p.Name, FirstName: p.FirstName, LastName: p.LastName, Email: p.Email, Phone: p.Phone,
			Language: p.Language, Country: p.Country, Birthday: p.Birthday, LoyaltyCard: p.LoyaltyCard, Handle: p.Handle,
			Interactions: p.Interactions, FirstSeen: p.FirstSeen, LastSeen: p.LastSeen,
			Consents: p.Consents, Identifiers: p.Identifiers, Traits: p.Traits,
		})
	})
}

func (f forExport) Current(ctx context.Context, id experience.ID) (experience.ID, error) {
	return f.Records.Current(ctx, id)
}

func (n naming) exportSources(ctx context.Context) ([]export.Named, error) {
	all, err := n.sources.List(ctx)
	out := make([]export.Named, len(all))
	for k, s := range all {
		out[k] = export.Named{Key: s.ID, Name: s.Name}
	}
	return out, err
}

func (n naming) exportTouchpoints(ctx context.Context, lang string) ([]export.Named, error) {
	c, err := n.touchpoints.Catalogue(ctx)
	out := make([]export.Named, len(c.Touchpoints))
	for k, t := range c.Touchpoints {
		out[k] = export.Named{Key: t.Key, Name: t.Name.In(lang)}
	}
	return out, err
}
