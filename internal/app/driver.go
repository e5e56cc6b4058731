package app

import (
	"context"

	"regia/internal/driver"
	"regia/internal/experience"
	"regia/internal/impact"
	"regia/internal/lifecycle"
	"regia/internal/web"
)

// driverRoom wires the room of what people think and what matters most for it.
func (a *App) driverRoom(n naming, relations *lifecycle.Room) *driver.Room {
	return &driver.Room{
		Ledger: a.Ledger, Company: a.Company, Touchpoints: n.Touchpoints, Sources: n.Sources, People: a.People,
		Surveys: a.surveyNames, Relationships: standings{relations}, Past: passages{a.Impact}, Topics: a.Voice, Clock: a.Clock, Logger: a.Logger,
	}
}

// surveyNames gives what the company calls its surveys.
func (a *App) surveyNames(ctx context.Context, language string) (map[string]string, error) {
	all, err := a.Surveys.Store.List(ctx)
	out := make(map[string]string, len(all))
	for _, s := range all {
		out[s.Draft.Key] = s.Draft.Name.In(language)
	}
	return out, err
}

// standings tells how far people's relationships had come.
type standings struct{ room *lifecycle.Room }

func (s standings) Standings(ctx context.Context, moments []driver.Moment) ([]driver.Standing, error) {
	asked := make([]lifecycle.Moment, len(moments))
	for i, m := range moments {
		asked[i] = lifecycle.Moment(m)
	}
	then, err := s.room.Moments(ctx, asked)
	out := make([]driver.Standing, len(then))
	for i, t := range then {
		out[i] = driver.Standing{Known: t.Known, Stage: string(t.Stage), Orders: t.Orders, Spent: t.Spent, Next: t.Next}
	}
	return out, err
}

func (s standings) StageName(l *web.Locale, stage string) string {
	return s.room.StageName(l, lifecycle.Stage(stage))
}

// passages tells what had happened to people before they answered, as the rules
// of Impact see it. What people do themselves is no experience they are given,
// and left out.
type passages struct{ room *impact.Room }

func (p passages) Before(ctx context.Context) ([]driver.Passage, func(experience.ID) ([]float64, bool), error) {
	picture, err := p.room.Picture(ctx)
	if err != nil {
		return nil, nil, err
	}
	var list []driver.Passage
	var rules []int
	for i, r := range picture.Book.Rules {
		if r.Fitted() {
			rules = append(rules, i)
			list = append(list, driver.Passage{Key: r.Key, Name: map[string]string{"it": r.Name.IT, "en": r.Name.EN}, Unit: map[string]string{"it": r.Unit.IT, "en": r.Unit.EN}})
		}
	}
	answers := picture.Answers()
	at := make(map[experience.ID]int, len(answers))
	for i := range answers {
		at[answers[i].Interaction] = i
	}
	return list, func(answer experience.ID) ([]float64, bool) {
		i, known := at[answer]
		if !known {
			return nil, false
		}
		x := make([]float64, len(rules))
		for j, rule := range rules {
			x[j] = answers[i].Feature(rule)
		}
		return x, true
	}, nil
}
