package stats

import (
	"errors"
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
	got, err := RelativeWeights(x, y, 500, 7)
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
	again, err := RelativeWeights(x, y, 500, 7)
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
		rows := mat.NewDense(n, p+1, nil)
		for k := range x {
			x[k] = make([]float64, p)
			common := r.NormFloat64()
			for j := range x[k] {
				x[k][j] = 50 + float64(j+1)*(overlap*common+r.NormFloat64())
				y[k] += x[k][j] * float64(j-1)
				rows.Set(k, j, x[k][j])
			}
			y[k] += 4 * r.NormFloat64()
			rows.Set(k, p, y[k])
		}
		got, err := weigh(rows)
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
			sum += w
		}
		if d := sum - f.R2; d > 1e-8 || d < -1e-8 {
			t.Fatalf("weights add up to %v, R² is %v", sum, f.R2)
		}
	})
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
			if _, err := RelativeWeights(c.x, c.y, c.draws, 1); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
		})
	}
}
