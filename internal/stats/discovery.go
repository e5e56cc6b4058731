package stats

import (
	"cmp"
	"math"
	"slices"
)

// FalseDiscovery tells which of many tests stand when at most a part q of
// those that are said to stand may be false on average (Benjamini and Hochberg
// 1995, JRSS B 57): the largest k with p(k) ≤ k·q/m, and all below. Where
// nothing at all is there, the chance of saying anything is at most q. It
// holds for independent tests and for those that err together (Benjamini and
// Yekutieli 2001, Annals of Statistics 29). A p that is NaN was no test: it
// stands not, and does not count.
func FalseDiscovery(p []float64, q float64) []bool {
	var order []int
	for k, v := range p {
		if !math.IsNaN(v) {
			order = append(order, k)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	last := -1
	for rank, k := range order {
		if p[k] <= q*float64(rank+1)/float64(len(order)) {
			last = rank
		}
	}
	stands := make([]bool, len(p))
	for _, k := range order[:last+1] {
		stands[k] = true
	}
	return stands
}
