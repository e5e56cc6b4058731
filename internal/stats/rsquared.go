package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// RSquared gives the interval of the part of the spread of y that p columns
// account for, 0 to 1, where least squares on n independent observations told
// r2 of it: its ends are those shares under which an F as large, or as small,
// would come but once in forty (noncentral F; Steiger and Fouladi 1997, in What
// If There Were No Significance Tests; Smithson 2001, Educational and
// Psychological Measurement 61). Its lower end is 0 exactly where the F test
// finds nothing at 2.5 %: then the columns may tell nothing at all. It is not
// centred on r2, which flatters when there are many columns for few
// observations. Without degrees of freedom it is NaN with N 0.
func RSquared(r2 float64, n int64, p int) Interval {
	df := float64(n) - float64(p) - 1
	if p < 1 || df <= 0 || !(r2 >= 0 && r2 < 1) {
		return unknown()
	}
	f := r2 / float64(p) / ((1 - r2) / df)
	tail := (1 - Confidence) / 2
	share := func(probability float64) float64 {
		lambda := noncentrality(f, float64(p), df, probability)
		return lambda / (lambda + float64(n))
	}
	return Interval{Value: r2, Low: share(1 - tail), High: share(tail), N: n}
}

// noncentrality finds under which noncentrality an F is not exceeded with a
// probability; 0 where none is low enough.
func noncentrality(f, p, df, probability float64) float64 {
	if noncentralF(f, p, df, 0) <= probability {
		return 0
	}
	low, high := 0.0, 1.0
	for noncentralF(f, p, df, high) > probability {
		low, high = high, 2*high
	}
	for range 50 {
		middle := (low + high) / 2
		if noncentralF(f, p, df, middle) > probability {
			low = middle
		} else {
			high = middle
		}
		if high-low < 1e-9*high {
			break
		}
	}
	return (low + high) / 2
}

// noncentralF is the probability that a noncentral F with p and df degrees of
// freedom is at most f: a Poisson mixture of beta distributions (Johnson, Kotz
// and Balakrishnan 1995, Continuous Univariate Distributions 2, ch. 30),
// summed from the middle outwards.
func noncentralF(f, p, df, lambda float64) float64 {
	x := p * f / (p*f + df)
	term := func(i float64) float64 { return mathext.RegIncBeta(p/2+i, df/2, x) }
	if lambda == 0 {
		return term(0)
	}
	weights := distuv.Poisson{Lambda: lambda / 2}
	const least = 1e-13
	middle := math.Floor(lambda / 2)
	var sum float64
	for i := middle; ; i++ {
		w := weights.Prob(i)
		sum += w * term(i)
		if w < least {
			break
		}
	}
	for i := middle - 1; i >= 0; i-- {
		w := weights.Prob(i)
		sum += w * term(i)
		if w < least {
			break
		}
	}
	return math.Min(1, sum)
}
