package analytics

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// How a case may differ from a design.
const (
	Skipped    = "skipped"      // due, and did not happen
	Repeated   = "repeated"     // once more than due
	OutOfOrder = "out_of_order" // happened, at another place
	Unknown    = "unknown"      // not in the design
)

// move is one step of the design or one thing of a case that has no partner in
// the other; event and step are -1 where there is none.
type move struct {
	kind        string
	event, step int
}

// differences aligns a case of so many events with a design of so many steps;
// is tells whether an event is a step. It gives how many could be paired (the
// length of a longest common subsequence) and what stands alone. What was due
// and happened elsewhere is one move, out of order. An event that is several
// steps counts as the first of them where it is repeated.
func differences(events, steps int, is func(event, step int) bool) (paired int, alone []move) {
	kept, keptSteps := common(events, steps, is)
	left := make([]int, 0, events-len(kept)) // events without a partner
	for i := range events {
		if _, ok := slices.BinarySearch(kept, i); !ok {
			left = append(left, i)
		}
	}
	for k := range steps {
		if _, ok := slices.BinarySearch(keptSteps, k); ok {
			continue
		}
		at := slices.IndexFunc(left, func(i int) bool { return is(i, k) })
		if at < 0 {
			alone = append(alone, move{Skipped, -1, k})
			continue
		}
		alone = append(alone, move{OutOfOrder, left[at], k})
		left = slices.Delete(left, at, at+1)
	}
	for _, i := range left {
		m := move{Unknown, i, -1}
		for k := 0; k < steps && m.step < 0; k++ {
			if is(i, k) {
				m.kind, m.step = Repeated, k
			}
		}
		alone = append(alone, m)
	}
	return len(kept), alone
}

// common gives the places, in both, of one longest common subsequence. What an
// event is need not be one step only: to pair the first two that fit is never
// worse than to leave one of them out, since leaving one out costs one pair at
// the most.
func common(events, steps int, is func(event, step int) bool) (inEvents, inSteps []int) {
	width := steps + 1
	length := make([]int32, (events+1)*width)
	for i := events - 1; i >= 0; i-- {
		for k := steps - 1; k >= 0; k-- {
			if is(i, k) {
				length[i*width+k] = length[(i+1)*width+k+1] + 1
			} else {
				length[i*width+k] = max(length[(i+1)*width+k], length[i*width+k+1])
			}
		}
	}
	for i, k := 0, 0; i < events && k < steps; {
		switch {
		case is(i, k):
			inEvents, inSteps = append(inEvents, i), append(inSteps, k)
			i, k = i+1, k+1
		case length[(i+1)*width+k] >= length[i*width+k+1]:
			i++
		default:
			k++
		}
	}
	return inEvents, inSteps
}

// Conformance holds cases against a design, a list of steps in order. Cases
// whose steps came alike are aligned once.
type Conformance struct {
	steps []uint64 // the mark of each step of the design
	all   uint64   // the marks of all steps
	ways  map[string]*alignedWay
	found map[Difference]int // place in list
	list  []DifferenceCount
	total alignedTotal
	known alignedTotal
	cases int64
	key   []byte
	trace []uint64
}

// Difference is one way in which cases differ from a design.
type Difference struct {
	Kind     string
	Step     int   // of the design, from 0; -1 where it is unknown
	Activity int32 // where it is unknown: what happened
}

// DifferenceCount says in how many cases a difference is found.
type DifferenceCount struct {
	Difference
	Cases, Events int64
	last          int64 // number of the case counted last
}

// Aligned is how one case differs from the design.
type Aligned struct {
	Fitness float64
	Fits    bool  // it is exactly as designed
	Found   []int // places of its differences in Differences, each once
}

type alignedWay struct {
	paired int
	alone  []int // places in list, one for each move
}

type alignedTotal struct {
	cost, most int64
	fitness    float64
	fitting    int64
}

func (t *alignedTotal) add(events, steps, paired int) (fitness float64) {
	cost := events + steps - 2*paired
	t.cost, t.most = t.cost+int64(cost), t.most+int64(events+steps)
	fitness = 1
	if cost == 0 {
		t.fitting++
	} else {
		fitness = 1 - float64(cost)/float64(events+steps)
	}
	t.fitness += fitness
	return fitness
}

func (t *alignedTotal) alignment(cases int64) Alignment {
	a := Alignment{Fitting: t.fitting}
	if t.most > 0 {
		a.Fitness, a.AverageFitness = 1-float64(t.cost)/float64(t.most), t.fitness/float64(cases)
	}
	return a
}

// NewConformance holds cases against a design whose steps are marks of a
// course, in their order.
func NewConformance(marks []int) *Conformance {
	c := &Conformance{ways: map[string]*alignedWay{}, found: map[Difference]int{}}
	for _, m := range marks {
		c.steps = append(c.steps, 1<<m)
		c.all |= 1 << m
	}
	return c
}

// Add aligns a case.
func (c *Conformance) Add(events []Happening) Aligned {
	c.cases++
	c.trace, c.key = c.trace[:0], c.key[:0]
	a := Aligned{}
	for _, e := range events {
		if is := e.Marks & c.all; is != 0 {
			c.trace = append(c.trace, is)
			c.key = binary.AppendUvarint(c.key, is)
		} else {
			a.Found = c.count(a.Found, c.place(Difference{Unknown, -1, e.Activity}))
		}
	}
	way := c.ways[string(c.key)]
	if way == nil {
		way = c.align(c.trace)
		c.ways[string(c.key)] = way
	}
	for _, at := range way.alone {
		a.Found = c.count(a.Found, at)
	}
	c.known.add(len(c.trace), len(c.steps), way.paired)
	a.Fitness = c.total.add(len(events), len(c.steps), way.paired)
	a.Fits = len(events) == way.paired && len(c.steps) == way.paired
	return a
}

func (c *Conformance) align(trace []uint64) *alignedWay {
	way := &alignedWay{}
	var alone []move
	way.paired, alone = differences(len(trace), len(c.steps), func(event, step int) bool { return trace[event]&c.steps[step] != 0 })
	for _, m := range alone {
		way.alone = append(way.alone, c.place(Difference{Kind: m.kind, Step: m.step}))
	}
	return way
}

func (c *Conformance) place(d Difference) int {
	at, known := c.found[d]
	if !known {
		at = len(c.list)
		c.list = append(c.list, DifferenceCount{Difference: d})
		c.found[d] = at
	}
	return at
}

// count notes a difference of the case at hand.
func (c *Conformance) count(found []int, at int) []int {
	d := &c.list[at]
	d.Events++
	if d.last == c.cases {
		return found
	}
	d.last = c.cases
	d.Cases++
	return append(found, at)
}

// Cases is how many were added.
func (c *Conformance) Cases() int64 { return c.cases }

// Alignment says how well the cases follow the design, in everything that
// happened in them.
func (c *Conformance) Alignment() Alignment { return c.total.alignment(c.cases) }

// KnownAlignment is Alignment where what the design does not know is left out.
func (c *Conformance) KnownAlignment() Alignment { return c.known.alignment(c.cases) }

// Differences lists what was found, in the order in which it was: Aligned.Found
// are places in it.
func (c *Conformance) Differences() []DifferenceCount { return c.list }

// MostFrequent gives the places of Differences, those of most cases first.
func (c *Conformance) MostFrequent() []int {
	order := make([]int, len(c.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := c.list[a], c.list[b]
		return cmp.Or(cmp.Compare(y.Cases, x.Cases), cmp.Compare(y.Events, x.Events), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Step, y.Step), cmp.Compare(x.Activity, y.Activity))
	})
	return order
}
