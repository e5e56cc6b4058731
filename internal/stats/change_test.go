package stats

import (
	"errors"
	"math"
	"testing"
)

// TestChangePoint finds when the dam at Aswan was begun in the flow of the
// Nile 1871 to 1970 (Cobb 1978, Biometrika 65): the mean falls from 1097.75
// to 849.97 (10⁸ m³) after 1898, its 28th year.
func TestChangePoint(t *testing.T) {
	nile := []float64{1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180,
		799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692,
		1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796,
		1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848,
		890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740}
	c, err := ChangePoint(nile, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.At != 28 {
		t.Errorf("the change is after %d years, not 28", c.At)
	}
	near(t, "the mean before", c.Before, 1097.75, 1e-9)
	near(t, "the mean after", c.After, 849.9722, 0.0001)
	near(t, "p", c.P, 0.00002, 1e-12)
	again, err := ChangePoint(nile, nil, 1)
	if err != nil || again != c {
		t.Errorf("the same seed gave %+v and %+v", c, again)
	}
}

// TestChangePointWeighs: a wild value that hardly anybody stands behind is no
// change, and gaps keep their place.
func TestChangePointWeighs(t *testing.T) {
	r := chance(13)
	series, weights := make([]float64, 30), make([]float64, 30)
	for k := range series {
		series[k], weights[k] = r.NormFloat64()/10, 100
	}
	for k := 20; k < 30; k++ {
		series[k] += 0.3
	}
	series[2], weights[2] = -40, 0.0001
	series[3], weights[4] = math.NaN(), 0
	c, err := ChangePoint(series, weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.At != 20 || c.P > 0.01 || c.After < 0.2 || c.Before > 0.1 {
		t.Errorf("found %+v", c)
	}
	if flat, err := ChangePoint(make([]float64, 9), nil, 1); err != nil || flat.P != 1 {
		t.Errorf("a flat line: %+v, %v", flat, err)
	}
}

// TestChangePointOnStableSeries counts false alarms where nothing changes but
// how much is known of each value: about as many as P says.
func TestChangePointOnStableSeries(t *testing.T) {
	r := chance(14)
	const trials = 1500
	var at5, at1 float64
	for k := range trials {
		series, weights := make([]float64, 26), make([]float64, 26)
		for k := range series {
			weights[k] = 5 + 40*float64(k)/25 // more and more answer
			series[k] = 0.4 + r.NormFloat64()/math.Sqrt(weights[k])
		}
		c, err := ChangePoint(series, weights, uint64(k))
		if err != nil {
			t.Fatal(err)
		}
		if c.P <= 0.05 {
			at5++
		}
		if c.P <= 0.01 {
			at1++
		}
	}
	near(t, "false alarms at 5 %", at5/trials, 0.05, 0.017)
	near(t, "false alarms at 1 %", at1/trials, 0.01, 0.008)
}

func TestChangePointRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		series  []float64
		weights []float64
		want    error
	}{
		{"five values", count(5), nil, ErrTooFew},
		{"six, one of them without weight", count(6), []float64{1, 1, 0, 1, 1, 1}, ErrTooFew},
		{"weights of another number", count(8), count(7), ErrShape},
		{"weight below zero", count(6), []float64{1, 1, -1, 1, 1, 1}, ErrShape},
		{"infinite", append(count(6), math.Inf(-1)), nil, ErrShape},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ChangePoint(c.series, c.weights, 1); !errors.Is(err, c.want) {
				t.Errorf("said %v, want %v", err, c.want)
			}
		})
	}
}

// TestFalseDiscovery works the example of Benjamini and Hochberg 1995 (section
// 3.2, 15 comparisons of two treatments): four stand at 0.05, where
// Bonferroni's bound lets three.
func TestFalseDiscovery(t *testing.T) {
	p := []float64{0.0459, 0.0001, 0.6528, 0.0019, 0.0278, 0.0095, 0.3240, 0.0201, 0.7590, 0.0004, 0.0298, 1, 0.5719, 0.4262, 0.0344, math.NaN()}
	stands := FalseDiscovery(p, 0.05)
	for k, v := range p {
		if want := v <= 0.0095; stands[k] != want {
			t.Errorf("p = %v stands: %v", v, stands[k])
		}
	}
	// Larger p values below the line pull smaller ones above it along.
	if got := FalseDiscovery([]float64{0.03, 0.04}, 0.05); !got[0] || !got[1] {
		t.Errorf("0.03 and 0.04 of two stand together, yet: %v", got)
	}
	if got := FalseDiscovery(nil, 0.05); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// TestFalseDiscoveryKeepsItsPromise: one of five tests finds what is there;
// of all that is found, no more than a tenth is false on average.
func TestFalseDiscoveryKeepsItsPromise(t *testing.T) {
	r := chance(15)
	const trials, q = 3000, 0.1
	var falseParts float64
	for range trials {
		p := make([]float64, 50)
		for k := range p {
			p[k] = r.Float64()
			if k < 10 {
				p[k] = math.Pow(p[k], 6)
			}
		}
		var said, wrong float64
		for k, stands := range FalseDiscovery(p, q) {
			if stands {
				said++
				if k >= 10 {
					wrong++
				}
			}
		}
		falseParts += wrong / max(said, 1)
	}
	// With 40 of 50 true null hypotheses the exact rate is q·40/50.
	near(t, "the part of discoveries that is false", falseParts/trials, q*40/50, 0.01)
}
