package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
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
	// Slope is how much y changes, in its unit, for one unit of x, the others
	// being equal: the coefficient of least squares.
	Slope Interval `json:"slope"`
}

// Importance is how much each column matters, and all together.
type Importance struct {
	Weights []Weight `json:"weights"`
	R2      Interval `json:"r2" doc:"Part of the spread of y that all columns account for, 0 to 1; its interval is the bootstrap's, and never holds 0: RSquared's may"`
}

// leastDraws is under how many bootstrap samples an interval would be noise.
const leastDraws = 100

// RelativeWeights tells which of columns that overlap matter most for y: the
// columns are replaced by the uncorrelated ones nearest to them, y is regressed
// on those, and what they account for is given back to the columns they came
// from (Johnson 2000, Multivariate Behavioral Research 35, 1-19; as intervals
// Tonidandel, LeBreton and Johnson 2009, Psychological Methods 14). Columns of
// any units.
//
// Rows of one cluster, such as the answers of one person, are not independent:
// clusters says which rows belong together (nil: none do), and whole clusters
// are drawn anew draws times with the seed given; each interval is what 95 % of
// the draws lie within (percentile bootstrap; Davison and Hinkley 1997,
// Bootstrap Methods, 3.8). The same seed gives the same interval. Of many
// clusters, 2,000 random groups are drawn instead, which tells as much (random
// groups; Wolter 2007, Introduction to Variance Estimation, ch. 2).
//
// A weight is never below 0, so its interval cannot tell whether a column
// matters at all; Beta's can, and tells the direction.
//
// Errors: ErrShape when sizes differ, a number is not finite or draws are
// fewer than 100; ErrTooFew when a column or y does not vary, columns say the
// same, or there are fewer rows than columns + 2.
func RelativeWeights(x [][]float64, y []float64, clusters []int, draws int, seed uint64) (Importance, error) {
	n := len(x)
	if n == 0 || len(x[0]) == 0 {
		return Importance{}, fmt.Errorf("%w: no rows or no columns", ErrTooFew)
	}
	p := len(x[0])
	if err := fits(x, n, p, y); err != nil {
		return Importance{}, err
	}
	if draws < leastDraws || clusters != nil && len(clusters) != n {
		return Importance{}, fmt.Errorf("%w: %d draws (at least %d are needed), %d clusters for %d rows", ErrShape, draws, leastDraws, len(clusters), n)
	}
	if n < p+2 {
		return Importance{}, fmt.Errorf("%w: %d rows for %d columns", ErrTooFew, n, p)
	}
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	groups := products(x, y, clusters, r)
	point, err := groups.weigh(nil)
	if err != nil {
		return Importance{}, err
	}
	var drawn []weighed
	chosen := make([]int, len(groups.sums))
	for range draws {
		for k := range chosen {
			chosen[k] = r.IntN(len(groups.sums))
		}
		// A draw in which a column does not vary tells nothing and is left out.
		if w, err := groups.weigh(chosen); err == nil {
			drawn = append(drawn, w)
		}
	}
	if len(drawn) < leastDraws {
		return Importance{}, fmt.Errorf("%w: most draws hold a column that does not vary", ErrTooFew)
	}
	return assemble(point, drawn, int64(n)), nil
}

// weighed is one reckoning of relative weights.
type weighed struct {
	weights, beta, slope []float64
	r2                   float64
}

// mostGroups is into how many groups clusters are joined at most.
const mostGroups = 2000

// grouped are the sums and products of columns, group by group: all that
// correlations need, so that drawing groups anew costs no walk through rows.
type grouped struct {
	columns int         // of x, and y last
	unit    []float64   // of each column: its spread over all rows
	sums    [][]float64 // of each group: rows, sums of columns, products of each two
}

// products sums up rows, centred and in units of their spread so that nothing
// is lost to rounding.
func products(x [][]float64, y []float64, clusters []int, r *rand.Rand) grouped {
	p := len(x[0])
	c := p + 1
	g := grouped{columns: c, unit: make([]float64, c)}
	middle, values := make([]float64, c), make([]float64, len(x))
	for j := range c {
		for k := range x {
			values[k] = cell(x, y, k, j)
		}
		middle[j], g.unit[j] = stat.MeanStdDev(values, nil)
		if !(g.unit[j] > 0) {
			g.unit[j] = 1 // it does not vary, which johnson finds
		}
	}
	place := map[int]int{}
	of := make([]int, len(x))
	for k := range x {
		id := k
		if clusters != nil {
			id = clusters[k]
		}
		if _, known := place[id]; !known {
			place[id] = len(place)
		}
		of[k] = place[id]
	}
	group := r.Perm(len(place))
	g.sums = make([][]float64, min(len(place), mostGroups))
	for i := range g.sums {
		g.sums[i] = make([]float64, 1+c+c*(c+1)/2)
	}
	row := make([]float64, c)
	for k := range x {
		for j := range c {
			row[j] = (cell(x, y, k, j) - middle[j]) / g.unit[j]
		}
		into := g.sums[group[of[k]]%len(g.sums)]
		into[0]++
		at := 1 + c
		for i, v := range row {
			into[1+i] += v
			for _, w := range row[i:] {
				into[at] += v * w
				at++
			}
		}
	}
	return g
}

func cell(x [][]float64, y []float64, k, j int) float64 {
	if j == len(x[k]) {
		return y[k]
	}
	return x[k][j]
}

// weigh reckons the weights of the groups chosen, nil for each once.
func (g grouped) weigh(chosen []int) (weighed, error) {
	c := g.columns
	total := make([]float64, len(g.sums[0]))
	if chosen == nil {
		for _, one := range g.sums {
			floats.Add(total, one)
		}
	}
	for _, k := range chosen {
		floats.Add(total, g.sums[k])
	}
	n := total[0]
	spread := mat.NewSymDense(c, nil)
	at := 1 + c
	for i := range c {
		for j := i; j < c; j++ {
			spread.SetSym(i, j, total[at]/n-total[1+i]/n*total[1+j]/n)
			at++
		}
	}
	sd := make([]float64, c)
	for i := range sd {
		sd[i] = math.NaN() // of what does not vary
		if v := spread.At(i, i); v > 1e-12 {
			sd[i] = math.Sqrt(v)
		}
	}
	p := c - 1
	among, with := mat.NewSymDense(p, nil), mat.NewVecDense(p, nil)
	for i := range p {
		with.SetVec(i, spread.At(i, p)/sd[i]/sd[p])
		among.SetSym(i, i, 1)
		for j := i + 1; j < p; j++ {
			among.SetSym(i, j, spread.At(i, j)/sd[i]/sd[j])
		}
	}
	out, err := johnson(among, with)
	if err != nil {
		return out, err
	}
	out.slope = make([]float64, p)
	for j := range p {
		out.slope[j] = out.beta[j] * sd[p] * g.unit[p] / (sd[j] * g.unit[j])
	}
	return out, nil
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
			Slope:  interval(func(w weighed) float64 { return w.slope[j] }),
		})
	}
	return out
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
