package journey

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// A cell is one dimension as one kind of evidence has it. What designers assume
// is no cell: it comes from the map, not from what happened.
const cells = 8

// heard are the kinds of evidence that come from what happened.
var heard = [...]experience.Evidence{experience.Stated, experience.Inferred}

func cellOf(d experience.Dimension, e experience.Evidence) int {
	dimension, evidence := slices.Index(experience.Dimensions, d), slices.Index(heard[:], e)
	if dimension < 0 || evidence < 0 {
		return -1
	}
	return evidence*len(experience.Dimensions) + dimension
}

func dimensionOf(cell int) experience.Dimension {
	return experience.Dimensions[cell%len(experience.Dimensions)]
}
func evidenceOf(cell int) experience.Evidence { return heard[cell/len(experience.Dimensions)] }

// felt is what one interaction did to its person, by cell.
type felt struct {
	sum [cells]float32
	n   [cells]uint8
}

// value is the mean in a cell; false where nothing is known.
func (f *felt) value(cell int) (float64, bool) {
	if f.n[cell] == 0 {
		return 0, false
	}
	return float64(f.sum[cell]) / float64(f.n[cell]), true
}

// readFelt holds what the interactions of a period did to people.
func readFelt(ctx context.Context, from Impressions, p Period) (map[experience.ID]felt, error) {
	all := map[experience.ID]felt{}
	to := p.To
	if to.IsZero() {
		to = p.Now.Add(24 * time.Hour) // clocks of senders may be ahead
	}
	err := from.Impressions(ctx, p.From, to, func(i experience.Impression) error {
		f, known := all[i.Interaction], false
		for _, one := range i.Impacts {
			if cell := cellOf(one.Dimension, one.Evidence); cell >= 0 && f.n[cell] < math.MaxUint8 {
				f.sum[cell] += float32(one.Value)
				f.n[cell]++
				known = true
			}
		}
		if known {
			all[i.Interaction] = f
		}
		return nil
	})
	return all, err
}

// caseFeeling is what one case went through.
type caseFeeling struct {
	whole  cellMeans   // in everything that happened in it
	places []cellMeans // at the places of the map
	peak   [cells]struct {
		value float64
		step  int
		known bool
	}
	last [cells]float64
}

// cellMeans are sums with their counts, by cell.
type cellMeans struct {
	sum [cells]float64
	n   [cells]int32
}

func (m *cellMeans) add(cell int, v float64) { m.sum[cell] += v; m.n[cell]++ }

// mean gives the mean in a cell; false where nothing is known.
func (m *cellMeans) mean(cell int) (float64, bool) {
	if m.n[cell] == 0 {
		return 0, false
	}
	return m.sum[cell] / float64(m.n[cell]), true
}

func (c *caseFeeling) reset() {
	places := c.places
	clear(places)
	*c = caseFeeling{places: places}
}

// add takes in what an interaction did: step is the step that it is (-1: none),
// latest the step that the case took last. What somebody says in an interaction
// that is no step is about what they came from: it counts at the latest step.
// What is concluded of such an interaction is about that interaction, and
// counts at no step.
func (c *caseFeeling) add(f felt, step, latest int, p *plan) {
	for cell := range cells {
		v, known := f.value(cell)
		if !known {
			continue
		}
		c.whole.add(cell, v)
		at := step
		if at < 0 && evidenceOf(cell) == experience.Stated {
			at = latest
		}
		if at >= 0 {
			c.places[at].add(cell, v)
			c.places[p.places[at].stage].add(cell, v)
		}
		c.last[cell] = v
		if peak := &c.peak[cell]; !peak.known || math.Abs(v) >= math.Abs(peak.value) { // of two alike the later one is fresher
			peak.value, peak.step, peak.known = v, at, true
		}
	}
}

// feltTally is what is known of what a place does to people, a value a case.
type feltTally struct {
	values      [cells][]float64
	worst, best [cells]int64
}

// memoryTally is what cases are likely to be remembered by.
type memoryTally struct{ peak, end, both []float64 }

// moments are the sums from which a mean and its error are had.
type moments struct {
	n            int64
	sum, squares float64
}

func (m *moments) add(v float64) { m.n++; m.sum += v; m.squares += v * v }

// costTally tells cases with a deviation from all cases.
type costTally struct {
	all  [cells]moments
	with [][cells]moments // by place in the conformance's differences
}

// feel adds what is known of a case that has been seen whole.
func (t *tally) feel(c *caseState) {
	for cell := range cells {
		mean, known := c.feeling.whole.mean(cell)
		if !known {
			continue
		}
		for i := range t.places {
			if v, known := c.feeling.places[i].mean(cell); known {
				t.places[i].felt.values[cell] = append(t.places[i].felt.values[cell], v)
			}
		}
		peak, m := c.feeling.peak[cell], &t.memory[cell]
		m.peak, m.end, m.both = append(m.peak, peak.value), append(m.end, c.feeling.last[cell]), append(m.both, (peak.value+c.feeling.last[cell])/2)
		t.intense(cell, peak.step, peak.value)
		t.costs.add(cell, mean, c.aligned.Found)
	}
}

// intense counts where the most intense moment of a case was.
func (t *tally) intense(cell, step int, value float64) {
	if step < 0 {
		return
	}
	for _, at := range [...]int{step, t.plan.places[step].stage} {
		switch f := &t.places[at].felt; {
		case value < 0:
			f.worst[cell]++
		case value > 0:
			f.best[cell]++
		}
	}
}

func (t *costTally) add(cell int, mean float64, found []int) {
	t.all[cell].add(mean)
	for _, at := range found {
		for len(t.with) <= at {
			t.with = append(t.with, [cells]moments{})
		}
		t.with[at][cell].add(mean)
	}
}

// figures lists what is known of a place, and what its designer assumed.
func (f *feltTally) figures(assumed map[experience.Dimension]float64, few int64) []Felt {
	var list []Felt
	for cell := range cells {
		n := int64(len(f.values[cell]))
		if n == 0 {
			continue
		}
		one := Felt{Dimension: dimensionOf(cell), Evidence: evidenceOf(cell), N: n, Worst: f.worst[cell], Best: f.best[cell]}
		if one.Mean = estimate(f.values[cell], one.Evidence, few); one.Mean != nil {
			spread := deviation(f.values[cell])
			one.Spread = &spread
		}
		list = append(list, one)
	}
	for _, d := range experience.Dimensions {
		if v, ok := assumed[d]; ok {
			list = append(list, Felt{Dimension: d, Evidence: experience.Assumed, Mean: &experience.Estimate{Value: v, Low: v, High: v, Evidence: experience.Assumed}})
		}
	}
	return list
}

func (t *tally) remembered() (memory []PeakEnd, known []KnownCases) {
	for cell := range cells {
		m := &t.memory[cell]
		if n := int64(len(m.peak)); n > 0 {
			d, e := dimensionOf(cell), evidenceOf(cell)
			memory = append(memory, PeakEnd{Dimension: d, Evidence: e, N: n, Peak: estimate(m.peak, e, t.few), End: estimate(m.end, e, t.few), Both: estimate(m.both, e, t.few)})
			known = append(known, KnownCases{d, e, n})
		}
	}
	slices.SortStableFunc(known, func(a, b KnownCases) int { return cmp.Compare(b.N, a.N) })
	return memory, known
}

// estimate is the mean of cases' values; nil where they are too few.
func estimate(values []float64, e experience.Evidence, few int64) *experience.Estimate {
	if int64(len(values)) < few {
		return nil
	}
	out := stats.Mean(values).Within(-1, 1).Estimate(e)
	return &out
}

// deviation is the standard deviation of values.
func deviation(values []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// figures compares the cases with a deviation with those without, in every cell
// in which anything is known of both.
func (t *costTally) figures(at int, few int64) []DeviationCost {
	var list []DeviationCost
	for cell := range cells {
		var with moments
		if at < len(t.with) {
			with = t.with[at][cell]
		}
		all := t.all[cell]
		without := moments{all.n - with.n, all.sum - with.sum, all.squares - with.squares}
		if with.n == 0 || without.n == 0 {
			continue
		}
		c := DeviationCost{Dimension: dimensionOf(cell), Evidence: evidenceOf(cell), With: with.n, Without: without.n}
		if with.n >= few && without.n >= few {
			d := stats.DiffMoments(with.stats(), without.stats())
			c.Difference = &d
		}
		list = append(list, c)
	}
	return list
}

func (m moments) stats() stats.Moments {
	mean := m.sum / float64(m.n)
	return stats.Moments{N: m.n, Mean: mean, Variance: math.Max(0, (m.squares-mean*m.sum)/float64(m.n-1))}
}
