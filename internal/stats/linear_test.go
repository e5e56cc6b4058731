package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// norris is NIST's Statistical Reference Dataset "Norris" (y, x), certified to
// 15 digits.
var norris = [][2]float64{{0.1, 0.2}, {338.8, 337.4}, {118.1, 118.2}, {888.0, 884.6}, {9.2, 10.1}, {228.1, 226.5},
	{668.5, 666.3}, {998.5, 996.3}, {449.1, 448.6}, {778.9, 777.0}, {559.2, 558.2}, {0.3, 0.4}, {0.1, 0.6},
	{778.1, 775.5}, {668.8, 666.9}, {339.3, 338.0}, {448.9, 447.5}, {10.8, 11.6}, {557.7, 556.0}, {228.3, 228.1},
	{998.0, 995.8}, {888.8, 887.6}, {119.6, 120.2}, {0.3, 0.3}, {0.6, 0.3}, {557.6, 556.8}, {339.3, 339.1},
	{888.0, 887.2}, {998.5, 999.0}, {778.9, 779.0}, {10.2, 11.1}, {117.6, 118.3}, {228.9, 229.2}, {668.4, 669.1},
	{449.2, 448.9}, {0.2, 0.5}}

func TestRidgeIsLeastSquares(t *testing.T) {
	var x [][]float64
	var y []float64
	for _, row := range norris {
		y, x = append(y, row[0]), append(x, []float64{row[1]})
	}
	f, err := Ridge(x, y, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the intercept", f.Intercept, -0.262323073774029, 1e-9)
	near(t, "its error", f.InterceptError, 0.232818234301152, 1e-9)
	near(t, "the slope", f.Coefficients[0], 1.00211681802045, 1e-12)
	near(t, "its error", f.Errors[0], 0.429796848199937e-3, 1e-12)
	near(t, "the spread", f.Sigma, 0.884796396144373, 1e-9)
	near(t, "R²", f.R2, 0.999993745883712, 1e-12)
	near(t, "degrees of freedom", f.DF, 34, 1e-9)
}

// TestRidgeOnColumnsThatNearlySayTheSame works NIST's "Longley" (Longley 1967,
// JASA 62), whose six columns overlap so much that careless arithmetic fails.
func TestRidgeOnColumnsThatNearlySayTheSame(t *testing.T) {
	rows := [][]float64{
		{60323, 83.0, 234289, 2356, 1590, 107608, 1947}, {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
		{60171, 88.2, 258054, 3682, 1616, 109773, 1949}, {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
		{63221, 96.2, 328975, 2099, 3099, 112075, 1951}, {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
		{64989, 99.0, 365385, 1870, 3547, 115094, 1953}, {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
		{66019, 101.2, 397469, 2904, 3048, 117388, 1955}, {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
		{68169, 108.4, 442769, 2936, 2798, 120445, 1957}, {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
		{68655, 112.6, 482704, 3813, 2552, 123366, 1959}, {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
		{69331, 115.7, 518173, 4806, 2572, 127852, 1961}, {70551, 116.9, 554894, 4007, 2827, 130081, 1962}}
	var x [][]float64
	var y []float64
	for _, row := range rows {
		y, x = append(y, row[0]), append(x, row[1:])
	}
	f, err := Ridge(x, y, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{15.0618722713733, -0.358191792925910e-1, -2.02022980381683, -1.03322686717359, -0.511041056535807e-1, 1829.15146461355}
	for j, w := range want {
		near(t, "a coefficient", f.Coefficients[j]/w, 1, 1e-6)
	}
	near(t, "the intercept", f.Intercept/-3482258.63459582, 1, 1e-6)
	near(t, "its error", f.InterceptError/890420.383607373, 1, 1e-6)
	near(t, "R²", f.R2, 0.995479004577296, 1e-9)
}

// TestRidgeAgainstAddedRows compares with ordinary least squares on the data
// to which one row a coefficient was added that says √lambda·b = √lambda·prior:
// the same problem, by another way (Marquardt 1970), solved by QR.
func TestRidgeAgainstAddedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n, p := rapid.IntRange(3, 40).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "p")
		lambda := rapid.Float64Range(0.1, 50).Draw(t, "lambda")
		x, y, prior := make([][]float64, n), make([]float64, n), make([]float64, p)
		a, b := mat.NewDense(n+p, p+1, nil), mat.NewVecDense(n+p, nil)
		for j := range prior {
			prior[j] = r.NormFloat64()
			a.Set(n+j, j+1, math.Sqrt(lambda))
			b.SetVec(n+j, math.Sqrt(lambda)*prior[j])
		}
		for k := range x {
			x[k], y[k] = make([]float64, p), 5*r.NormFloat64()
			a.Set(k, 0, 1)
			b.SetVec(k, y[k])
			for j := range x[k] {
				x[k][j] = 10 + r.NormFloat64()
				a.Set(k, j+1, x[k][j])
			}
		}
		var want mat.VecDense
		if err := want.SolveVec(a, b); err != nil {
			t.Fatal(err)
		}
		f, err := Ridge(x, y, lambda, prior)
		if err != nil {
			t.Fatal(err)
		}
		for j := range p {
			if math.Abs(f.Coefficients[j]-want.AtVec(j+1)) > 1e-6 {
				t.Fatalf("coefficient %d is %v, by added rows %v", j, f.Coefficients[j], want.AtVec(j+1))
			}
		}
		if math.Abs(f.Intercept-want.AtVec(0)) > 1e-5 {
			t.Fatalf("the intercept is %v, by added rows %v", f.Intercept, want.AtVec(0))
		}
		at := f.Predict(x[0])
		if by := f.Intercept + dotSlices(f.Coefficients, x[0]); math.Abs(at.Value-by) > 1e-9 || !(at.Low < at.Value) {
			t.Fatalf("predicts %v where the line is at %v", at, by)
		}
	})
}

// TestRidgeStaysWithItsPrior: where a column says nothing its coefficient is
// the prior, with the prior's own error.
func TestRidgeStaysWithItsPrior(t *testing.T) {
	x := [][]float64{{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}}
	f, err := Ridge(x, []float64{1.1, 1.9, 3.2, 3.9, 5.0}, 2, []float64{-0.7, 0})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the coefficient of a silent column", f.Coefficients[0], -0.7, 1e-12)
	near(t, "its error", f.Errors[0], f.Sigma/math.Sqrt(2), 1e-12)
}

func TestRidgeCovers(t *testing.T) {
	r := chance(7)
	truth := []float64{0.5, -2}
	covers(t, "a coefficient", truth[1], 0.015, 4000, func() Interval {
		x, y := make([][]float64, 15), make([]float64, 15)
		for k := range x {
			a := r.NormFloat64()
			x[k] = []float64{a, a + r.NormFloat64()}
			y[k] = 3 + dotSlices(truth, x[k]) + 2*r.NormFloat64()
		}
		f, err := Ridge(x, y, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f.Coefficient(1)
	})
}

func TestRidgeRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		x      [][]float64
		y      []float64
		lambda float64
		prior  []float64
		want   error
	}{
		{"nothing", nil, nil, 1, nil, ErrTooFew},
		{"other length", [][]float64{{1}}, []float64{1, 2}, 1, nil, ErrShape},
		{"ragged", [][]float64{{1}, {1, 2}}, []float64{1, 2}, 1, nil, ErrShape},
		{"not a number", [][]float64{{1}, {math.NaN()}}, []float64{1, 2}, 1, nil, ErrShape},
		{"prior of other length", [][]float64{{1}, {2}}, []float64{1, 2}, 1, []float64{1, 2}, ErrShape},
		{"below zero", [][]float64{{1}, {2}}, []float64{1, 2}, -1, nil, ErrShape},
		{"twice the same", [][]float64{{1, 1}, {2, 2}, {4, 4}, {5, 5}}, []float64{1, 2, 3, 4}, 0, nil, ErrTooFew},
		{"constant", [][]float64{{1}, {1}, {1}}, []float64{1, 2, 3}, 0, nil, ErrTooFew},
		{"more columns than rows", [][]float64{{1, 3}, {2, 1}}, []float64{1, 2}, 0, nil, ErrTooFew},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Ridge(c.x, c.y, c.lambda, c.prior); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
		})
	}
}
