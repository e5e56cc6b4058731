package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Trend is whether a series rises or falls.
type Trend struct {
	// Slope is how much it rises from one value to the next, with its interval.
	Slope Interval `json:"slope"`
	// Tau tells how steadily, −1 (each below all before) to 1.
	Tau float64 `json:"tau"`
	P   float64 `json:"p" doc:"How probable a trend as steady is in a series without one"`
}

// exactTrend is up to how many values without ties the probability of a trend
// is counted out instead of approximated.
const exactTrend = 60

// MannKendall tells whether a series rises or falls steadily, whatever the
// shape of the rise and of the noise (Mann 1945, Econometrica 13; Kendall
// 1975, Rank Correlation Methods). The values are in order of time, evenly
// apart, independent of each other but for the trend; NaN is a gap and keeps
// its place. P is two-sided: counted out for up to 60 values without ties,
// else by the normal approximation with ties and continuity corrected.
//
// The slope is TheilSen's. Errors: ErrTooFew under 4 values, which no trend
// could make probable, ErrShape where a value is infinite.
func MannKendall(series []float64) (Trend, error) {
	at, values, err := present(series, 4)
	if err != nil {
		return Trend{}, err
	}
	n := len(values)
	slopes := make([]float64, 0, n*(n-1)/2)
	var s, tiedPairs int
	for i := range n {
		for j := i + 1; j < n; j++ {
			rise := values[j] - values[i]
			slopes = append(slopes, rise/float64(at[j]-at[i]))
			switch {
			case rise > 0:
				s++
			case rise < 0:
				s--
			default:
				tiedPairs++
			}
		}
	}
	variance := kendallVariance(values)
	out := Trend{Slope: senInterval(slopes, variance, n), Tau: float64(s) / math.Sqrt(float64(len(slopes))*float64(len(slopes)-tiedPairs)), P: 1}
	switch {
	case tiedPairs == len(slopes):
		out.Tau = 0
	case tiedPairs == 0 && n <= exactTrend:
		out.P = kendallExact(s, n)
	case s != 0:
		out.P = twoSided((math.Abs(float64(s)) - 1) / math.Sqrt(variance))
	}
	return out, nil
}

// TheilSen gives how much a series rises from one value to the next: the
// median of the slopes between all pairs (Theil 1950, Indagationes
// Mathematicae 12; Sen 1968, JASA 63, also for the interval). A third of the
// values may be wild without moving it far. Gaps and errors as for MannKendall.
func TheilSen(series []float64) (Interval, error) {
	t, err := MannKendall(series)
	if err != nil {
		return unknown(), err
	}
	return t.Slope, nil
}

// present gives the values that are there and their places.
func present(series []float64, least int) (at []int, values []float64, err error) {
	for k, v := range series {
		switch {
		case math.IsNaN(v):
			continue
		case math.IsInf(v, 0):
			return nil, nil, fmt.Errorf("%w: value %d is infinite", ErrShape, k)
		}
		at, values = append(at, k), append(values, v)
	}
	if len(values) < least {
		return nil, nil, fmt.Errorf("%w: %d, at least %d are needed", ErrTooFew, len(values), least)
	}
	return at, values, nil
}

// kendallVariance is the variance of Kendall's S without trend, ties corrected.
func kendallVariance(values []float64) float64 {
	n := float64(len(values))
	variance := n * (n - 1) * (2*n + 5)
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	for first := 0; first < len(sorted); {
		last := first
		for last+1 < len(sorted) && sorted[last+1] == sorted[first] {
			last++
		}
		t := float64(last - first + 1)
		variance -= t * (t - 1) * (2*t + 5)
		first = last + 1
	}
	return variance / 18
}

// kendallExact counts in how many of all orders of n different values |S| is
// as large: S = pairs − 2·inversions, and the orders with k inversions are
// counted by putting in one value after the other.
func kendallExact(s, n int) float64 {
	pairs := n * (n - 1) / 2
	share := make([]float64, pairs+1) // of orders with k inversions
	share[0] = 1
	for m := 2; m <= n; m++ {
		next := make([]float64, pairs+1)
		var window float64
		for k := range m*(m-1)/2 + 1 {
			window += share[k]
			if k >= m {
				window -= share[k-m]
			}
			next[k] = max(window, 0) / float64(m)
		}
		share = next
	}
	if s < 0 {
		s = -s
	}
	var tail float64
	for k := 0; pairs-2*k >= s && k <= pairs; k++ {
		tail += share[k]
	}
	if s == 0 {
		return 1
	}
	return min(1, 2*tail)
}

// senInterval gives the median of the slopes and Sen's interval: the slopes
// whose ranks are 1.96·√variance of S apart.
func senInterval(slopes []float64, variance float64, n int) Interval {
	slices.Sort(slopes)
	m := len(slopes)
	out := Interval{Value: (slopes[(m-1)/2] + slopes[m/2]) / 2, Low: math.Inf(-1), High: math.Inf(1), N: int64(n)}
	c := distuv.UnitNormal.Quantile(1-(1-Confidence)/2) * math.Sqrt(variance)
	// Ranks (m−c)/2 and (m+c)/2+1, counted from 1, rounded outwards.
	low, high := int(math.Floor((float64(m)-c)/2)), int(math.Ceil((float64(m)+c)/2))+1
	if low >= 1 {
		out.Low = slopes[low-1]
	}
	if high <= m {
		out.High = slopes[high-1]
	}
	return out
}
