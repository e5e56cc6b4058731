package stats

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/combin"
)

// TestMannKendall works Smith's cloud seeding (1967; Hollander and Wolfe 1999,
// Nonparametric Statistical Methods, examples 9.1 to 9.3): the ratio of
// rainfall in five years. K = −6, P(K ≤ −6) = 0.117, slope −0.056.
func TestMannKendall(t *testing.T) {
	trend, err := MannKendall([]float64{1.26, 1.27, 1.12, 1.16, 1.03})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "p", trend.P, 2*14.0/120, 1e-9)
	near(t, "tau", trend.Tau, -0.6, 1e-9)
	near(t, "the slope", trend.Slope.Value, -0.05625, 1e-9)
	slope, err := TheilSen([]float64{0, math.NaN(), 2, 3, 100, 5})
	if err != nil || slope.Value != 1 {
		t.Errorf("a line with a gap and a wild value rises by %v (%v)", slope, err)
	}
}

// TestMannKendallTies works the exact variance with ties by hand: 1 1 2 3 3 3
// has 6·5·17 − 2·1·9 − 3·2·11 = 426, /18 = 23.6667; S = 11,
// z = 10/4.864841 = 2.055566, p = 0.039825.
func TestMannKendallTies(t *testing.T) {
	trend, err := MannKendall([]float64{1, 1, 2, 3, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "p", trend.P, 0.039825, 0.00001)
	near(t, "tau-b", trend.Tau, 11/math.Sqrt(15*11), 1e-9)
	if flat, err := MannKendall([]float64{2, 2, 2, 2}); err != nil || flat.P != 1 || flat.Tau != 0 || flat.Slope.Value != 0 {
		t.Errorf("a flat line: %+v, %v", flat, err)
	}
}

// TestKendallExact compares with every order of up to seven values.
func TestKendallExact(t *testing.T) {
	for n := 4; n <= 7; n++ {
		counts, all := map[int]float64{}, 0.0
		for _, order := range combin.Permutations(n, n) {
			s := 0
			for i := range order {
				for j := i + 1; j < n; j++ {
					if order[j] > order[i] {
						s++
					} else {
						s--
					}
				}
			}
			counts[max(s, -s)]++
			all++
		}
		for s := range counts {
			var tail float64
			for other, count := range counts {
				if other >= s {
					tail += count / all
				}
			}
			near(t, "p", kendallExact(s, n), tail, 1e-9)
			near(t, "p of the other side", kendallExact(-s, n), tail, 1e-9)
		}
	}
	// Where counting ends the approximation has become as good.
	exact, normal := kendallExact(400, exactTrend), twoSided(399/math.Sqrt(kendallVariance(count(exactTrend))))
	near(t, "p of 60 values, counted and approximated", exact, normal, 0.0005)
}

func count(n int) []float64 {
	out := make([]float64, n)
	for k := range out {
		out[k] = float64(k)
	}
	return out
}

func TestTheilSenCovers(t *testing.T) {
	r := chance(12)
	covers(t, "a slope", 0.3, 0.02, 3000, func() Interval {
		series := make([]float64, 26)
		for k := range series {
			series[k] = 0.3*float64(k) + r.ExpFloat64()*5
		}
		slope, err := TheilSen(series)
		if err != nil {
			t.Fatal(err)
		}
		return slope
	})
}

func TestTrendRefuses(t *testing.T) {
	if _, err := MannKendall([]float64{1, math.NaN(), 2, 3}); !errors.Is(err, ErrTooFew) {
		t.Errorf("three values make no trend, and it said %v", err)
	}
	if _, err := TheilSen([]float64{1, 2, 3, math.Inf(1)}); !errors.Is(err, ErrShape) {
		t.Errorf("an infinite value, and it said %v", err)
	}
}
