package touchpoint

import (
	"time"

	"regia/internal/web"
)

// span is a period as the page's address names it.
type span string

const (
	thisMonth span = "month" // from its first day until now
	lastYear  span = "year"  // the twelve months until now
	allTime   span = "all"
)

// readSpan reads the address; anything unknown is this month.
func readSpan(s string) span {
	if s := span(s); s == lastYear || s == allTime {
		return s
	}
	return thisMonth
}

// period gives the span's limits, days cut in zone.
func (s span) period(now time.Time, zone *time.Location) Period {
	now = now.In(zone)
	// What arrives with a clock that is a little ahead still counts.
	to := now.Add(time.Hour)
	switch s {
	case lastYear:
		return Period{From: midnight(now, zone).AddDate(-1, 0, 0), To: to}
	case allTime:
		return Always()
	}
	return Period{From: midnight(now, zone).AddDate(0, 0, 1-now.Day()), To: to}
}

// former gives the period to compare with: as long, one month or year before.
// False: there is none.
func (s span) former(p Period) (Period, bool) {
	switch s {
	case thisMonth:
		from := p.From.AddDate(0, -1, 0)
		to := from.Add(p.To.Sub(p.From))
		if to.After(p.From) { // the month before was shorter
			to = p.From
		}
		return Period{From: from, To: to}, true
	case lastYear:
		return Period{From: p.From.AddDate(-1, 0, 0), To: p.From}, true
	}
	return Period{}, false
}

// step is how a chart of the span is cut.
func (s span) step() Step {
	if s == thisMonth {
		return Daily
	}
	return Monthly
}

// pieces gives the first and last piece of a chart, from what was counted.
func (s span) pieces(p Period, now time.Time, zone *time.Location, counts []Count) (first, last time.Time) {
	now = now.In(zone)
	switch s {
	case thisMonth:
		return p.From, midnight(now, zone)
	case lastYear:
		first = p.From
	default:
		if len(counts) == 0 {
			return now, now.Add(-time.Second) // nothing to draw
		}
		first, now = counts[0].Start, counts[len(counts)-1].Start
	}
	month := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, zone) }
	return month(first), month(now)
}

// words writes the span's limits for people.
func (s span) words(l *web.Locale, p Period, now time.Time) string {
	if s == allTime {
		return l.T("touchpoint.span.all")
	}
	return l.Date(p.From) + " – " + l.Date(now)
}
