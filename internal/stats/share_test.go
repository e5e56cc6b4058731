package stats

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestShare works the four examples of Newcombe 1998 (Statistics in Medicine
// 17, table I, method 3: Wilson without continuity correction).
func TestShare(t *testing.T) {
	for _, c := range []struct {
		yes, n    int64
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		t.Run(fmt.Sprintf("%d of %d", c.yes, c.n), func(t *testing.T) {
			between(t, "the share", Share(c.yes, c.n), float64(c.yes)/float64(c.n), c.low, c.high, 0.00005)
		})
	}
	if i := Share(0, 0); i.N != 0 || !math.IsNaN(i.Value) {
		t.Errorf("the share of nobody is %v", i)
	}
	if i := Share(20, 20); i.High != 1 {
		t.Errorf("all of them, yet the upper end is %v", i.High)
	}
}

func TestShareCovers(t *testing.T) {
	r := chance(4)
	for _, p := range []float64{0.05, 0.3, 0.5} {
		covers(t, fmt.Sprintf("a share of %v", p), p, 0.03, 5000, func() Interval {
			yes := int64(0)
			for range 60 {
				if r.Float64() < p {
					yes++
				}
			}
			return Share(yes, 60)
		})
	}
}

// TestNPS works the formula of Rocks 2016 by hand on 36 answers with 19
// promoters, 12 passives and 5 detractors: p = 19.75/39 = 0.506410,
// d = 5.75/39 = 0.147436, p−d = 0.358974, variance 0.653846 − 0.128863 =
// 0.524984, standard error √(0.524984/39) = 0.116021, half width 0.227398.
func TestNPS(t *testing.T) {
	between(t, "the score", NPS(19, 12, 5), 38.888889, 13.157640, 58.637232, 0.0005)
	if i := NPS(0, 0, 0); i.N != 0 || !math.IsNaN(i.Value) {
		t.Errorf("the score of nobody is %v", i)
	}
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Int64Range(0, 200)
		p, s, d := count.Draw(t, "promoters"), count.Draw(t, "passives"), count.Draw(t, "detractors")
		if p+s+d == 0 {
			return
		}
		i, turned := NPS(p, s, d), NPS(d, s, p)
		if i.Low < -100 || i.High > 100 || i.Low > i.High || i.N != p+s+d {
			t.Fatalf("out of range: %v", i)
		}
		if math.Abs(i.Value+turned.Value) > 1e-9 || math.Abs(i.Low+turned.High) > 1e-9 {
			t.Fatalf("promoters and detractors are not treated alike: %v and %v", i, turned)
		}
	})
}

func TestNPSCovers(t *testing.T) {
	r := chance(5)
	for _, n := range []int{15, 50, 300} {
		covers(t, fmt.Sprintf("a score of %d answers", n), 30, 0.025, 5000, func() Interval {
			var p, s, d int64
			for range n {
				switch u := r.Float64(); {
				case u < 0.5:
					p++
				case u < 0.8:
					s++
				default:
					d++
				}
			}
			return NPS(p, s, d)
		})
	}
}
