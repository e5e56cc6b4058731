package stats

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRunning compares with Mean and DiffMeans of the values themselves, taken
// in one by one and in two heaps.
func TestRunning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 2, 40).Draw(t, "values")
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		first, second := running(values[:cut]), running(values[cut:])
		joined := first
		joined.Join(second)
		if cut > 1 && cut < len(values)-1 {
			got, want := first.Minus(second), DiffMeans(values[:cut], values[cut:])
			if math.Abs(got.Value-want.Value) > 1e-9 || math.Abs(got.P-want.P) > 1e-6 {
				t.Fatalf("%v apart, by the values themselves %v", got, want)
			}
		}
		got, want := joined.Interval(), Mean(values)
		if got.N != want.N || math.Abs(got.Value-want.Value) > 1e-9 || math.Abs(got.Low-want.Low) > 1e-6*(1+math.Abs(want.Low)) {
			t.Fatalf("%v, of the values themselves %v", got, want)
		}
	})
	if i := (Running{}).Interval(); i.N != 0 || !math.IsNaN(i.Value) {
		t.Errorf("of nothing: %v", i)
	}
	var one Running
	one.Add(4)
	if i := one.Interval(); i.Value != 4 || i.Bounded() || one.N() != 1 {
		t.Errorf("of one value: %v", i)
	}
}

// TestRandomEffects finds the variance between groups that was put there, and
// none where there is none.
func TestRandomEffects(t *testing.T) {
	r := chance(17)
	draw := func(between float64) []float64 {
		groups := make([]Running, 400)
		for k := range groups {
			level := between * r.NormFloat64()
			for range 5 + k%50 {
				groups[k].Add(level + 2*r.NormFloat64())
			}
		}
		groups[7] = Running{}
		return RandomEffects(groups)
	}
	weights := draw(0.5)
	// One over 0.5² + 2²/54 for the largest groups, 0.5² + 2²/5 for the least.
	near(t, "the worth of a large group", weights[49], 1/(0.25+4.0/54), 0.5)
	near(t, "the worth of a small group", weights[50], 1/(0.25+4.0/5), 0.06)
	if weights[7] != 0 {
		t.Errorf("a group of nobody is worth %v", weights[7])
	}
	if alike := draw(0); alike[49] < 8*alike[50] {
		t.Errorf("groups that are alike are worth their number: %v, %v", alike[49], alike[50])
	}
	var a, b Running
	a.Add(1)
	a.Add(1)
	b.Add(2)
	if got := RandomEffects([]Running{a, b, {}}); !slices.Equal(got, []float64{2, 1, 0}) {
		t.Errorf("values that do not differ: %v", got)
	}
}

// running takes all values in.
func running(values []float64) (r Running) {
	for _, v := range values {
		r.Add(v)
	}
	return r
}
