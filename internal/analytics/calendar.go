package analytics

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Unit is how long a piece of a calendar is.
type Unit string

// The units. Weeks begin on Monday.
const (
	Hour  Unit = "hour"
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
)

// calendar numbers the pieces of time on the clocks of a zone.
type calendar struct {
	unit Unit
	zone *time.Location
}

func newCalendar(unit Unit, zone *time.Location) (calendar, error) {
	switch unit {
	case Hour, Day, Week, Month:
		return calendar{unit, zone}, nil
	}
	return calendar{}, experience.Errorf(experience.Invalid, "%q is none of hour, day, week and month", unit)
}

// sql gives the number of the piece that an interaction is in, for those
// between two moments.
func (c calendar) sql(l *ledger.Ledger, from, to time.Time) string {
	switch c.unit {
	case Hour:
		return l.Pieces(c.zone, from, to, 3600, 0)
	case Day:
		return l.Pieces(c.zone, from, to, 86400, 0)
	case Week:
		return l.Pieces(c.zone, from, to, 7*86400, 3*86400) // 1970 began on a Thursday
	}
	clock := ledger.Local(c.zone, from, to)
	return fmt.Sprintf("CAST(extract(year FROM %s) * 12 + extract(month FROM %s) - 1 AS BIGINT)", clock, clock)
}

// start gives when a piece begins.
func (c calendar) start(number int64) time.Time {
	n := int(number)
	switch c.unit {
	case Hour:
		return time.Date(1970, 1, 1, n, 0, 0, 0, c.zone)
	case Day:
		return time.Date(1970, 1, 1+n, 0, 0, 0, 0, c.zone)
	case Week:
		return time.Date(1970, 1, 1+7*n-3, 0, 0, 0, 0, c.zone)
	}
	return time.Date(n/12, time.Month(n%12+1), 1, 0, 0, 0, 0, c.zone)
}

// number gives the piece a moment is in.
func (c calendar) number(t time.Time) int64 {
	t = t.In(c.zone)
	y, m, d := t.Date()
	days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	switch c.unit {
	case Hour:
		return days*24 + int64(t.Hour())
	case Day:
		return days
	case Week:
		return floorDiv(days+3, 7)
	}
	return int64(y)*12 + int64(m) - 1
}

// lastOver is the last piece that is over at a moment.
func (c calendar) lastOver(at time.Time) int64 {
	last := c.number(at.Add(-time.Nanosecond))
	if c.start(last + 1).After(at) {
		last--
	}
	return last
}

// periods are the pieces between two moments, to look moments up in.
type periods struct {
	first  int64   // the number of the first one
	starts []int64 // microseconds since 1970
}

func (c calendar) periods(from, to time.Time) periods {
	p := periods{first: c.number(from)}
	for n := p.first; n == p.first || c.start(n).Before(to); n++ {
		p.starts = append(p.starts, c.start(n).UnixMicro())
	}
	return p
}

// of gives the place of the piece that a moment is in, not before the one at a
// place that is known to be none after it.
func (p periods) of(micros int64, known int) int {
	if next := known + 1; next >= len(p.starts) || micros < p.starts[next] {
		return known
	}
	at, there := slices.BinarySearch(p.starts[known:], micros)
	if !there {
		at--
	}
	return known + at
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// extent fills in the limits that a scope leaves open, by what there is. It
// gives false when there is nothing.
func (s Scope) extent(ctx context.Context, l *ledger.Ledger) (Scope, bool, error) {
	if !s.From.IsZero() && !s.To.IsZero() {
		return s, true, nil
	}
	b := &builder{ledger: l}
	var first, last sql.NullTime
	err := b.each(ctx, `SELECT min(time), max(time) FROM interactions WHERE `+b.counted(s), func(rows *sql.Rows) error {
		return rows.Scan(&first, &last)
	})
	if err != nil || !first.Valid {
		return s, false, err
	}
	if s.From.IsZero() {
		s.From = first.Time.UTC()
	}
	if s.To.IsZero() {
		s.To = last.Time.UTC().Add(time.Microsecond)
	}
	return s, true, nil
}
