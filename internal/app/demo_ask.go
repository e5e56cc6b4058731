package app

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"regia/internal/demo"
	"regia/internal/experience"
	"regia/internal/invite"
	"regia/internal/mail"
	"regia/internal/registry"
	"regia/internal/survey"
	"regia/internal/weave"
)

const (
	// askedDays is how far back the demo company began to ask by Regia.
	askedDays = 84
	// demoWindow is in how many days it asks nobody twice.
	demoWindow = 14
)

// Ask has the demo company ask the people of the last months, has them answer,
// and has its colleagues look after who needs somebody: by the rooms that do so
// for any company, with a clock that stands in the past. What of it was done is
// not done again. The rooms of the present rest meanwhile.
func (d *Demo) Ask(ctx context.Context) error {
	defer d.release()
	if !d.asked.IsZero() {
		return nil
	}
	if err := d.app.Caught(ctx); err != nil {
		return err
	}
	s, err := d.newStory(ctx)
	if err != nil {
		return err
	}
	if err := s.tell(ctx); err != nil {
		return err
	}
	d.asked = s.end
	return d.save()
}

// save writes down which world the folder shows, and how far people were asked.
func (d *Demo) save() error {
	raw, err := json.Marshal(map[string]any{"seed": d.options.Seed, "start": d.options.Start, "asked": d.asked})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.app.Config.Data, demoFile), raw, 0o600)
}

// story is a part of the past told anew: rooms of its own on the books of all,
// and an agenda of who does what when.
type story struct {
	*Demo
	start, end time.Time
	now        time.Time
	book       *lot
	mail       *mail.Outbox
	surveys    *survey.Room
	invite     *invite.Room
	people     remembered
	reply      func(demo.Asked) demo.Reply
	rows       []*past // by time
	byEvent    map[experience.ID]*past
	second     map[experience.ID]demo.Asked // by invitation: what is asked again
	again      []second                     // to be asked again
	done       map[experience.ID]bool       // voices that were looked at
	agenda
}

// past is an interaction somebody may be asked about.
type past struct {
	experience.Interaction
	said struct {
		Delay   int    `json:"delay_days"`
		Clerk   string `json:"staff_id"`
		Outcome string `json:"outcome"`
	}
}

// lot is the registry, in which much is written at once.
type lot struct {
	*registry.DB
	tx registry.Tx // nil: none is open
}

func (l *lot) Read(ctx context.Context, f func(context.Context, registry.Tx) error) error {
	if l.tx == nil {
		return l.DB.Read(ctx, f)
	}
	return f(ctx, l.tx)
}

func (l *lot) Write(ctx context.Context, f func(context.Context, registry.Tx) error) error {
	if l.tx == nil {
		return l.DB.Write(ctx, f)
	}
	return f(ctx, l.tx)
}

// together has f write in one transaction.
func (l *lot) together(ctx context.Context, f func(context.Context) error) error {
	return l.DB.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		l.tx = tx
		defer func() { l.tx = nil }()
		return f(ctx)
	})
}

// remembered is people's contacts, which stay as they are while a past is told.
type remembered struct {
	invited
	known map[experience.ID]invite.Contact
}

func (r remembered) Contact(ctx context.Context, tx registry.Tx, person experience.ID) (invite.Contact, error) {
	if c, ok := r.known[person]; ok {
		return c, nil
	}
	c, err := r.invited.Contact(ctx, tx, person)
	if err == nil {
		r.known[person] = c
	}
	return c, err
}

func (d *Demo) newStory(ctx context.Context) (*story, error) {
	a := d.app
	s := &story{
		Demo: d, end: a.Clock().UTC(), book: &lot{DB: a.Registry}, reply: demo.Replies(d.options), byEvent: map[experience.ID]*past{},
		second: map[experience.ID]demo.Asked{}, done: map[experience.ID]bool{},
		people: remembered{invited{a.People}, map[experience.ID]invite.Contact{}},
	}
	company := a.Company(ctx)
	day := s.end.In(company.Location()).AddDate(0, 0, -askedDays)
	s.start = time.Date(day.Year(), day.Month(), day.Day(), 8, 0, 0, 0, company.Location()).UTC()
	s.now = s.start
	clock := func() time.Time { return s.now }
	always := func(context.Context) experience.Company { return company }
	var err error
	if s.mail, err = mail.New(ctx, mail.Options{Book: s.book, Clock: clock, Logger: a.Logger}); err != nil {
		return nil, err
	}
	s.surveys = survey.New(survey.Options{
		Store: survey.NewStore(s.book, clock), Tickets: a.Surveys.Tickets, Log: s.log, Source: weave.OwnSource, Clock: clock, Logger: a.Logger,
	})
	s.invite, err = invite.New(ctx, invite.Options{
		Book: s.book, Ledger: a.Ledger, Bus: a.Log, Mail: s.mail, People: s.people,
		Surveys: forInvite{s.surveys}, Log: s.log, Source: weave.OwnSource, Company: always, BaseURL: a.Config.BaseURL(), Clock: clock, Logger: a.Logger,
	})
	if err != nil {
		return nil, err
	}
	s.invite.Speak(a.Site)
	s.surveys.Invitations = invitations{s.invite}
	return s, nil
}

// tell tells all of it: who was asked and answered, who looked after whom, who
// was asked again, and who looked after those.
func (s *story) tell(ctx context.Context) error {
	heard := s.app.Clock()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.pass(ctx); err != nil {
		return err
	}
	if err := s.care(ctx); err != nil {
		return err
	}
	s.askAgain()
	if err := s.pass(ctx); err != nil {
		return err
	}
	if err := s.care(ctx); err != nil {
		return err
	}
	return s.invite.Considered(ctx, heard)
}

// prepare publishes the surveys and rules of the company, and reads what people
// did meanwhile.
func (s *story) prepare(ctx context.Context) error {
	sets, err := survey.Sets()
	if err != nil {
		return err
	}
	by := demo.Colleagues()[0].Name
	rules := demoRules()
	for _, set := range sets {
		if !slices.ContainsFunc(rules, func(r invite.Rule) bool { return r.Survey == set.Key }) {
			continue
		}
		if _, err := s.surveys.Store.Get(ctx, set.Key); experience.CodeOf(err) == experience.NotFound {
			if _, err = s.surveys.Store.Create(ctx, by, set); err != nil {
				return err
			}
		}
		if _, err := s.surveys.Store.Publish(ctx, by, set.Key); err != nil {
			return err
		}
	}
	limits, err := s.invite.Settings(ctx)
	if err != nil {
		return err
	}
	limits.Window = demoWindow
	if _, err := s.invite.SaveSettings(ctx, limits); err != nil {
		return err
	}
	known, err := s.invite.Rules(ctx)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if slices.ContainsFunc(known, func(k invite.Rule) bool { return k.Name == r.Name }) {
			continue
		}
		if _, err := s.invite.SaveRule(ctx, by, r); err != nil {
			return err
		}
	}
	return s.read(ctx)
}

// demoRules say whom the demo company asks.
func demoRules() []invite.Rule {
	mail := func(name, event, survey string, delay int, share float64, where ...invite.Condition) invite.Rule {
		return invite.Rule{Active: true, Name: name, Event: event, Survey: survey, Delay: delay, Share: share, Where: where, By: invite.Email, Expiry: 14, Remind: 5}
	}
	return []invite.Rule{
		mail("Dopo la consegna", "Order Delivered", "after-delivery", 24*60, 1),
		mail("Dopo la visita in negozio", "Shop Visited", "shop-visit", 3*60, 0.6),
		mail("Dopo l'assistenza", "Case Closed", "after-support", 2*60, 1),
		mail("Dopo l'acquisto online", "Order Completed", "after-purchase", 60, 0.15),
		mail("La relazione, un mese dopo una spesa grande", "Order Completed", "relationship-nps", 30*24*60, 1, invite.Condition{Property: "revenue", Op: invite.AtLeast, Value: "120"}),
	}
}

// read reads what rules may be about, and receipts: who has one may scan the
// code on the counter.
func (s *story) read(ctx context.Context) error {
	rows, err := s.app.Ledger.Query(ctx, `SELECT id::TEXT, message_id, source, name, time, received_at, person_id::TEXT, touchpoint, order_id, product_id, properties::TEXT
		FROM interactions WHERE flags = 0 AND kind = 'track' AND time >= $1 AND time <= $2
		AND name IN ('Order Delivered', 'Shop Visited', 'Case Closed', 'Order Completed', 'Receipt Issued')`, s.start, s.end)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var x past
		var properties *string
		if err := rows.Scan(&x.ID, &x.MessageID, &x.Source, &x.Name, &x.Time, &x.ReceivedAt, &x.Person, &x.Touchpoint, &x.OrderID, &x.ProductID, &properties); err != nil {
			return err
		}
		if properties != nil {
			x.Properties = json.RawMessage(*properties)
			if err := json.Unmarshal(x.Properties, &x.said); err != nil {
				return err
			}
		}
		s.rows = append(s.rows, &x)
		s.byEvent[x.ID] = &x
	}
	// By message ids, which are the same in each Regia that shows this world.
	slices.SortFunc(s.rows, func(a, b *past) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.MessageID, b.MessageID)) })
	return rows.Err()
}

// log brings what the rooms tell into the log, as heard now, and has those react
// who were just asked. Told again, after a transaction that had to be repeated,
// it counts once.
func (s *story) log(ctx context.Context, records []experience.Record) error {
	for k := range records {
		records[k].ReceivedAt = s.app.Clock()
		var e experience.Event
		if err := json.Unmarshal(records[k].Event, &e); err != nil {
			return err
		}
		if e.Name != "Survey Sent" {
			continue
		}
		var said struct {
			Invitation experience.ID
			Survey     string
			Shop       string
		}
		if err := json.Unmarshal(e.Properties, &said); err != nil {
			return err
		}
		if err := s.sent(ctx, said.Invitation, said.Survey, said.Shop, e); err != nil {
			return err
		}
	}
	return s.app.Log.Append(ctx, records)
}
