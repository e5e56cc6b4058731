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
	names, err := activities(ctx, l, p.Scope, p.By)
	if err != nil {
		return ProcessAnswer{}, err
	}
	b := &builder{ledger: l}
	t := newProcessTally(names)
	err = b.sequences(ctx, p.Scope, wanted{code: b.numbered(p.By, names)}, func(s Sequence) error {
		t.add(s.Events)
		return nil
	})
	if err != nil {
		return ProcessAnswer{}, err
	}
	return t.answer(p.Design), nil
}

// processTally counts sequences as they come.
type processTally struct {
	names    []string
	nodes    []Node
	edges    map[[2]int32]*edgeTally
	variants map[string]int64 // keys: see variantKey
	seen     []int32          // how often each activity came in the sequence at hand
	out      ProcessAnswer
}

type edgeTally struct {
	count, cases int64
	last         int64 // number of the case that was counted last
	took         []uint32
}

func newProcessTally(names []string) *processTally {
	t := &processTally{names: names, nodes: make([]Node, len(names)), edges: map[[2]int32]*edgeTally{}, variants: map[string]int64{}, seen: make([]int32, len(names))}
	for i, name := range names {
		t.nodes[i].Activity = name
	}
	return t
}

func (t *processTally) add(events []Event) {
	t.out.Cases++
	t.out.Events += int64(len(events))
	t.variants[variantKey(events)]++
	t.nodes[events[0].Code].First++
	t.nodes[events[len(events)-1].Code].Last++
	rework, loop := false, false
	for i, e := range events {
		n := &t.nodes[e.Code]
		n.Events++
		switch t.seen[e.Code]++; t.seen[e.Code] {
		case 1:
			n.Cases++
		case 2:
			n.Rework++
			rework = true
		}
		if i > 0 {
			t.follow(events[i-1], e)
			loop = loop || events[i-1].Code == e.Code
		}
	}
	for _, e := range events {
		t.seen[e.Code] = 0
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
	key := [2]int32{int32(a.Code), int32(b.Code)}
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

// variantKey writes the activities of a sequence, each as a varint.
func variantKey(events []Event) string {
	key := make([]byte, 0, len(events))
	for _, e := range events {
		key = binary.AppendUvarint(key, uint64(e.Code))
	}
	return string(key)
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
	out.Activities, out.Variants, out.Edges = int64(len(t.names)), int64(len(t.variants)), int64(len(t.edges))
	out.Graph = Graph{Nodes: t.nodes, Edges: t.listEdges()}
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
	keys := make([]string, 0, len(t.variants))
	for k := range t.variants {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.variants[b], t.variants[a]), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	list := []Variant{}
	for _, k := range keys[:min(len(keys), maxVariants)] {
		v := Variant{Cases: t.variants[k], Share: share(t.variants[k], t.out.Cases)}
		for _, code := range variantOf(k) {
			v.Activities = append(v.Activities, t.names[code])
		}
		list = append(list, v)
	}
	return list
}
