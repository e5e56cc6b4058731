package pulse

import (
	"net/url"
	"time"

	"regia/internal/experience"
)

// Span is a stretch of time from From until before To.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to" doc:"Not part of it any more"`
}

// step is how a chart is cut: in hours, days or months of the company's zone.
type step string

const (
	hourly  step = "hour"
	daily   step = "day"
	monthly step = "month"
)

// Names of periods, as the address has them.
const (
	today       = "today"
	week        = "7d"
	month       = "30d"
	quarter     = "90d"
	year        = "12m"
	custom      = "custom" // from and to
	byDefault   = month
	dateFormat  = time.DateOnly
	longestDays = 10 * 366 // of a custom period
)

var presets = []string{today, week, month, quarter, year}

// period is what a page shows figures of, and what it compares them with.
type period struct {
	name   string
	now    Span
	before Span // of equal length, right before
	zone   *time.Location
	step   step
	all    bool // also bots and staff
	past   bool // moved back to where the data end
}

// extent is between which moments the ledger has anything.
type extent struct{ first, last time.Time }

func (e extent) empty() bool { return e.last.IsZero() }

func midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// readPeriod reads an address. Without a period in it the last 30 days are
// meant; where these have nothing, the last 30 days that do (an import of old
// data must not show an empty page).
func readPeriod(q url.Values, e extent, now time.Time, zone *time.Location) (period, error) {
	p := period{name: byDefault, zone: zone, all: q.Get("all") == "1" || q.Get("all") == "true"}
	if q.Get("from") != "" || q.Get("to") != "" {
		p.name = custom
		err := p.between(q.Get("from"), q.Get("to"), now)
		return p, err
	}
	for _, name := range presets {
		if q.Get("period") == name {
			p.name = name
		}
	}
	end := now
	if !e.empty() && e.last.Before(midnight(now, zone).AddDate(0, 0, -29)) {
		end, p.past = midnight(e.last, zone).AddDate(0, 0, 1), true
	}
	p.preset(end)
	return p, nil
}

// preset sets the limits of a named period that ends at end.
func (p *period) preset(end time.Time) {
	last := midnight(end.Add(-time.Nanosecond), p.zone) // the day it ends in
	from, shift := last, func(t time.Time, n int) time.Time { return t.AddDate(0, 0, -n) }
	days := map[string]int{today: 1, week: 7, month: 30, quarter: 90}[p.name]
	p.step = daily
	switch p.name {
	case today:
		p.step = hourly
	case year:
		from = time.Date(last.Year(), last.Month()-11, 1, 0, 0, 0, 0, p.zone)
		p.step, days = monthly, 1
		shift = func(t time.Time, n int) time.Time { return t.AddDate(-n, 0, 0) }
	default:
		from = last.AddDate(0, 0, 1-days)
	}
	p.now = Span{from.UTC(), end.UTC()}
	p.before = Span{shift(from, days).UTC(), shift(end.In(p.zone), days).UTC()}
	if p.before.To.After(p.now.From) {
		p.before.To = p.now.From
	}
}

// between sets limits given as days (both included) or as moments.
func (p *period) between(from, to string, now time.Time) error {
	a, fromDay, err := p.moment(from)
	if err != nil {
		return err
	}
	b, isDay, err := p.moment(to)
	if err != nil {
		return err
	}
	if to == "" {
		b = now
	}
	if from == "" {
		a = midnight(b, p.zone).AddDate(0, 0, -29)
	}
	if isDay {
		b = b.AddDate(0, 0, 1)
	}
	if b.After(now) && a.Before(now) {
		b = now // days that are still going on are compared up to the same hour
	}
	if !a.Before(b) {
		return experience.Errorf(experience.Invalid, "pulse.error.order")
	}
	if b.Sub(a) > longestDays*24*time.Hour {
		return experience.Errorf(experience.Invalid, "pulse.error.long")
	}
	p.now = Span{a.UTC(), b.UTC()}
	days := p.days()
	p.before = Span{a.In(p.zone).AddDate(0, 0, -days).UTC(), b.In(p.zone).AddDate(0, 0, -days).UTC()}
	if !fromDay && from != "" && !isDay && to != "" { // between two moments: exactly as long, right before
		p.before = Span{a.Add(a.Sub(b)).UTC(), a.UTC()}
	}
	switch {
	case days <= 2:
		p.step = hourly
	case days <= 92:
		p.step = daily
	default:
		p.step = monthly
	}
	return nil
}

// days counts the days the period touches.
func (p *period) days() int {
	first, last := midnight(p.now.From, p.zone), midnight(p.now.To.Add(-time.Nanosecond), p.zone)
	n := 0
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		n++
	}
	return n
}

func (p *period) moment(s string) (t time.Time, isDay bool, err error) {
	if s == "" {
		return t, false, nil
	}
	if t, err = time.ParseInLocation(dateFormat, s, p.zone); err == nil {
		return t, true, nil
	}
	if t, err = time.Parse(time.RFC3339, s); err == nil {
		return t, false, nil
	}
	return t, false, experience.Errorf(experience.Invalid, "pulse.error.date")
}

// aligned tells whether the pieces of the former period stand below those of
// this one: a month further back is not a month's length away.
func (p period) aligned() bool { return p.step != monthly || p.name == year }

// compares tells whether the data reach back to the whole former period.
func (p period) compares(e extent) bool {
	return !e.empty() && e.first.Before(p.before.From.Add(24*time.Hour))
}

// pieces lists the beginnings of a chart's pieces over a span, local time.
func (p period) pieces(s Span) []time.Time {
	t := s.From.In(p.zone)
	switch p.step {
	case hourly:
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, time.UTC)
	case daily:
		t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	case monthly:
		t = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	end := wall(s.To.Add(-time.Microsecond), p.zone)
	var out []time.Time
	for ; !t.After(end); t = p.step.next(t) {
		out = append(out, t)
	}
	return out
}

// wall gives what a clock on the wall of a zone shows, as a time in UTC: what
// the engines give for a time without zone.
func wall(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func (s step) next(t time.Time) time.Time {
	switch s {
	case hourly:
		return t.Add(time.Hour)
	case monthly:
		return t.AddDate(0, 1, 0)
	}
	return t.AddDate(0, 0, 1)
}

// query writes the period into an address.
func (p period) query() string {
	q := url.Values{}
	if p.name == custom {
		q.Set("from", p.now.From.In(p.zone).Format(dateFormat))
		q.Set("to", p.now.To.Add(-time.Nanosecond).In(p.zone).Format(dateFormat))
	} else if p.name != byDefault {
		q.Set("period", p.name)
	}
	if p.all {
		q.Set("all", "1")
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}
