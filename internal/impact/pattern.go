package impact

import (
	"strings"
	"time"
)

// firing is a rule that held.
type firing struct {
	rule   int
	moment int       // index of the moment it is about
	amount float64   // how often or how much: times, days, minutes; before the rule's cap
	at     time.Time // when it came to hold
}

// hits are, for each rule and part, the indices of the moments it is about.
type hits [3][]int

// hitsOf finds the moments, up to a time, that each rule is about, and the
// rules there are, in the order in which they first matter.
func (b *Book) hitsOf(moments []Moment, asOf time.Time) (found map[int]*hits, rules []int) {
	found = map[int]*hits{}
	for i := range moments {
		if moments[i].Time.After(asOf) {
			break
		}
		for _, u := range b.byEvent[moments[i].Name] {
			if u.part == starts && !b.Rules[u.rule].meets(&moments[i]) {
				continue
			}
			h := found[u.rule]
			if h == nil {
				h = &hits{}
				found[u.rule] = h
				rules = append(rules, u.rule)
			}
			h[u.part] = append(h[u.part], i)
		}
	}
	return found, rules
}

// fire gives what the rules conclude from a person's moments, which are in
// order, as it could be known at a time: nothing after it is read.
func (b *Book) fire(moments []Moment, asOf time.Time) []firing {
	found, rules := b.hitsOf(moments, asOf)
	var out []firing
	for _, k := range rules {
		p := pass{b: b, r: &b.Rules[k], rule: k, moments: moments, asOf: asOf, hits: found[k]}
		p.hits[starts] = p.once(p.hits[starts])
		switch p.r.Pattern {
		case each:
			p.each()
		case repeat:
			p.repeat()
		case without:
			p.without()
		case answers:
			p.answer()
		case promise:
			p.promise()
		}
		out = append(out, p.out...)
	}
	return out
}

// pass is one rule held against one person's moments.
type pass struct {
	b       *Book
	r       *Rule
	rule    int
	moments []Moment
	asOf    time.Time
	hits    *hits
	out     []firing
}

func (p *pass) fires(moment int, amount float64, at time.Time) {
	if amount > 0 {
		p.out = append(p.out, firing{p.rule, moment, amount, at})
	}
}

// once keeps the first of what is told several times of one order or case.
func (p *pass) once(list []int) []int {
	if p.r.Once == "" || len(list) < 2 {
		return list
	}
	seen := make(map[string]bool, len(list))
	kept := list[:0]
	for _, i := range list {
		key := p.moments[i].Order
		if p.r.Once == "case" {
			key = p.moments[i].facts[factCase]
		}
		if key != "" && seen[key] {
			continue
		}
		seen[key] = true
		kept = append(kept, i)
	}
	return kept
}

func (p *pass) each() {
	for _, i := range p.hits[starts] {
		m, amount := &p.moments[i], 1.0
		if p.r.measured {
			x, ok := m.number(p.r.fact)
			if !ok {
				continue
			}
			above := p.r.Above
			if p.r.says {
				if v, ok := m.number(p.r.allowed); ok {
					above = v
				}
			}
			amount = (x - above) / p.r.Per
		}
		p.fires(i, amount, m.Time)
	}
}

func (p *pass) repeat() {
	var kept []int
	var last time.Time
	for _, i := range p.hits[starts] {
		at := p.moments[i].Time
		same := len(kept) > 0 && at.Sub(last) < p.r.apart
		last = at
		if same {
			continue
		}
		kept = append(kept, i)
		n := 0
		for k := len(kept) - 1; k >= 0 && n < p.r.Times; k-- {
			if p.r.within > 0 && at.Sub(p.moments[kept[k]].Time) > p.r.within {
				break
			}
			n++
		}
		if n >= p.r.Times {
			p.fires(i, 1, at)
		}
	}
}

// without: beginnings that follow each other within the time are one basket,
// and the last of them decides.
func (p *pass) without() {
	if !p.b.closes(p.r) {
		return
	}
	list, closed := p.hits[starts], p.hits[ends]
	for k, i := range list {
		from := p.moments[i].Time
		until := from.Add(p.r.within)
		if until.After(p.asOf) {
			return // it may still end well
		}
		if k+1 < len(list) && !p.moments[list[k+1]].Time.After(until) {
			continue
		}
		for len(closed) > 0 && p.moments[closed[0]].Time.Before(from) {
			closed = closed[1:]
		}
		if len(closed) == 0 || p.moments[closed[0]].Time.After(until) {
			p.fires(i, 1, until)
		}
	}
}

func (p *pass) answer() {
	for _, i := range p.hits[starts] {
		opened := &p.moments[i]
		about, until, key := i, p.asOf, opened.facts[factCase]
		open := true
		for _, k := range p.hits[ends] {
			m := &p.moments[k]
			if m.Time.Before(opened.Time) || key != "" && m.facts[factCase] != "" && m.facts[factCase] != key {
				continue
			}
			about, until, open = k, m.Time, false
			break
		}
		if open && !p.b.closes(p.r) {
			continue
		}
		amount := (until.Sub(opened.Time).Hours() - p.r.Above) / p.r.Per
		at := until
		if open {
			at = opened.Time.Add(time.Duration(p.r.Above * float64(time.Hour)))
		}
		p.fires(about, amount, at)
	}
}

// parcel is what is known of one order's delivery.
type parcel struct {
	told      int       // moment that told the promised day; -1: none
	promised  time.Time // midnight after which it is late, as a day in UTC; zero: nobody promised
	delivered int       // moment; -1: not yet
	cancelled time.Time // zero: not
}

// late gives how many days after the promised one a parcel came, negative
// before it; false where nobody promised.
func (x *parcel) late(delivered *Moment) (float64, bool) {
	if late, ok := delivered.number(factDelay); ok {
		return late, true
	}
	return days(x.promised, delivered.Time), !x.promised.IsZero()
}

func (p *pass) promise() {
	parcels, keys := p.parcels()
	for _, key := range keys {
		x := parcels[key]
		switch {
		case x.delivered >= 0:
			m := &p.moments[x.delivered]
			late, known := x.late(m)
			if known && p.r.Side == "late" {
				p.fires(x.delivered, late, m.Time)
			} else if known && p.r.Side == "early" {
				p.fires(x.delivered, -late, m.Time)
			}
		case p.r.Side == "waiting" && !x.promised.IsZero() && p.b.closes(p.r):
			if over, ok := x.overdue(p.asOf); ok {
				p.fires(x.told, days(x.promised, p.asOf), over)
			}
		}
	}
}

// overdue tells since when a parcel that is not there should have been: the
// promised day and one of grace are over. False where it may still be in time.
func (x *parcel) overdue(asOf time.Time) (time.Time, bool) {
	over := x.promised.AddDate(0, 0, 2)
	return over, !x.promised.IsZero() && !over.After(asOf) && (x.cancelled.IsZero() || !x.cancelled.Before(over))
}

// Delivery is how the delivery of an order stands against the promise.
type Delivery struct {
	Known    bool    // delivered, or overdue: else there is nothing to compare
	Overdue  bool    // the promised day is over and it is not there
	DaysLate float64 // after the promised day, negative before it; when overdue, so far
}

// deliveries gives how orders' deliveries stand at a time.
func (b *Book) deliveries(moments []Moment, asOf time.Time) map[string]Delivery {
	out := map[string]Delivery{}
	found, _ := b.hitsOf(moments, asOf)
	k, ok := b.rule(waitingRule)
	if !ok || found[k] == nil {
		return out
	}
	p := pass{b: b, r: &b.Rules[k], rule: k, moments: moments, asOf: asOf, hits: found[k]}
	parcels, _ := p.parcels()
	for key, x := range parcels {
		if x.delivered >= 0 {
			late, known := x.late(&moments[x.delivered])
			out[key] = Delivery{Known: known, DaysLate: late}
		} else if _, over := x.overdue(asOf); over && b.closes(p.r) {
			out[key] = Delivery{Known: true, Overdue: true, DaysLate: days(x.promised, asOf)}
		}
	}
	return out
}

// waitingRule reads all there is to know of a delivery: promise, arrival,
// cancellation.
const waitingRule = "late-waiting"

// parcels gives the orders that something is known of, in the order in which
// they begin. What names no order is one of its own.
func (p *pass) parcels() (map[string]*parcel, []string) {
	all := map[string]*parcel{}
	var keys []string
	get := func(i int) *parcel {
		key := p.moments[i].Order
		if key == "" {
			key = "\x00" + p.moments[i].ID.String()
		}
		x := all[key]
		if x == nil {
			x = &parcel{told: -1, delivered: -1}
			all[key] = x
			keys = append(keys, key)
		}
		return x
	}
	for _, i := range p.hits[before] {
		x := get(i)
		if day, ok := promisedDay(&p.moments[i]); ok {
			x.promised, x.told = day, i // the last word counts
		}
	}
	for _, i := range p.hits[starts] {
		x := get(i)
		if x.delivered >= 0 {
			continue
		}
		x.delivered = i
		if day, ok := promisedDay(&p.moments[i]); ok && x.promised.IsZero() {
			x.promised = day
		}
	}
	for _, i := range p.hits[ends] {
		if x := get(i); x.cancelled.IsZero() {
			x.cancelled = p.moments[i].Time
		}
	}
	return all, keys
}

// promisedDay reads the day that something was promised for.
func promisedDay(m *Moment) (time.Time, bool) {
	if text := strings.TrimSpace(m.facts[factEstimated]); len(text) >= len(time.DateOnly) {
		if day, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err == nil {
			return day, true
		}
	}
	if n, ok := m.number(factPromisedDays); ok && n >= 0 && n <= 3660 {
		return midnight(m.Time).AddDate(0, 0, int(n)), true
	}
	return time.Time{}, false
}

func midnight(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// days counts from one day to another, negative backwards.
func days(from, to time.Time) float64 { return midnight(to).Sub(midnight(from)).Hours() / 24 }
