package stats

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"regia/internal/experience"
)

// Confidence is the probability with which an interval of this package holds
// the truth, were the study repeated many times.
const Confidence = 0.95

// ErrTooFew is returned where fewer values were given than the method needs to
// say anything at all.
var ErrTooFew = errors.New("too few values")

// ErrShape is returned where rows, columns, values or weights do not fit
// together, or a number among them is not finite.
var ErrShape = errors.New("values do not fit together")

// Interval is a figure with how sure it is, in the unit of the values it was
// made of.
//
// Value is NaN when there was nothing to make it of (N = 0). Low and High are
// infinite when one value alone cannot tell how much values differ: Bounded
// says so, and such an interval must not be written as JSON.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low" doc:"Lower end of the 95 % interval"`
	High  float64 `json:"high" doc:"Upper end of the 95 % interval"`
	N     int64   `json:"n" doc:"How many observations it rests on"`
}

// Bounded tells whether the figure and both ends are numbers.
func (i Interval) Bounded() bool {
	sum := i.Value + i.Low + i.High
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// TooFew tells whether the figure must not be shown: experience.TooFew says why.
func (i Interval) TooFew() bool { return i.N < experience.TooFew || !i.Bounded() }

// Within cuts the ends to the range that values of this kind can have, such as
// −1 to 1 for an impact.
func (i Interval) Within(low, high float64) Interval {
	i.Low, i.High = math.Max(i.Low, low), math.Min(i.High, high)
	return i
}

// Doubted widens the interval by a standard error that all the values share,
// such as that of the rule they were inferred by, which more values do not
// lessen: both are independent, so half widths join as the root of their squares.
func (i Interval) Doubted(standardError float64) Interval {
	doubt := z() * standardError
	i.Low, i.High = i.Value-math.Hypot(i.Value-i.Low, doubt), i.Value+math.Hypot(i.High-i.Value, doubt)
	return i
}

// Estimate gives the figure as the language of the house has it.
func (i Interval) Estimate(e experience.Evidence) experience.Estimate {
	return experience.Estimate{Value: i.Value, Low: i.Low, High: i.High, N: i.N, Evidence: e}
}

// around makes an interval from a figure and its half width.
func around(value, half float64, n int64) Interval {
	return Interval{value, value - half, value + half, n}
}

// unknown is what can be said of nothing.
func unknown() Interval { return Interval{math.NaN(), math.NaN(), math.NaN(), 0} }

// z is the standard normal quantile of a two-sided interval, 1.96.
func z() float64 { return distuv.UnitNormal.Quantile(1 - (1-Confidence)/2) }

// student is the same quantile of Student's t with df degrees of freedom,
// infinite below the least that has one.
func student(df float64) float64 {
	if !(df > 0) {
		return math.Inf(1)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - (1-Confidence)/2)
}

// Mean gives the mean of independent values with Student's t interval,
// mean ± t(n−1)·s/√n (Student 1908, The Probable Error of a Mean, Biometrika
// 6). The unit is that of the values. Without values it is NaN with N 0; from
// one value its ends are infinite.
func Mean(values []float64) Interval {
	n := len(values)
	switch n {
	case 0:
		return unknown()
	case 1:
		return Interval{values[0], math.Inf(-1), math.Inf(1), 1}
	}
	mean, sd := stat.MeanStdDev(values, nil)
	return around(mean, student(float64(n-1))*sd/math.Sqrt(float64(n)), int64(n))
}

// WeightedMean gives Σwx/Σw of independent values that do not all count the
// same, such as older answers that count less. Weights are relative: only
// their proportions matter; those that are not above zero leave their value out.
//
// The standard error is the ratio estimator's, √(n/(n−1)·Σw²(x−m)²)/Σw
// (Cochran 1977, Sampling Techniques, 3rd ed., 6.4; Gatz and Smith 1995,
// Atmospheric Environment 29, find it nearest to the bootstrap), and the
// degrees of freedom are Kish's effective number (Σw)²/Σw² less one (Kish
// 1965, Survey Sampling, 11.7). N counts the values that had weight;
// values without one are left out. With equal weights it is Mean.
func WeightedMean(values, weights []float64) Interval {
	var n, sum, squares, mean float64
	for k, x := range values {
		if w := weightOf(weights, k); w > 0 {
			n++
			sum += w
			squares += w * w
			mean += w * x
		}
	}
	if n == 0 {
		return unknown()
	}
	mean /= sum
	if n == 1 {
		return Interval{mean, math.Inf(-1), math.Inf(1), 1}
	}
	var scatter float64
	for k, x := range values {
		if w := weightOf(weights, k); w > 0 {
			scatter += w * w * (x - mean) * (x - mean)
		}
	}
	se := math.Sqrt(scatter*n/(n-1)) / sum
	return around(mean, student(sum*sum/squares-1)*se, int64(n))
}

// weightOf is the weight of value k, 0 where none is given.
func weightOf(weights []float64, k int) float64 {
	if k >= len(weights) || math.IsInf(weights[k], 0) {
		return 0
	}
	return weights[k]
}

// Quantile gives the value below which a part p of all values lies (0 to 1;
// 0.5 is the median), interpolated between neighbours as definition 7 of
// Hyndman and Fan (1996, The American Statistician 50). Its interval needs no
// assumption about how values are spread: its ends are the values whose ranks
// hold the quantile with 95 % by the binomial distribution (Conover 1999,
// Practical Nonparametric Statistics, 3.2), and infinite where no rank is far
// enough out. The values keep their order.
func Quantile(values []float64, p float64) Interval {
	n := len(values)
	if n == 0 || math.IsNaN(p) || p < 0 || p > 1 {
		return unknown()
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	place := p * float64(n-1)
	below := int(place)
	value := sorted[below]
	if below+1 < n {
		value += (place - float64(below)) * (sorted[below+1] - value)
	}
	out := Interval{value, math.Inf(-1), math.Inf(1), int64(n)}
	ranks := distuv.Binomial{N: float64(n), P: p}
	tail := (1 - Confidence) / 2
	// Rank r lies above the quantile with probability P(X < r): the lowest end
	// is the last rank with P(X < r) within the tail, the highest the first
	// with P(X >= r) within it.
	for r := 1; r <= n; r++ {
		if ranks.CDF(float64(r-1)) <= tail {
			out.Low = sorted[r-1]
		}
		if 1-ranks.CDF(float64(r-1)) <= tail {
			out.High = sorted[r-1]
			break
		}
	}
	return out
}
