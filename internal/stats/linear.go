package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Linear is a fitted line through many dimensions:
// y = Intercept + Σ Coefficients[j]·x[j] + noise.
type Linear struct {
	Intercept      float64   `json:"intercept"`
	InterceptError float64   `json:"intercept_error" doc:"Standard error"`
	Coefficients   []float64 `json:"coefficients" doc:"How much y changes for one unit of x, the others being equal"`
	Errors         []float64 `json:"errors" doc:"Standard errors of the coefficients"`
	Sigma          float64   `json:"sigma" doc:"Spread of y around the line, in units of y"`
	R2             float64   `json:"r2" doc:"Part of the spread of y that the line accounts for, 0 to 1"`
	DF             float64   `json:"df" doc:"Degrees of freedom left for the noise"`
	N              int64     `json:"n"`

	covariance *mat.SymDense // of intercept and coefficients
}

// Coefficient gives how much y changes for one unit of x[j], with its interval
// (Student's t with DF degrees of freedom).
func (f Linear) Coefficient(j int) Interval {
	return around(f.Coefficients[j], student(f.DF)*f.Errors[j], f.N)
}

// Predict gives the mean of y where x is row, with the interval of that mean
// (not of a single y). NaN where the row is not as long as the coefficients.
func (f Linear) Predict(row []float64) Interval {
	value, se := linearAt(f.Intercept, f.Coefficients, f.covariance, row)
	return around(value, student(f.DF)*se, f.N)
}

// Ridge fits y to the columns of x (one row an observation, no column for the
// intercept, which is always there and never held back) by least squares,
// holding each coefficient to its prior as strongly as lambda observations
// would where x is 1: it minimises Σ(y − a − xb)² + lambda·Σ(b − prior)².
// lambda = 0 is ordinary least squares. prior nil is all 0. (Hoerl and Kennard
// 1970, Technometrics 12; with a prior other than 0, Swindel 1976,
// Communications in Statistics A5.) Columns count in their own units: bring
// them to comparable ones first.
//
// The standard errors are σ·√diag((X'X + lambda·I)⁻¹), those of the posterior
// when each coefficient is normal around its prior with variance σ²/lambda
// (Lindley and Smith 1972, JRSS B 34): with much data those of least squares,
// with none the prior's own. σ² = RSS/(n − df), df the trace of the hat matrix.
//
// Errors: ErrShape when sizes differ or a number is not finite, ErrTooFew when
// no degrees of freedom are left, or columns say the same and lambda is 0.
func Ridge(x [][]float64, y []float64, lambda float64, prior []float64) (Linear, error) {
	n, p := len(x), 0
	if n > 0 {
		p = len(x[0])
	}
	if prior == nil {
		prior = make([]float64, p)
	}
	if err := fits(x, n, p, y); err != nil {
		return Linear{}, err
	}
	if len(prior) != p || !(lambda >= 0) || math.IsInf(lambda, 0) {
		return Linear{}, fmt.Errorf("%w: %d priors for %d columns, lambda %v", ErrShape, len(prior), p, lambda)
	}
	c := centre(x, y, p)
	// In b − prior it is an ordinary ridge towards 0 of what the prior leaves.
	plain := mat.NewSymDense(max(p, 1), nil)
	right := mat.NewVecDense(max(p, 1), nil)
	if p > 0 {
		plain.SymOuterK(1, c.x.T())
		left := mat.NewVecDense(n, nil)
		left.MulVec(c.x, mat.NewVecDense(p, prior))
		left.SubVec(c.y, left)
		right.MulVec(c.x.T(), left)
	}
	inverse, err := invert(plain, lambda, p)
	if err != nil {
		return Linear{}, err
	}
	f := Linear{Coefficients: make([]float64, p), Errors: make([]float64, p), N: int64(n)}
	for j := range p {
		f.Coefficients[j] = prior[j] + dot(inverse, j, right)
	}
	f.Intercept = c.meanY - dotSlices(f.Coefficients, c.meanX)
	f.judge(c, plain, inverse, p)
	if !(f.DF > 0) {
		return Linear{}, fmt.Errorf("%w: %d observations for %d columns", ErrTooFew, n, p)
	}
	return f, nil
}

// judge says how far the line may be trusted.
func (f *Linear) judge(c centred, plain, inverse *mat.SymDense, p int) {
	n := len(c.meanFree)
	var rss, tss float64
	for k, y := range c.meanFree {
		residual := y
		for j := range p {
			residual -= f.Coefficients[j] * c.x.At(k, j)
		}
		rss += residual * residual
		tss += y * y
	}
	used := 1.0 // the intercept
	if p > 0 {
		var hat mat.Dense
		hat.Mul(inverse, plain)
		used += hat.Trace()
	}
	f.DF = float64(n) - used
	f.Sigma = math.Sqrt(rss / f.DF)
	if tss > 0 {
		f.R2 = 1 - rss/tss
	}
	f.covariance = spread(inverse, c.meanX, f.Sigma*f.Sigma, 1/float64(n), p)
	f.InterceptError = math.Sqrt(f.covariance.At(0, 0))
	for j := range p {
		f.Errors[j] = math.Sqrt(f.covariance.At(j+1, j+1))
	}
}

// centred is x and y with their means taken out: the intercept then costs nothing.
type centred struct {
	x        *mat.Dense
	y        *mat.VecDense
	meanFree []float64 // y
	meanX    []float64
	meanY    float64
}

func centre(x [][]float64, y []float64, p int) centred {
	n := len(x)
	c := centred{meanX: make([]float64, p), meanFree: make([]float64, n)}
	for k, row := range x {
		c.meanY += y[k] / float64(n)
		for j, v := range row {
			c.meanX[j] += v / float64(n)
		}
	}
	if p > 0 {
		c.x = mat.NewDense(n, p, nil)
	}
	for k, row := range x {
		c.meanFree[k] = y[k] - c.meanY
		for j, v := range row {
			c.x.Set(k, j, v-c.meanX[j])
		}
	}
	c.y = mat.NewVecDense(n, c.meanFree)
	return c
}

// fits checks that n rows of p columns and n values belong together.
func fits(x [][]float64, n, p int, y []float64) error {
	if len(y) != n {
		return fmt.Errorf("%w: %d rows for %d values", ErrShape, n, len(y))
	}
	if n < 2 {
		return fmt.Errorf("%w: %d observations", ErrTooFew, n)
	}
	for k, row := range x {
		if len(row) != p {
			return fmt.Errorf("%w: row %d has %d columns, not %d", ErrShape, k, len(row), p)
		}
		for _, v := range row {
			if !finite(v) {
				return fmt.Errorf("%w: row %d holds %v", ErrShape, k, v)
			}
		}
		if !finite(y[k]) {
			return fmt.Errorf("%w: value %d is %v", ErrShape, k, y[k])
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// invert gives (a + lambda·I)⁻¹ by Cholesky, after bringing the diagonal to 1
// so that columns of very different size do not spoil each other.
func invert(a *mat.SymDense, lambda float64, p int) (*mat.SymDense, error) {
	if p == 0 {
		return mat.NewSymDense(1, nil), nil
	}
	scale := make([]float64, p)
	even := mat.NewSymDense(p, nil)
	for j := range p {
		scale[j] = 1 / math.Sqrt(a.At(j, j)+lambda)
		if !finite(scale[j]) {
			return nil, fmt.Errorf("%w: column %d does not vary", ErrTooFew, j)
		}
	}
	for j := range p {
		for k := j; k < p; k++ {
			v := a.At(j, k)
			if j == k {
				v += lambda
			}
			even.SetSym(j, k, v*scale[j]*scale[k])
		}
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(even) || cholesky.Cond() > 1e14 {
		return nil, fmt.Errorf("%w: columns say the same", ErrTooFew)
	}
	inverse := mat.NewSymDense(p, nil)
	if err := cholesky.InverseTo(inverse); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooFew, err)
	}
	for j := range p {
		for k := j; k < p; k++ {
			inverse.SetSym(j, k, inverse.At(j, k)*scale[j]*scale[k])
		}
	}
	return inverse, nil
}

// spread gives the covariance of (intercept, coefficients) from that of the
// coefficients around the means, times variance. own is the intercept's at the
// means, before variance.
func spread(inverse *mat.SymDense, meanX []float64, variance, own float64, p int) *mat.SymDense {
	out := mat.NewSymDense(p+1, nil)
	corner := own
	for j := range p {
		var cross float64
		for k := range p {
			cross += inverse.At(j, k) * meanX[k]
			out.SetSym(j+1, k+1, variance*inverse.At(j, k))
		}
		corner += meanX[j] * cross
		out.SetSym(0, j+1, -variance*cross)
	}
	out.SetSym(0, 0, variance*corner)
	return out
}

// linearAt gives intercept + row·coefficients and its standard error.
func linearAt(intercept float64, coefficients []float64, covariance *mat.SymDense, row []float64) (value, se float64) {
	if len(row) != len(coefficients) || covariance == nil {
		return math.NaN(), math.NaN()
	}
	at := mat.NewVecDense(len(row)+1, append([]float64{1}, row...))
	return intercept + dotSlices(coefficients, row), math.Sqrt(math.Max(0, mat.Inner(at, covariance, at)))
}

func dot(a *mat.SymDense, j int, v *mat.VecDense) (sum float64) {
	for k := range v.Len() {
		sum += a.At(j, k) * v.AtVec(k)
	}
	return sum
}

func dotSlices(a, b []float64) (sum float64) {
	for k := range a {
		sum += a[k] * b[k]
	}
	return sum
}
