package explore

import (
	"context"
	"slices"
	"strconv"

	"regia/internal/analytics"
	"regia/internal/web"
)

// Defaults of paths on pages: what fits a screen.
const (
	pathDepth = 4
	pathTop   = 6
)

// number reads a number of the address within limits; otherwise what is usual.
func number(text string, low, high, usual int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return usual
	}
	return n
}

func (v view) paths() (analytics.Paths, error) {
	scope, err := v.s.scope(v.v, v.p)
	return analytics.Paths{
		Scope: scope, By: v.s.by, Anchor: v.v.match(v.s.anchor), Before: v.s.before, Steps: number(v.s.depth, 1, 10, pathDepth),
		Top: number(v.s.top, 1, 20, pathTop), Window: analytics.Window(v.s.window), Collapse: v.s.collapse,
	}, err
}

func (r *Room) askPaths(ctx context.Context, v view) (outcome, error) {
	question, err := v.paths()
	if err != nil {
		return outcome{}, err
	}
	a, err := question.Ask(ctx, r.Ledger)
	if err != nil {
		return outcome{}, err
	}
	chart := v.sankey(a)
	picture := web.SankeyPicture(chart)
	return outcome{answer: v.pathsAnswer(a), n: v.n(a.Cases), empty: a.Cases == 0, body: pathsBody(v, chart, a), table: v.pathsTable(a), picture: &picture}, nil
}

// direction chooses words by whether paths go on or lead here.
func (v view) direction(key string) string {
	if v.s.before {
		return key + ".before"
	}
	return key + ".after"
}

func (v view) pathsAnswer(a analytics.PathsAnswer) string {
	anchor := v.item(v.s.anchor)
	switch {
	case a.Cases == 0:
		return v.l.T("explore.paths.answer.nobody", "anchor", anchor)
	case a.Cases < few:
		return v.l.T("explore.paths.answer.few", "anchor", anchor, "count", v.cases(a.Cases))
	}
	end := v.l.Percent(float64(a.Levels[0].Ended) / float64(a.Cases))
	if len(a.Levels) < 2 || len(a.Levels[1].Nodes) == 0 {
		return v.l.T(v.direction("explore.paths.answer.end"), "anchor", anchor)
	}
	first := a.Levels[1].Nodes[0]
	key := v.direction("explore.paths.answer")
	if a.Levels[0].Ended == 0 {
		key += ".all"
	}
	return v.l.T(key, "anchor", anchor, "share", v.l.Percent(first.Share), "name", v.activity(first), "end", end)
}

// activity says what a node of a path is called.
func (v view) activity(n analytics.PathNode) string {
	if n.Other {
		return v.l.T("explore.other")
	}
	return v.value(v.s.by, n.Activity)
}

// level says which step a level is.
func (v view) level(i int) string {
	if i == 0 {
		return v.l.T("explore.paths.level.start")
	}
	return v.l.T(v.direction("explore.paths.level"), "n", i)
}

// sankey draws paths; where nothing more happens has nodes of its own.
func (v view) sankey(a analytics.PathsAnswer) web.SankeyProps {
	p := web.SankeyProps{Label: v.l.T("explore.paths.label", "anchor", v.item(v.s.anchor))}
	last := len(a.Levels) - 1
	for last > 0 && len(a.Levels[last].Nodes) == 0 {
		last--
	}
	column := func(level int) int {
		if v.s.before {
			return last - level
		}
		return level
	}
	at, ends := make([][]int, last+1), make([]int, last+1)
	for i, level := range a.Levels[:last+1] {
		p.Heads = append(p.Heads, v.level(i))
		for _, n := range level.Nodes {
			at[i] = append(at[i], len(p.Nodes))
			p.Nodes = append(p.Nodes, v.sankeyNode(n, i, column(i)))
		}
		if i > 0 && a.Levels[i-1].Ended > 0 {
			ends[i] = len(p.Nodes)
			p.Nodes = append(p.Nodes, v.endNode(a.Levels[i-1].Ended, a.Cases, column(i)))
		}
	}
	if v.s.before {
		slices.Reverse(p.Heads)
	}
	v.sankeyLinks(&p, a, at, ends)
	return p
}

func (v view) sankeyNode(n analytics.PathNode, level, column int) web.SankeyNode {
	one := web.SankeyNode{Level: column, Label: v.activity(n), Value: v.l.N(n.Cases) + " · " + v.l.Percent(n.Share), Weight: float64(n.Cases),
		Tone: v.valueTone(v.s.by, n.Activity)}
	one.Tip = one.Label + "\n" + v.cases(n.Cases) + " · " + v.l.Percent(n.Share)
	switch {
	case n.Other:
		one.Tone, one.Faint = web.Sand, true
	case level > 0 && v.s.by == "":
		one.URL = v.s.with("", "anchor", "event:"+n.Activity)
	case level > 0 && v.s.by == "touchpoint" && n.Activity != nowhere:
		one.URL = v.s.with("", "anchor", "touchpoint:"+n.Activity)
	}
	return one
}

func (v view) endNode(n, of int64, column int) web.SankeyNode {
	share := v.l.Percent(float64(n) / float64(of))
	label := v.l.T(v.direction("explore.paths.end"))
	return web.SankeyNode{Level: column, Label: label, Value: v.l.N(n) + " · " + share, Weight: float64(n), Tone: web.Terracotta, Faint: true,
		Tip: label + "\n" + v.cases(n) + " · " + share}
}

// sankeyLinks joins the nodes; what leaves a node and is in no link ends there.
func (v view) sankeyLinks(p *web.SankeyProps, a analytics.PathsAnswer, at [][]int, ends []int) {
	join := func(from, to int, n int64) {
		if v.s.before {
			from, to = to, from
		}
		p.Links = append(p.Links, web.SankeyLink{From: from, To: to, Weight: float64(n),
			Tip: p.Nodes[from].Label + " → " + p.Nodes[to].Label + "\n" + v.cases(n) + " · " + v.l.Percent(float64(n)/float64(a.Cases))})
	}
	left := map[int]int64{}
	for i := range at {
		for k, node := range at[i] {
			left[node] = a.Levels[i].Nodes[k].Cases
		}
	}
	for _, l := range a.Links {
		if l.Level+1 < len(at) {
			join(at[l.Level][l.From], at[l.Level+1][l.To], l.Cases)
			left[at[l.Level][l.From]] -= l.Cases
		}
	}
	for i := 0; i+1 < len(at); i++ {
		for _, node := range at[i] {
			if n := left[node]; n > 0 && ends[i+1] > 0 {
				join(node, ends[i+1], n)
			}
		}
	}
}

func (v view) pathsTable(a analytics.PathsAnswer) [][]string {
	table := [][]string{{"step", "name", "count", "of_all"}}
	for i, level := range a.Levels {
		for _, n := range level.Nodes {
			table = append(table, []string{strconv.Itoa(i), v.activity(n), whole(n.Cases), decimal(n.Share)})
		}
		if level.Ended > 0 {
			table = append(table, []string{strconv.Itoa(i + 1), v.l.T(v.direction("explore.paths.end")), whole(level.Ended), decimal(float64(level.Ended) / float64(a.Cases))})
		}
	}
	return table
}
