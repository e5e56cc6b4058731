package explore

import (
	"context"
	"net/url"
	"strconv"

	"regia/internal/analytics"
	"regia/internal/web"
)

func (v view) funnel() (analytics.Funnel, error) {
	scope, err := v.s.scope(v.v, v.p)
	return analytics.Funnel{
		Scope: scope, Steps: v.v.matches(v.s.steps), Exclude: v.v.matches(v.s.exclude), Window: analytics.Window(v.s.window),
		AnyOrder: v.s.anyOrder, Totals: v.s.totals && !v.s.anyOrder, Hold: v.s.hold, By: v.s.by,
	}, err
}

func (r *Room) askFunnel(ctx context.Context, v view) (outcome, error) {
	question, err := v.funnel()
	if err != nil {
		return outcome{}, err
	}
	question.Traits = r.Traits
	a, err := question.Ask(ctx, r.Ledger)
	if err != nil {
		return outcome{}, err
	}
	chart := v.funnelChart(a.Steps)
	picture := web.FunnelPicture(chart)
	return outcome{
		answer: v.funnelAnswer(a.Steps), n: v.n(a.Steps[0].Count), empty: a.Steps[0].Count == 0,
		body: funnelBody(v, chart, a), table: v.funnelTable(a), picture: &picture,
	}, nil
}

// n says on how much an answer stands.
func (v view) n(count int64) string { return v.l.T("explore.n", "count", v.counted(count)) }

// counted names what a figure counts.
func (v view) counted(n int64) string {
	if v.s.totals {
		return v.l.T("explore.cases.way", "n", n)
	}
	return v.cases(n)
}

// worst is the step after which most are lost; -1 when nobody is.
func worst(steps []analytics.FunnelStep) int {
	at, most := -1, int64(0)
	for i := 0; i+1 < len(steps); i++ {
		if lost := steps[i].Count - steps[i+1].Count; lost > most {
			at, most = i, lost
		}
	}
	return at
}

func (v view) funnelAnswer(steps []analytics.FunnelStep) string {
	first, last := steps[0].Count, steps[len(steps)-1].Count
	end := v.item(v.s.steps[len(steps)-1])
	w := worst(steps)
	switch {
	case first == 0:
		return v.l.T("explore.funnel.answer.nobody", "first", v.item(v.s.steps[0]))
	case len(steps) == 1:
		return v.l.T("explore.funnel.answer.one", "count", v.counted(first), "first", end)
	case first < few:
		return v.l.T("explore.funnel.answer.few", "count", v.counted(first))
	case w < 0:
		return v.l.T("explore.funnel.answer.none", "count", v.counted(first), "last", end)
	case v.s.anyOrder:
		return v.l.T("explore.funnel.answer.anyorder", "count", v.counted(first), "share", v.l.Percent(steps[len(steps)-1].OfFirst), "last", v.counted(last))
	}
	lost := 1 - steps[w+1].OfBefore
	part := outOf(v.l, lost)
	if steps[w].Count < few {
		part = v.counted(steps[w].Count - steps[w+1].Count)
	}
	return v.l.T("explore.funnel.answer", "part", part, "from", v.item(v.s.steps[w]), "to", v.item(v.s.steps[w+1]),
		"last", v.counted(last), "first", v.l.N(first), "share", v.l.Percent(steps[len(steps)-1].OfFirst))
}

// stepName is what a step is called: with any order only how many were taken.
func (v view) stepName(i int) string {
	if v.s.anyOrder {
		return v.l.T("explore.funnel.anystep", "n", i+1)
	}
	return v.item(v.s.steps[i])
}

func (v view) funnelChart(steps []analytics.FunnelStep) web.FunnelProps {
	p := web.FunnelProps{Label: v.l.T("explore.funnel")}
	bad := worst(steps)
	for i, s := range steps {
		one := web.FunnelStep{Label: v.stepName(i), Amount: float64(s.Count), Value: v.l.N(s.Count), Tone: v.tone(v.s.steps[i])}
		if v.s.anyOrder {
			one.Tone = web.Petrol
		}
		one.Share = v.l.Percent(s.OfFirst)
		if s.Count > 0 {
			one.URL = v.who(stepPlace(i+1, false))
		}
		if i+1 < len(steps) {
			next := steps[i+1]
			if lost := s.Count - next.Count; lost > 0 {
				one.Lost = v.l.T("explore.funnel.lost", "n", lost, "count", v.counted(lost), "share", v.share(1-next.OfBefore, s.Count))
				one.LostURL = v.who(stepPlace(i+1, true))
				one.Worst = i == bad
			}
			if next.Count > 0 {
				one.Time = v.l.T("explore.funnel.time", "time", lasted(v.l, next.Median))
			}
		}
		p.Steps = append(p.Steps, one)
	}
	return p
}

func (v view) funnelTable(a analytics.FunnelAnswer) [][]string {
	heads := []string{"step", "name", "count", "of_first", "of_before", "median_seconds", "p90_seconds"}
	if len(a.Groups) > 0 {
		heads = append([]string{"group"}, heads...)
	}
	table := [][]string{heads}
	add := func(group string, steps []analytics.FunnelStep) {
		for i, s := range steps {
			line := []string{strconv.Itoa(i + 1), v.stepName(i), whole(s.Count), decimal(s.OfFirst), decimal(s.OfBefore), decimal(s.Median), decimal(s.Slow)}
			if len(a.Groups) > 0 {
				line = append([]string{group}, line...)
			}
			table = append(table, line)
		}
	}
	add("", a.Steps)
	for _, g := range a.Groups {
		add(v.groupName(v.s.by, g.Value, g.Other), g.Steps)
	}
	return table
}

func (v view) groupName(field, value string, other bool) string {
	if other {
		return v.l.T("explore.other")
	}
	return v.value(field, value)
}

func whole(n int64) string     { return strconv.FormatInt(n, 10) }
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// stepPlace is the number of a step, or of those it was the last for.
func stepPlace(step int, stopped bool) url.Values {
	q := url.Values{"at": {strconv.Itoa(step)}}
	if stopped {
		q.Set("stopped", "1")
	}
	return q
}

// groupPlace is a step's number of one group.
func groupPlace(step int, g analytics.FunnelGroup) url.Values {
	q := stepPlace(step, false)
	if g.Other {
		q.Set("rest", "1")
	} else {
		q.Set("group", g.Value)
	}
	return q
}
