package analytics

import (
	"cmp"
	"context"
	"fmt"
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
	By       string  `json:"by,omitempty" doc:"Break the answer down by this field, as it was in the first step"`
}

// FunnelAnswer is how many cases reached each step.
type FunnelAnswer struct {
	Steps   []FunnelStep  `json:"steps"`
	Groups  []FunnelGroup `json:"groups,omitempty" doc:"Broken down, most cases first; the last one may be the rest"`
	Unknown int64         `json:"interactions_outside,omitempty" doc:"Left out because they belong to no case"`
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
	for _, name := range []string{f.Hold, f.By} {
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
	var out FunnelAnswer
	tally := newFunnelTally(f)
	err := f.walk(ctx, l, func(w Way) error { tally.add(w); return nil })
	if err != nil {
		return out, err
	}
	out.Steps, out.Groups = tally.answer()
	return out, nil
}

// People gives the cases that reached a step (1 to the number of steps) and,
// with dropped, went no further; in the order of their names, those after the
// one named, at most limit.
func (f Funnel) People(ctx context.Context, l *ledger.Ledger, step int, dropped bool, after string, limit int) ([]string, error) {
	if step < 1 || step > len(f.Steps) {
		return nil, experience.Errorf(experience.Invalid, "the funnel has no step %d", step)
	}
	list := first{after: after, limit: limit, list: []string{}}
	err := f.walk(ctx, l, func(w Way) error {
		if len(w.Times) == step || len(w.Times) > step && !dropped {
			list.add(w.Case)
		}
		return nil
	})
	return list.list, err
}

// Way is how far a case came, and when it took each step.
type Way struct {
	Case  string
	Times []int64 // microseconds since 1970, one for each step taken
	Value string  // of the field broken down by, at the first step
}

// walk calls f with the ways of all cases that took the first step.
func (f Funnel) walk(ctx context.Context, l *ledger.Ledger, yield func(Way) error) error {
	if err := f.check(); err != nil {
		return err
	}
	b := &builder{ledger: l}
	w := wanted{code: b.steps(f)}
	if f.By != "" {
		w.value = b.field(f.By)
	}
	if f.Hold == "" {
		return b.sequences(ctx, f.Scope, w, func(s Sequence) error {
			for _, way := range f.ways(s) {
				if err := yield(way); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.split = "coalesce(" + b.field(f.Hold) + ", '')"
	return f.walkHeld(ctx, b, w, yield)
}

// walkHeld is walk where a case comes in several sequences: its deepest way
// among all of them counts.
func (f Funnel) walkHeld(ctx context.Context, b *builder, w wanted, yield func(Way) error) error {
	w.where = w.split + " <> ''"
	best := map[string][]Way{}
	err := b.sequences(ctx, f.Scope, w, func(s Sequence) error {
		ways := f.ways(s)
		if known := best[s.Case]; f.Totals {
			best[s.Case] = append(known, ways...)
		} else if len(ways) > 0 && (known == nil || ways[0].better(known[0])) {
			best[s.Case] = ways
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, ways := range best {
		for _, way := range ways {
			if err := yield(way); err != nil {
				return err
			}
		}
	}
	return nil
}

// steps gives SQL for the set of steps and exclusions that an interaction
// matches, as a number of which each has a bit; NULL for none.
func (b *builder) steps(f Funnel) string {
	var sum, any []string
	for i, m := range slices.Concat(f.Steps, f.Exclude) {
		bit := i
		if i >= len(f.Steps) {
			bit = maxSteps + i - len(f.Steps)
		}
		is := b.match(m)
		sum = append(sum, fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", is, 1<<bit))
		any = append(any, is)
	}
	return "CASE WHEN " + strings.Join(any, " OR ") + " THEN " + strings.Join(sum, " + ") + " END"
}

func (f Funnel) ways(s Sequence) []Way {
	var ways []Way
	switch {
	case f.AnyOrder:
		ways = f.anyOrder(s)
	case f.Totals:
		ways = f.everyWay(s)
	default:
		ways = f.deepest(s)
	}
	for i := range ways {
		ways[i].Case = s.Case
	}
	return ways
}

const exclusions = (1<<maxExclusions - 1) << maxSteps

// chain is a way under way.
type chain struct {
	taken int
	times [maxSteps]int64
	value string
}

func begun(e Event) chain { return chain{taken: 1, times: [maxSteps]int64{e.At}, value: e.Value} }

func (c *chain) then(at int64) {
	c.times[c.taken] = at
	c.taken++
}

func (c *chain) way() Way { return Way{Times: slices.Clone(c.times[:c.taken]), Value: c.value} }

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
func (f Funnel) deepest(s Sequence) []Way {
	var open [maxSteps]chain
	var best chain
	window := f.Window.micros()
	for _, e := range s.Events {
		if e.Code&exclusions != 0 {
			open = [maxSteps]chain{}
			continue
		}
		for k := len(f.Steps) - 1; k >= 0; k-- { // downwards: an interaction is one step of a way
			if e.Code&(1<<k) == 0 {
				continue
			}
			c := begun(e)
			if k > 0 {
				if c = open[k-1]; c.taken == 0 || e.At-c.times[0] > window {
					continue
				}
				c.then(e.At)
			}
			if open[k].taken == 0 || c.times[0] >= open[k].times[0] {
				open[k] = c
			}
			if c.better(&best) {
				best = c
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
func (f Funnel) everyWay(s Sequence) []Way {
	var done, open []chain
	window := f.Window.micros()
	for _, e := range s.Events {
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
func (f Funnel) anyOrder(s Sequence) []Way {
	var last [maxSteps]Event
	var taken [maxSteps]bool
	var best chain
	window := f.Window.micros()
	for _, e := range s.Events {
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
		slices.SortStableFunc(now, compareEvents)
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
