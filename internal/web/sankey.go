package web

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// SankeyNode is one thing at one level of a Sankey diagram.
type SankeyNode struct {
	Level  int // column, from 0 at the left
	Label  string
	Value  string // as written below the label
	Weight float64
	Tip    string // everything about it, on hover
	URL    string
	Tone   Tone
	Faint  bool // stands back: the rest, or where cases end
}

// SankeyLink joins two nodes of neighbouring columns, by their places in Nodes.
type SankeyLink struct {
	From, To int
	Weight   float64
	Tip      string
}

// SankeyProps is a Sankey diagram: how many go from what to what, from left to
// right. Nodes of a column stand in the order given.
type SankeyProps struct {
	Label string   // for screen readers: the finding
	Heads []string // above the columns
	Nodes []SankeyNode
	Links []SankeyLink
}

// role lets screen readers reach the links of a drawing that has some.
func (p SankeyProps) role() string {
	if slices.ContainsFunc(p.Nodes, func(n SankeyNode) bool { return n.URL != "" }) {
		return "group"
	}
	return "img"
}

// Sizes of a Sankey diagram, in pixels.
const (
	sankeyPitch = 176 // from one column to the next
	sankeyBar   = 12  // width of a node
	sankeyHigh  = 330 // height of the heaviest column's nodes together
	sankeySlot  = 36  // room that two lines of words need
	sankeyGap   = 10
	sankeyTop   = 30
	sankeyWords = 20 // letters of a label that fit between two columns
)

// sankey is a SankeyProps laid out.
type sankey struct {
	SankeyProps
	boxes         []sankeyBox
	ribbons       []string
	width, height float64
}

type sankeyBox struct{ x, y, high float64 }

func layoutSankey(p SankeyProps) sankey {
	s := sankey{SankeyProps: p, boxes: make([]sankeyBox, len(p.Nodes))}
	sums := map[int]float64{}
	last := 0
	for _, n := range p.Nodes {
		sums[n.Level] += n.Weight
		last = max(last, n.Level)
	}
	most := 1.0
	for _, sum := range sums {
		most = max(most, sum)
	}
	scale := sankeyHigh / most
	next := map[int]float64{}
	for i, n := range p.Nodes {
		high := max(2, n.Weight*scale)
		s.boxes[i] = sankeyBox{x: float64(n.Level * sankeyPitch), y: sankeyTop + next[n.Level], high: high}
		next[n.Level] += max(high, sankeySlot) + sankeyGap
		s.height = max(s.height, sankeyTop+next[n.Level])
	}
	s.width = float64((last + 1) * sankeyPitch)
	s.draw(scale)
	return s
}

// draw makes the ribbons; those of a node leave and arrive in the order of
// what they lead to, so that they cross as little as can be.
func (s *sankey) draw(scale float64) {
	order := make([]int, len(s.Links))
	for i := range order {
		order[i] = i
	}
	leaves, arrives := make([]float64, len(s.Nodes)), make([]float64, len(s.Nodes))
	from, to := make([]float64, len(s.Links)), make([]float64, len(s.Links))
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.boxes[s.Links[a].To].y, s.boxes[s.Links[b].To].y)
	})
	for _, i := range order {
		l := s.Links[i]
		from[i] = s.boxes[l.From].y + leaves[l.From]
		leaves[l.From] += l.Weight * scale
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.boxes[s.Links[a].From].y, s.boxes[s.Links[b].From].y)
	})
	for _, i := range order {
		l := s.Links[i]
		to[i] = s.boxes[l.To].y + arrives[l.To]
		arrives[l.To] += l.Weight * scale
	}
	for i, l := range s.Links {
		a, b := s.boxes[l.From], s.boxes[l.To]
		s.ribbons = append(s.ribbons, ribbon(a.x+sankeyBar, from[i], b.x, to[i], max(1, l.Weight*scale)))
	}
}

// ribbon is the outline of a band from one height to another.
func ribbon(x1, y1, x2, y2, high float64) string {
	mid := (x1 + x2) / 2
	return fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ",
		x1, y1, mid, y1, mid, y2, x2, y2, y2+high, mid, y2+high, mid, y1+high, x1, y1+high)
}

// clip shortens a text to so many letters.
func clip(text string, letters int) string {
	if utf8.RuneCountInString(text) <= letters {
		return text
	}
	return string([]rune(text)[:letters-1]) + "…"
}
