package analytics

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Limits of a process.
const (
	maxDesign   = 100
	maxVariants = 200 // listed; all are counted
	maxEdges    = 500 // listed; all are counted
)

// Process asks in which order things really happen.
type Process struct {
	Scope
	By     string   `json:"by,omitempty" doc:"What is told apart: event (the default), touchpoint, or properties.NAME"`
	Design []string `json:"design,omitempty" maxItems:"100" doc:"How it should go: the activities in their order. Cases are then aligned with it"`
}

// ProcessAnswer is the process as it is.
type ProcessAnswer struct {
	Cases      int64 `json:"cases"`
	Events     int64 `json:"events"`
	Activities int64 `json:"activities" doc:"Different ones"`
	Variants   int64 `json:"variants" doc:"Different ways through, from first to last"`
	Edges      int64 `json:"edges" doc:"Different pairs of activities of which one follows the other directly"`
	Pairs      int64 `json:"pairs" doc:"How often anything followed anything directly"`
	Rework     int64 `json:"rework" doc:"Cases in which an activity happens more than once"`
	SelfLoops  int64 `json:"self_loops" doc:"Cases in which an activity follows itself directly"`

	Alignment

	Graph       Graph       `json:"graph"`
	TopVariants []Variant   `json:"top_variants" doc:"Most frequent first, at most 200"`
	Deviations  []Deviation `json:"deviations,omitempty" doc:"How cases differ from the design, most frequent first"`
}

// Graph is the directly-follows graph.
type Graph struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges" doc:"Most frequent first, at most 500"`
}

// Node is an activity.
type Node struct {
	Activity string `json:"activity"`
	Events   int64  `json:"events"`
	Cases    int64  `json:"cases" doc:"In which it happens at least once"`
	First    int64  `json:"first" doc:"Cases that begin with it"`
	Last     int64  `json:"last" doc:"Cases that end with it"`
	Rework   int64  `json:"rework" doc:"Cases in which it happens more than once"`
}

// Edge says how often one activity followed another directly, and how long
// it took.
type Edge struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Count  int64   `json:"count"`
	Cases  int64   `json:"cases"`
	Median float64 `json:"median_seconds"`
	Slow   float64 `json:"p90_seconds"`
}

// Variant is a way through from first to last, and how many cases took it.
type Variant struct {
	Activities []string `json:"activities"`
	Cases      int64    `json:"cases"`
	Share      float64  `json:"share" doc:"0 to 1"`
	Fitness    *float64 `json:"fitness,omitempty" doc:"Against the design, 0 to 1"`
}

func (p Process) check() error {
	if len(p.Design) > maxDesign {
		return experience.Errorf(experience.Invalid, "a design has at most %d activities", maxDesign)
	}
	if err := checkField(p.By); err != nil {
		return err
	}
	return p.Scope.check()
}

// Ask answers it.
func (p Process) Ask(ctx context.Context, l *ledger.Ledger) (ProcessAnswer, error) {
	if err := p.check(); err != nil {
		return ProcessAnswer{}, err
	}
	b, w, err := p.begin(ctx, l)
	if err != nil {
		return ProcessAnswer{}, err
	}
	tallies, err := gather(ctx, b, p.Scope, w, newProcessTally, func(t *processTally, c ledger.Case) error {
		if err := tooMany(c); err != nil {
			return err
		}
		t.add(c.Events)
		return nil
	})
	if err != nil {
		return ProcessAnswer{}, err
	}
	for _, t := range tallies[1:] {
		tallies[0].join(t)
	}
	tallies[0].names = w.words.All()
	return tallies[0].answer(p.Design), nil
}

// begin gives what a process needs of the ledger.
func (p Process) begin(ctx context.Context, l *ledger.Ledger) (*builder, wanted, error) {
	b := &builder{ledger: l}
	a, err := b.activities(ctx, p.Scope, p.By)
	return b, wanted{code: "1", texts: []ledger.Text{a.text}, words: a.words}, err
}

// processTally counts sequences as they come. An activity is its place among
// the words.
type processTally struct {
	names    []string
	nodes    []Node
	edges    map[[2]int32]*edgeTally
	variants map[string]int64 // keys: see appendVariant
	seen     []int32          // how often each activity came in the sequence at hand
	key      []byte
	out      ProcessAnswer
}

type edgeTally struct {
	count, cases int64
	last         int64 // number of the case that was counted last
	took         []uint32
}

func newProcessTally() *processTally {
	return &processTally{edges: map[[2]int32]*edgeTally{}, variants: map[string]int64{}, nodes: make([]Node, maxActivities+1), seen: make([]int32, maxActivities+1)}
}

// join takes in what another tally counted.
func (t *processTally) join(other *processTally) {
	t.out.Cases, t.out.Events, t.out.Pairs = t.out.Cases+other.out.Cases, t.out.Events+other.out.Events, t.out.Pairs+other.out.Pairs
	t.out.Rework, t.out.SelfLoops = t.out.Rework+other.out.Rework, t.out.SelfLoops+other.out.SelfLoops
	for i, n := range other.nodes {
		to := &t.nodes[i]
		to.Events, to.Cases, to.First, to.Last, to.Rework = to.Events+n.Events, to.Cases+n.Cases, to.First+n.First, to.Last+n.Last, to.Rework+n.Rework
	}
	for key, n := range other.variants {
		t.variants[key] += n
	}
	for key, e := range other.edges {
		to := t.edges[key]
		if to == nil {
			t.edges[key] = e
			continue
		}
		to.count, to.cases, to.took = to.count+e.count, to.cases+e.cases, append(to.took, e.took...)
	}
}

func (t *processTally) add(events []Event) {
	t.out.Cases++
	t.out.Events += int64(len(events))
	t.key = appendVariant(t.key[:0], events)
	t.variants[string(t.key)]++
	t.nodes[events[0].Texts[0]].First++
	t.nodes[events[len(events)-1].Texts[0]].Last++
	rework, loop := false, false
	for i, e := range events {
		at := e.Texts[0]
		n := &t.nodes[at]
		n.Events++
		switch t.seen[at]++; t.seen[at] {
		case 1:
			n.Cases++
		case 2:
			n.Rework++
			rework = true
		}
		if i > 0 {
			t.follow(events[i-1], e)
			loop = loop || events[i-1].Texts[0] == at
		}
	}
	for _, e := range events {
		t.seen[e.Texts[0]] = 0
	}
	if rework {
		t.out.Rework++
	}
	if loop {
		t.out.SelfLoops++
	}
}

func (t *processTally) follow(a, b Event) {
	t.out.Pairs++
	key := [2]int32{a.Texts[0], b.Texts[0]}
	e := t.edges[key]
	if e == nil {
		e = &edgeTally{}
		t.edges[key] = e
	}
	e.count++
	e.took = append(e.took, tenths(b.At-a.At))
	if e.last != t.out.Cases {
		e.cases, e.last = e.cases+1, t.out.Cases
	}
}

// appendVariant writes the activities of a sequence, each as a varint.
func appendVariant(key []byte, events []Event) []byte {
	for _, e := range events {
		key = binary.AppendUvarint(key, uint64(e.Texts[0]))
	}
	return key
}

func variantOf(key string) []int32 {
	list := make([]int32, 0, len(key))
	for b := []byte(key); len(b) > 0; {
		v, n := binary.Uvarint(b)
		list, b = append(list, int32(v)), b[n:]
	}
	return list
}

func (t *processTally) answer(design []string) ProcessAnswer {
	out := t.out
	out.Graph = Graph{Nodes: t.listNodes(), Edges: t.listEdges()}
	out.Activities, out.Variants, out.Edges = int64(len(out.Graph.Nodes)), int64(len(t.variants)), int64(len(t.edges))
	out.TopVariants = t.listVariants()
	if len(design) > 0 {
		out.Alignment, out.Deviations = t.align(design)
		for i, v := range out.TopVariants {
			_, f := alignNames(v.Activities, design)
			out.TopVariants[i].Fitness = &f
		}
	}
	return out
}

// listNodes gives the activities that happen, most frequent first.
func (t *processTally) listNodes() []Node {
	list := []Node{}
	for i, n := range t.nodes {
		if n.Events > 0 {
			n.Activity = t.names[i]
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b Node) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Activity, b.Activity))
	})
	return list
}

func (t *processTally) listEdges() []Edge {
	list := make([]Edge, 0, len(t.edges))
	for key, e := range t.edges {
		slices.Sort(e.took)
		list = append(list, Edge{From: t.names[key[0]], To: t.names[key[1]], Count: e.count, Cases: e.cases,
			Median: quantile(e.took, 0.5), Slow: quantile(e.took, 0.9)})
	}
	slices.SortFunc(list, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return list[:min(len(list), maxEdges)]
}

func (t *processTally) listVariants() []Variant {
	type counted struct {
		key   string
		cases int64
	}
	all := make([]counted, 0, len(t.variants))
	for k, n := range t.variants {
		all = append(all, counted{k, n})
	}
	slices.SortFunc(all, func(a, b counted) int {
		if a.cases != b.cases {
			return cmp.Compare(b.cases, a.cases)
		}
		x, y := variantOf(a.key), variantOf(b.key)
		return cmp.Or(cmp.Compare(len(x), len(y)), slices.CompareFunc(x, y, func(i, j int32) int { return cmp.Compare(t.names[i], t.names[j]) }))
	})
	list := []Variant{}
	for _, one := range all[:min(len(all), maxVariants)] {
		v := Variant{Cases: one.cases, Share: share(one.cases, t.out.Cases)}
		for _, code := range variantOf(one.key) {
			v.Activities = append(v.Activities, t.names[code])
		}
		list = append(list, v)
	}
	return list
}
