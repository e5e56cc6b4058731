package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestNoncentralF simulates what it says: F is a noncentral χ² by an ordinary one.
func TestNoncentralF(t *testing.T) {
	r := chance(31)
	for _, c := range []struct{ f, p, df, lambda float64 }{{2, 3, 20, 1.5}, {1, 1, 10, 4}, {3.5, 5, 60, 9}} {
		const draws = 40_000
		below := 0
		for range draws {
			top := math.Pow(r.NormFloat64()+math.Sqrt(c.lambda), 2)
			for range int(c.p) - 1 {
				top += math.Pow(r.NormFloat64(), 2)
			}
			var bottom float64
			for range int(c.df) {
				bottom += math.Pow(r.NormFloat64(), 2)
			}
			if top/c.p <= c.f*bottom/c.df {
				below++
			}
		}
		near(t, "the share below", noncentralF(c.f, c.p, c.df, c.lambda), float64(below)/draws, 0.01)
	}
	near(t, "without noncentrality", noncentralF(2, 3, 20, 0), distuv.F{D1: 3, D2: 20}.CDF(2), 1e-12)
}

// TestRSquared: the interval holds the truth in 95 of 100 studies with fixed
// columns, and reaches 0 exactly where the F test finds nothing.
func TestRSquared(t *testing.T) {
	r := chance(32)
	const n, p, studies = 60, 3, 400
	x := make([][]float64, n)
	for k := range x {
		x[k] = []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
	}
	signal := make([]float64, n)
	var mean, square float64
	for k, row := range x {
		signal[k] = 0.6*row[0] + 0.3*row[1]
		mean += signal[k] / n
	}
	for _, v := range signal {
		square += (v - mean) * (v - mean)
	}
	truth := square / (square + n) // λ/(λ+n), noise of variance 1
	held := 0
	for range studies {
		y := make([]float64, n)
		for k := range y {
			y[k] = signal[k] + r.NormFloat64()
		}
		f, err := Ridge(x, y, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		i := RSquared(f.R2, n, p)
		if i.Low <= truth && truth <= i.High {
			held++
		}
		statistic := f.R2 / p / ((1 - f.R2) / (n - p - 1))
		if finds := 1-(distuv.F{D1: p, D2: n - p - 1}).CDF(statistic) < 0.025; finds != (i.Low > 0) {
			t.Fatalf("R² %v: %+v, the F test says %v", f.R2, i, finds)
		}
	}
	if held < 370 || held > 392 {
		t.Errorf("%d of %d intervals hold the truth", held, studies)
	}
	if i := RSquared(0.3, 5, 4); i.N != 0 {
		t.Errorf("without degrees of freedom: %+v", i)
	}
	if i := RSquared(0.2, 8000, 12); !(i.Low > 0.18 && i.High < 0.22) {
		t.Errorf("of many: %+v", i)
	}
}
