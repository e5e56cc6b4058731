package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// LogisticFit is a fitted probability: ln(p/(1−p)) = Intercept + Σ Coefficients[j]·x[j].
type LogisticFit struct {
	Intercept      float64   `json:"intercept"`
	InterceptError float64   `json:"intercept_error" doc:"Standard error"`
	Coefficients   []float64 `json:"coefficients" doc:"How much the logarithm of the odds changes for one unit of x, the others being equal"`
	Errors         []float64 `json:"errors" doc:"Standard errors of the coefficients"`
	Deviance       float64   `json:"deviance" doc:"−2·ln of the likelihood"`
	N              int64     `json:"n"`
	Yes            int64     `json:"yes" doc:"How many of n it happened to"`

	covariance *mat.SymDense
}

// Coefficient gives how much the logarithm of the odds changes for one unit of
// x[j], with Wald's interval.
func (f LogisticFit) Coefficient(j int) Interval {
	return around(f.Coefficients[j], z()*f.Errors[j], f.N)
}

// Predict gives the probability, 0 to 1, where x is row, with the interval of
// that probability (Wald's on the scale of log odds, so it stays within 0 and
// 1). NaN where the row is not as long as the coefficients.
func (f LogisticFit) Predict(row []float64) Interval {
	value, se := linearAt(f.Intercept, f.Coefficients, f.covariance, row)
	return Interval{logistic(value), logistic(value - z()*se), logistic(value + z()*se), f.N}
}

// Probability gives the probability where x is row, without the work of its interval.
func (f LogisticFit) Probability(row []float64) float64 {
	if len(row) != len(f.Coefficients) {
		return math.NaN()
	}
	return logistic(f.Intercept + dotSlices(f.Coefficients, row))
}

// MeanProbability gives the mean of the probabilities of many rows, with the
// interval of that mean by the delta method (Oehlert 1992, The American
// Statistician 46), cut at 0 and 1: how sure the fit is of the share it
// expects, not how much single rows differ. N counts the rows. NaN of none.
func (f LogisticFit) MeanProbability(rows [][]float64) Interval {
	if len(rows) == 0 || f.covariance == nil {
		return unknown()
	}
	mean, slope := f.meanSlope(rows)
	if math.IsNaN(mean) {
		return unknown()
	}
	return around(mean, z()*math.Sqrt(math.Max(0, mat.Inner(slope, f.covariance, slope))), int64(len(rows))).Within(0, 1)
}

// MeanDifference gives how much the mean of the probabilities of rows is above
// that of other rows, such as the same ones with one thing changed (the average
// marginal effect, or the standardised difference: Greenland 2004, American
// Journal of Epidemiology 160), with its interval by the delta method. N counts
// the rows. NaN of none.
func (f LogisticFit) MeanDifference(of, from [][]float64) Interval {
	if len(of) == 0 || len(from) == 0 || f.covariance == nil {
		return unknown()
	}
	a, slopeA := f.meanSlope(of)
	b, slopeB := f.meanSlope(from)
	if math.IsNaN(a) || math.IsNaN(b) {
		return unknown()
	}
	slopeA.SubVec(slopeA, slopeB)
	return around(a-b, z()*math.Sqrt(math.Max(0, mat.Inner(slopeA, f.covariance, slopeA))), int64(len(of)))
}

// meanSlope gives the mean of the probabilities of rows, and how it changes
// with each coefficient.
func (f LogisticFit) meanSlope(rows [][]float64) (mean float64, slope *mat.VecDense) {
	slope = mat.NewVecDense(len(f.Coefficients)+1, nil)
	for _, row := range rows {
		p := f.Probability(row)
		mean += p / float64(len(rows))
		w := p * (1 - p) / float64(len(rows))
		slope.SetVec(0, slope.AtVec(0)+w)
		for j, v := range row {
			if j < len(f.Coefficients) {
				slope.SetVec(j+1, slope.AtVec(j+1)+w*v)
			}
		}
	}
	return mean, slope
}

func logistic(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

const (
	newtonSteps = 100
	newtonDone  = 1e-10 // least relative gain of a step that is worth another
)

// Logistic fits how probable yes is given the columns of x (one row an
// observation, no column for the intercept, which is never held back), by
// maximum likelihood less lambda/2·Σb²: coefficients are held to 0 as by a
// normal prior with variance 1/lambda (Cox 1958, JRSS B 20; le Cessie and van
// Houwelingen 1992, Applied Statistics 41). lambda = 0 is plain maximum
// likelihood. Columns count in their own units: bring them to comparable ones
// first. The standard errors are of the inverse of the penalised information
// (the same paper). Newton's method; steps are halved until they help.
//
// Errors: ErrShape when sizes differ or a number is not finite; ErrTooFew when
// all answers are the same, columns say the same, or (lambda 0) the columns
// part yes from no completely, so that no largest likelihood exists (Albert
// and Anderson 1984, Biometrika 71).
func Logistic(x [][]float64, y []bool, lambda float64) (LogisticFit, error) {
	n, p := len(x), 0
	if n > 0 {
		p = len(x[0])
	}
	numbers := make([]float64, len(y))
	f := LogisticFit{N: int64(n)}
	for k, yes := range y {
		if yes {
			numbers[k] = 1
			f.Yes++
		}
	}
	if err := fits(x, n, p, numbers); err != nil {
		return f, err
	}
	if !(lambda >= 0) || math.IsInf(lambda, 0) {
		return f, fmt.Errorf("%w: lambda %v", ErrShape, lambda)
	}
	if f.Yes == 0 || f.Yes == f.N {
		return f, fmt.Errorf("%w: all %d answers are the same", ErrTooFew, n)
	}
	problem := likelihood{x: x, y: numbers, lambda: lambda, p: p, meanX: centre(x, numbers, p).meanX}
	at, err := problem.climb(math.Log(float64(f.Yes) / float64(f.N-f.Yes)))
	if err != nil {
		return f, err
	}
	information, _ := problem.slope(at)
	if f.covariance, err = invert(information, 0, p+1); err != nil {
		return f, err
	}
	problem.uncentre(&f, at)
	return f, nil
}

// likelihood is the problem in (intercept at the means, coefficients): centred
// columns make Newton's steps well behaved.
type likelihood struct {
	x      [][]float64
	y      []float64
	lambda float64
	p      int
	meanX  []float64
}

// score is the penalised log likelihood at a place.
func (l likelihood) score(at []float64) float64 {
	var sum float64
	for k, row := range l.x {
		eta := l.eta(at, row)
		// ln p = −ln(1+e^−η), written so that neither overflows.
		if l.y[k] == 0 {
			eta = -eta
		}
		if eta > 0 {
			sum -= math.Log1p(math.Exp(-eta))
		} else {
			sum += eta - math.Log1p(math.Exp(eta))
		}
	}
	for _, b := range at[1:] {
		sum -= l.lambda / 2 * b * b
	}
	return sum
}

func (l likelihood) eta(at, row []float64) float64 {
	eta := at[0]
	for j, v := range row {
		eta += at[j+1] * (v - l.meanX[j])
	}
	return eta
}

// slope gives the penalised information and the gradient at a place.
func (l likelihood) slope(at []float64) (*mat.SymDense, *mat.VecDense) {
	m := l.p + 1
	information, gradient := make([]float64, m*m), make([]float64, m)
	full := make([]float64, m)
	full[0] = 1
	for k, row := range l.x {
		for j, v := range row {
			full[j+1] = v - l.meanX[j]
		}
		p := logistic(l.eta(at, row))
		w, r := p*(1-p), l.y[k]-p
		for i, a := range full {
			gradient[i] += r * a
			if wa := w * a; wa != 0 {
				for j := i; j < m; j++ {
					information[i*m+j] += wa * full[j]
				}
			}
		}
	}
	for j := 1; j < m; j++ {
		gradient[j] -= l.lambda * at[j]
		information[j*m+j] += l.lambda
	}
	return mat.NewSymDense(m, information), mat.NewVecDense(m, gradient)
}

// climb finds the place with the best score.
func (l likelihood) climb(start float64) ([]float64, error) {
	at := make([]float64, l.p+1)
	at[0] = start
	best := l.score(at)
	for range newtonSteps {
		information, gradient := l.slope(at)
		inverse, err := invert(information, 0, l.p+1)
		if err != nil {
			return nil, err
		}
		next, share := make([]float64, len(at)), 1.0
		score := math.Inf(-1)
		for range 40 {
			for j := range at {
				next[j] = at[j] + share*dot(inverse, j, gradient)
			}
			if score = l.score(next); score >= best {
				break
			}
			share /= 2
		}
		if score < best || score-best <= newtonDone*(math.Abs(best)+newtonDone) {
			if l.lambda == 0 && best > -1e-6*float64(len(l.y)) {
				break // it parts yes from no: odds without end
			}
			if score >= best {
				at = next
			}
			return at, nil
		}
		at, best = next, score
	}
	return nil, fmt.Errorf("%w: the columns part yes from no completely", ErrTooFew)
}

// uncentre writes the place as a fit in the columns' own units.
func (l likelihood) uncentre(f *LogisticFit, at []float64) {
	f.Coefficients, f.Errors = at[1:], make([]float64, l.p)
	f.Intercept = at[0] - dotSlices(f.Coefficients, l.meanX)
	f.Deviance = 0
	plain := l
	plain.lambda = 0
	f.Deviance = -2 * plain.score(at)
	// covariance of (a0, b) becomes that of (a0 − b·mean, b).
	turn := mat.NewDense(l.p+1, l.p+1, nil)
	for j := range l.p + 1 {
		turn.Set(j, j, 1)
		if j > 0 {
			turn.Set(0, j, -l.meanX[j-1])
		}
	}
	var half, whole mat.Dense
	half.Mul(turn, f.covariance)
	whole.Mul(&half, turn.T())
	out := mat.NewSymDense(l.p+1, nil)
	for i := range l.p + 1 {
		for j := i; j <= l.p; j++ {
			out.SetSym(i, j, whole.At(i, j))
		}
	}
	f.covariance = out
	f.InterceptError = math.Sqrt(math.Max(0, out.At(0, 0)))
	for j := range l.p {
		f.Errors[j] = math.Sqrt(math.Max(0, out.At(j+1, j+1)))
	}
}
