package analytics

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Limits of a funnel.
const (
	maxSteps      = 12
	maxExclusions = 4
	maxBreakdown  = 25 // values shown by themselves; the rest are "other"
)

// Funnel asks how many cases go through steps.
//
// A case goes from one step to the next with two different interactions, the
// later one not before the earlier. It may take Window, from its first step to
// its last. Of several ways through, the one that leads deepest counts, and of
// those the one that got there first, from its latest start. An excluded
// interaction ends every way that is under way: what was reached stays reached.
type Funnel struct {
	Scope
	Steps    []Match `json:"steps" minItems:"1" maxItems:"12"`
	Window   Window  `json:"window,omitempty" doc:"From the first step to the last, such as 14d, 12h or 30m; absent: as long as it takes"`
	AnyOrder bool    `json:"any_order,omitempty" doc:"The steps count in whatever order they were taken within the window; an interaction counts for every step it matches"`
	Exclude  []Match `json:"exclude,omitempty" maxItems:"4" doc:"What ends the way of a case"`
	Hold     string  `json:"hold,omitempty" doc:"A field that must be the same in all steps, such as product or properties.NAME"`
	Totals   bool    `json:"totals,omitempty" doc:"Count every way through, not only a case's deepest one. Every interaction serves in one way; a step goes on the way begun last"`
	By       string  `json:"by,omitempty" doc:"Break the answer down by this field, as it was in the first step, or by traits.NAME of the person"`

	// Traits gives the value of a trait of each person who has one; needed only
	// where By is a trait.
	Traits func(ctx context.Context, name string) (map[experience.ID]string, error) `json:"-"`
}

// FunnelAnswer is how many cases reached each step.
type FunnelAnswer struct {
	Steps  []FunnelStep  `json:"steps"`
	Groups []FunnelGroup `json:"groups,omitempty" doc:"Broken down, most cases first; the last one may be the rest"`
}

// FunnelStep is one step of an answer.
type FunnelStep struct {
	Count    int64   `json:"count" doc:"Cases (or ways, with totals) that came this far"`
	OfFirst  float64 `json:"of_first" doc:"Share of those of the first step, 0 to 1"`
	OfBefore float64 `json:"of_before" doc:"Share of those of the step before, 0 to 1"`
	Median   float64 `json:"median_seconds" doc:"Time from the step before, for half of the cases less; 0 for the first step"`
	Slow     float64 `json:"p90_seconds" doc:"Time from the step before, for nine cases of ten less"`
}

// FunnelGroup is the answer for one value of the field it is broken down by.
type FunnelGroup struct {
	Value string       `json:"value"`
	Other bool         `json:"other,omitempty" doc:"All further values together"`
	Steps []FunnelStep `json:"steps"`
}

func (f Funnel) check() error {
	if len(f.Steps) == 0 || len(f.Steps) > maxSteps {
		return experience.Errorf(experience.Invalid, "a funnel has 1 to %d steps", maxSteps)
	}
	if len(f.Exclude) > maxExclusions {
		return experience.Errorf(experience.Invalid, "a funnel excludes at most %d things", maxExclusions)
	}
	if f.AnyOrder && f.Totals {
		return experience.Errorf(experience.Invalid, "every way through can be counted only where the steps have an order")
	}
	by := f.By
	if _, ok := trait(by); ok {
		if by = ""; f.Case != "" && f.Case != "person" || f.Traits == nil {
			return experience.Errorf(experience.Invalid, "only people have traits: ask with people as cases")
		}
	}
	for _, name := range []string{f.Hold, by} {
		if err := checkField(name); err != nil {
			return err
		}
	}
	for _, m := range slices.Concat(f.Steps, f.Exclude) {
		if err := m.check(); err != nil {
			return err
		}
	}
	if _, err := f.Window.Duration(); err != nil {
		return err
	}
	return f.Scope.check()
}

func checkField(name string) error {
	if name == "" {
		return nil
	}
	return Filter{Field: name, Is: present}.check()
}

// Ask answers the funnel.
func (f Funnel) Ask(ctx context.Context, l *ledger.Ledger) (FunnelAnswer, error) {
	w, err := f.begin(ctx, l)
	if err != nil {
		return FunnelAnswer{}, err
	}
	tallies, err := gather(ctx, w.b, f.Scope, w.wanted, func() *funnelTally { return newFunnelTally(f) }, func(t *funnelTally, c ledger.Case) error {
		for _, way := range w.ways(c) {
			t.add(way)
		}
		return nil
	})
	if err != nil {
		return FunnelAnswer{}, err
	}
	for _, t := range tallies[1:] {
		tallies[0].join(t)
	}
	var out FunnelAnswer
	out.Steps, out.Groups = tallies[0].answer(w.value)
	return out, nil
}

// FunnelPlace is a number of a funnel's answer.
type FunnelPlace struct {
	Step    int     // from 1
	Dropped bool    // of those who came this far, only who went no further
	Group   *string // the value of By; nil: of all together
	Other   bool    // the last group: every value that has none of its own
}

// People gives the cases behind a number.
func (f Funnel) People(ctx context.Context, l *ledger.Ledger, at FunnelPlace, page Page) (Behind, error) {
	if at.Step < 1 || at.Step > len(f.Steps) {
		return Behind{}, experience.Errorf(experience.Invalid, "the funnel has no step %d", at.Step)
	}
	w, err := f.begin(ctx, l)
	if err != nil {
		return Behind{}, err
	}
	var shown map[string]bool // the groups that are no part of the rest
	if at.Other {
		a, err := f.Ask(ctx, l)
		if err != nil {
			return Behind{}, err
		}
		shown = map[string]bool{}
		for _, g := range a.Groups {
			if !g.Other {
				shown[g.Value] = true
			}
		}
	}
	return people(ctx, w.b, f.Scope, w.wanted, page, func(c ledger.Case) (bool, error) {
		return slices.ContainsFunc(w.ways(c), func(way Way) bool {
			if taken := len(way.Times); taken < at.Step || taken > at.Step && at.Dropped {
				return false
			}
			return !at.Other && at.Group == nil || at.Other && !shown[w.value(way.Group)] || !at.Other && at.Group != nil && w.value(way.Group) == *at.Group
		}), nil
	})
}

// Way is how far a case came, and when it took each step.
type Way struct {
	Times []int64 // microseconds since 1970, one for each step taken
	Group int32   // the value of the field broken down by, at the first step: a place among the words
}

// funnelWalk is a funnel being asked.
type funnelWalk struct {
	Funnel
	b      *builder
	wanted wanted
	held   int                     // which text must be the same in all steps; -1 for none
	traits map[experience.ID]int32 // of people, where By is a trait
}

func (f Funnel) begin(ctx context.Context, l *ledger.Ledger) (*funnelWalk, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	w := &funnelWalk{Funnel: f, b: &builder{ledger: l}, held: -1}
	w.wanted = wanted{code: w.b.steps(f), words: ledger.NewWords()}
	name, byTrait := trait(f.By)
	switch {
	case byTrait:
		values, err := f.Traits(ctx, name)
		if err != nil {
			return nil, err
		}
		w.traits = make(map[experience.ID]int32, len(values))
		for id, v := range values {
			w.traits[id] = w.wanted.words.Number(v)
		}
	case f.By != "":
		w.wanted.texts = append(w.wanted.texts, ledger.Text{SQL: w.b.field(f.By)})
	}
	if f.Hold != "" {
		w.held = len(w.wanted.texts)
		field := w.b.field(f.Hold)
		w.wanted.texts, w.wanted.where = append(w.wanted.texts, ledger.Text{SQL: field}), "coalesce("+field+", '') <> ''"
	}
	return w, nil
}

func (w *funnelWalk) value(group int32) string { return w.wanted.words.Text(group) }

// ways gives the ways of a case that took the first step: all of them with
// totals, else the best.
func (w *funnelWalk) ways(c ledger.Case) []Way {
	var ways []Way
	if w.held < 0 {
		ways = w.Funnel.ways(c.Events)
	} else {
		for _, events := range apart(c.Events, w.held) {
			switch more := w.Funnel.ways(events); {
			case w.Totals:
				ways = append(ways, more...)
			case len(more) > 0 && (ways == nil || w.better(more[0], ways[0])):
				ways = more
			}
		}
	}
	for i := range ways {
		switch {
		case w.traits != nil:
			ways[i].Group = w.traits[c.Person]
		case w.By == "":
			ways[i].Group = 0
		}
	}
	return ways
}

// apart cuts a sequence by one of its texts.
func apart(events []Event, text int) [][]Event {
	var lists [][]Event
	at := map[int32]int{}
	for _, e := range events {
		i, known := at[e.Texts[text]]
		if !known {
			i = len(lists)
			at[e.Texts[text]], lists = i, append(lists, nil)
		}
		lists[i] = append(lists[i], e)
	}
	return lists
}

// steps gives SQL for the set of steps and exclusions that an interaction
// matches, as a number of which each has a bit; 0 for none.
func (b *builder) steps(f Funnel) string {
	var sum []string
	named := map[string]int64{} // the bits of steps that ask for nothing but a name
	var names []string
	for i, m := range slices.Concat(f.Steps, f.Exclude) {
		bit := i
		if i >= len(f.Steps) {
			bit = maxSteps + i - len(f.Steps)
		}
		if m.onlyEvent() {
			if named[m.Event] == 0 {
				names = append(names, m.Event)
			}
			named[m.Event] |= 1 << bit
			continue
		}
		sum = append(sum, fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", b.match(m), 1<<bit))
	}
	if len(names) > 0 { // an expression of one column is reckoned once for each of its texts
		var s strings.Builder
		for _, name := range names {
			fmt.Fprintf(&s, " WHEN %s THEN %d", b.text(name), named[name])
		}
		sum = append(sum, "CASE name"+s.String()+" ELSE 0 END")
	}
	return strings.Join(sum, " + ")
}

func (f Funnel) ways(events []Event) []Way {
	switch {
	case f.AnyOrder:
		return f.anyOrder(events)
	case f.Totals:
		return f.everyWay(events)
	}
	return f.deepest(events)
}

const exclusions = (1<<maxExclusions - 1) << maxSteps

// chain is a way under way.
type chain struct {
	taken int
	times [maxSteps]int64
	group int32
}

func begun(e Event) chain { return chain{taken: 1, times: [maxSteps]int64{e.At}, group: e.Texts[0]} }

func (c *chain) then(at int64) {
	c.times[c.taken] = at
	c.taken++
}

func (c *chain) way() Way { return Way{Times: slices.Clone(c.times[:c.taken]), Group: c.group} }

// better tells whether a way counts rather than another of the same case.
func (c *chain) better(than *chain) bool {
	if c.taken != than.taken || c.taken == 0 {
		return c.taken > than.taken
	}
	last := c.taken - 1
	return cmp.Or(cmp.Compare(c.times[last], than.times[last]), cmp.Compare(than.times[0], c.times[0])) < 0
}

// deepest goes through a sequence once. For each number of steps it keeps the
// way of that many steps that began last: no other can go further.
func (f Funnel) deepest(events []Event) []Way {
	var open [maxSteps]chain
	var best chain
	window := f.Window.micros()
	for i := range events {
		e := &events[i]
		if e.Code&exclusions != 0 {
			for k := range f.Steps {
				open[k].taken = 0
			}
			continue
		}
		for code := uint64(e.Code); code != 0; { // downwards: an interaction is one step of a way
			k := bits.Len64(code) - 1
			code &^= 1 << k
			c := &open[k]
			if k == 0 {
				*c = begun(*e)
			} else {
				before := &open[k-1]
				if before.taken == 0 || e.At-before.times[0] > window || c.taken > 0 && before.times[0] < c.times[0] {
					continue
				}
				copy(c.times[:k], before.times[:k])
				c.times[k], c.taken, c.group = e.At, k+1, before.group
			}
			if c.better(&best) {
				best = *c
			}
		}
	}
	return ended(best)
}

func ended(chains ...chain) []Way {
	var ways []Way
	for _, c := range chains {
		if c.taken > 0 {
			ways = append(ways, c.way())
		}
	}
	return ways
}

// everyWay has each interaction serve in one way: it goes on with the way that
// is furthest, of those the one begun last; else it begins one.
func (f Funnel) everyWay(events []Event) []Way {
	var done, open []chain
	window := f.Window.micros()
	for _, e := range events {
		if e.Code&exclusions != 0 {
			done, open = append(done, open...), nil
			continue
		}
		if at := f.goesOn(open, e, window); at >= 0 {
			open[at].then(e.At)
		} else if e.Code&1 != 0 {
			open = append(open, begun(e))
		}
	}
	return ended(append(done, open...)...)
}

// goesOn gives the open way that an interaction goes on with, -1 for none.
func (f Funnel) goesOn(open []chain, e Event, window int64) int {
	at := -1
	for i := range open {
		c := &open[i]
		if c.taken < len(f.Steps) && e.Code&(1<<c.taken) != 0 && e.At-c.times[0] <= window && (at < 0 || c.taken >= open[at].taken) {
			at = i
		}
	}
	return at
}

// anyOrder looks at each moment which steps were taken within the window
// before it. A way's times are those of its steps, in order.
func (f Funnel) anyOrder(events []Event) []Way {
	var last [maxSteps]Event
	var taken [maxSteps]bool
	var best chain
	window := f.Window.micros()
	for _, e := range events {
		if e.Code&exclusions != 0 {
			taken = [maxSteps]bool{}
			continue
		}
		now := make([]Event, 0, maxSteps)
		for k := range f.Steps {
			if e.Code&(1<<k) != 0 {
				last[k], taken[k] = e, true
			}
			if taken[k] && e.At-last[k].At <= window {
				now = append(now, last[k])
			}
		}
		slices.SortStableFunc(now, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
		c := begun(now[0])
		for _, step := range now[1:] {
			c.then(step.At)
		}
		if c.better(&best) {
			best = c
		}
	}
	return ended(best)
}
