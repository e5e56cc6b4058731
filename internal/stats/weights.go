package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Weight is how much one column matters for y.
type Weight struct {
	// Weight is the part of the spread of y that falls to the column, 0 to 1;
	// all weights add up to R². Its interval comes from the bootstrap.
	Weight Interval `json:"weight"`
	// Share is the same as a part of R², 0 to 1; all add up to 1.
	Share Interval `json:"share"`
	// Beta is how many standard deviations y changes for one of x, the others
	// being equal: its sign is the direction.
	Beta Interval `json:"beta"`
}

// Importance is how much each column matters, and all together.
type Importance struct {
	Weights []Weight `json:"weights"`
	R2      Interval `json:"r2" doc:"Part of the spread of y that all columns account for, 0 to 1"`
}

// leastDraws is under how many bootstrap samples an interval would be noise.
const leastDraws = 100

// RelativeWeights tells which of columns that overlap matter most for y: the
// columns are replaced by the uncorrelated ones nearest to them, y is regressed
// on those, and what they account for is given back to the columns they came
// from (Johnson 2000, Multivariate Behavioral Research 35, 1-19; as intervals
// Tonidandel, LeBreton and Johnson 2009, Psychological Methods 14). Columns of
// any units. Rows are drawn anew draws times with the seed given, and each
// interval is what 95 % of the draws lie within (percentile bootstrap): the
// same seed gives the same interval.
//
// A weight is never below 0, so its interval cannot tell whether a column
// matters at all; Beta's can, and tells the direction.
//
// Errors: ErrShape when sizes differ, a number is not finite or draws are
// fewer than 100; ErrTooFew when a column or y does not vary, columns say the
// same, or there are fewer rows than columns + 2.
func RelativeWeights(x [][]float64, y []float64, draws int, seed uint64) (Importance, error) {
	n := len(x)
	if n == 0 || len(x[0]) == 0 {
		return Importance{}, fmt.Errorf("%w: no rows or no columns", ErrTooFew)
	}
	p := len(x[0])
	if err := fits(x, n, p, y); err != nil {
		return Importance{}, err
	}
	if draws < leastDraws {
		return Importance{}, fmt.Errorf("%w: %d draws, at least %d are needed", ErrShape, draws, leastDraws)
	}
	if n < p+2 {
		return Importance{}, fmt.Errorf("%w: %d rows for %d columns", ErrTooFew, n, p)
	}
	rows := mat.NewDense(n, p+1, nil)
	for k, row := range x {
		rows.SetRow(k, append(slices.Clone(row), y[k]))
	}
	point, err := weigh(rows)
	if err != nil {
		return Importance{}, err
	}
	drawn := bootstrap(rows, draws, seed)
	if len(drawn) < leastDraws {
		return Importance{}, fmt.Errorf("%w: most draws hold a column that does not vary", ErrTooFew)
	}
	return assemble(point, drawn, int64(n)), nil
}

// weighed is one reckoning of relative weights.
type weighed struct {
	weights, beta []float64
	r2            float64
}

// bootstrap weighs samples of the rows, drawn with replacement. A sample in
// which a column does not vary tells nothing and is left out.
func bootstrap(rows *mat.Dense, draws int, seed uint64) []weighed {
	n, columns := rows.Dims()
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	sample := mat.NewDense(n, columns, nil)
	var out []weighed
	for range draws {
		for k := range n {
			sample.SetRow(k, rows.RawRowView(r.IntN(n)))
		}
		if w, err := weigh(sample); err == nil {
			out = append(out, w)
		}
	}
	return out
}

func assemble(point weighed, drawn []weighed, n int64) Importance {
	interval := func(of func(weighed) float64) Interval {
		values := make([]float64, len(drawn))
		for k, w := range drawn {
			values[k] = of(w)
		}
		slices.Sort(values)
		tail := (1 - Confidence) / 2
		return Interval{of(point), stat.Quantile(tail, stat.LinInterp, values, nil), stat.Quantile(1-tail, stat.LinInterp, values, nil), n}
	}
	out := Importance{R2: interval(func(w weighed) float64 { return w.r2 })}
	for j := range point.weights {
		out.Weights = append(out.Weights, Weight{
			Weight: interval(func(w weighed) float64 { return w.weights[j] }),
			Share:  interval(func(w weighed) float64 { return w.weights[j] / max(w.r2, math.SmallestNonzeroFloat64) }),
			Beta:   interval(func(w weighed) float64 { return w.beta[j] }),
		})
	}
	return out
}

// weigh reckons the weights of all columns but the last for the last.
func weigh(rows *mat.Dense) (weighed, error) {
	var correlations mat.SymDense
	stat.CorrelationMatrix(&correlations, rows, nil)
	p := correlations.SymmetricDim() - 1
	among := mat.NewSymDense(p, nil)
	with := mat.NewVecDense(p, nil)
	for i := range p {
		with.SetVec(i, correlations.At(i, p))
		for j := i; j < p; j++ {
			among.SetSym(i, j, correlations.At(i, j))
		}
	}
	return johnson(among, with)
}

// johnson gives relative weights from the correlations among the columns and
// with y: with R = VDV', Λ = V·√D·V' links the columns to the uncorrelated
// ones nearest to them, b = Λ⁻¹r regresses y on those, and the weights are
// Λ²b², element by element squared.
func johnson(among *mat.SymDense, with *mat.VecDense) (weighed, error) {
	p := with.Len()
	for j := range p {
		if !finite(with.AtVec(j)) {
			return weighed{}, fmt.Errorf("%w: column %d or y does not vary", ErrTooFew, j)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(among, true) {
		return weighed{}, fmt.Errorf("%w: correlations have no eigenvalues", ErrTooFew)
	}
	values := eigen.Values(nil)
	if slices.Min(values) < 1e-10 {
		return weighed{}, fmt.Errorf("%w: columns say the same", ErrTooFew)
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	lambda, inverse, solve := power(&vectors, values, 0.5), power(&vectors, values, -0.5), power(&vectors, values, -1)
	var b, beta mat.VecDense
	b.MulVec(inverse, with)
	beta.MulVec(solve, with)
	out := weighed{weights: make([]float64, p), beta: make([]float64, p)}
	for j := range p {
		out.beta[j] = beta.AtVec(j)
		for k := range p {
			out.weights[j] += lambda.At(j, k) * lambda.At(j, k) * b.AtVec(k) * b.AtVec(k)
		}
		out.r2 += out.weights[j]
	}
	return out, nil
}

// power gives V·diag(values^exponent)·V'.
func power(vectors *mat.Dense, values []float64, exponent float64) *mat.Dense {
	scaled := mat.DenseCopyOf(vectors)
	for j, v := range values {
		for i := range values {
			scaled.Set(i, j, vectors.At(i, j)*math.Pow(v, exponent))
		}
	}
	var out mat.Dense
	out.Mul(scaled, vectors.T())
	return &out
}
