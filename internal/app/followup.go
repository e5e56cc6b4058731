package app

import (
	"context"
	"slices"
	"time"

	"regia/internal/access"
	"regia/internal/experience"
	"regia/internal/followup"
	"regia/internal/mail"
	"regia/internal/pulse"
	"regia/internal/registry"
	"regia/internal/voice"
	"regia/internal/web"
)

// followupRoom wires the room that closes the loop.
func (a *App) followupRoom(n naming) *followup.Room {
	return followup.New(followup.Options{
		Book: a.Registry, Bus: a.Log, Voices: forFollowup{a.Voice}, Users: a.colleagues, People: a.People, Mailer: colleagueMail{a.Mail},
		Place: func(ctx context.Context, l *web.Locale, key string) string {
			names, _ := n.Touchpoint(ctx, key)
			if name := names[l.Lang()]; name != "" {
				return name
			}
			return key
		},
		BaseURL: a.Config.URL, Company: a.Company, Clock: a.Clock, Logger: a.Logger,
	})
}

// colleagues gives the users who may come in and work with single people.
func (a *App) colleagues(ctx context.Context) ([]followup.User, error) {
	all, err := a.Access.ListUsers(ctx)
	all = slices.DeleteFunc(all, func(u access.User) bool { return u.Disabled || u.Role == experience.Viewer })
	out := make([]followup.User, len(all))
	for k, u := range all {
		out[k] = followup.User{ID: u.ID.String(), Name: u.Name, Email: u.Email, Role: u.Role, Lang: u.Language}
	}
	return out, err
}

// colleagueMail writes to colleagues by the company's own mail.
type colleagueMail struct{ outbox *mail.Outbox }

func (m colleagueMail) Put(ctx context.Context, tx registry.Tx, l followup.Letter) error {
	_, err := m.outbox.Put(ctx, tx, mail.Message{To: l.To.Email, Name: l.To.Name, Subject: l.Subject, Text: l.Text, Reference: l.Reference})
	return err
}

// forFollowup gives voices as the follow-ups see them.
type forFollowup struct{ room *voice.Room }

func asked(v voice.Voice) followup.Voice {
	return followup.Voice{ID: v.ID, Number: v.Number, Time: v.Time, Person: v.Person, Touchpoint: v.Touchpoint, Text: v.Text,
		Sentiment: v.Sentiment(), Urgency: v.Urgent(), Scale: v.Scale, Score: v.Score, Signals: v.Labels.Signals}
}

func (f forFollowup) After(ctx context.Context, number int64, limit int) ([]followup.Voice, int64, error) {
	list, last, err := f.room.After(ctx, number, limit)
	out := make([]followup.Voice, len(list))
	for k, v := range list {
		out[k] = asked(v)
	}
	return out, last, err
}

func (f forFollowup) Between(ctx context.Context, from, to time.Time, do func(followup.Voice) error) error {
	return f.room.Between(ctx, from, to, func(v voice.Voice) error { return do(asked(v)) })
}

func (f forFollowup) Get(ctx context.Context, id experience.ID) (followup.Voice, error) {
	v, err := f.room.Get(ctx, id)
	return asked(v), err
}

func (f forFollowup) Answer(ctx context.Context, person experience.ID, scale string, after time.Time) (followup.Voice, bool, error) {
	v, ok, err := f.room.Answer(ctx, person, scale, after)
	return asked(v), ok, err
}

// waiting tells the Pulse which voices need somebody.
type waiting struct{ *App }

func (w waiting) Waiting(ctx context.Context, user string) (pulse.Waiting, error) {
	n, err := w.FollowUps.Needs(ctx, user)
	return pulse.Waiting(n), err
}
