package journey

import (
	"slices"

	"regia/internal/analytics"
	"regia/internal/stats"
)

// promiseTally counts how often an expectation was kept.
//
// Where it is a time: an interaction that means the step answers the latest
// start before it that has no answer yet, and is not itself a start. A start
// whose time is over without an answer was not kept either: leaving it out
// would have the worst ones raise the figure. One whose time is not over yet
// does not count.
type promiseTally struct {
	of, kept, missing int64
	late              []float64 // seconds too late
}

// see takes one interaction of a case in.
func (t *promiseTally) see(p *promise, plan *plan, c *caseState, i int, e *analytics.Happening) {
	if p.from < 0 {
		if e.Marks&p.known == 0 {
			return
		}
		t.of++
		if e.Marks&p.holds != 0 {
			t.kept++
		} else {
			c.broken[i] = true
		}
		return
	}
	open := &c.open[i]
	switch {
	case e.Marks&plan.places[p.step].marks != 0 && len(*open) > 0:
		last := len(*open) - 1
		took := e.At - (*open)[last]
		*open = (*open)[:last]
		t.of++
		if took <= p.within {
			t.kept++
		} else {
			c.broken[i] = true
			t.late = append(t.late, float64(took-p.within)/1e6)
		}
	case e.Marks&plan.places[p.from].marks != 0:
		*open = append(*open, e.At)
	}
}

// close counts what never came.
func (t *promiseTally) close(p *promise, c *caseState, i int, asOf int64) {
	for _, start := range c.open[i] {
		if asOf-start > p.within {
			t.of++
			t.missing++
			c.broken[i] = true
		}
	}
}

func (t *promiseTally) figures(p *promise, plan *plan, few int64) MapPromise {
	k := MapPromise{Measure: p.from < 0, Of: t.of, Kept: t.kept, Missing: t.missing, Share: share(t.kept, t.of, few)}
	if p.from >= 0 {
		k.From, k.Within = plan.places[p.from].id, float64(p.within)/1e6
	}
	k.Late, k.Latest = halfAndNine(t.late)
	return k
}

// share gives a share with its interval; nil where it would say more about
// chance than about people.
func share(part, of, few int64) *stats.Interval {
	if of < few {
		return nil
	}
	s := stats.Share(part, of)
	return &s
}

// halfAndNine gives what half of some values are below, and nine of ten; 0
// where there are none. It sorts them.
func halfAndNine(values []float64) (half, nine float64) {
	if len(values) == 0 {
		return 0, 0
	}
	slices.Sort(values)
	return quantile(values, 0.5), quantile(values, 0.9)
}

// quantile of sorted values: linear between the two nearest (Hyndman and Fan
// 1996, type 7), as analytics has it.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	part := at - float64(low)
	return sorted[low]*(1-part) + sorted[high]*part
}
