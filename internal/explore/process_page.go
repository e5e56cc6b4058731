package explore

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"

	"regia/internal/analytics"
	"regia/internal/web"
)

const (
	shownActivities = 8
	shownVariants   = 10
	shownDeviations = 8
	rareEdge        = 0.04 // of how often either activity happens: less is not drawn
)

func (v view) process() (analytics.Process, error) {
	scope, err := v.s.scope(v.v, v.p)
	return analytics.Process{Scope: scope, By: v.s.by, Design: v.s.design}, err
}

func (r *Room) askProcess(ctx context.Context, v view) (outcome, error) {
	question, err := v.process()
	if err != nil {
		return outcome{}, err
	}
	a, err := question.Ask(ctx, r.Ledger)
	if err != nil {
		return outcome{}, err
	}
	chart := v.flow(a)
	picture := web.FlowPicture(chart)
	return outcome{answer: v.processAnswer(a), n: v.n(a.Cases), empty: a.Cases == 0, body: processBody(v, chart, a), table: v.processTable(a), picture: &picture}, nil
}

func (v view) processAnswer(a analytics.ProcessAnswer) string {
	switch {
	case a.Cases == 0:
		return v.l.T("explore.process.answer.nobody")
	case a.Cases < few:
		return v.l.T("explore.process.answer.few", "count", v.cases(a.Cases))
	case len(v.s.design) > 0:
		return v.l.T("explore.process.answer.design", "part", outOf(v.l, float64(a.Fitting)/float64(a.Cases)), "fitting", v.cases(a.Fitting),
			"fitness", v.l.Percent(a.Fitness))
	}
	return v.l.T("explore.process.answer", "share", v.l.Percent(a.TopVariants[0].Share), "ways", v.l.T("explore.process.ways", "n", a.Variants),
		"rework", v.l.Percent(float64(a.Rework)/float64(a.Cases)))
}

// drawn chooses what the picture shows: the activities of most cases, and of
// what leads from one to another the most frequent, so that none stands alone.
func (v view) drawn(a analytics.ProcessAnswer) (nodes []analytics.Node, edges []analytics.Edge) {
	nodes = slices.Clone(a.Graph.Nodes)
	slices.SortStableFunc(nodes, func(x, y analytics.Node) int { return cmp.Compare(y.Cases, x.Cases) })
	nodes = nodes[:min(len(nodes), number(v.s.shown, 2, 30, shownActivities))]
	among := map[string]analytics.Node{}
	joined := map[[2]string]bool{} // an activity, and whether something leads out of it or in
	for _, n := range nodes {
		among[n.Activity] = n
		joined[[2]string{n.Activity, "in"}], joined[[2]string{n.Activity, "out"}] = ends(n.First, a.Cases), ends(n.Last, a.Cases)
	}
	for _, e := range a.Graph.Edges {
		from, known := among[e.From]
		to, also := among[e.To]
		if !known || !also {
			continue
		}
		out, in := [2]string{e.From, "out"}, [2]string{e.To, "in"}
		frequent := len(edges) < 2*len(nodes) && float64(e.Count) >= rareEdge*float64(min(from.Events, to.Events))
		if frequent || e.From != e.To && (!joined[out] || !joined[in]) {
			edges = append(edges, e)
			if e.From != e.To {
				joined[out], joined[in] = true, true
			}
		}
	}
	return slices.DeleteFunc(nodes, func(n analytics.Node) bool {
		return !joined[[2]string{n.Activity, "in"}] && !joined[[2]string{n.Activity, "out"}]
	}), edges
}

// leastEnd is the share of cases that must begin or end with an activity for
// the picture to say so.
const leastEnd = 0.02

func ends(n, cases int64) bool { return n > 0 && float64(n) >= leastEnd*float64(cases) }

func (v view) flow(a analytics.ProcessAnswer) web.FlowProps {
	p := web.FlowProps{Label: v.l.T("explore.process.label", "count", v.cases(a.Cases))}
	nodes, edges := v.drawn(a)
	at := map[string]int{}
	for _, n := range nodes {
		at[n.Activity] = len(p.Nodes)
		label := v.value(v.s.by, n.Activity)
		p.Nodes = append(p.Nodes, web.FlowNode{Label: label, Value: v.cases(n.Cases), Tone: v.valueTone(v.s.by, n.Activity),
			Tip: label + "\n" + v.cases(n.Cases) + "\n" + v.l.T("explore.process.happens", "n", n.Events)})
	}
	for _, e := range edges {
		from, to := v.value(v.s.by, e.From), v.value(v.s.by, e.To)
		p.Edges = append(p.Edges, web.FlowEdge{From: at[e.From], To: at[e.To], Weight: float64(e.Count), Label: v.l.N(e.Count), Note: briefly(v.l, e.Median),
			Tip: from + " → " + to + "\n" + v.l.T("explore.process.happens", "n", e.Count) + "\n" + v.l.T("explore.process.half", "time", lasted(v.l, e.Median))})
	}
	v.marks(&p, nodes, a.Cases)
	return p
}

// marks says where cases begin and end.
func (v view) marks(p *web.FlowProps, nodes []analytics.Node, cases int64) {
	for _, first := range []bool{true, false} {
		mark := -1
		for i, n := range nodes {
			count := n.Last
			if first {
				count = n.First
			}
			if !ends(count, cases) {
				continue
			}
			key := "explore.process.end"
			if first {
				key = "explore.process.begin"
			}
			if mark < 0 {
				mark = len(p.Nodes)
				p.Nodes = append(p.Nodes, web.FlowNode{Mark: true, Label: v.l.T(key), Tone: web.Sand})
			}
			e := web.FlowEdge{From: i, To: mark, Weight: float64(count), Label: v.l.N(count), Tip: p.Nodes[i].Label + " → " + p.Nodes[mark].Label + "\n" + v.cases(count)}
			if first {
				e.From, e.To = mark, i
				e.Tip = p.Nodes[mark].Label + " → " + p.Nodes[i].Label + "\n" + v.cases(count)
			}
			p.Edges = append(p.Edges, e)
		}
	}
}

// deviation says in words how cases differ from the design.
func (v view) deviation(d analytics.Deviation) string {
	return v.l.T("explore.process.deviation."+d.Kind, "name", v.value(v.s.by, d.Activity))
}

func (v view) deviationBars(a analytics.ProcessAnswer) []web.Bar {
	var bars []web.Bar
	for _, d := range a.Deviations[:min(len(a.Deviations), shownDeviations)] {
		bars = append(bars, web.Bar{Label: v.deviation(d), Value: v.cases(d.Cases), Amount: float64(d.Cases), Tone: web.Terracotta,
			URL: v.who(url.Values{"of": {d.Kind}, "activity": {d.Activity}})})
	}
	return bars
}

func (v view) processTable(a analytics.ProcessAnswer) [][]string {
	table := [][]string{{"from", "to", "count", "cases", "median_seconds", "p90_seconds"}}
	for _, e := range a.Graph.Edges {
		table = append(table, []string{v.value(v.s.by, e.From), v.value(v.s.by, e.To), whole(e.Count), whole(e.Cases), strconv.FormatFloat(e.Median, 'f', -1, 64), decimal(e.Slow)})
	}
	return table
}
