package explore

import (
	"context"
	"math"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// lines is how many series a chart shows; the table has all.
const lines = 6

func (v view) trend() (analytics.Trend, error) {
	scope, err := v.s.scope(v.v, v.p)
	return analytics.Trend{Scope: scope, What: v.v.match(v.s.what), Measure: analytics.Measure(v.measure()), Unit: analytics.Unit(v.unit()), By: v.s.by}, err
}

func (v view) measure() string {
	switch v.s.measure {
	case "cases", "revenue":
		return v.s.measure
	}
	return string(analytics.Interactions)
}

func (r *Room) askTrends(ctx context.Context, v view) (outcome, error) {
	question, err := v.trend()
	if err != nil {
		return outcome{}, err
	}
	a, err := question.Ask(ctx, r.Ledger, v.zone)
	if err != nil {
		return outcome{}, err
	}
	all, before, err := r.totals(ctx, v, question, a)
	if err != nil {
		return outcome{}, err
	}
	chart := v.trendChart(a)
	picture := web.LinePicture(chart)
	o := outcome{answer: v.trendAnswer(all, before), empty: len(a.Series) == 0, body: trendsBody(v, chart, a), table: v.trendTable(a), picture: &picture}
	if len(all) > 0 && v.measure() != "revenue" {
		o.n = v.l.T("explore.n", "count", v.amount(all[0].Total, ""))
	}
	return o, nil
}

// totals gives what there was in all, and in the period before: nil where the
// record does not reach back so far.
func (r *Room) totals(ctx context.Context, v view, q analytics.Trend, a analytics.TrendAnswer) (all, before []analytics.Series, err error) {
	if all = a.Series; v.s.by != "" {
		if all, err = r.total(ctx, v, q, q.From, q.To); err != nil {
			return nil, nil, err
		}
	}
	from := q.From.Add(-v.p.to.Sub(v.p.from))
	if len(all) == 0 || from.Before(v.v.first.Add(-24*time.Hour)) {
		return all, nil, nil
	}
	to := q.From
	if now := v.now; now.Before(q.To) { // what is still going on is compared up to the same moment
		to = from.Add(now.Sub(q.From))
	}
	before, err = r.total(ctx, v, q, from, to)
	return all, before, err
}

// total asks for one sum, by whole months as pieces: the fewest there are.
func (r *Room) total(ctx context.Context, v view, q analytics.Trend, from, to time.Time) ([]analytics.Series, error) {
	q.By, q.Unit, q.From, q.To = "", analytics.Month, from, to
	a, err := q.Ask(ctx, r.Ledger, v.zone)
	return a.Series, err
}

// amount writes what a trend counts.
func (v view) amount(n int64, currency string) string {
	switch v.measure() {
	case "revenue":
		return v.l.Money(n, currency)
	case "cases":
		return v.cases(n)
	}
	if v.s.what != "" {
		return v.l.T("explore.trends.times", "n", n)
	}
	return v.l.T("explore.trends.contacts", "n", n)
}

func (v view) trendAnswer(all, before []analytics.Series) string {
	if len(all) == 0 {
		return v.l.T("explore.trends.answer.nothing", "what", v.item(v.s.what))
	}
	key := "explore.trends.answer"
	if v.s.what != "" {
		key += ".what"
	}
	change := ""
	if len(before) > 0 && before[0].Currency == all[0].Currency && before[0].Total >= few {
		ratio := float64(all[0].Total-before[0].Total) / float64(before[0].Total)
		change = v.l.T("explore.trends.change", "percent", v.l.PercentChange(ratio))
		if math.Abs(ratio) < 0.005 {
			change = v.l.T("explore.trends.steady")
		}
	}
	return v.l.T(key, "count", v.amount(all[0].Total, all[0].Currency), "what", v.item(v.s.what), "change", change)
}

// tones are the colours of series that have none of their own, told apart by
// everybody (Okabe and Ito's order).
var tones = [...]experience.Stage{experience.Consideration, experience.Delivery, experience.Purchase, experience.Advocacy, experience.Care, experience.Awareness}

func (v view) trendChart(a analytics.TrendAnswer) web.ChartProps {
	c := web.ChartProps{Head: v.l.T("explore.unit." + v.unit()), Height: 300}
	if v.measure() == "revenue" && len(a.Series) > 0 {
		c.Format = func(f float64) string {
			if math.IsNaN(f) {
				return "–"
			}
			return v.l.Money(int64(math.Round(f)), a.Series[0].Currency)
		}
	}
	for _, at := range a.Times {
		c.Labels = append(c.Labels, v.piece(at))
	}
	for i, s := range a.Series[:min(len(a.Series), lines)] {
		one := web.Series{Name: v.seriesName(s), Tone: web.StageTone(tones[i])}
		if len(a.Series) == 1 {
			one.Tone = web.Petrol
		}
		for k, n := range s.Counts {
			value := float64(n)
			if k < len(a.Times) && a.Times[k].After(v.now) {
				value = math.NaN() // has not come yet: that is no zero
			}
			one.Values = append(one.Values, value)
		}
		c.Series = append(c.Series, one)
	}
	return c
}

// piece names one hour, day, week or month.
func (v view) piece(at time.Time) string {
	switch v.unit() {
	case "month":
		return v.l.Month(at)
	case "hour":
		return v.l.Day(at) + ", " + v.l.Time(at)
	}
	return v.l.Day(at)
}

func (v view) seriesName(s analytics.Series) string {
	switch {
	case s.Other:
		return v.l.T("explore.other")
	case v.s.by == "" && s.Currency != "":
		return s.Currency
	case v.s.by == "" && v.s.what != "":
		return v.item(v.s.what)
	case v.s.by == "":
		return v.l.T("explore.trends.all")
	case s.Currency != "":
		return v.value(v.s.by, s.Value) + " (" + s.Currency + ")"
	}
	return v.value(v.s.by, s.Value)
}

// seriesBars compares what the series come to.
func (v view) seriesBars(a analytics.TrendAnswer) []web.Bar {
	bars := make([]web.Bar, len(a.Series))
	for i, s := range a.Series {
		bars[i] = web.Bar{Label: v.seriesName(s), Amount: float64(s.Total), Value: v.l.N(s.Total), Tone: web.Sand}
		if v.measure() == "revenue" {
			bars[i].Value = v.l.Money(s.Total, s.Currency)
		}
		if i < lines {
			bars[i].Tone = web.StageTone(tones[i])
		}
		if v.s.by == "touchpoint" && !s.Other && s.Value != "" {
			bars[i].URL = "/touchpoints/" + s.Value
		}
	}
	return bars
}

func (v view) trendTable(a analytics.TrendAnswer) [][]string {
	table := [][]string{{"from", "series", "currency", "count"}}
	for _, s := range a.Series {
		for i, n := range s.Counts {
			table = append(table, []string{a.Times[i].Format(time.RFC3339), v.seriesName(s), s.Currency, whole(n)})
		}
	}
	return table
}
