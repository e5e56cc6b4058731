package stats

import "math"

// Running is the mean and spread of values that come one after the other and
// are not kept (Welford 1962, Technometrics 4). Its zero value is of none.
type Running struct {
	n          int64
	mean, left float64 // left: the squared distances from the mean, added up
}

// Add takes one more value in.
func (r *Running) Add(v float64) {
	r.n++
	d := v - r.mean
	r.mean += d / float64(r.n)
	r.left += d * (v - r.mean)
}

// Join takes in all values of another (Chan, Golub and LeVeque 1979).
func (r *Running) Join(other Running) {
	if other.n == 0 {
		return
	}
	n := r.n + other.n
	d := other.mean - r.mean
	r.left += other.left + d*d*float64(r.n)*float64(other.n)/float64(n)
	r.mean += d * float64(other.n) / float64(n)
	r.n = n
}

// N counts the values.
func (r Running) N() int64 { return r.n }

// Mean gives the mean alone, which costs nothing; NaN of no values.
func (r Running) Mean() float64 {
	if r.n == 0 {
		return math.NaN()
	}
	return r.mean
}

// Interval gives what Mean gives of the values.
func (r Running) Interval() Interval {
	switch r.n {
	case 0:
		return unknown()
	case 1:
		return Interval{r.mean, math.Inf(-1), math.Inf(1), 1}
	}
	return around(r.mean, student(float64(r.n-1))*math.Sqrt(r.variance()/float64(r.n)), r.n)
}

// variance is the sample variance, of at least two values.
func (r Running) variance() float64 { return r.left / float64(r.n-1) }

// Minus gives what DiffMeans gives of the values of both, these less others.
func (r Running) Minus(other Running) Difference { return DiffMoments(r.Moments(), other.Moments()) }

// Moments gives what a mean and its error are made of.
func (r Running) Moments() Moments {
	m := Moments{N: r.n, Mean: r.mean}
	if r.n > 1 {
		m.Variance = r.variance()
	}
	return m
}

// RandomEffects gives how much each group's mean is worth when groups differ
// among themselves by more than the few values in them explain: one over the
// variance between groups plus that of the mean (DerSimonian and Laird 1986,
// Controlled Clinical Trials 7, with one variance within all groups). So a
// group of very many values does not outweigh all others. Groups without
// values are worth 0; where values do not differ at all, groups are worth
// their number.
func RandomEffects(groups []Running) []float64 {
	weights := make([]float64, len(groups))
	var left, freedom, sum, squares, mean float64
	known := -1.0
	for k, g := range groups {
		if g.n == 0 {
			continue
		}
		n := float64(g.n)
		weights[k] = n
		left, freedom, sum, squares, mean = left+g.left, freedom+n-1, sum+n, squares+n*n, mean+n*g.mean
		known++
	}
	if !(left > 0) || known < 1 {
		return weights
	}
	within := left / freedom
	var q float64 // Cochran's, times the variance within
	for _, g := range groups {
		q += float64(g.n) * (g.mean - mean/sum) * (g.mean - mean/sum)
	}
	between := max(0, (q-known*within)/(sum-squares/sum))
	for k, n := range weights {
		if n > 0 {
			weights[k] = 1 / (between + within/n)
		}
	}
	return weights
}
