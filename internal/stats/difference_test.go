package stats

import (
	"math"
	"testing"
)

// TestDiffMeans works Student's sleep data as two groups, the example of R's
// t.test: t = −1.8608 on 17.776 degrees of freedom, p = 0.07939, −3.3654832
// to 0.2054832.
func TestDiffMeans(t *testing.T) {
	first := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2}
	second := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	d := DiffMeans(first, second)
	between(t, "the difference", d.Interval, -1.58, -3.3654832, 0.2054832, 1e-6)
	near(t, "p", d.P, 0.07939, 0.000005)
	if d := DiffMeans(first[:1], second); !math.IsNaN(d.P) {
		t.Errorf("one value was compared: %v", d)
	}
	if d := DiffMeans([]float64{1, 1}, []float64{2, 2}); d.P != 0 || d.Value != -1 {
		t.Errorf("values without spread: %v", d)
	}
}

// TestDiffMoments gives the same from the moments of the sleep data alone.
func TestDiffMoments(t *testing.T) {
	d := DiffMoments(Moments{10, 0.75, 3.200556}, Moments{10, 2.33, 4.009})
	between(t, "the difference", d.Interval, -1.58, -3.3654832, 0.2054832, 1e-5)
	near(t, "p", d.P, 0.07939, 0.00001)
}

// TestDiffShares works examples of Newcombe 1998 (Statistics in Medicine 17,
// table II, method 10).
func TestDiffShares(t *testing.T) {
	for _, c := range []struct {
		yes1, n1, yes2, n2 int64
		value, low, high   float64
	}{
		{56, 70, 48, 80, 0.2, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.6, 0.1705, 0.8090},
		{10, 10, 0, 20, 1, 0.6791, 1},
		{10, 10, 0, 10, 1, 0.6075, 1},
	} {
		d := DiffShares(c.yes1, c.n1, c.yes2, c.n2)
		between(t, "the difference", d.Interval, c.value, c.low, c.high, 0.00005)
	}
	// χ² = 150·(56·32 − 14·48)²/(70·80·104·46) = 7.0234: z = 2.65017.
	near(t, "p", DiffShares(56, 70, 48, 80).P, 0.008045, 0.000005)
	if d := DiffShares(0, 5, 0, 9); d.P != 1 || d.Value != 0 {
		t.Errorf("nobody in either: %v", d)
	}
}

// TestDiffNPS works the formula by hand: 19, 12, 5 (adjusted 0.358974,
// variance 0.524984/39 = 0.0134611) against 10, 10, 16 (p = 10.75/39,
// d = 16.75/39: −0.153846, variance (0.705128 − 0.023669)/39 = 0.0174733).
func TestDiffNPS(t *testing.T) {
	d := DiffNPS(19, 12, 5, 10, 10, 16)
	near(t, "the difference", d.Value, 38.888889+16.666667, 1e-5)
	half := 1.959964 * math.Sqrt(0.0134611+0.0174733)
	near(t, "the lower end", d.Low, 100*(0.512821-half), 0.001)
	near(t, "the upper end", d.High, 100*(0.512821+half), 0.001)
	near(t, "p", d.P, 0.003548, 0.00001)
}

// TestDifferencesFindNothingWhereNothingIs counts false alarms of the tests on
// groups that are alike: about one in twenty.
func TestDifferencesFindNothingWhereNothingIs(t *testing.T) {
	r := chance(6)
	const trials = 4000
	var means, shares, scores int
	for range trials {
		a, b := make([]float64, 12), make([]float64, 30)
		for k := range a {
			a[k] = 4 * r.NormFloat64()
		}
		for k := range b {
			b[k] = r.NormFloat64()
		}
		if DiffMeans(a, b).P < 0.05 {
			means++
		}
		var yes [2]int64
		var nps [2][3]int64
		for k := range 160 {
			if r.Float64() < 0.3 {
				yes[k%2]++
			}
			nps[k%2][r.IntN(3)]++
		}
		if DiffShares(yes[0], 80, yes[1], 80).P < 0.05 {
			shares++
		}
		if DiffNPS(nps[0][0], nps[0][1], nps[0][2], nps[1][0], nps[1][1], nps[1][2]).P < 0.05 {
			scores++
		}
	}
	near(t, "false alarms of means", float64(means)/trials, 0.05, 0.012)
	near(t, "false alarms of shares", float64(shares)/trials, 0.05, 0.012)
	near(t, "false alarms of scores", float64(scores)/trials, 0.05, 0.012)
}
