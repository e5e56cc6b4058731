package analytics

import (
	"cmp"
	"slices"
)

// better is chain.better for ways that have ended.
func (w *funnelWalk) better(way, than Way) bool {
	n := len(way.Times)
	if n != len(than.Times) {
		return n > len(than.Times)
	}
	return cmp.Or(cmp.Compare(way.Times[n-1], than.Times[n-1]), cmp.Compare(than.Times[0], way.Times[0]),
		cmp.Compare(w.value(way.Group), w.value(than.Group))) < 0
}

// funnelTally counts ways, all together and by the field broken down by.
type funnelTally struct {
	steps  int
	by     bool
	all    []stepTally
	groups map[int32][]stepTally
}

// stepTally is what is known of one step.
type stepTally struct {
	count int64
	took  []uint32 // tenths of a second from the step before
}

func newFunnelTally(f Funnel) *funnelTally {
	return &funnelTally{steps: len(f.Steps), by: f.By != "", all: make([]stepTally, len(f.Steps)), groups: map[int32][]stepTally{}}
}

func (t *funnelTally) add(w Way) {
	count(t.all, w)
	if t.by {
		g := t.groups[w.Group]
		if g == nil {
			g = make([]stepTally, t.steps)
			t.groups[w.Group] = g
		}
		count(g, w)
	}
}

func count(steps []stepTally, w Way) {
	for i, at := range w.Times {
		steps[i].count++
		if i > 0 {
			steps[i].took = append(steps[i].took, tenths(at-w.Times[i-1]))
		}
	}
}

// join takes in what another tally counted.
func (t *funnelTally) join(other *funnelTally) {
	joinSteps(t.all, other.all)
	for v, g := range other.groups {
		if t.groups[v] == nil {
			t.groups[v] = make([]stepTally, t.steps)
		}
		joinSteps(t.groups[v], g)
	}
}

func joinSteps(to, from []stepTally) {
	for i, s := range from {
		to[i].count += s.count
		to[i].took = append(to[i].took, s.took...)
	}
}

func (t *funnelTally) answer(value func(int32) string) ([]FunnelStep, []FunnelGroup) {
	all := summed(t.all)
	if !t.by {
		return all, nil
	}
	values := make([]int32, 0, len(t.groups))
	for v := range t.groups {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b int32) int {
		return cmp.Or(cmp.Compare(t.groups[b][0].count, t.groups[a][0].count), cmp.Compare(value(a), value(b)))
	})
	groups := []FunnelGroup{}
	rest := make([]stepTally, t.steps)
	for i, v := range values {
		if i < maxBreakdown || len(values) == maxBreakdown+1 {
			groups = append(groups, FunnelGroup{Value: value(v), Steps: summed(t.groups[v])})
			continue
		}
		joinSteps(rest, t.groups[v])
	}
	if rest[0].count > 0 {
		groups = append(groups, FunnelGroup{Other: true, Steps: summed(rest)})
	}
	return all, groups
}

func summed(steps []stepTally) []FunnelStep {
	out := make([]FunnelStep, len(steps))
	for i, s := range steps {
		out[i] = FunnelStep{Count: s.count, OfFirst: share(s.count, steps[0].count), OfBefore: share(s.count, steps[max(i-1, 0)].count)}
		slices.Sort(s.took)
		out[i].Median, out[i].Slow = quantile(s.took, 0.5), quantile(s.took, 0.9)
	}
	return out
}

// tenths gives microseconds as tenths of a second, at most 13 years.
func tenths(micros int64) uint32 { return uint32(min(max(micros, 0)/100_000, 1<<32-1)) }

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// quantile of sorted tenths of a second, in seconds: linear between the two
// nearest (Hyndman and Fan 1996, type 7). 0 when there are none.
func quantile(sorted []uint32, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	part := at - float64(low)
	return (float64(sorted[low])*(1-part) + float64(sorted[high])*part) / 10
}
