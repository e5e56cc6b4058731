package app_test

import (
	"math"
	"testing"
	"time"

	"regia/internal/testkit"
)

// driverAnswer is what the API tells of drivers, as far as it is checked.
type driverAnswer struct {
	Scale, Of, Refused string
	N                  int64
	R2                 *struct{ Value, Low, High float64 }
	Drivers            []struct {
		Key         string
		N           int64
		Weight      struct{ Value, Low, High float64 }
		Share       struct{ Value, Low, High float64 }
		Slope       struct{ Value, Low, High float64 }
		Direction   int
		Corner      string
		Performance struct{ Value float64 }
	}
	LeftOut []struct{ Key, Why string } `json:"left_out"`
	Again   struct {
		N     int64
		Point *struct{ Value, Low, High float64 }
	}
}

// What drives the stars of Olist's reviews is its deliveries. The figures are
// reckoned again here by other means: least squares by Gauss, and what each
// driver adds to R² averaged over all orders in which they may come in, which
// Johnson's weights are made to come near to (LMG; Lindeman, Merenda and Gold
// 1980).
func TestDriversOfOlist(t *testing.T) {
	w := open(t)
	w.bring("olist", testkit.RealData(t, "olist"))
	var a driverAnswer
	began := time.Now()
	w.get("/api/v1/drivers?scale=stars&of=lived", &a)
	if a.Refused != "" || a.R2 == nil || len(a.Drivers) < 3 {
		t.Fatalf("%+v", a)
	}
	t.Logf("n = %d, R² %.3f (%.3f to %.3f), in %.1f s", a.N, a.R2.Value, a.R2.Low, a.R2.High, time.Since(began).Seconds())
	for _, d := range a.Drivers {
		t.Logf("%-16s n %5d  share %.3f (%.3f to %.3f)  one more: %+.3f stars (%+.3f to %+.3f)  %s", d.Key, d.N, d.Share.Value, d.Share.Low, d.Share.High, d.Slope.Value, d.Slope.Low, d.Slope.High, d.Corner)
	}
	lead := a.Drivers[0]
	if lead.Key != "late-delivery" && lead.Key != "late-waiting" || lead.Direction != -1 {
		t.Errorf("not delay leads, but %s", lead.Key)
	}

	picture, err := w.Impact.Picture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rules := make([]int, len(a.Drivers))
	for j, d := range a.Drivers {
		for i, r := range picture.Book.Rules {
			if r.Key == d.Key {
				rules[j] = i
			}
		}
	}
	var x [][]float64
	var y []float64
	for _, k := range picture.Answers() {
		if k.Scale.Key != "stars" {
			continue
		}
		row := make([]float64, len(rules))
		for j, rule := range rules {
			row[j] = k.Feature(rule)
		}
		x, y = append(x, row), append(y, k.Score)
	}
	w.same("answers", a.N, int64(len(y)))
	p := len(rules)
	explained := make([]float64, 1<<p)
	var slopes []float64
	for set := 1; set < 1<<p; set++ {
		explained[set], slopes = squares(x, y, set)
	}
	all := explained[len(explained)-1]
	var sum float64
	for j, d := range a.Drivers {
		var lmg float64
		for set := range explained {
			if set&(1<<j) == 0 {
				size := 0
				for rest := set; rest > 0; rest &= rest - 1 {
					size++
				}
				lmg += (explained[set|1<<j] - explained[set]) * factorial(size) * factorial(p-1-size) / factorial(p)
			}
		}
		sum += d.Weight.Value
		if math.Abs(d.Weight.Value-lmg) > 0.01 {
			t.Errorf("%s weighs %v, over all orders %v", d.Key, d.Weight.Value, lmg)
		}
		if math.Abs(d.Slope.Value-slopes[j]) > 1e-6 || d.Slope.Low > slopes[j] || d.Slope.High < slopes[j] {
			t.Errorf("one more of %s is worth %+v stars, by Gauss %v", d.Key, d.Slope, slopes[j])
		}
	}
	if math.Abs(a.R2.Value-all) > 1e-9 || math.Abs(sum-all) > 1e-9 {
		t.Errorf("R² is %v, the weights add up to %v; by Gauss %v", a.R2.Value, sum, all)
	}
}

func factorial(n int) float64 {
	if n < 2 {
		return 1
	}
	return float64(n) * factorial(n-1)
}

// squares fits y to the columns of a set by least squares, and gives R² and the
// slopes of the columns.
func squares(x [][]float64, y []float64, set int) (r2 float64, slopes []float64) {
	var columns []int
	for j := range x[0] {
		if set&(1<<j) != 0 {
			columns = append(columns, j)
		}
	}
	m := len(columns) + 1
	system := make([][]float64, m) // X'X with X'y at its right
	for i := range system {
		system[i] = make([]float64, m+1)
	}
	row := make([]float64, m+1)
	var mean, total float64
	for k := range y {
		row[0], row[m] = 1, y[k]
		for i, j := range columns {
			row[i+1] = x[k][j]
		}
		for i := range m {
			for j := range m + 1 {
				system[i][j] += row[i] * row[j]
			}
		}
		mean += y[k] / float64(len(y))
	}
	for i := range m {
		for j := range m {
			if j == i {
				continue
			}
			factor := system[j][i] / system[i][i]
			for c := range m + 1 {
				system[j][c] -= factor * system[i][c]
			}
		}
	}
	var rest float64
	for k := range y {
		fit := system[0][m] / system[0][0]
		for i, j := range columns {
			fit += system[i+1][m] / system[i+1][i+1] * x[k][j]
		}
		rest += (y[k] - fit) * (y[k] - fit)
		total += (y[k] - mean) * (y[k] - mean)
	}
	for i := 1; i < m; i++ {
		slopes = append(slopes, system[i][m]/system[i][i])
	}
	return 1 - rest/total, slopes
}
