package web

import (
	"math"
	"strings"
	"testing"
)

func TestBandsStandOnEachOther(t *testing.T) {
	b := layoutBands(ChartProps{Labels: []string{"a", "b"}, Height: 140, Series: []Series{{Name: "low", Values: []float64{1, math.NaN()}}, {Name: "high", Values: []float64{2, 3}}}})
	if b.low != 0 || b.high < 3 {
		t.Errorf("the axis goes from %g to %g", b.low, b.high)
	}
	if got := b.below(1); got[0] != 1 || got[1] != 0 {
		t.Errorf("the second band begins at %v", got)
	}
	// Top edge from left to right, then the bottom edge back: six points and two edges.
	if path := b.path(1); strings.Count(path, "L") != 7 || !strings.HasSuffix(path, "Z") {
		t.Errorf("the second band is %s", path)
	}
}
