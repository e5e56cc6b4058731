package stats

import (
	"errors"
	"math"
	"testing"
)

// TestLogistic works the space shuttle's O-rings (Dalal, Fowlkes and Hoadley
// 1989, JASA 84): damage by temperature in 23 launches before Challenger's.
// 15.0429 − 0.2322·°F, errors 7.3786 and 0.1082, deviance 20.315.
func TestLogistic(t *testing.T) {
	temperatures := []float64{66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58}
	damaged := []int{0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1}
	var x [][]float64
	var y []bool
	for k, degrees := range temperatures {
		x, y = append(x, []float64{degrees}), append(y, damaged[k] == 1)
	}
	f, err := Logistic(x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the intercept", f.Intercept, 15.0429, 0.0001)
	near(t, "its error", f.InterceptError, 7.3786, 0.0001)
	near(t, "the slope", f.Coefficients[0], -0.2322, 0.0001)
	near(t, "its error", f.Errors[0], 0.1082, 0.0001)
	near(t, "the deviance", f.Deviance, 20.315, 0.001)
	// On the morning of the launch it was 31 °F.
	at := f.Predict([]float64{31})
	near(t, "the probability at 31 °F", at.Value, 0.9996, 0.0001)
	if at.Low > 0.9 || at.High > 1 {
		t.Errorf("so far from all that was seen it should be less sure: %v", at)
	}
	near(t, "the probability without interval", f.Probability([]float64{31}), at.Value, 1e-12)
}

// TestLogisticHeldBack checks a penalised fit by what makes it the best: the
// score's slope is nought, Σ(y−p)·x = lambda·b, and Σ(y−p) = 0.
func TestLogisticHeldBack(t *testing.T) {
	r := chance(8)
	const lambda = 3.0
	x, y := make([][]float64, 200), make([]bool, 200)
	for k := range x {
		x[k] = []float64{100 + r.NormFloat64(), r.Float64()}
		y[k] = r.Float64() < logistic(x[k][0]-100-2*x[k][1])
	}
	f, err := Logistic(x, y, lambda)
	if err != nil {
		t.Fatal(err)
	}
	var all, first, second float64
	for k, row := range x {
		left := -f.Probability(row)
		if y[k] {
			left++
		}
		all, first, second = all+left, first+left*row[0], second+left*row[1]
	}
	near(t, "what is left over", all, 0, 1e-5)
	near(t, "what is left along the first column", first-lambda*f.Coefficients[0], 0, 1e-3)
	near(t, "what is left along the second", second-lambda*f.Coefficients[1], 0, 1e-3)
	more, err := Logistic(x, y, 1e9)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "a coefficient held back for ever", more.Coefficients[0], 0, 1e-6)
	near(t, "what it then predicts", more.Probability(x[0]), float64(more.Yes)/float64(more.N), 1e-6)
}

func TestLogisticCovers(t *testing.T) {
	r := chance(9)
	covers(t, "a log odds ratio", 0.8, 0.02, 1500, func() Interval {
		x, y := make([][]float64, 150), make([]bool, 150)
		for k := range x {
			x[k] = []float64{r.NormFloat64()}
			y[k] = r.Float64() < logistic(-0.5+0.8*x[k][0])
		}
		f, err := Logistic(x, y, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f.Coefficient(0)
	})
}

// TestMeanProbability: of the rows that it was fitted on without being held
// back, the mean probability is the share; and its interval covers.
func TestMeanProbability(t *testing.T) {
	r := chance(18)
	sample := func(n int) (x [][]float64, y []bool, yes float64) {
		for range n {
			row := []float64{r.NormFloat64()}
			x, y = append(x, row), append(y, r.Float64() < logistic(-1+row[0]))
			if y[len(y)-1] {
				yes++
			}
		}
		return x, y, yes
	}
	x, y, yes := sample(300)
	f, err := Logistic(x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the mean probability", f.MeanProbability(x).Value, yes/300, 1e-6)
	if i := f.MeanProbability(nil); i.N != 0 || !math.IsNaN(i.Value) {
		t.Errorf("of nobody: %v", i)
	}
	others, _, _ := sample(4000)
	var truth float64
	for _, row := range others {
		truth += logistic(-1+row[0]) / 4000
	}
	covers(t, "a mean probability", truth, 0.03, 600, func() Interval {
		x, y, _ := sample(300)
		f, err := Logistic(x, y, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f.MeanProbability(others)
	})
}

func TestLogisticRefuses(t *testing.T) {
	x := [][]float64{{1}, {2}, {3}, {4}}
	for _, c := range []struct {
		name   string
		y      []bool
		lambda float64
		want   error
	}{
		{"all the same", []bool{true, true, true, true}, 1, ErrTooFew},
		{"parted completely", []bool{false, false, true, true}, 0, ErrTooFew},
		{"other length", []bool{true}, 1, ErrShape},
		{"not a number", []bool{true, false, true, false}, math.NaN(), ErrShape},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Logistic(x, c.y, c.lambda); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
		})
	}
	// Held back, even what is parted completely has a fit.
	if f, err := Logistic(x, []bool{false, false, true, true}, 0.5); err != nil || f.Coefficients[0] <= 0 {
		t.Errorf("held back: %v, %v", f.Coefficients, err)
	}
}

// TestMeanDifference: with one column that is yes or no, the difference of means
// is that of two shares, and its interval is the textbook's for two shares.
func TestMeanDifference(t *testing.T) {
	var x [][]float64
	var y []bool
	for k := range 300 {
		x, y = append(x, []float64{float64(k % 2)}), append(y, k%2 == 1 && k < 160 || k%2 == 0 && k < 60)
	}
	f, err := Logistic(x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := func(v float64) [][]float64 {
		rows := make([][]float64, len(x))
		for k := range rows {
			rows[k] = []float64{v}
		}
		return rows
	}
	got := f.MeanDifference(all(1), all(0))
	p, q := 80./150, 30./150
	half := 1.959964 * math.Sqrt(p*(1-p)/150+q*(1-q)/150)
	near(t, "the difference", got.Value, p-q, 1e-6)
	near(t, "half of its interval", (got.High-got.Low)/2, half, 1e-5)
	if nothing := f.MeanDifference(nil, nil); nothing.N != 0 {
		t.Errorf("of none: %+v", nothing)
	}
}
