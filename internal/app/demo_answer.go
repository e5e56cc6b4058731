package app

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"regia/internal/demo"
	"regia/internal/experience"
	"regia/internal/invite"
	"regia/internal/registry"
	"regia/internal/survey"
)

// deed is something that will be done.
type deed struct {
	at   time.Time
	turn int // of two at one time, the one that was planned first
	do   func(ctx context.Context) error
}

// agenda is deeds, the next one first.
type agenda struct {
	deeds []deed
	turns int
}

func (a *agenda) Len() int { return len(a.deeds) }
func (a *agenda) Less(i, j int) bool {
	x, y := a.deeds[i], a.deeds[j]
	return x.at.Before(y.at) || x.at.Equal(y.at) && x.turn < y.turn
}
func (a *agenda) Swap(i, j int) { a.deeds[i], a.deeds[j] = a.deeds[j], a.deeds[i] }
func (a *agenda) Push(x any)    { a.deeds = append(a.deeds, x.(deed)) }
func (a *agenda) Pop() any {
	last := a.deeds[len(a.deeds)-1]
	a.deeds = a.deeds[:len(a.deeds)-1]
	return last
}

func (a *agenda) plan(at time.Time, do func(ctx context.Context) error) {
	a.turns++
	heap.Push(a, deed{at, a.turns, do})
}

// run does all deeds until the end, those of a day in one transaction. Later
// ones are forgotten: the present goes on by itself.
func (s *story) run(ctx context.Context) error {
	const day = 24 * time.Hour
	for s.Len() > 0 && !s.deeds[0].at.After(s.end) {
		until := s.deeds[0].at.Truncate(day).Add(day)
		before, turns, now := slices.Clone(s.deeds), s.turns, s.now
		err := s.book.together(ctx, func(ctx context.Context) error {
			s.deeds, s.turns, s.now = slices.Clone(before), turns, now // it may be repeated
			for s.Len() > 0 && s.deeds[0].at.Before(until) && !s.deeds[0].at.After(s.end) {
				d := heap.Pop(s).(deed)
				if d.at.After(s.now) {
					s.now = d.at
				}
				if err := d.do(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.agenda = agenda{}
	return nil
}

// pass goes through the time once: what happened is decided about, who is due is
// asked, and people do what they planned.
func (s *story) pass(ctx context.Context) error {
	s.now = s.start
	rows := s.rows
	s.rows = nil // once
	zone := s.app.Company(ctx).Location()
	for day := s.start.In(zone); day.Before(s.end); day = day.AddDate(0, 0, 1) {
		for _, minute := range []int{9*60 + 5, 11*60 + 40, 14*60 + 10, 16*60 + 35, 19 * 60, 23*60 + 30} {
			at := time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, zone)
			if !at.After(s.end) {
				rows = s.planLook(at, rows)
			}
		}
	}
	s.planLook(s.end, rows)
	if err := s.run(ctx); err != nil {
		return err
	}
	if err := s.invite.Pursue(ctx); err != nil { // what was told last
		return err
	}
	if err := s.surveys.CatchUp(ctx); err != nil {
		return err
	}
	if err := s.app.Caught(ctx); err != nil {
		return err
	}
	return s.app.Voice.CatchUp(ctx)
}

// planLook has the rooms look, at a moment, at what happened until then, and
// gives what happened later.
func (s *story) planLook(at time.Time, rows []*past) (later []*past) {
	n := slices.IndexFunc(rows, func(x *past) bool { return x.Time.After(at) })
	if n < 0 {
		n = len(rows)
	}
	about := make([]experience.Interaction, 0, n)
	for _, x := range rows[:n] {
		s.scan(x)
		if x.Name != "Receipt Issued" {
			about = append(about, x.Interaction)
		}
	}
	s.plan(at, func(ctx context.Context) error {
		if err := s.invite.Consider(ctx, about); err != nil {
			return err
		}
		if err := s.invite.Pursue(ctx); err != nil {
			return err
		}
		for more := true; more; {
			var err error
			if more, err = s.mail.Deliver(ctx); err != nil {
				return err
			}
		}
		return s.surveys.CatchUp(ctx)
	})
	return rows[n:]
}

// scan has one in sixteen scan the code on a shop's counter with the receipt in
// their hand, or touch the tablet at the door.
func (s *story) scan(x *past) {
	city := demo.City(x.Source)
	if x.Name != "Receipt Issued" || city == "" || x.MessageID[len(x.MessageID)-1] != '7' {
		return
	}
	channel := survey.ByQR
	if city == "Bologna" {
		channel = survey.ByKiosk
	}
	r := s.reply(demo.Asked{Survey: "shop-visit", Key: x.MessageID, Clerk: x.said.Clerk, City: city, Open: true})
	s.plan(x.Time.Add(r.Answer), func(ctx context.Context) error {
		return s.surveys.Give(ctx, survey.Given{
			Ticket: survey.Ticket{Survey: "shop-visit", Channel: channel, Shop: city}, Reference: x.MessageID, Answers: answers(r), Finish: r.Finish,
		})
	})
}

func answers(r demo.Reply) survey.Answers {
	out := survey.Answers{}
	for key, g := range r.Given {
		out[key] = survey.Answer(g)
	}
	return out
}

// sent has somebody react who was asked a moment ago.
func (s *story) sent(ctx context.Context, id experience.ID, key, shop string, e experience.Event) error {
	invited, err := s.invite.Look(ctx, id.String())
	if err != nil {
		return err
	}
	asked, again := s.second[id]
	if x := s.byEvent[invited.Event]; x != nil && !again {
		asked = demo.Asked{Key: x.MessageID, Delay: x.said.Delay, Clerk: x.said.Clerk, City: shop, Solved: x.said.Outcome == "solved"}
		if asked.City == "" {
			asked.City = demo.City(x.Source)
		}
	}
	asked.Survey, asked.English = key, invited.Language == "en"
	if len(e.Identifiers) > 0 {
		asked.Who = e.Identifiers[0].Value
	}
	r := s.reply(asked)
	if r.Opened > 0 {
		s.plan(e.Time.Add(r.Opened), func(ctx context.Context) error { return s.invite.Opened(ctx, id.String(), s.now) })
	}
	later := e.Time.Add(r.Opened + time.Minute)
	switch {
	case r.Stop:
		s.plan(later, func(ctx context.Context) error { return s.invite.Unsubscribe(ctx, id.String()) })
	case r.Decline:
		s.plan(later, func(ctx context.Context) error { return s.invite.Declined(ctx, id.String(), s.now) })
	case r.Answer > 0:
		s.plan(e.Time.Add(r.Answer), func(ctx context.Context) error { return s.answer(ctx, id, r) })
	}
	return nil
}

// answer gives what somebody answers, where the invitation is still open.
func (s *story) answer(ctx context.Context, id experience.ID, r demo.Reply) error {
	i, err := s.invite.Look(ctx, id.String())
	if err != nil || !i.Open {
		return err
	}
	t := survey.Ticket{
		Survey: i.Survey, Invitation: id.String(), Channel: survey.ByEmail, About: i.About.Touchpoint, Shop: i.About.Shop,
		OrderID: i.About.OrderID, ProductID: i.About.ProductID, Language: i.Language,
	}
	return s.surveys.Give(ctx, survey.Given{Ticket: t, Language: i.Language, Answers: answers(r), Finish: r.Finish})
}

// second is somebody who is asked again, after they were looked after.
type second struct {
	at     time.Time
	who    experience.ID
	survey string
	about  string
	asked  demo.Asked
}

// askAgain plans second questions: some time after somebody was looked after, as
// nobody is asked twice before.
func (s *story) askAgain() {
	for _, x := range s.again {
		id := experience.HashID(nil, "demo second question", x.asked.Key)
		if _, asked := s.second[id]; asked { // two rules opened a case about one answer
			continue
		}
		s.second[id] = x.asked
		s.plan(x.at, func(ctx context.Context) error {
			who, ok, err := s.address(ctx, x.who)
			if err != nil || !ok {
				return err
			}
			_, err = s.invite.Ask(ctx, invite.Request{
				ID: id, Who: who, Survey: x.survey, By: invite.Email, About: invite.About{Touchpoint: x.about}, Delay: demoWindow * 24 * time.Hour,
			})
			return err
		})
	}
	s.again = nil
}

// address is where somebody can be written to; false where nowhere.
func (s *story) address(ctx context.Context, person experience.ID) (i experience.Identifier, ok bool, err error) {
	err = s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		c, err := s.people.Contact(ctx, tx, person)
		if experience.CodeOf(err) == experience.NotFound {
			return nil
		}
		i, ok = experience.NewIdentifier(experience.EmailID, c.Email, "")
		return err
	})
	return i, ok, err
}
