package followup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// FollowUpHours are when the company is at work, on the wall clock of its time zone.
// Deadlines count such hours alone. The zero value is never at rest.
type FollowUpHours struct {
	On       bool            `json:"on" doc:"false: deadlines count all hours, at night and on Sundays too"`
	Week     []FollowUpShift `json:"week" maxItems:"7" doc:"A day of the week that is not among them is free"`
	Holidays bool            `json:"holidays" doc:"Closed on the public holidays of Italy"`
	Closed   []string        `json:"closed" maxItems:"200" doc:"Days on which the company is closed, as 2026-08-14"`
}

// FollowUpShift is when work begins and ends on a day of the week.
type FollowUpShift struct {
	Day  int `json:"day" minimum:"1" maximum:"7" doc:"1 is Monday, 7 is Sunday"`
	From int `json:"from" minimum:"0" maximum:"1439" doc:"Minutes after midnight"`
	To   int `json:"to" minimum:"1" maximum:"1440" doc:"Minutes after midnight, after from"`
}

// usualHours are those of an office in Italy.
func usualHours() FollowUpHours {
	h := FollowUpHours{On: true, Holidays: true, Closed: []string{}}
	for day := 1; day <= 5; day++ {
		h.Week = append(h.Week, FollowUpShift{day, 9 * 60, 18 * 60})
	}
	return h
}

const (
	hoursKey   = "followup.hours"
	mostClosed = 200
)

// check tells whether hours make sense: on some day of the week there is work.
func (h FollowUpHours) check() error {
	seen := map[int]bool{}
	for _, s := range h.Week {
		if s.Day < 1 || s.Day > 7 || seen[s.Day] || s.From < 0 || s.To > 24*60 || s.From >= s.To {
			return experience.Errorf(experience.Invalid, "followup.error.shift")
		}
		seen[s.Day] = true
	}
	if h.On && len(h.Week) == 0 {
		return experience.Errorf(experience.Invalid, "followup.error.week")
	}
	if len(h.Closed) > mostClosed {
		return experience.Errorf(experience.Invalid, "followup.error.closed.many")
	}
	for _, day := range h.Closed {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return experience.Errorf(experience.Invalid, "followup.error.closed.day")
		}
	}
	return nil
}

// weekday numbers days of the week as ISO 8601 does.
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// shift gives when work begins and ends on the day of a local time; false where
// there is none. What a change of the clocks leaves out of a day is no work.
func (h FollowUpHours) shift(day time.Time) (from, to time.Time, ok bool) {
	i := slices.IndexFunc(h.Week, func(s FollowUpShift) bool { return s.Day == weekday(day) })
	if i < 0 || h.Holidays && holiday(day) || slices.Contains(h.Closed, day.Format(time.DateOnly)) {
		return from, to, false
	}
	s := h.Week[i]
	at := func(minute int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, day.Location())
	}
	from, to = at(s.From), at(s.To)
	return from, to, from.Before(to)
}

// longestRest is after how many days without work a deadline no longer waits
// for some: closing days can hold all of a year.
const longestRest = 400

// Add gives the moment at which the company has worked so long since t: never
// outside its hours, and never earlier for what is longer or begins later.
// Around the clock it is t plus d. D must be above zero.
func (h FollowUpHours) Add(t time.Time, d time.Duration, zone *time.Location) time.Time {
	if !h.On || d <= 0 {
		return t.Add(d)
	}
	day := t.In(zone)
	day = time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone) // noon is in each day once
	for rest := 0; rest < longestRest; day = day.AddDate(0, 0, 1) {
		from, to, ok := h.shift(day)
		if !ok {
			rest++
			continue
		}
		rest = 0
		if from.Before(t) {
			from = t
		}
		have := to.Sub(from)
		if have <= 0 {
			continue
		}
		if d <= have {
			return from.Add(d).In(t.Location())
		}
		d -= have
	}
	return t.Add(d)
}

// Open tells whether the company is at work at a moment.
func (h FollowUpHours) Open(t time.Time, zone *time.Location) bool {
	if !h.On {
		return true
	}
	local := t.In(zone)
	noon := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, zone)
	for _, day := range []time.Time{noon, noon.AddDate(0, 0, -1)} { // what ends at midnight ends on the next day
		if from, to, ok := h.shift(day); ok && !t.Before(from) && !t.After(to) {
			return true
		}
	}
	return false
}

// holiday tells whether a day is a public holiday in all of Italy (Law 260 of
// 1949 as amended: Law 54 of 1977, Decree 792 of 1985, Law 336 of 2000, and Law
// 151 of 2025, by which 4 October is one again from 2026).
func holiday(day time.Time) bool {
	y, m, d := day.Date()
	switch m {
	case time.January:
		return d == 1 || d == 6
	case time.March, time.April:
		if m == time.April && d == 25 {
			return true
		}
		em, ed := easter(y)
		sunday := time.Date(y, em, ed, 12, 0, 0, 0, time.UTC)
		at := time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
		return at.Equal(sunday) || at.Equal(sunday.AddDate(0, 0, 1))
	case time.May:
		return d == 1
	case time.June:
		return d == 2
	case time.August:
		return d == 15
	case time.October:
		return d == 4 && y >= 2026
	case time.November:
		return d == 1
	case time.December:
		return d == 8 || d == 25 || d == 26
	}
	return false
}

// easter gives Easter Sunday in the Gregorian calendar (the algorithm that
// Nature printed anonymously on 20 April 1876; Meeus, Astronomical Algorithms,
// 1991, chapter 8).
func easter(year int) (time.Month, int) {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	return time.Month(month), (h + l - 7*m + 33*month + 19) % 32
}

// Hours gives when the company is at work.
func (r *Room) Hours(ctx context.Context) (h FollowUpHours, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		h, err = loadHours(ctx, tx)
		return err
	})
	return h, err
}

func loadHours(ctx context.Context, tx registry.Tx) (FollowUpHours, error) {
	var text string
	err := tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, hoursKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return usualHours(), nil
	}
	if err != nil {
		return FollowUpHours{}, err
	}
	var h FollowUpHours
	return h, json.Unmarshal([]byte(text), &h)
}

// SaveHours says when the company is at work. Deadlines that stand stay.
func (r *Room) SaveHours(ctx context.Context, h FollowUpHours) (FollowUpHours, error) {
	slices.SortFunc(h.Week, func(a, b FollowUpShift) int { return a.Day - b.Day })
	slices.Sort(h.Closed)
	h.Closed = slices.Compact(h.Closed)
	if err := h.check(); err != nil {
		return h, err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return h, err
	}
	return h, r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, hoursKey, string(text))
		return err
	})
}

// zone is the company's time zone.
func (r *Room) zone(ctx context.Context) *time.Location {
	if r.Company == nil {
		return time.UTC
	}
	return r.Company(ctx).Location()
}
