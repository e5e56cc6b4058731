package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Difference is how much one group is above another, with its interval and the
// probability of a difference at least as large were there none (two-sided).
// N counts both groups. P is NaN where a group is too small to tell.
type Difference struct {
	Interval
	P float64 `json:"p" doc:"How probable a difference as large is when there is none"`
}

func undecided(n int64) Difference {
	return Difference{Interval{math.NaN(), math.NaN(), math.NaN(), n}, math.NaN()}
}

// DiffMeans compares the means of two independent groups, a less b, in the
// unit of the values, without assuming that both are spread alike (Welch 1947,
// Biometrika 34, with Satterthwaite's degrees of freedom). Groups of fewer
// than two give NaN. Two groups without any spread differ surely or not at all.
func DiffMeans(a, b []float64) Difference {
	return DiffMoments(momentsOf(a), momentsOf(b))
}

// Moments is what a mean and its error are made of, for values that need not be
// kept. Variance is the sample's, divided by N − 1.
type Moments struct {
	N              int64
	Mean, Variance float64
}

func momentsOf(values []float64) Moments {
	if len(values) < 2 {
		return Moments{N: int64(len(values))}
	}
	mean, variance := stat.MeanVariance(values, nil)
	return Moments{int64(len(values)), mean, variance}
}

// DiffMoments is DiffMeans of two groups of which only the moments are known.
func DiffMoments(a, b Moments) Difference {
	n := a.N + b.N
	if a.N < 2 || b.N < 2 {
		return undecided(n)
	}
	na, nb := float64(a.N), float64(b.N)
	sa, sb := a.Variance/na, b.Variance/nb
	difference, se := a.Mean-b.Mean, math.Sqrt(sa+sb)
	if se == 0 {
		p := 1.0
		if difference != 0 {
			p = 0
		}
		return Difference{around(difference, 0, n), p}
	}
	df := (sa + sb) * (sa + sb) / (sa*sa/(na-1) + sb*sb/(nb-1))
	p := 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.CDF(-math.Abs(difference/se))
	return Difference{around(difference, student(df)*se, n), p}
}

// DiffShares compares what parts of two independent groups said yes, first
// less second, −1 to 1. The interval is Newcombe's hybrid of two Wilson
// intervals (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10); P
// is the two-sided z test with the pooled share (Pearson's χ² of the fourfold
// table). Groups without answers give NaN.
func DiffShares(yes1, n1, yes2, n2 int64) Difference {
	a, b := Share(yes1, n1), Share(yes2, n2)
	if a.N == 0 || b.N == 0 {
		return undecided(a.N + b.N)
	}
	difference := a.Value - b.Value
	out := Difference{Interval{
		Value: difference,
		Low:   difference - math.Hypot(a.Value-a.Low, b.High-b.Value),
		High:  difference + math.Hypot(a.High-a.Value, b.Value-b.Low),
		N:     n1 + n2,
	}, 1}
	pooled := float64(yes1+yes2) / float64(n1+n2)
	if se := math.Sqrt(pooled * (1 - pooled) * (1/float64(n1) + 1/float64(n2))); se > 0 {
		out.P = twoSided(difference / se)
	}
	return out
}

// DiffNPS compares two Net Promoter Scores of independent groups, first less
// second, in points from −200 to 200, on the adjusted counts of NPS (¾ more
// promoters and detractors, 3 more answers, in each group; Lewis and Sauro
// 2021, MeasuringU). Groups without answers give NaN.
func DiffNPS(promoters1, passives1, detractors1, promoters2, passives2, detractors2 int64) Difference {
	a, b := NPS(promoters1, passives1, detractors1), NPS(promoters2, passives2, detractors2)
	if a.N == 0 || b.N == 0 {
		return undecided(a.N + b.N)
	}
	s1, v1 := adjustedNPS(promoters1, detractors1, a.N)
	s2, v2 := adjustedNPS(promoters2, detractors2, b.N)
	se := math.Sqrt(v1 + v2)
	out := Difference{around(100*(s1-s2), 100*z()*se, a.N+b.N), twoSided((s1 - s2) / se)}
	out.Value = a.Value - b.Value
	return out
}

// twoSided is the probability of being as far from 0 as score or further.
func twoSided(score float64) float64 { return 2 * distuv.UnitNormal.CDF(-math.Abs(score)) }
