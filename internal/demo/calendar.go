package demo

import "time"

// peak is the highest season: nothing is busier than the week before Christmas.
const peak = 1.9

// date is one day of the company's calendar.
type date struct {
	begin  int64 // its first moment
	month  int   // months since the beginning of the history
	of     time.Month
	season float64 // 1 is an ordinary day
	closed bool    // shops are closed
	office bool    // carriers, care and phone desk work
}

// calendar knows the days since the beginning, and grows as they come.
type calendar struct {
	start time.Time
	dates []date
}

func newCalendar(start time.Time) *calendar { return &calendar{start: start} }

// on gives the n-th day.
func (c *calendar) on(n int) *date {
	for len(c.dates) <= n {
		t := time.Date(c.start.Year(), c.start.Month(), c.start.Day()+len(c.dates), 0, 0, 0, 0, c.start.Location())
		c.dates = append(c.dates, date{
			begin:  t.UnixMicro(),
			month:  (t.Year()-c.start.Year())*12 + int(t.Month()-c.start.Month()),
			of:     t.Month(),
			season: season(t),
			closed: closed(t),
			office: t.Weekday() != time.Sunday && !holiday(t),
		})
	}
	return &c.dates[n]
}

// index gives the number of the day that holds t.
func (c *calendar) index(t int64) int {
	n := max(int((t-c.start.UnixMicro())/day)-1, 0)
	for c.on(n+1).begin <= t {
		n++
	}
	return n
}

// season says how much busier a day is than an ordinary one: the months, the
// sales of January and July, Black Friday, Christmas, August by the sea, the
// days of the week.
func season(t time.Time) float64 {
	byMonth := [...]float64{1.00, 0.82, 0.92, 0.95, 1.00, 0.92, 0.95, 0.55, 1.00, 1.05, 1.15, 1.55}
	s := byMonth[t.Month()-1]
	d := t.Day()
	switch t.Month() {
	case time.January:
		if d >= 5 && d <= 22 { // saldi
			s *= 1.3
		}
	case time.July:
		if d <= 20 { // saldi
			s *= 1.45
		}
	case time.November:
		if d >= 22 { // Black Friday
			s *= 1.3
		}
	case time.December:
		if d >= 25 {
			s *= 0.5
		}
	}
	return min(s*[...]float64{1.05, 0.98, 0.92, 0.92, 0.95, 1.05, 1.15}[t.Weekday()], peak)
}

func holiday(t time.Time) bool {
	_, m, d := t.Date()
	switch m {
	case time.January:
		return d == 1 || d == 6
	case time.April:
		return d == 25
	case time.May:
		return d == 1
	case time.June:
		return d == 2
	case time.August:
		return d == 15
	case time.December:
		return d == 25 || d == 26
	}
	return false
}

// closed says whether the shops are: on Sundays outside December, on holidays.
func closed(t time.Time) bool {
	return holiday(t) || t.Weekday() == time.Sunday && t.Month() != time.December
}

// rhythm is how likely each hour of the day is.
type rhythm []float64

func onlineHours() rhythm {
	return rhythm{1, .4, .2, .1, .1, .3, 1, 2, 3, 4, 4, 4, 5, 6, 4, 3.5, 3.5, 4, 5, 6, 8, 9, 7, 3}
}

func shopHours() rhythm {
	return rhythm{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 5, 4, 1.5, 1, 2, 4, 6, 6, 3, 0, 0, 0, 0}
}

func officeHours() rhythm {
	return rhythm{0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 5, 3, 1.5, 4, 5, 5, 3, 0, 0, 0, 0, 0, 0}
}

// some gives a random moment of the n-th day in this rhythm.
func (w *world) some(n int, r rhythm) int64 {
	return w.cal.on(n).begin + int64(w.weighted(r))*hour + w.between(0, hour-1)
}

// inSeason gives the number of a later day, about mean days away, more likely
// a busy one (a Poisson process thinned by the season).
func (w *world) inSeason(mean float64) int {
	from := float64(w.today())
	for x := from + 1; ; {
		x += w.rng.ExpFloat64() * mean / peak
		n := int(x)
		if w.chance(w.cal.on(n).season / peak) {
			return n
		}
	}
}

func (w *world) today() int { return w.cal.index(w.now) }

// nextOpen gives n, or the next day on which shops are open.
func (w *world) nextOpen(n int) int {
	for w.cal.on(n).closed {
		n++
	}
	return n
}

// inOffice gives the first moment of a desk's working hours that is not before t.
func (w *world) inOffice(t int64) int64 {
	n := w.cal.index(t)
	for i := n; ; i++ {
		d := w.cal.on(i)
		opens, closes := d.begin+9*hour, d.begin+18*hour
		if !d.office || t > closes {
			continue
		}
		return max(t, opens+w.between(0, 40*minute))
	}
}
