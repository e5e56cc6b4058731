package explore

import (
	"context"
	"math"
	"strconv"
	"time"

	"regia/internal/analytics"
	"regia/internal/web"
)

const retentionPeriods = 8

func (v view) retention() (analytics.Retention, error) {
	scope, err := v.s.scope(v.v, v.p)
	return analytics.Retention{
		Scope: scope, Start: v.v.match(v.s.start), Return: v.v.match(v.s.back), Unit: analytics.Unit(v.unit()),
		Periods: number(v.s.periods, 1, 60, retentionPeriods), OnOrAfter: v.s.later,
	}, err
}

func (v view) unit() string {
	switch v.s.unit {
	case "hour", "day", "week", "month":
		return v.s.unit
	}
	if v.s.question == trends {
		return string(analytics.Day)
	}
	return string(analytics.Week)
}

func (r *Room) askRetention(ctx context.Context, v view) (outcome, error) {
	question, err := v.retention()
	if err != nil {
		return outcome{}, err
	}
	a, err := question.Ask(ctx, r.Ledger, v.zone)
	if err != nil {
		return outcome{}, err
	}
	chart := v.curve(a)
	picture := web.LinePicture(chart)
	return outcome{answer: v.retentionAnswer(a), n: v.n(a.All.Cases), empty: a.All.Cases == 0,
		body: retentionBody(v, chart, a), table: v.retentionTable(a), picture: &picture}, nil
}

func (v view) retentionAnswer(a analytics.RetentionAnswer) string {
	if a.All.Cases == 0 {
		return v.l.T("explore.retention.answer.nobody", "start", v.item(v.s.start))
	}
	if len(a.All.Returned) == 0 || a.All.Returned[0].Of < few {
		return v.l.T("explore.retention.answer.few", "count", v.cases(a.All.Cases))
	}
	first := a.All.Returned[0]
	key := "explore.retention.answer." + v.unit()
	if v.s.later {
		key += ".later"
	}
	return v.l.T(key, "part", outOf(v.l, first.Share), "share", v.l.Percent(first.Share), "of", v.cases(first.Of), "start", v.item(v.s.start), "back", v.item(v.s.back))
}

// later names the periods after the first.
func (v view) later(k int) string { return v.l.T("explore.later."+v.unit(), "n", k) }

// cohort names the period in which a cohort began.
func (v view) cohort(start time.Time) string {
	if v.unit() == "month" {
		return v.l.Month(start)
	}
	if v.unit() == "week" {
		return v.l.T("explore.week", "day", v.l.Date(start))
	}
	return v.l.Date(start)
}

// curve is how many of all come back, period by period.
func (v view) curve(a analytics.RetentionAnswer) web.ChartProps {
	c := web.ChartProps{Head: v.l.T("explore.retention.when"), Height: 220, Format: v.l.Percent, Series: []web.Series{{Name: v.l.T("explore.retention.all"), Tone: web.Petrol}}}
	for k, kept := range a.All.Returned {
		c.Labels = append(c.Labels, "+"+strconv.Itoa(k+1)) // as above the cohorts: words run into each other on a phone
		share := kept.Share
		if kept.Of < few {
			share = math.NaN()
		}
		c.Series[0].Values = append(c.Series[0].Values, share)
	}
	return c
}

// heat chooses one of ten shades for a share of at most high.
func heat(share, high float64) string {
	if high <= 0 {
		return "heat-0"
	}
	return "heat-" + strconv.Itoa(min(9, int(10*share/high)))
}

// highest is the share that has the darkest shade.
func highest(a analytics.RetentionAnswer) float64 {
	high := 0.0
	for _, c := range a.Cohorts {
		for _, k := range c.Returned {
			if !k.Partial && k.Of >= few {
				high = max(high, k.Share)
			}
		}
	}
	return high
}

// shownCohorts is how many lines the page shows: the latest.
const shownCohorts = 26

func latestCohorts(a analytics.RetentionAnswer) []analytics.Cohort {
	return a.Cohorts[max(0, len(a.Cohorts)-shownCohorts):]
}

func (v view) retentionTable(a analytics.RetentionAnswer) [][]string {
	table := [][]string{{"start", "cases", "period", "returned", "of", "share", "partial"}}
	add := func(start string, c analytics.Cohort) {
		for k, kept := range c.Returned {
			table = append(table, []string{start, whole(c.Cases), strconv.Itoa(k + 1), whole(kept.Cases), whole(kept.Of), decimal(kept.Share), strconv.FormatBool(kept.Partial)})
		}
	}
	for _, c := range a.Cohorts {
		add(c.Start.Format(time.DateOnly), c)
	}
	add("", a.All)
	return table
}
