package app

import (
	"context"

	"regia/internal/experience"
	"regia/internal/invite"
	"regia/internal/people"
	"regia/internal/registry"
	"regia/internal/survey"
	"regia/internal/weave"
)

// openInvitations wires the room that says who is asked, and lets the surveys
// know whom its invitations are for.
func (a *App) openInvitations(ctx context.Context) (err error) {
	a.Invitations, err = invite.New(ctx, invite.Options{
		Book: a.Registry, Ledger: a.Ledger, Bus: a.Log, Mail: a.Mail, People: invited{a.People}, Surveys: forInvite{a.Surveys},
		Touchpoints: func(ctx context.Context) ([]invite.Touchpoint, error) {
			c, err := a.Touchpoints.Catalogue(ctx)
			var out []invite.Touchpoint
			for _, t := range c.Touchpoints {
				if !t.Retired {
					out = append(out, invite.Touchpoint{Key: t.Key, Name: map[string]string{"it": t.Name.In("it"), "en": t.Name.In("en")}})
				}
			}
			return out, err
		},
		Log: a.Log.Append, Source: weave.OwnSource, Company: a.Company, BaseURL: a.Config.BaseURL(), Clock: a.Clock, Logger: a.Logger,
		TakenBack: a.People.TakenBack,
		Site: func(ctx context.Context, writeKey string) (bool, error) {
			all, err := a.Sources.List(ctx)
			for _, s := range all {
				if s.WriteKey == writeKey && writeKey != "" {
					return s.Kind.Browser() && !s.Disabled, err
				}
			}
			return false, err
		},
	})
	if err == nil {
		a.Surveys.Invitations = invitations{a.Invitations}
	}
	return err
}

// invited tells how people can be asked.
type invited struct{ records *people.Records }

func (i invited) Contact(ctx context.Context, tx registry.Tx, person experience.ID) (invite.Contact, error) {
	c, err := i.records.Contact(ctx, tx, person)
	return invite.Contact{
		Person: c.Person, FirstName: c.FirstName, Email: c.Email, Phone: c.Phone, Language: c.Language, Identifiers: c.Identifiers, Consents: c.Consents,
	}, err
}

func (i invited) Holder(ctx context.Context, tx registry.Tx, id experience.Identifier) (experience.ID, error) {
	return i.records.Holder(ctx, tx, id)
}

func (i invited) Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	return i.records.Names(ctx, ids)
}

// forInvite gives surveys as the room that invites sees them.
type forInvite struct{ room *survey.Room }

func (f forInvite) List(ctx context.Context) ([]invite.Survey, error) {
	all, err := f.room.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []invite.Survey
	for _, r := range all {
		if r.Version == 0 {
			continue
		}
		s, err := f.Get(ctx, r.Draft.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (f forInvite) Get(ctx context.Context, key string) (invite.Survey, error) {
	v, status, err := f.room.Store.Current(ctx, key)
	if err != nil {
		return invite.Survey{}, err
	}
	out := invite.Survey{
		Key: v.Key, Name: v.Name, Open: status == survey.Open, Languages: v.Languages, Accent: v.Theme.Accent, Logo: v.Theme.Logo,
		Title: v.Title, Intro: v.Intro,
	}
	if len(v.Questions) > 0 {
		q := &v.Questions[0]
		out.Question, out.Low, out.High = q.Text, q.Low, q.High
		if q.Type.Scored() {
			out.Scale = q.Scale()
			out.From, out.To = q.Range()
		}
	}
	return out, nil
}

func (f forInvite) Path(l invite.Link) (string, error) {
	token, err := f.room.Tickets.Sign(survey.Ticket{
		Survey: l.Survey, Invitation: l.Invitation, Channel: survey.Channel(l.Channel), About: l.Touchpoint, Shop: l.Shop,
		OrderID: l.OrderID, ProductID: l.ProductID, Language: l.Language,
	})
	return survey.Path(token), err
}

// invitations lets the surveys know whom an invitation is for.
type invitations struct{ *invite.Room }

func (i invitations) Look(ctx context.Context, id string) (survey.Invited, error) {
	x, err := i.Room.Look(ctx, id)
	return survey.Invited{
		Survey: x.Survey, Open: x.Open, Identifiers: x.Identifiers, About: x.About.Touchpoint, Shop: x.About.Shop, OrderID: x.About.OrderID, ProductID: x.About.ProductID,
		Language: x.Language,
	}, err
}
