package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Change is where a series moved from one level to another, if it did.
type Change struct {
	At     int     `json:"at" doc:"The first value of the new level, counted from 0"`
	Before float64 `json:"before" doc:"The mean before"`
	After  float64 `json:"after" doc:"The mean from there on"`
	P      float64 `json:"p" doc:"How probable a break as clear is in a series without one"`
}

// shuffles is how many orders ChangePoint tries at most, and enough how many
// at least as clear as the one seen settle that it is nothing.
const (
	shuffles = 49_999
	enough   = 20
)

// ChangePoint finds the one place where a series most clearly moved to another
// level, and how probable that is by chance. Values are in order of time; NaN
// is a gap. Weights say how much is known of each value, such as how many
// answers a week's mean rests on (nil: all alike); values weighing 0 are gaps.
//
// The place is where the two weighted means differ most in standard errors
// (the likelihood ratio of Hinkley 1970, Biometrika 57, and Worsley 1979, JASA
// 74), at least 2 values from either end. P comes from putting the weighted
// residuals, √w·(x − mean), into other orders (Antoch and Hušková 2001,
// Statistics and Probability Letters 53), so it assumes nothing about the
// shape of the noise. Orders are tried until 20 were at least as clear, or
// 49,999 were tried (Besag and Clifford 1991, Biometrika 78): the same seed
// gives the same P, never under 0.00002.
//
// Errors: ErrTooFew under 6 values, ErrShape where a value is infinite or
// weights are of another number or below 0.
func ChangePoint(series, weights []float64, seed uint64) (Change, error) {
	if weights != nil && len(weights) != len(series) {
		return Change{}, fmt.Errorf("%w: %d weights for %d values", ErrShape, len(weights), len(series))
	}
	known := append([]float64(nil), series...)
	for k, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return Change{}, fmt.Errorf("%w: weight %d is %v", ErrShape, k, w)
		}
		if w == 0 {
			known[k] = math.NaN()
		}
	}
	at, values, err := present(known, 6)
	if err != nil {
		return Change{}, err
	}
	roots := make([]float64, len(values)) // of the weights
	for k := range roots {
		roots[k] = 1
		if weights != nil {
			roots[k] = math.Sqrt(weights[at[k]])
		}
	}
	mean := rootMean(values, roots)
	residuals := make([]float64, len(values))
	flat := true
	for k, v := range values {
		residuals[k] = roots[k] * (v - mean)
		flat = flat && math.Abs(v-mean) <= 1e-12*(math.Abs(mean)+1e-300)
	}
	place, clear := clearest(residuals, roots)
	out := Change{At: at[place], Before: rootMean(values[:place], roots[:place]), After: rootMean(values[place:], roots[place:]), P: 1}
	if !flat {
		out.P = shuffled(residuals, roots, clear, seed)
	}
	return out, nil
}

// rootMean is the mean weighted by the squares of roots.
func rootMean(values, roots []float64) float64 {
	var sum, weight float64
	for k, v := range values {
		sum += roots[k] * roots[k] * v
		weight += roots[k] * roots[k]
	}
	return sum / weight
}

// clearest finds the place with the largest squared difference of the means on
// both sides in units of its variance, W₁W₂/W·(m₁−m₂)², as a part of all
// spread, and that part.
func clearest(residuals, roots []float64) (place int, share float64) {
	var all, sum, spread float64
	for k, r := range residuals {
		all += roots[k] * roots[k]
		sum += roots[k] * r
	}
	mean := sum / all
	for k, r := range residuals {
		d := r - mean*roots[k]
		spread += d * d
	}
	var weight, part float64
	for k := range len(residuals) - 2 {
		weight += roots[k] * roots[k]
		part += roots[k]*residuals[k] - mean*roots[k]*roots[k]
		if k < 1 {
			continue
		}
		if s := part * part * all / (weight * (all - weight)) / spread; s > share || place == 0 {
			place, share = k+1, s
		}
	}
	return place, share
}

// shuffled tells how often another order of the residuals is as clear.
func shuffled(residuals, roots []float64, seen float64, seed uint64) float64 {
	r := rand.New(rand.NewPCG(seed, uint64(len(residuals))))
	order := append([]float64(nil), residuals...)
	as := 0
	for tried := 1; tried <= shuffles; tried++ {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if _, s := clearest(order, roots); s >= seen*(1-1e-12) {
			if as++; as == enough {
				return float64(enough) / float64(tried)
			}
		}
	}
	return float64(as+1) / float64(shuffles+1)
}
