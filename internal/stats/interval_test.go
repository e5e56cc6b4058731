package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %.6f, want %.6f", what, got, want)
	}
}

func between(t *testing.T, what string, i Interval, value, low, high, within float64) {
	t.Helper()
	near(t, what, i.Value, value, within)
	near(t, "lower end of "+what, i.Low, low, within)
	near(t, "upper end of "+what, i.High, high, within)
}

// chance is where simulations take their numbers from: the same every time.
func chance(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// covers counts how often an interval holds the truth and checks that it is
// about 95 times of 100: within the given distance of 0.95.
func covers(t *testing.T, what string, truth, within float64, trials int, draw func() Interval) {
	t.Helper()
	held := 0
	for range trials {
		if i := draw(); i.Low <= truth && truth <= i.High {
			held++
		}
	}
	near(t, "how often the interval of "+what+" holds the truth", float64(held)/float64(trials), Confidence, within)
}

// TestMean works Student's own example (1908, section IX): the additional
// hours of sleep gained by ten patients with two drugs.
func TestMean(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	between(t, "the first drug's gain", Mean(first), 0.75, -0.5297804, 2.0297804, 1e-6)
	more := make([]float64, len(first))
	for k := range more {
		more[k] = second[k] - first[k]
	}
	// 1.58, and t = 4.0621 on 9 degrees of freedom: 0.7001142 to 2.4598858.
	between(t, "how much more the second gives", Mean(more), 1.58, 0.7001142, 2.4598858, 1e-6)
	if i := Mean(nil); i.N != 0 || !math.IsNaN(i.Value) || i.Bounded() || !i.TooFew() {
		t.Errorf("the mean of nothing is %v", i)
	}
	if i := Mean([]float64{3}); i.Value != 3 || i.N != 1 || i.Bounded() {
		t.Errorf("the mean of one value is %v", i)
	}
}

func TestMeanCovers(t *testing.T) {
	r := chance(1)
	covers(t, "a mean of 8", 2, 0.01, 8000, func() Interval {
		values := make([]float64, 8)
		for k := range values {
			values[k] = 2 + 3*r.NormFloat64()
		}
		return Mean(values)
	})
}

// TestWeightedMean checks what the formula must give where it is known by
// other ways: equal weights, and weights that are counts.
func TestWeightedMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1, 1), 2, 30).Draw(t, "values")
		scale := rapid.Float64Range(0.01, 100).Draw(t, "scale")
		same := make([]float64, len(values))
		for k := range same {
			same[k] = scale
		}
		got, want := WeightedMean(values, same), Mean(values)
		if math.Abs(got.Value-want.Value) > 1e-9 || math.Abs(got.Low-want.Low) > 1e-6 || got.N != want.N {
			t.Fatalf("with equal weights %v, the plain mean is %v", got, want)
		}
		// What has no weight is as if it were not there.
		got = WeightedMean(append(slices.Clone(values), 7), same)
		if math.Abs(got.High-want.High) > 1e-6 || got.N != want.N {
			t.Fatalf("a value without weight counted: %v, not %v", got, want)
		}
	})
	// By hand: m = (1·0 + 3·1)/4 = 0.75; Σw²(x−m)² = 1·0.5625 + 9·0.0625 =
	// 1.125; ·2/1, root, /4: 0.375. n_eff = 16/10, t with 0.6 degrees.
	i := WeightedMean([]float64{0, 1}, []float64{1, 3})
	near(t, "the weighted mean", i.Value, 0.75, 1e-12)
	near(t, "its half width", i.High-i.Value, 0.375*student(0.6), 1e-9)
	if i := WeightedMean([]float64{1}, []float64{0}); i.N != 0 {
		t.Errorf("no weight at all gave %v", i)
	}
}

func TestWeightedMeanCovers(t *testing.T) {
	r := chance(2)
	covers(t, "a weighted mean", -1, 0.02, 4000, func() Interval {
		values, weights := make([]float64, 40), make([]float64, 40)
		for k := range values {
			values[k], weights[k] = -1+r.NormFloat64(), math.Exp2(-float64(k)/20)
		}
		return WeightedMean(values, weights)
	})
}

// TestQuantile works Conover's example (1999, 3.2, example 3): of 16 sorted
// tubes' lifetimes the 4th to the 14th hold the upper quartile with 90 %; here
// with 95 %, by the same table of the binomial, the interval is wider.
func TestQuantile(t *testing.T) {
	values := []float64{46.9, 47.2, 49.1, 56.5, 56.8, 59.2, 59.9, 63.2, 63.3, 63.4, 63.7, 64.1, 67.1, 67.7, 73.3, 78.5}
	i := Quantile(values, 0.75)
	near(t, "the upper quartile", i.Value, 64.85, 1e-9)
	// P(X <= 7) = 0.0075, P(X <= 8) = 0.0271 with 16 tries of 0.75: rank 8 is
	// the last with no more than 0.025 below it; P(X >= 16) = 0.0100: rank 16.
	near(t, "its lower end", i.Low, 63.2, 1e-9)
	near(t, "its upper end", i.High, 78.5, 1e-9)
	if i := Quantile([]float64{1, 2, 3}, 0.5); i.Value != 2 || i.Bounded() {
		t.Errorf("three values cannot bound a median, yet: %v", i)
	}
	r := chance(3)
	covers(t, "a median of 50", math.Ln2, 0.03, 3000, func() Interval {
		values := make([]float64, 50)
		for k := range values {
			values[k] = r.ExpFloat64()
		}
		return Quantile(values, 0.5)
	})
}

// A doubt that all values share does not go away with their number.
func TestDoubted(t *testing.T) {
	same := Mean([]float64{-0.2, -0.2, -0.2, -0.2}).Doubted(0.1)
	if math.Abs(same.Low+0.2+0.195996) > 1e-5 || math.Abs(same.High+0.2-0.195996) > 1e-5 || same.Value != -0.2 || same.N != 4 {
		t.Errorf("values without scatter: %+v", same)
	}
	sure, doubted := Interval{1, 0.7, 1.5, 9}, Interval{1, 0.7, 1.5, 9}.Doubted(0.4/z())
	if doubted.Value != 1 || math.Abs(doubted.Low-0.5) > 1e-9 || math.Abs(doubted.High-(1+math.Hypot(0.5, 0.4))) > 1e-9 || sure.Doubted(0) != sure {
		t.Errorf("3 and 4 make 5: %+v", doubted)
	}
}

func TestEstimate(t *testing.T) {
	e := Mean([]float64{-1, 1, 1}).Within(-1, 1).Estimate(experience.Stated)
	if e.N != 3 || e.Low != -1 || e.High != 1 || e.Evidence != experience.Stated {
		t.Errorf("an estimate of %+v", e)
	}
}
