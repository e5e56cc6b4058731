package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Local gives SQL for the wall-clock TIMESTAMP in a time zone of an
// interaction's time: the same as `time AT TIME ZONE 'Europe/Rome'` for every
// time from one moment up to another, and many times faster in DuckDB, which
// asks its calendar library about every row (measured: a trend over a million
// rows takes a tenth of the time). Write
//
//	date_trunc('day', <Local>) AS day
//
// The offsets that hold between the two moments are written into the SQL;
// before and after them the first and the last hold.
func Local(zone *time.Location, from, to time.Time) string {
	return `(utc(time) + ` + offset(zone, from, to, func(seconds int) string { return fmt.Sprintf(`INTERVAL '%d seconds'`, seconds) }) + `)`
}

// Pieces gives SQL for the number of the piece of time that an interaction is
// in, a BIGINT: pieces are so many seconds long on the clocks of a zone, and
// piece 0 began so many seconds before 1970. The offsets are those of Local.
// Many times faster than by way of dates.
func (l *Ledger) Pieces(zone *time.Location, from, to time.Time, seconds, before int64) string {
	return l.engine.pieces(offset(zone, from, to, func(seconds int) string { return fmt.Sprint(int64(seconds) * 1_000_000) }), seconds, before)
}

// early are so many pieces as lie before everything that can have a date, so
// that numbers divided are never below zero: dividing then cuts as it should.
const early = 200_000_000_000 // seconds, more than 6,000 years

// pieces divides whole numbers: a date takes five times as long.
func (d *duck) pieces(offset string, seconds, before int64) string {
	pieces := early / seconds
	return fmt.Sprintf(`((epoch_us(time) + %s + %d) // %d - %d)`, offset, (before+pieces*seconds)*1_000_000, seconds*1_000_000, pieces)
}

func (p *postgres) pieces(offset string, seconds, before int64) string {
	pieces := early / seconds
	return fmt.Sprintf(`((%s + %s + %d) / %d - %d)`, p.micros("time"), offset, (before+pieces*seconds)*1_000_000, seconds*1_000_000, pieces)
}

// offset gives SQL for a zone's offset at an interaction's time.
func offset(zone *time.Location, from, to time.Time, write func(seconds int) string) string {
	at := func(t time.Time) int { _, s := t.In(zone).Zone(); return s }
	var cases strings.Builder
	for t := from; t.Before(to); {
		_, end := t.In(zone).ZoneBounds()
		if end.IsZero() || !end.Before(to) {
			break
		}
		if at(t) != at(end) {
			fmt.Fprintf(&cases, ` WHEN time < '%s'::TIMESTAMPTZ THEN %s`, end.UTC().Format("2006-01-02 15:04:05-07"), write(at(t)))
		}
		t = end
	}
	last := write(at(to.Add(-1)))
	if cases.Len() == 0 {
		return last
	}
	return `CASE` + cases.String() + ` ELSE ` + last + ` END`
}
