package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"regia/internal/access"
	"regia/internal/demo"
	"regia/internal/experience"
	"regia/internal/followup"
	"regia/internal/voice"
	"regia/internal/web"
)

// desk is where the demo company's colleagues look after who needs somebody.
type desk struct {
	*story
	room   *followup.Room
	hours  followup.FollowUpHours
	users  []followup.User
	voices []followup.Voice // by time: those that were heard until now are in the room's view
	opened bool             // something was opened since it was asked last
	seen   map[string]bool
	cares  func(key, rule, owner string, hours float64) demo.Care
	rules  []followup.FollowUpRule
}

// care has the rules open follow-ups for what was said and not looked at yet, and
// colleagues look after them, each as promptly as they are.
func (s *story) care(ctx context.Context) error {
	k, err := s.newDesk(ctx)
	if err != nil {
		return err
	}
	last := int64(0)
	err = s.app.Voice.Between(ctx, s.start, s.end, func(v voice.Voice) error {
		last = max(last, v.Number)
		if !s.done[v.ID] {
			s.done[v.ID] = true
			k.voices = append(k.voices, asked(v))
		}
		return nil
	})
	if err != nil {
		return err
	}
	// By what does not depend on when they were heard.
	slices.SortStableFunc(k.voices, func(a, b followup.Voice) int { return a.Time.Compare(b.Time) })
	if err := k.room.Looked(ctx, 0); err != nil {
		return err
	}
	s.now = s.start
	for _, v := range k.voices {
		s.plan(v.Time.Add(2*time.Minute), k.work)
	}
	for at := s.start; at.Before(s.end); at = at.Add(3 * time.Hour) { // what is late is passed on
		s.plan(at, k.work)
	}
	s.plan(s.end, k.work)
	if err := s.run(ctx); err != nil {
		return err
	}
	for { // what was said before is nobody's concern any more
		_, next, err := s.app.Voice.After(ctx, last, 1000)
		if err != nil {
			return err
		}
		if next == last {
			return k.room.Looked(ctx, last)
		}
		last = next
	}
}

func (s *story) newDesk(ctx context.Context) (*desk, error) {
	a := s.app
	k := &desk{story: s, seen: map[string]bool{}, cares: demo.Cares(s.options)}
	for _, c := range demo.Colleagues() {
		_, err := a.Access.CreateUser(ctx, access.NewUser{Name: c.Name, Email: c.Email, Role: c.Role, Language: "it"})
		if err != nil && experience.CodeOf(err) != experience.Conflict {
			return nil, err
		}
	}
	var err error
	if k.users, err = a.colleagues(ctx); err != nil {
		return nil, err
	}
	company := a.Company(ctx)
	k.room = followup.New(followup.Options{
		Book: s.book, Bus: k, Voices: k, Users: func(context.Context) ([]followup.User, error) { return k.users, nil }, People: a.People,
		Company: func(context.Context) experience.Company { return company }, Clock: func() time.Time { return s.now }, Logger: a.Logger,
	})
	if k.hours, err = k.room.Hours(ctx); err != nil {
		return nil, err
	}
	if k.rules, err = k.room.Rules(ctx); err != nil {
		return nil, err
	}
	owners := map[string]int{"legal": 0, "leaving": 3, "urgent": 1, "detractor": 2, "praise": 0}
	for i, r := range k.rules {
		if r.ChangedBy != "" {
			continue
		}
		r.Owner, r.LateTo = k.user(demo.Colleagues()[owners[r.Key]].Email).ID, k.user(demo.Colleagues()[0].Email).ID
		switch r.Key {
		case "praise":
			r.Words = demo.Staff()
		case "detractor": // they call whoever is not satisfied
			r.Most = maps.Clone(r.Most)
			r.Most["csat"] = 3
		}
		if err := k.room.Decide(ctx, r, demo.Colleagues()[0].Name); err != nil {
			return nil, err
		}
		k.rules[i] = r
	}
	return k, nil
}

func (k *desk) user(email string) followup.User {
	i := slices.IndexFunc(k.users, func(u followup.User) bool { return u.Email == email })
	if i < 0 {
		return followup.User{}
	}
	return k.users[i]
}

// work has the rules look at what was said until now, and plans what colleagues
// do about what was opened.
func (k *desk) work(ctx context.Context) error {
	k.opened = false
	if err := k.room.Work(ctx); err != nil || !k.opened {
		return err
	}
	list, _, err := k.room.List(ctx, "all", "", 0, 10_000)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b followup.Item) int {
		return cmp.Or(a.Said.Compare(b.Said), cmp.Compare(a.Voice.String(), b.Voice.String()))
	})
	for _, i := range list {
		if !k.seen[i.ID] && !i.Opened.Before(k.now.Add(-time.Minute)) {
			k.takeUp(i)
		}
		k.seen[i.ID] = true
	}
	return nil
}

// takeUp plans what the owner of a follow-up does about it.
func (k *desk) takeUp(i followup.Item) {
	at := slices.IndexFunc(k.users, func(u followup.User) bool { return u.ID == i.Owner })
	rule := slices.IndexFunc(k.rules, func(r followup.FollowUpRule) bool { return r.Key == i.Rule })
	if at < 0 || rule < 0 {
		return
	}
	u := k.users[at]
	by := &web.User{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role}
	c := k.cares(i.Said.Format(time.RFC3339Nano), i.Rule, u.Email, float64(k.rules[rule].Hours))
	if c.Never {
		return
	}
	zone := k.app.Company(context.Background()).Location()
	closing := k.hours.Add(i.Opened, c.After, zone)
	k.plan(closing, func(ctx context.Context) error { return k.room.CloseIt(ctx, i.ID, c.Outcome, c.Note, by) })
	help := demo.NoHelp
	switch {
	case c.Outcome == "resolved" && closing.After(i.Due):
		help = demo.LateHelp
	case c.Outcome == "resolved":
		help = demo.TimelyHelp
	}
	k.askLater(i, closing, help)
}

// askLater plans a second question on the scale of the first answer, to whoever
// can be asked by mail.
func (k *desk) askLater(i followup.Item, closing time.Time, help demo.Help) {
	survey, about, top := "", "", 0.0
	switch i.Scale {
	case "nps":
		survey, top = "relationship-nps", 10
	case "csat":
		survey, about, top = "after-delivery", "home-delivery", 5
	case "ces":
		survey, about, top = "after-support", "case", 7
	default:
		return
	}
	k.again = append(k.again, second{
		at: closing.Add(time.Hour), who: i.Person, survey: survey, about: about,
		asked: demo.Asked{Key: "again " + i.Said.Format(time.RFC3339Nano), Again: true, Before: i.Score / top, Helped: help, Solved: help == demo.TimelyHelp},
	})
}

// What the room asks of others, as it was at the time.

func (k *desk) Subscribe(string, func([]byte)) (func(), error) { return func() {}, nil }

func (k *desk) Publish(string, []byte) error {
	k.opened = true
	return nil
}

func (k *desk) After(_ context.Context, number int64, limit int) ([]followup.Voice, int64, error) {
	rest := k.voices[min(int(number), len(k.voices)):]
	n := slices.IndexFunc(rest, func(v followup.Voice) bool { return v.Time.After(k.now) })
	if n < 0 {
		n = len(rest)
	}
	n = min(n, limit)
	return rest[:n], number + int64(n), nil
}

func (k *desk) Between(ctx context.Context, from, to time.Time, do func(followup.Voice) error) error {
	return forFollowup{k.app.Voice}.Between(ctx, from, to, do)
}

func (k *desk) Get(ctx context.Context, id experience.ID) (followup.Voice, error) {
	return forFollowup{k.app.Voice}.Get(ctx, id)
}

func (k *desk) Answer(ctx context.Context, person experience.ID, scale string, after time.Time) (followup.Voice, bool, error) {
	return forFollowup{k.app.Voice}.Answer(ctx, person, scale, after)
}
