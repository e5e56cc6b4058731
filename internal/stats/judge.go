package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// surest is how near to 0 and 1 a probability is taken to be in LogLoss: one
// that was sure and wrong would otherwise cost without end.
const surest = 1e-9

// judged checks that predictions and what happened belong together.
func judged(predicted []float64, happened []bool) error {
	if len(predicted) != len(happened) {
		return fmt.Errorf("%w: %d predictions for %d outcomes", ErrShape, len(predicted), len(happened))
	}
	for k, p := range predicted {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("%w: prediction %d is %v", ErrShape, k, p)
		}
	}
	return nil
}

// Brier gives the mean squared distance between predicted probabilities and
// what happened (1 or 0): 0 for a seer, 0.25 for always saying one half
// (Brier 1950, Monthly Weather Review 78), with the interval of a mean.
// Errors: ErrShape when lengths differ or a prediction is not within 0 and 1.
func Brier(predicted []float64, happened []bool) (Interval, error) {
	losses, err := BrierLosses(predicted, happened)
	return Mean(losses), err
}

// BrierLosses gives Brier's loss of each prediction: for comparing two
// predictors case by case with the Mean of the differences.
func BrierLosses(predicted []float64, happened []bool) ([]float64, error) {
	return losses(predicted, happened, func(p float64) float64 { return (1 - p) * (1 - p) })
}

// LogLoss gives the mean of −ln of the probability that was given to what
// happened, in nats: 0 for a seer, ln 2 = 0.693 for always saying one half
// (Good 1952, JRSS B 14), with the interval of a mean. Probabilities nearer to
// 0 or 1 than 1e-9 count as that near. Errors as for Brier.
func LogLoss(predicted []float64, happened []bool) (Interval, error) {
	losses, err := LogLosses(predicted, happened)
	return Mean(losses), err
}

// LogLosses gives the logarithmic loss of each prediction, in nats.
func LogLosses(predicted []float64, happened []bool) ([]float64, error) {
	return losses(predicted, happened, func(p float64) float64 { return -math.Log(min(max(p, surest), 1-surest)) })
}

// losses applies a loss to the probability that was given to what happened.
func losses(predicted []float64, happened []bool, loss func(float64) float64) ([]float64, error) {
	if err := judged(predicted, happened); err != nil {
		return nil, err
	}
	out := make([]float64, len(predicted))
	for k, p := range predicted {
		if !happened[k] {
			p = 1 - p
		}
		out[k] = loss(p)
	}
	return out, nil
}

// AUC gives how probable it is that of one case where it happened and one
// where it did not, the first had the higher score (ties count half): 0.5 is
// chance, 1 tells all apart. It is the area under the ROC curve, and its
// interval DeLong's, cut at 0 and 1 (DeLong, DeLong and Clarke-Pearson 1988,
// Biometrics 44; by ranks after Sun and Xu 2014, IEEE Signal Processing
// Letters 21). Scores may be on any scale. N counts both kinds.
//
// Errors: ErrShape when lengths differ or a score is not a number, ErrTooFew
// when there are not two cases of each kind.
func AUC(scores []float64, happened []bool) (Interval, error) {
	if len(scores) != len(happened) {
		return unknown(), fmt.Errorf("%w: %d scores for %d outcomes", ErrShape, len(scores), len(happened))
	}
	var with, without []float64
	for k, s := range scores {
		if math.IsNaN(s) {
			return unknown(), fmt.Errorf("%w: score %d is not a number", ErrShape, k)
		}
		if happened[k] {
			with = append(with, s)
		} else {
			without = append(without, s)
		}
	}
	m, n := float64(len(with)), float64(len(without))
	if m < 2 || n < 2 {
		return unknown(), fmt.Errorf("%w: it happened in %v cases and not in %v", ErrTooFew, m, n)
	}
	all := midranks(append(slices.Clone(with), without...))
	inWith, inWithout := midranks(with), midranks(without)
	// For each case, which part of the other kind it stands on the right side of.
	right, left := make([]float64, len(with)), make([]float64, len(without))
	for k := range with {
		right[k] = (all[k] - inWith[k]) / n
	}
	for k := range without {
		left[k] = 1 - (all[len(with)+k]-inWithout[k])/m
	}
	area, v10 := stat.MeanVariance(right, nil)
	_, v01 := stat.MeanVariance(left, nil)
	return around(area, z()*math.Sqrt(v10/m+v01/n), int64(len(scores))).Within(0, 1), nil
}

// midranks gives each value's place among all, from 1; equal ones share the
// mean of theirs.
func midranks(values []float64) []float64 {
	order := make([]int, len(values))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for first := 0; first < len(order); {
		last := first
		for last+1 < len(order) && values[order[last+1]] == values[order[first]] {
			last++
		}
		for k := first; k <= last; k++ {
			ranks[order[k]] = float64(first+last)/2 + 1
		}
		first = last + 1
	}
	return ranks
}

// Bin is predictions of about the same probability, and what happened to them.
type Bin struct {
	Low       float64  `json:"low" doc:"The lowest probability predicted in it"`
	High      float64  `json:"high" doc:"The highest"`
	Predicted float64  `json:"predicted" doc:"The mean probability predicted"`
	Observed  Interval `json:"observed" doc:"What part it happened to, with Wilson's interval"`
}

// Calibration sorts predictions into at most bins groups of about the same
// size and tells what happened in each: where predictions are honest, what
// happened is about what was predicted (Murphy and Winkler 1977, Applied
// Statistics 26; groups of equal size as Hosmer and Lemeshow 1980). Equal
// predictions stay together, so there may be fewer groups. Errors as for Brier.
func Calibration(predicted []float64, happened []bool, bins int) ([]Bin, error) {
	if err := judged(predicted, happened); err != nil {
		return nil, err
	}
	if bins < 1 {
		return nil, fmt.Errorf("%w: %d bins", ErrShape, bins)
	}
	order := make([]int, len(predicted))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(predicted[a], predicted[b]) })
	var out []Bin
	first, n := 0, len(order)
	for group := range bins {
		end := max((group+1)*n/bins, first)
		for end > first && end < n && predicted[order[end]] == predicted[order[end-1]] {
			end++
		}
		if end > first {
			out = append(out, bin(order[first:end], predicted, happened))
			first = end
		}
	}
	return out, nil
}

func bin(members []int, predicted []float64, happened []bool) Bin {
	b := Bin{Low: predicted[members[0]], High: predicted[members[len(members)-1]]}
	var yes int64
	for _, k := range members {
		b.Predicted += predicted[k] / float64(len(members))
		if happened[k] {
			yes++
		}
	}
	b.Observed = Share(yes, int64(len(members)))
	return b
}
