package web

import (
	"fmt"
	"strings"
)

// bands is a chart whose series stand on each other, the first at the bottom.
type bands struct{ chart }

func layoutBands(p ChartProps) bands {
	sums := Series{Values: make([]float64, len(p.Labels))}
	for i := range p.Labels {
		for _, s := range p.Series {
			sums.Values[i] += s.height(i)
		}
	}
	of := p
	of.Series = []Series{sums}
	c := layout(of)
	c.Series = p.Series
	return bands{c}
}

// height is a value as a band has it: a gap has none.
func (s Series) height(i int) float64 {
	if v := s.at(i); v > 0 {
		return v
	}
	return 0
}

// below is where a series begins, at each label.
func (b bands) below(series int) []float64 {
	out := make([]float64, len(b.Labels))
	for i := range out {
		for _, s := range b.Series[:series] {
			out[i] += s.height(i)
		}
	}
	return out
}

// path is the outline of a band in a box 100 wide and plot high. The ends go on
// to the edges, so that a single label is a column.
func (b bands) path(series int) string {
	low, high := b.below(series), b.below(series+1)
	var out strings.Builder
	point := func(x, v float64) {
		command := "L"
		if out.Len() == 0 {
			command = "M"
		}
		fmt.Fprintf(&out, "%s%.3f %.2f", command, x, b.y(v)-chartTop)
	}
	last := len(b.Labels) - 1
	if last < 0 {
		return ""
	}
	point(0, high[0])
	for i, v := range high {
		point(b.x(i), v)
	}
	point(100, high[last])
	point(100, low[last])
	for i := last; i >= 0; i-- {
		point(b.x(i), low[i])
	}
	point(0, low[0])
	return out.String() + "Z"
}

// BandPicture makes a picture of a band chart.
func BandPicture(p ChartProps) Picture {
	p.Height = 380
	return Picture{Width: funnelWide, Height: 380 + 24*float64(len(p.Series)), Drawing: bandDrawing(layoutBands(p))}
}
