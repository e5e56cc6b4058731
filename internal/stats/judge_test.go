package stats

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestAUC works the 109 tomographies of Hanley and McNeil 1982 (Radiology 143,
// table I), rated 1 (surely normal) to 5 (surely not): area 0.8932; DeLong's
// error as Stata's roctab gives it for the same data: 0.0307, 0.83295 to 0.95339.
func TestAUC(t *testing.T) {
	normal, abnormal := []int{33, 6, 6, 11, 2}, []int{3, 2, 2, 11, 33}
	var scores []float64
	var ill []bool
	for k := range normal {
		for range normal[k] {
			scores, ill = append(scores, float64(k+1)), append(ill, false)
		}
		for range abnormal[k] {
			scores, ill = append(scores, float64(k+1)), append(ill, true)
		}
	}
	i, err := AUC(scores, ill)
	if err != nil {
		t.Fatal(err)
	}
	between(t, "the area", i, 0.8932, 0.83295, 0.95339, 0.00006)
}

// TestAUCAgainstAllPairs compares with the definition, one pair after the other.
func TestAUCAgainstAllPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 40).Draw(t, "n")
		scores, happened := make([]float64, n), make([]bool, n)
		for k := range scores {
			scores[k], happened[k] = float64(rapid.IntRange(0, 9).Draw(t, "score")), rapid.Bool().Draw(t, "happened")
		}
		var right, pairs, yes float64
		for a := range n {
			if happened[a] {
				yes++
			}
			for b := range n {
				if !happened[a] || happened[b] {
					continue
				}
				pairs++
				switch {
				case scores[a] > scores[b]:
					right++
				case scores[a] == scores[b]:
					right += 0.5
				}
			}
		}
		i, err := AUC(scores, happened)
		if yes < 2 || float64(n)-yes < 2 {
			if !errors.Is(err, ErrTooFew) {
				t.Fatalf("%v of %d happened, and it said %v", yes, n, err)
			}
			return
		}
		if err != nil || math.Abs(i.Value-right/pairs) > 1e-9 || i.Low > i.Value || i.High < i.Value {
			t.Fatalf("%v (%v), by pairs %v", i, err, right/pairs)
		}
	})
}

func TestAUCCovers(t *testing.T) {
	r := chance(10)
	// Two normals one apart: P(one above the other) = Φ(1/√2) = 0.7602.
	covers(t, "an area", 0.760250, 0.02, 2000, func() Interval {
		scores, happened := make([]float64, 120), make([]bool, 120)
		for k := range scores {
			scores[k], happened[k] = r.NormFloat64(), k%3 == 0
			if happened[k] {
				scores[k]++
			}
		}
		i, err := AUC(scores, happened)
		if err != nil {
			t.Fatal(err)
		}
		return i
	})
}

// TestLosses works both by hand: 0.9 and it happened, 0.2 and it did not, 0.6
// and it did not: (0.01 + 0.04 + 0.36)/3, −(ln 0.9 + ln 0.8 + ln 0.4)/3.
func TestLosses(t *testing.T) {
	predicted, happened := []float64{0.9, 0.2, 0.6}, []bool{true, false, false}
	brier, err := Brier(predicted, happened)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Brier's score", brier.Value, 0.41/3, 1e-12)
	logs, err := LogLoss(predicted, happened)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the logarithmic loss", logs.Value, (0.1053605157+0.2231435513+0.9162907319)/3, 1e-9)
	if i, err := LogLoss([]float64{0, 1}, []bool{true, false}); err != nil || !finite(i.Value) {
		t.Errorf("sure and wrong: %v, %v", i, err)
	}
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := Brier([]float64{p}, []bool{true}); !errors.Is(err, ErrShape) {
			t.Errorf("%v is no probability, and it said %v", p, err)
		}
	}
	if _, err := LogLoss(predicted, happened[:1]); !errors.Is(err, ErrShape) {
		t.Errorf("lengths differ, and it said %v", err)
	}
}

func TestCalibration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, groups := rapid.IntRange(0, 80).Draw(t, "n"), rapid.IntRange(1, 12).Draw(t, "bins")
		predicted, happened := make([]float64, n), make([]bool, n)
		yes := 0.0
		for k := range predicted {
			predicted[k] = float64(rapid.IntRange(0, 20).Draw(t, "p")) / 20
			if happened[k] = rapid.Bool().Draw(t, "happened"); happened[k] {
				yes++
			}
		}
		bins, err := Calibration(predicted, happened, groups)
		if err != nil || len(bins) > groups {
			t.Fatalf("%d bins, %v", len(bins), err)
		}
		var all, observed, last float64
		last = -1
		for _, b := range bins {
			all += float64(b.Observed.N)
			observed += b.Observed.Value * float64(b.Observed.N)
			if b.Low <= last || b.High < b.Low || b.Predicted < b.Low-1e-9 || b.Predicted > b.High+1e-9 {
				t.Fatalf("bins overlap or lie: %+v", bins)
			}
			last = b.High
		}
		if all != float64(n) || math.Abs(observed-yes) > 1e-6 {
			t.Fatalf("%v of %v in the bins, %v of %d there were", observed, all, yes, n)
		}
	})
	// Honest predictions are what happens, bin by bin.
	r := chance(11)
	predicted, happened := make([]float64, 5000), make([]bool, 5000)
	for k := range predicted {
		predicted[k] = r.Float64()
		happened[k] = r.Float64() < predicted[k]
	}
	bins, err := Calibration(predicted, happened, 10)
	if err != nil || len(bins) != 10 {
		t.Fatalf("%d bins, %v", len(bins), err)
	}
	for _, b := range bins {
		near(t, "what happened", b.Observed.Value, b.Predicted, 0.08)
	}
	if _, err := Calibration(predicted, happened, 0); !errors.Is(err, ErrShape) {
		t.Errorf("no bins, and it said %v", err)
	}
}
