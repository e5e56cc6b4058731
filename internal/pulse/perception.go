package pulse

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Perception tells what interactions did to people: from a moment, included,
// up to another, left out; a person's one after the other.
type Perception interface {
	Impressions(ctx context.Context, from, to time.Time, do func(experience.Impression) error) error
}

// Perceived is how people were moved, and what is news in it.
type Perceived struct {
	Weeks       Span       `json:"weeks" doc:"The whole weeks in which changes were looked for"`
	Tested      int        `json:"tested" doc:"How many series (a touchpoint, a dimension, a kind of evidence) were tested for change"`
	Short       int        `json:"too_short" doc:"How many had too few weeks or too few people to be tested"`
	FalseAlarms float64    `json:"false_alarms" doc:"Where nothing changes at all, how often anything is reported nevertheless; of what is reported, the part that may be chance"`
	Rose        []Movement `json:"rose"`
	Fell        []Movement `json:"fell"`
	Hurts       []Pain     `json:"hurts" doc:"Where people came off badly in the period, the worst first: score times people"`
	People      int64      `json:"people" doc:"People of whom it is known in the period how they were moved"`
	Scarce      int        `json:"too_few" doc:"Touchpoints with too few people in the period to say anything"`
}

// lane is where a series of perception runs: scales and kinds of evidence are
// never mixed.
type lane struct {
	touchpoint string
	dimension  experience.Dimension
	evidence   experience.Evidence
}

func compareLanes(a, b lane) int {
	return cmp.Or(cmp.Compare(a.touchpoint, b.touchpoint),
		cmp.Compare(slices.Index(experience.Dimensions, a.dimension), slices.Index(experience.Dimensions, b.dimension)), cmp.Compare(a.evidence, b.evidence))
}

// series is a lane week by week; a person counts once a week.
type series struct {
	lane
	weeks []stats.Running
}

// place is all that one touchpoint did in the period; a person counts once.
type place struct {
	touchpoint string
	evidence   experience.Evidence
	people     moved
}

// moved is how people were moved, with the doubt about the rules by which that
// is known.
type moved struct {
	stats.Running
	doubt float64 // the standard errors of the people's values, added up
}

func (m *moved) add(person mean) {
	m.Add(person.sum / person.n)
	m.doubt += person.doubt / person.n
}

// Interval gives the mean over people.
func (m moved) Interval() stats.Interval {
	return m.Running.Interval().Doubted(m.doubt / float64(m.N()))
}

// tally adds impressions up, a person at a time.
type tally struct {
	weeks []time.Time // their beginnings, and the end of the last
	span  Span

	lanes  map[lane][]stats.Running
	places map[lane]*moved // dimension empty: all of them
	people int64

	person experience.ID
	weekly map[weekOf]mean // of the person
	whole  map[lane]mean
}

type weekOf struct {
	lane
	week int
}

// mean is that of one person's impacts.
type mean struct{ sum, doubt, n float64 }

func (m mean) and(i experience.Impact) mean { return mean{m.sum + i.Value, m.doubt + i.Error, m.n + 1} }

func newTally(weeks []time.Time, span Span) *tally {
	return &tally{weeks: weeks, span: span, lanes: map[lane][]stats.Running{}, places: map[lane]*moved{},
		weekly: map[weekOf]mean{}, whole: map[lane]mean{}}
}

// add takes one impression in. What designers assume is no perception.
func (t *tally) add(i experience.Impression) error {
	if i.Person != t.person || i.Person.IsZero() {
		t.flush()
		t.person = i.Person
	}
	week := sort.Search(len(t.weeks), func(k int) bool { return t.weeks[k].After(i.Time) }) - 1
	inside := !i.Time.Before(t.span.From) && i.Time.Before(t.span.To)
	for _, impact := range i.Impacts {
		if impact.Evidence == experience.Assumed {
			continue
		}
		l := lane{i.Touchpoint, impact.Dimension, impact.Evidence}
		if week >= 0 && week < len(t.weeks)-1 {
			key := weekOf{l, week}
			t.weekly[key] = t.weekly[key].and(impact)
		}
		if inside {
			l.dimension = ""
			t.whole[l] = t.whole[l].and(impact)
		}
	}
	return nil
}

// flush counts the person so far.
func (t *tally) flush() {
	for key, m := range t.weekly {
		if t.lanes[key.lane] == nil {
			t.lanes[key.lane] = make([]stats.Running, len(t.weeks)-1)
		}
		t.lanes[key.lane][key.week].Add(m.sum / m.n)
	}
	for l, m := range t.whole {
		if t.places[l] == nil {
			t.places[l] = &moved{}
		}
		t.places[l].add(m)
	}
	if len(t.whole) > 0 {
		t.people++
	}
	clear(t.weekly)
	clear(t.whole)
}

// done gives what was added up, in an order that is always the same.
func (t *tally) done() (lanes []series, places []place) {
	t.flush()
	for l, weeks := range t.lanes {
		lanes = append(lanes, series{l, weeks})
	}
	slices.SortFunc(lanes, func(a, b series) int { return compareLanes(a.lane, b.lane) })
	for l, people := range t.places {
		places = append(places, place{l.touchpoint, l.evidence, *people})
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.touchpoint, b.touchpoint), cmp.Compare(a.evidence, b.evidence))
	})
	return lanes, places
}

// newsWeeks is in how many whole weeks changes are looked for: half a year.
const newsWeeks = 26

// wholeWeeks gives the beginnings of the last whole weeks (they begin on
// Monday, in the company's zone) before a moment, and the end of the last.
func wholeWeeks(end time.Time, zone *time.Location, n int) []time.Time {
	last := midnight(end, zone)
	last = last.AddDate(0, 0, -(int(last.Weekday())+6)%7)
	out := make([]time.Time, n+1)
	for k := range out {
		out[k] = last.AddDate(0, 0, -7*(n-k))
	}
	return out
}

// perceived reckons how people were moved in a period and the weeks before its end.
func (r *Room) perceived(ctx context.Context, p period, c catalogue) (Perceived, error) {
	weeks := wholeWeeks(p.now.To, p.zone, newsWeeks)
	out := Perceived{Weeks: Span{weeks[0].UTC(), weeks[newsWeeks].UTC()}, FalseAlarms: falseAlarms, Rose: []Movement{}, Fell: []Movement{}, Hurts: []Pain{}}
	if r.Perception == nil {
		return out, nil
	}
	t := newTally(weeks, p.now)
	from := weeks[0]
	if p.now.From.Before(from) {
		from = p.now.From
	}
	if err := r.Perception.Impressions(ctx, from, p.now.To, t.add); err != nil {
		return out, err
	}
	lanes, places := t.done()
	out.People = t.people
	var moved []Movement
	moved, out.Tested, out.Short = detect(lanes, weeks)
	for _, m := range moved {
		m.Stage = c.touchpoints[m.Touchpoint].Stage
		if m.Difference.Value > 0 {
			out.Rose = append(out.Rose, m)
		} else {
			out.Fell = append(out.Fell, m)
		}
	}
	out.Hurts, out.Scarce = pains(places)
	for k := range out.Hurts {
		out.Hurts[k].Stage = c.touchpoints[out.Hurts[k].Touchpoint].Stage
	}
	return out, nil
}

// remembered keeps what was reckoned a moment ago: many readers look at the
// same page, and it follows what comes in with a minute's rest.
type remembered struct {
	mu   sync.Mutex
	said map[string]said
}

type said struct {
	at time.Time
	Perceived
}

const (
	rest      = time.Minute
	mostNotes = 16
)

// perception gives what perceived does, at most a minute old.
func (r *Room) perception(ctx context.Context, p period, c catalogue, at time.Time) (Perceived, error) {
	key := p.query() + midnight(p.now.To, p.zone).String()
	r.remembers.mu.Lock()
	old, ok := r.remembers.said[key]
	r.remembers.mu.Unlock()
	if age := at.Sub(old.at); ok && age >= 0 && age < rest {
		return old.Perceived, nil
	}
	fresh, err := r.perceived(ctx, p, c)
	if err != nil {
		return fresh, err
	}
	r.remembers.mu.Lock()
	defer r.remembers.mu.Unlock()
	if len(r.remembers.said) >= mostNotes || r.remembers.said == nil {
		r.remembers.said = map[string]said{}
	}
	r.remembers.said[key] = said{at, fresh}
	return fresh, nil
}
