package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// FlowNode is an activity of a flow diagram.
type FlowNode struct {
	Label string
	Value string // as written below the label
	Tip   string
	Tone  Tone
	Mark  bool // a small circle instead of a box: where everything begins or ends
}

// FlowEdge says that one activity follows another, by their places in Nodes.
type FlowEdge struct {
	From, To int
	Weight   float64
	Label    string // how often
	Note     string // how long it takes
	Tip      string
}

// FlowProps is a flow diagram, read from left to right: what usually comes
// first stands at the left, what goes back is drawn below.
type FlowProps struct {
	Label string // for screen readers: the finding
	Nodes []FlowNode
	Edges []FlowEdge
}

// Sizes of a flow diagram, in pixels.
const (
	flowWide  = 156
	flowHigh  = 48
	flowLayer = 216 // from one layer to the next
	flowRow   = 88  // from one box to the next in a layer
	flowPass  = 40  // room of a long edge that passes by
	flowEdge  = 16  // around everything
	flowBack  = 22  // between the ways back
	flowMark  = 9   // radius
	flowWords = 18  // letters of a label that fit
	flowTip   = 11  // length of an arrow's tip
	flowSweep = 8
)

// flow is a FlowProps laid out.
type flow struct {
	FlowProps
	boxes         []flowBox
	ways          []flowWay
	width, height float64
}

type flowBox struct{ x, y, wide, high float64 } // x, y: the middle

type flowWay struct {
	path           string
	thick          float64
	labelX, labelY float64
	back, self     bool
}

// grid is the layers of a flow diagram: real nodes, and one place for each
// layer that a long edge passes.
type flowGrid struct {
	layer  []int   // of each place
	place  []int   // in its layer
	layers [][]int // places, from the top
	next   [][]int // neighbours in the next layer
	before [][]int
	real   int           // the first places are the nodes
	passes map[int][]int // by edge: places it passes
}

func layoutFlow(p FlowProps) flow {
	f := flow{FlowProps: p}
	back := f.cycles()
	g := newFlowGrid(p, back, layersOf(p, back))
	g.untangle()
	f.place(g)
	f.route(g, back)
	return f
}

// cycles finds the edges that go back: those that would close a circle of
// heavier ones.
func (f *flow) cycles() map[int]bool {
	order := make([]int, len(f.Edges))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.Edges[b].Weight, f.Edges[a].Weight) })
	next := make([][]int, len(f.Nodes))
	back := map[int]bool{}
	for _, i := range order {
		e := f.Edges[i]
		if e.From == e.To || reaches(next, e.To, e.From) {
			back[i] = true
			continue
		}
		next[e.From] = append(next[e.From], e.To)
	}
	return back
}

func reaches(next [][]int, from, to int) bool {
	seen := make([]bool, len(next))
	stack := []int{from}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == to {
			return true
		}
		if !seen[n] {
			seen[n] = true
			stack = append(stack, next[n]...)
		}
	}
	return false
}

// layersOf puts each node one layer after the last of those before it.
func layersOf(p FlowProps, back map[int]bool) []int {
	layer := make([]int, len(p.Nodes))
	for range p.Nodes { // no longest way is longer
		for i, e := range p.Edges {
			if !back[i] {
				layer[e.To] = max(layer[e.To], layer[e.From]+1)
			}
		}
	}
	return layer
}

func newFlowGrid(p FlowProps, back map[int]bool, layer []int) *flowGrid {
	g := &flowGrid{layer: slices.Clone(layer), real: len(p.Nodes), passes: map[int][]int{}}
	g.next, g.before = make([][]int, len(layer)), make([][]int, len(layer))
	join := func(a, b int) { g.next[a], g.before[b] = append(g.next[a], b), append(g.before[b], a) }
	for i, e := range p.Edges {
		if back[i] {
			continue
		}
		at := e.From
		for l := layer[e.From] + 1; l < layer[e.To]; l++ {
			g.layer = append(g.layer, l)
			g.next, g.before = append(g.next, nil), append(g.before, nil)
			pass := len(g.layer) - 1
			g.passes[i] = append(g.passes[i], pass)
			join(at, pass)
			at = pass
		}
		join(at, e.To)
	}
	g.place = make([]int, len(g.layer))
	for n, l := range g.layer {
		for len(g.layers) <= l {
			g.layers = append(g.layers, nil)
		}
		g.place[n] = len(g.layers[l])
		g.layers[l] = append(g.layers[l], n)
	}
	return g
}

// untangle orders each layer by the middle of what its places are joined to,
// forwards and backwards in turn (Sugiyama, Tagawa and Toda 1981).
func (g *flowGrid) untangle() {
	for sweep := range flowSweep {
		for k := range g.layers {
			l, neighbours := k, g.before
			if sweep%2 == 1 {
				l, neighbours = len(g.layers)-1-k, g.next
			}
			slices.SortStableFunc(g.layers[l], func(a, b int) int {
				return cmp.Compare(g.middle(a, neighbours), g.middle(b, neighbours))
			})
			for at, n := range g.layers[l] {
				g.place[n] = at
			}
		}
	}
}

func (g *flowGrid) middle(n int, neighbours [][]int) float64 {
	if len(neighbours[n]) == 0 {
		return float64(g.place[n])
	}
	sum := 0.0
	for _, m := range neighbours[n] {
		sum += float64(g.place[m])
	}
	return sum / float64(len(neighbours[n]))
}

// room is how high a place is in its layer.
func (g *flowGrid) room(n int) float64 {
	if n < g.real {
		return flowRow
	}
	return flowPass
}

// place gives every place its coordinates; layers stand around one middle.
func (f *flow) place(g *flowGrid) {
	f.boxes = make([]flowBox, len(g.layer))
	tallest := 0.0
	heights := make([]float64, len(g.layers))
	for l, list := range g.layers {
		for _, n := range list {
			heights[l] += g.room(n)
		}
		tallest = max(tallest, heights[l])
	}
	narrow := f.narrow(g)
	for l, list := range g.layers {
		y := flowEdge + (tallest-heights[l])/2
		for _, n := range list {
			b := flowBox{x: flowEdge + flowWide/2 + float64(l)*flowLayer - narrow, y: y + g.room(n)/2}
			if narrow > 0 && l == 0 {
				b.x = flowEdge + 2*flowMark
			}
			if n < g.real {
				b.wide, b.high = flowWide, flowHigh
				if f.Nodes[n].Mark {
					b.wide, b.high = 2*flowMark, 2*flowMark
				}
			}
			f.boxes[n] = b
			y += g.room(n)
		}
	}
	f.width = 2*flowEdge + flowWide + float64(max(0, len(g.layers)-1))*flowLayer - narrow
	f.height = 2*flowEdge + tallest
}

// narrow is how much room the first layer leaves where it holds nothing but
// marks, which are smaller than boxes.
func (f *flow) narrow(g *flowGrid) float64 {
	if len(g.layers) < 2 {
		return 0
	}
	for _, n := range g.layers[0] {
		if !f.Nodes[n].Mark {
			return 0
		}
	}
	return flowWide - 5*flowMark
}

// route draws the edges: along their passes, or back below everything.
func (f *flow) route(g *flowGrid, back map[int]bool) {
	heaviest := 1.0
	for _, e := range f.Edges {
		heaviest = max(heaviest, e.Weight)
	}
	below := f.height - flowEdge
	for i, e := range f.Edges {
		w := flowWay{thick: 1.25 + 8*e.Weight/heaviest}
		a, b := f.boxes[e.From], f.boxes[e.To]
		switch {
		case e.From == e.To:
			w.self = true
			x, y := a.x+a.wide/2-18, a.y-a.high/2
			w.path = fmt.Sprintf("M%.1f %.1fc-6 -28 30 -30 20 -11", x, y)
			w.labelX, w.labelY = x+6, y-22
		case back[i]:
			w.back = true
			below += flowBack
			w.path = fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fS%.1f %.1f %.1f %.1f", a.x-14, a.y+a.high/2,
				a.x-14, below+6, a.x-30, below+6, (a.x+b.x)/2, below+6, b.x+14, below+6, b.x+14, b.y+b.high/2+flowTip)
			w.labelX, w.labelY = (a.x+b.x)/2, below+10
		default:
			w.path, w.labelX, w.labelY = f.along(g, i, a, b)
		}
		f.ways = append(f.ways, w)
	}
	f.height = max(f.height, below+flowEdge+20)
}

// along draws an edge from box to box through the places it passes.
func (f *flow) along(g *flowGrid, edge int, a, b flowBox) (path string, x, y float64) {
	points := []flowBox{{x: a.x + a.wide/2, y: a.y}}
	for _, n := range g.passes[edge] {
		p := f.boxes[n]
		points = append(points, flowBox{x: p.x - flowWide/4, y: p.y}, flowBox{x: p.x + flowWide/4, y: p.y})
	}
	points = append(points, flowBox{x: b.x - b.wide/2 - flowTip, y: b.y})
	var s strings.Builder
	fmt.Fprintf(&s, "M%.1f %.1f", points[0].x, points[0].y)
	for k := 1; k < len(points); k++ {
		p, q := points[k-1], points[k]
		mid := (p.x + q.x) / 2
		fmt.Fprintf(&s, "C%.1f %.1f %.1f %.1f %.1f %.1f", mid, p.y, mid, q.y, q.x, q.y)
	}
	x, y = (points[0].x+points[1].x)/2, (points[0].y+points[1].y)/2
	if n := g.passes[edge]; len(n) > 0 { // where it passes by it is alone
		x, y = f.boxes[n[0]].x, f.boxes[n[0]].y
	}
	return s.String(), x, y
}
