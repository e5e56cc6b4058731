package web

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever follows what, boxes stand apart and inside the picture, and what is
// no way back leads to the right.
func TestFlowIsReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p FlowProps
		for i := range rapid.IntRange(0, 14).Draw(t, "nodes") {
			p.Nodes = append(p.Nodes, FlowNode{Label: fmt.Sprint(i), Mark: rapid.IntRange(0, 6).Draw(t, "mark") == 0})
		}
		for range rapid.IntRange(0, 40*min(1, len(p.Nodes))).Draw(t, "edges") {
			one := rapid.IntRange(0, len(p.Nodes)-1)
			p.Edges = append(p.Edges, FlowEdge{From: one.Draw(t, "from"), To: one.Draw(t, "to"), Weight: float64(rapid.IntRange(1, 1000).Draw(t, "weight"))})
		}
		f := layoutFlow(p)
		for i := range p.Nodes {
			a := f.boxes[i]
			if a.x-a.wide/2 < 0 || a.y-a.high/2 < 0 || a.x+a.wide/2 > f.width || a.y+a.high/2 > f.height {
				t.Fatalf("box %d is outside the picture: %+v of %v x %v", i, a, f.width, f.height)
			}
			for k := range i {
				if b := f.boxes[k]; math.Abs(a.x-b.x) < (a.wide+b.wide)/2 && math.Abs(a.y-b.y) < (a.high+b.high)/2 {
					t.Fatalf("boxes %d and %d lie on each other", i, k)
				}
			}
		}
		for i, e := range p.Edges {
			if w := f.ways[i]; !w.back && !w.self && f.boxes[e.From].x >= f.boxes[e.To].x {
				t.Fatalf("edge %d leads to the left", i)
			}
			if strings.Contains(f.ways[i].path, "NaN") {
				t.Fatalf("edge %d has no place: %s", i, f.ways[i].path)
			}
		}
	})
}

// What comes first most often stands at the left.
func TestFlowBeginsAtTheLeft(t *testing.T) {
	f := layoutFlow(FlowProps{
		Nodes: []FlowNode{{Label: "c"}, {Label: "a"}, {Label: "b"}},
		Edges: []FlowEdge{{From: 1, To: 2, Weight: 10}, {From: 2, To: 0, Weight: 9}, {From: 0, To: 1, Weight: 2}, {From: 2, To: 2, Weight: 3}},
	})
	if !(f.boxes[1].x < f.boxes[2].x && f.boxes[2].x < f.boxes[0].x) {
		t.Errorf("%+v", f.boxes)
	}
	if !f.ways[2].back || !f.ways[3].self || f.ways[0].back {
		t.Errorf("%+v", f.ways)
	}
}

// Nodes of a column stand apart with room for their words, and are as high as
// they are heavy.
func TestSankeyKeepsProportions(t *testing.T) {
	s := layoutSankey(SankeyProps{
		Nodes: []SankeyNode{{Level: 0, Weight: 100}, {Level: 1, Weight: 75}, {Level: 1, Weight: 24}, {Level: 1, Weight: 1}},
		Links: []SankeyLink{{From: 0, To: 1, Weight: 75}, {From: 0, To: 2, Weight: 24}, {From: 0, To: 3, Weight: 1}},
	})
	if got := s.boxes[1].high / s.boxes[0].high; math.Abs(got-0.75) > 1e-9 {
		t.Errorf("75 of 100 is drawn as %v", got)
	}
	for i := 2; i < 4; i++ {
		if gap := s.boxes[i].y - s.boxes[i-1].y; gap < sankeySlot {
			t.Errorf("node %d has %v pixels for its words", i, gap)
		}
	}
	if last := s.boxes[3]; last.high < 2 || last.y+last.high > s.height {
		t.Errorf("the smallest node is drawn as %+v of %v", last, s.height)
	}
}

func TestSankeyWithLinksIsNoPicture(t *testing.T) {
	plain := SankeyProps{Nodes: []SankeyNode{{Label: "Cart & <more>", Weight: 1}}}
	linked := SankeyProps{Nodes: []SankeyNode{{Label: "Cart", Weight: 1, URL: "/explore/paths"}}}
	if got := drawn(t, nil, Sankey(plain)); !strings.Contains(got, `role="img"`) || !strings.Contains(got, "Cart &amp; &lt;more&gt;") {
		t.Error(got)
	}
	if got := drawn(t, nil, Sankey(linked)); !strings.Contains(got, `class="sankey" `) || strings.Contains(got, `role="img"`) {
		t.Error("links hide from screen readers: " + got)
	}
}

func TestFunnelSaysWhereMostStop(t *testing.T) {
	got := drawn(t, nil, Funnel(FunnelProps{Steps: []FunnelStep{
		{Label: "Scheda", Amount: 40, Value: "40", URL: "/p?at=1", Lost: "10 si fermano qui", LostURL: "/p?stopped=1", Worst: true}, {Label: "Carrello", Amount: 30, Value: "30"},
	}}))
	for _, want := range []string{"is-worst", "10 si fermano qui</a>", `href="/p?at=1"`, `width="100.00%"`, `width="75.00%"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not there: %s", want, got)
		}
	}
}

func TestTitlesAreWrapped(t *testing.T) {
	got := wrapped("a finding of several words", 12)
	if strings.Join(got, "|") != "a finding of|several|words" {
		t.Errorf("%q", got)
	}
	if got := wrapped("", 10); len(got) != 1 || got[0] != "" {
		t.Errorf("%q", got)
	}
}
