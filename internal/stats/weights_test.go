package stats

import (
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// cars are the 32 of Motor Trend 1974 (Henderson and Velleman 1981,
// Biometrics 37): miles a gallon, cylinders, displacement, horse power, weight.
var cars = [][5]float64{
	{21, 6, 160, 110, 2.62}, {21, 6, 160, 110, 2.875}, {22.8, 4, 108, 93, 2.32}, {21.4, 6, 258, 110, 3.215},
	{18.7, 8, 360, 175, 3.44}, {18.1, 6, 225, 105, 3.46}, {14.3, 8, 360, 245, 3.57}, {24.4, 4, 146.7, 62, 3.19},
	{22.8, 4, 140.8, 95, 3.15}, {19.2, 6, 167.6, 123, 3.44}, {17.8, 6, 167.6, 123, 3.44}, {16.4, 8, 275.8, 180, 4.07},
	{17.3, 8, 275.8, 180, 3.73}, {15.2, 8, 275.8, 180, 3.78}, {10.4, 8, 472, 205, 5.25}, {10.4, 8, 460, 215, 5.424},
	{14.7, 8, 440, 230, 5.345}, {32.4, 4, 78.7, 66, 2.2}, {30.4, 4, 75.7, 52, 1.615}, {33.9, 4, 71.1, 65, 1.835},
	{21.5, 4, 120.1, 97, 2.465}, {15.5, 8, 318, 150, 3.52}, {15.2, 8, 304, 150, 3.435}, {13.3, 8, 350, 245, 3.84},
	{19.2, 8, 400, 175, 3.845}, {27.3, 4, 79, 66, 1.935}, {26, 4, 120.3, 91, 2.14}, {30.4, 4, 95.1, 113, 1.513},
	{15.8, 8, 351, 264, 3.17}, {19.7, 6, 145, 175, 2.77}, {15, 8, 301, 335, 3.57}, {21.4, 4, 121, 109, 2.78}}

// TestRelativeWeights compares with what the R package rwa (Chan 2020) prints
// for what a gallon depends on.
func TestRelativeWeights(t *testing.T) {
	var x [][]float64
	var y []float64
	for _, car := range cars {
		y, x = append(y, car[0]), append(x, append([]float64(nil), car[1:]...))
	}
	got, err := RelativeWeights(x, y, nil, 500, 7)
	if err != nil {
		t.Fatal(err)
	}
	shares := []float64{0.2470914, 0.2218908, 0.2120570, 0.3189607}
	for j, want := range []float64{0.2096904, 0.1883043, 0.1799590, 0.2706812} {
		w := got.Weights[j]
		near(t, "a weight", w.Weight.Value, want, 1e-6)
		near(t, "its share", w.Share.Value, shares[j], 1e-6)
		if !(w.Weight.Low < want && want < w.Weight.High && w.Weight.Low > 0 && w.Weight.N == 32) {
			t.Errorf("column %d: %+v", j, w.Weight)
		}
	}
	again, err := RelativeWeights(x, y, nil, 500, 7)
	if err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("the same seed gave other weights (%v)", err)
	}
}

// TestJohnson works the example of relWt in the R package iopsych (Jones and
// Goebl): four columns and a criterion given by their correlations.
func TestJohnson(t *testing.T) {
	among := mat.NewSymDense(4, []float64{1, 0.2, 0.3, 0.4, 0.2, 1, 0.5, 0.1, 0.3, 0.5, 1, 0.2, 0.4, 0.1, 0.2, 1})
	got, err := johnson(among, mat.NewVecDense(4, []float64{-0.4, 0.1, -0.3, 0.4}))
	if err != nil {
		t.Fatal(err)
	}
	for j, want := range []float64{0.24066119, 0.05492664, 0.12143476, 0.28158189} {
		near(t, "a weight", got.weights[j], want, 1e-7)
	}
}

// TestWeightsSumToR2 compares with R² of least squares, reckoned by another
// way, over columns that overlap in all kinds of ways.
func TestWeightsSumToR2(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		p := rapid.IntRange(1, 6).Draw(t, "p")
		n := p + rapid.IntRange(3, 60).Draw(t, "more rows")
		overlap := rapid.Float64Range(0, 3).Draw(t, "overlap")
		x, y := make([][]float64, n), make([]float64, n)
		for k := range x {
			x[k] = make([]float64, p)
			common := r.NormFloat64()
			for j := range x[k] {
				x[k][j] = 50 + float64(j+1)*(overlap*common+r.NormFloat64())
				y[k] += x[k][j] * float64(j-1)
			}
			y[k] += 4 * r.NormFloat64()
		}
		got, err := products(x, y, nil, r).weigh(nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Ridge(x, y, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for j, w := range got.weights {
			if w < 0 {
				t.Fatalf("weight %d is %v", j, w)
			}
			if (got.beta[j] < 0) != (f.Coefficients[j] < 0) {
				t.Fatalf("column %d points to %v, least squares to %v", j, got.beta[j], f.Coefficients[j])
			}
			if d := got.slope[j] - f.Coefficients[j]; math.Abs(d) > 1e-6*(1+math.Abs(got.slope[j])) {
				t.Fatalf("one unit of column %d is worth %v, by least squares %v", j, got.slope[j], f.Coefficients[j])
			}
			sum += w
		}
		if d := sum - f.R2; d > 1e-8 || d < -1e-8 {
			t.Fatalf("weights add up to %v, R² is %v", sum, f.R2)
		}
	})
}

// TestWeightsAgainstAllOrderings compares with what each column adds to R²,
// averaged over all orders in which columns may come in (Lindeman, Merenda and
// Gold 1980; dominance analysis, Budescu 1993, Psychological Bulletin 114).
// Johnson (2000) is made to come near to it, and both add up to R².
func TestWeightsAgainstAllOrderings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		p, n := rapid.IntRange(2, 4).Draw(t, "p"), 200
		overlap := rapid.Float64Range(0, 1).Draw(t, "overlap")
		x, y := make([][]float64, n), make([]float64, n)
		for k := range x {
			x[k] = make([]float64, p)
			common := r.NormFloat64()
			for j := range x[k] {
				x[k][j] = overlap*common + r.NormFloat64()
				y[k] += x[k][j] * float64(j+1)
			}
			y[k] += 3 * r.NormFloat64()
		}
		got, err := products(x, y, nil, r).weigh(nil)
		if err != nil {
			t.Fatal(err)
		}
		want := orderings(t, x, y)
		var sums [2]float64
		for j := range want {
			if d := got.weights[j] - want[j]; math.Abs(d) > 0.03 {
				t.Fatalf("column %d of %d matters %v, over all orderings %v", j, p, got.weights[j], want[j])
			}
			sums[0], sums[1] = sums[0]+got.weights[j], sums[1]+want[j]
		}
		if math.Abs(sums[0]-sums[1]) > 1e-9 {
			t.Fatalf("%v and %v of the spread are told", sums[0], sums[1])
		}
	})
}

// orderings gives what each column adds to R², averaged over all orders.
func orderings(t interface{ Fatal(...any) }, x [][]float64, y []float64) []float64 {
	p := len(x[0])
	r2 := make([]float64, 1<<p)
	for set := 1; set < 1<<p; set++ {
		part := make([][]float64, len(x))
		for k, row := range x {
			for j, v := range row {
				if set&(1<<j) != 0 {
					part[k] = append(part[k], v)
				}
			}
		}
		f, err := Ridge(part, y, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		r2[set] = f.R2
	}
	out := make([]float64, p)
	// The share of orders in which j comes right after a set of size s is
	// s!(p−1−s)!/p!.
	factorial := func(n int) (f float64) {
		for f = 1; n > 1; n-- {
			f *= float64(n)
		}
		return f
	}
	for set := range 1 << p {
		size := bits.OnesCount(uint(set))
		for j := range p {
			if set&(1<<j) == 0 {
				out[j] += (r2[set|1<<j] - r2[set]) * factorial(size) * factorial(p-1-size) / factorial(p)
			}
		}
	}
	return out
}

// TestClusters: answers told several times over by the same people are not more
// answers, and the intervals know it.
func TestClusters(t *testing.T) {
	r := chance(21)
	const people, times = 60, 25
	var once, often [][]float64
	var y, ys []float64
	var clusters []int
	for k := range people {
		row := []float64{r.NormFloat64(), r.NormFloat64()}
		v := row[0] + 0.5*row[1] + 2*r.NormFloat64()
		once, y = append(once, row), append(y, v)
		for range times {
			often, ys, clusters = append(often, row), append(ys, v), append(clusters, 1000+k)
		}
	}
	alone, err := RelativeWeights(once, y, nil, 1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	told, err := RelativeWeights(often, ys, clusters, 1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	naive, err := RelativeWeights(often, ys, nil, 1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	for j := range alone.Weights {
		a, b, c := alone.Weights[j].Slope, told.Weights[j].Slope, naive.Weights[j].Slope
		near(t, "a slope told often", b.Value, a.Value, 1e-9)
		if ratio := (b.High - b.Low) / (a.High - a.Low); ratio < 0.85 || ratio > 1.15 {
			t.Errorf("column %d is known within %v by clusters, and %v when told once", j, b, a)
		}
		if (c.High-c.Low)*3 > b.High-b.Low {
			t.Errorf("column %d: without clusters %v, with them %v", j, c, b)
		}
	}
}

// TestGroupsTellAsMuch: of more than 2,000 clusters groups are drawn, and the
// interval of a slope is that of least squares.
func TestGroupsTellAsMuch(t *testing.T) {
	r := chance(22)
	const n = 6000
	x, y := make([][]float64, n), make([]float64, n)
	for k := range x {
		x[k] = []float64{r.NormFloat64(), r.NormFloat64()}
		y[k] = x[k][0] + r.NormFloat64()
	}
	got, err := RelativeWeights(x, y, nil, 1000, 5)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Ridge(x, y, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for j, w := range got.Weights {
		want := f.Coefficient(j)
		near(t, "a slope", w.Slope.Value, want.Value, 1e-9)
		if ratio := (w.Slope.High - w.Slope.Low) / (want.High - want.Low); ratio < 0.85 || ratio > 1.15 {
			t.Errorf("column %d: %+v, least squares %+v", j, w.Slope, want)
		}
	}
}

func TestRelativeWeightsRefuses(t *testing.T) {
	r := chance(16)
	twice, fine, y := make([][]float64, 30), make([][]float64, 30), make([]float64, 30)
	for k := range y {
		v := r.NormFloat64()
		twice[k], fine[k], y[k] = []float64{v, 2 * v}, []float64{v, r.NormFloat64()}, v+r.NormFloat64()
	}
	for _, c := range []struct {
		name  string
		x     [][]float64
		y     []float64
		draws int
		want  error
	}{
		{"nothing", nil, nil, 500, ErrTooFew},
		{"few rows", fine[:3], y[:3], 500, ErrTooFew},
		{"columns that say the same", twice, y, 500, ErrTooFew},
		{"y that does not vary", fine, make([]float64, 30), 500, ErrTooFew},
		{"few draws", fine, y, 50, ErrShape},
		{"other length", fine, y[:20], 500, ErrShape},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := RelativeWeights(c.x, c.y, nil, c.draws, 1); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
		})
	}
}
