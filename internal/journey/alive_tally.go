package journey

import (
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
)

// tally counts cases as they come.
type tally struct {
	plan  *plan
	asOf  int64 // microseconds: where cases are, they are then
	felt  map[experience.ID]felt
	few   int64 // below which a figure is not told
	names *analytics.Activities
	held  *analytics.Conformance

	cases, interactions, finished int64
	outside                       int64 // cases without any step
	places                        []placeTally
	promises                      []promiseTally
	memory                        [cells]memoryTally
	costs                         costTally

	one caseState
	// each is called with every case that counts, for lists of those behind a
	// number; nil where nobody asks.
	each func(name string, c *caseState)
}

// placeTally is what is known of a step or a stage.
type placeTally struct {
	cases, interactions int64
	fromBefore          passageTally
	fromFirst           passageTally
	ended               []int64 // when the unfinished cases were here whose latest step it is
	felt                feltTally
}

type passageTally struct {
	went int64
	took []float64 // seconds
}

// caseState is what is known of the case at hand.
type caseState struct {
	reached    uint64 // marks of steps that were taken
	at         int    // place of the latest step
	since      int64  // when
	end        bool   // it took the last step
	interacted []int64
	before     []passageState
	first      []passageState
	broken     []bool // promises
	open       [][]int64
	feeling    caseFeeling
	aligned    analytics.Aligned
}

// passageState follows one case from one place to another.
type passageState struct {
	begun, done  bool
	start        int64 // the latest time it was at the first
	from, arrive int64 // of the passage that counts
}

// depart notes that the case was where the passage begins.
func (s *passageState) depart(at int64) { s.begun, s.start = true, at }

// come notes that the case was where it ends: the earliest arrival counts, and
// of those of one moment the one with the latest start.
func (s *passageState) come(at int64) {
	if s.begun && (!s.done || at == s.arrive && s.start > s.from) {
		s.done, s.from, s.arrive = true, s.start, at
	}
}

func newTally(p *plan, asOf time.Time) *tally {
	t := &tally{plan: p, asOf: asOf.UnixMicro(), few: experience.TooFew, places: make([]placeTally, len(p.places)), promises: make([]promiseTally, len(p.promises)), costs: costTally{}}
	design := make([]int, p.steps)
	for i := range design {
		design[i] = i // the first marks are the steps
	}
	t.held = analytics.NewConformance(design)
	t.one = caseState{
		interacted: make([]int64, len(p.places)), before: make([]passageState, len(p.places)), first: make([]passageState, len(p.places)),
		broken: make([]bool, len(p.promises)), open: make([][]int64, len(p.promises)),
	}
	t.one.feeling.places = make([]cellMeans, len(p.places))
	return t
}

func (c *caseState) reset() {
	c.reached, c.at, c.since, c.end = 0, -1, 0, false
	clear(c.interacted)
	clear(c.before)
	clear(c.first)
	clear(c.broken)
	for i := range c.open {
		c.open[i] = c.open[i][:0]
	}
	c.feeling.reset()
}

// add counts a case, if it took any step. An order or a ticket is on the
// journey by what it is: it counts without a step too.
func (t *tally) add(name string, events []analytics.Happening) {
	c := &t.one
	c.reset()
	for _, e := range events {
		c.reached |= e.Marks & t.plan.all
	}
	if c.reached == 0 && !t.plan.every {
		return
	}
	for i := range events {
		t.see(c, &events[i])
	}
	c.end = c.reached&t.plan.places[t.plan.steps-1].marks != 0
	c.aligned = t.held.Add(events)
	t.count(c, int64(len(events)))
	if t.each != nil {
		t.each(name, c)
	}
}

// see takes one interaction of a case in.
func (t *tally) see(c *caseState, e *analytics.Happening) {
	step := -1
	if e.Marks&t.plan.all != 0 {
		step = t.plan.stepOf(e.Marks)
		c.at, c.since = step, e.At
		t.pass(c, e)
	}
	if len(t.felt) > 0 {
		if f, ok := t.felt[e.ID]; ok {
			c.feeling.add(f, step, c.at, t.plan)
		}
	}
	for i := range t.plan.promises {
		t.promises[i].see(&t.plan.promises[i], t.plan, c, i, e)
	}
}

// pass notes at which places a case is, and whether it came from another. An
// interaction arrives before it departs: nobody passes by one interaction.
func (t *tally) pass(c *caseState, e *analytics.Happening) {
	for i := range t.plan.places {
		p := &t.plan.places[i]
		if e.Marks&p.marks != 0 {
			c.interacted[i]++
			c.before[i].come(e.At)
			c.first[i].come(e.At)
		}
	}
	for i := range t.plan.places {
		p := &t.plan.places[i]
		if p.before < 0 {
			continue
		}
		if e.Marks&t.plan.places[p.before].marks != 0 {
			c.before[i].depart(e.At)
		}
		if e.Marks&t.plan.places[p.first].marks != 0 {
			c.first[i].depart(e.At)
		}
	}
}

// count adds what is known of a case that has been seen whole.
func (t *tally) count(c *caseState, interactions int64) {
	t.cases++
	t.interactions += interactions
	switch {
	case c.end:
		t.finished++
	case c.at < 0:
		t.outside++
	default:
		at := &t.places[c.at]
		at.ended = append(at.ended, c.since)
	}
	for i := range t.places {
		p := &t.places[i]
		p.interactions += c.interacted[i]
		if c.interacted[i] > 0 {
			p.cases++
		}
		p.fromBefore.add(c.before[i])
		p.fromFirst.add(c.first[i])
	}
	for i := range t.promises {
		t.promises[i].close(&t.plan.promises[i], c, i, t.asOf)
	}
	t.feel(c)
}

func (p *passageTally) add(s passageState) {
	if s.done {
		p.went++
		p.took = append(p.took, float64(s.arrive-s.from)/1e6)
	}
}
