package analytics

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Limits of paths.
const (
	maxPathSteps = 10
	maxPathTop   = 20
)

// Paths asks where cases go after something happened for the first time, or
// where they came from before it.
type Paths struct {
	Scope
	By       string `json:"by,omitempty" doc:"What is told apart: event (the default), touchpoint, or properties.NAME"`
	Anchor   Match  `json:"anchor" doc:"Where the paths begin, or end"`
	Before   bool   `json:"before,omitempty" doc:"Backwards, from the anchor to what led there"`
	Steps    int    `json:"steps,omitempty" minimum:"1" maximum:"10" doc:"How far; 5 when absent"`
	Top      int    `json:"top,omitempty" minimum:"1" maximum:"20" doc:"How many things are shown at each step, the rest together; 8 when absent"`
	Window   Window `json:"window,omitempty" doc:"How long before or after the anchor things count, such as 1d; absent: for ever"`
	Collapse bool   `json:"collapse,omitempty" doc:"The same thing several times in a row counts once"`
}

// PathsAnswer is a picture of where cases go, step by step.
type PathsAnswer struct {
	Cases  int64       `json:"cases" doc:"In which the anchor happened"`
	Levels []PathLevel `json:"levels" doc:"The anchor itself is level 0"`
	Links  []PathLink  `json:"links"`
}

// PathLevel is what happened so many steps from the anchor.
type PathLevel struct {
	Nodes []PathNode `json:"nodes" doc:"Most frequent first; then the rest"`
	Ended int64      `json:"ended" doc:"Cases that had come this far and in which nothing more happened"`
}

// PathNode is one thing at one level.
type PathNode struct {
	Activity string  `json:"activity"`
	Other    bool    `json:"other,omitempty" doc:"Everything else together"`
	Cases    int64   `json:"cases"`
	Share    float64 `json:"share" doc:"Of all cases with the anchor, 0 to 1"`
}

// PathLink goes from a node of a level to one of the next.
type PathLink struct {
	Level int   `json:"level" doc:"Of the node it starts from"`
	From  int   `json:"from" doc:"Which node of its level, from 0"`
	To    int   `json:"to" doc:"Which node of the next level, from 0"`
	Cases int64 `json:"cases"`
}

func (p *Paths) defaults() {
	p.Steps, p.Top = cmp.Or(p.Steps, 5), cmp.Or(p.Top, 8)
}

func (p Paths) check() error {
	if p.Steps < 1 || p.Steps > maxPathSteps || p.Top < 1 || p.Top > maxPathTop {
		return experience.Errorf(experience.Invalid, "paths have 1 to %d steps and show 1 to %d things at each", maxPathSteps, maxPathTop)
	}
	_, err := p.Window.Duration()
	return cmp.Or(err, checkField(p.By), p.Anchor.check(), p.Scope.check())
}

// Ask answers it.
func (p Paths) Ask(ctx context.Context, l *ledger.Ledger) (PathsAnswer, error) {
	p.defaults()
	t, err := p.tally(ctx, l)
	if err != nil {
		return PathsAnswer{}, err
	}
	return t.answer(p.Top), nil
}

// What an event is in the sequence of paths.
const (
	isAnchor = 2
	isOther  = 1
)

// begin gives what paths need of the ledger.
func (p Paths) begin(ctx context.Context, l *ledger.Ledger) (*builder, wanted, error) {
	b := &builder{ledger: l}
	a, err := b.activities(ctx, p.Scope, p.By)
	return b, wanted{code: fmt.Sprintf("CASE WHEN %s THEN %d ELSE %d END", b.match(p.Anchor), isAnchor, isOther), texts: []ledger.Text{a.text}, words: a.words}, err
}

func (p Paths) tally(ctx context.Context, l *ledger.Ledger) (*pathTally, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	b, w, err := p.begin(ctx, l)
	if err != nil {
		return nil, err
	}
	tallies, err := gather(ctx, b, p.Scope, w, func() *pathTally { return newPathTally(p.Steps) }, func(t *pathTally, c ledger.Case) error {
		t.path = p.path(t.path[:0], c.Events)
		t.add(t.path)
		return tooMany(c)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tallies[1:] {
		tallies[0].join(t)
	}
	tallies[0].names = w.words.All()
	return tallies[0], nil
}

// PathsPlace is a number of an answer: a node; where Ended, those of a level in
// which nothing more happened; where Next is given, a link.
type PathsPlace struct {
	Level int // from 0, the anchor
	Node  *PathThing
	Ended bool       // had come as far as the level, and nothing more happened
	Next  *PathThing // at the next level
}

// PathThing names a node of a level.
type PathThing struct {
	Activity string
	Other    bool // everything that has no node of its own
}

// People gives the cases behind a number.
func (p Paths) People(ctx context.Context, l *ledger.Ledger, at PathsPlace, page Page) (Behind, error) {
	p.defaults()
	if err := p.check(); err != nil {
		return Behind{}, err
	}
	if at.Level < 0 || at.Level > p.Steps || at.Ended && at.Next != nil {
		return Behind{}, experience.Errorf(experience.Invalid, "these paths have no such place")
	}
	var answer PathsAnswer
	if at.Node != nil && at.Node.Other || at.Next != nil && at.Next.Other {
		var err error
		if answer, err = p.Ask(ctx, l); err != nil {
			return Behind{}, err
		}
	}
	b, w, err := p.begin(ctx, l)
	if err != nil {
		return Behind{}, err
	}
	is := func(path []int32, level int, thing *PathThing) bool {
		if level >= len(path) {
			return false
		}
		name := w.words.Text(path[level])
		if thing == nil || !thing.Other {
			return thing == nil || name == thing.Activity
		}
		return !slices.ContainsFunc(answer.Levels[level].Nodes, func(n PathNode) bool { return !n.Other && n.Activity == name })
	}
	return people(ctx, b, p.Scope, w, page, func(c ledger.Case) (bool, error) {
		path := p.path(nil, c.Events)
		switch {
		case !is(path, at.Level, at.Node), at.Ended && len(path) > at.Level+1:
			return false, nil
		}
		return at.Next == nil || is(path, at.Level+1, at.Next), nil
	})
}

// path appends the activities from the first anchor on to an empty path: none
// where there is no anchor.
func (p Paths) path(path []int32, events []Event) []int32 {
	anchor := slices.IndexFunc(events, func(e Event) bool { return e.Code == isAnchor })
	if anchor < 0 {
		return path
	}
	window := p.Window.micros()
	path = append(path, events[anchor].Texts[0])
	step := 1
	if p.Before {
		step = -1
	}
	for i := anchor + step; i >= 0 && i < len(events) && len(path) <= p.Steps; i += step {
		if d := events[i].At - events[anchor].At; max(d, -d) > window {
			break
		}
		if code := events[i].Texts[0]; !p.Collapse || code != path[len(path)-1] {
			path = append(path, code)
		}
	}
	return path
}

type pathStep struct {
	level    int
	from, to int32
}

type pathTally struct {
	levels []map[int32]int64
	links  map[pathStep]int64
	ended  []int64
	cases  int64
	names  []string
	path   []int32 // the one at hand
}

func newPathTally(steps int) *pathTally {
	t := &pathTally{levels: make([]map[int32]int64, steps+1), links: map[pathStep]int64{}, ended: make([]int64, steps+1)}
	for i := range t.levels {
		t.levels[i] = map[int32]int64{}
	}
	return t
}

func (t *pathTally) add(path []int32) {
	if len(path) == 0 {
		return
	}
	t.cases++
	for i, code := range path {
		t.levels[i][code]++
		if i > 0 {
			t.links[pathStep{i - 1, path[i-1], code}]++
		}
	}
	if len(path) < len(t.levels) {
		t.ended[len(path)-1]++
	}
}

// join takes in what another tally counted.
func (t *pathTally) join(other *pathTally) {
	t.cases += other.cases
	for i, level := range other.levels {
		t.ended[i] += other.ended[i]
		for code, n := range level {
			t.levels[i][code] += n
		}
	}
	for s, n := range other.links {
		t.links[s] += n
	}
}

func (t *pathTally) answer(top int) PathsAnswer {
	names := t.names
	out := PathsAnswer{Cases: t.cases, Levels: []PathLevel{}, Links: []PathLink{}}
	place := make([]map[int32]int, len(t.levels))
	for i, level := range t.levels {
		l := PathLevel{Nodes: []PathNode{}, Ended: t.ended[i]}
		place[i] = map[int32]int{}
		codes := make([]int32, 0, len(level))
		for c := range level {
			codes = append(codes, c)
		}
		slices.SortFunc(codes, func(a, b int32) int { return cmp.Or(cmp.Compare(level[b], level[a]), cmp.Compare(names[a], names[b])) })
		for k, c := range codes {
			if k > top && len(codes) > top+1 { // the rest has its node
				last := &l.Nodes[top]
				last.Cases += level[c]
				last.Share = share(last.Cases, t.cases)
				place[i][c] = top
				continue
			}
			place[i][c] = len(l.Nodes)
			n := PathNode{Activity: names[c], Cases: level[c], Share: share(level[c], t.cases)}
			if k == top && len(codes) > top+1 {
				n.Activity, n.Other = "", true
			}
			l.Nodes = append(l.Nodes, n)
		}
		out.Levels = append(out.Levels, l)
	}
	out.Links = t.listLinks(place)
	return out
}

func (t *pathTally) listLinks(place []map[int32]int) []PathLink {
	sum := map[PathLink]int64{}
	for s, n := range t.links {
		sum[PathLink{Level: s.level, From: place[s.level][s.from], To: place[s.level+1][s.to]}] += n
	}
	list := make([]PathLink, 0, len(sum))
	for l, n := range sum {
		l.Cases = n
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b PathLink) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return list
}
