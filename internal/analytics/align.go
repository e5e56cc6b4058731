package analytics

import (
	"cmp"
	"slices"
)

// Alignment says how well cases follow a design.
//
// A case is aligned with the sequential design by the fewest moves that only
// one of the two makes: cost = |case| + |design| − 2·LCS, the length of their
// longest common subsequence (an alignment with unit costs in the sense of
// Adriansyah, van Dongen and van der Aalst 2011; for a sequence it is the
// edit distance without substitution). Its fitness is 1 − cost/(|case| +
// |design|): 1 when they are the same, 0 when they share nothing.
type Alignment struct {
	Fitness        float64 `json:"fitness,omitempty" doc:"1 − the cost of all cases / the most it could be, 0 to 1"`
	AverageFitness float64 `json:"average_fitness,omitempty" doc:"Mean of the fitness of each case, 0 to 1"`
	Fitting        int64   `json:"fitting,omitempty" doc:"Cases that follow the design exactly"`
}

// Deviation is one way in which cases differ from the design.
type Deviation struct {
	Activity string `json:"activity"`
	Kind     string `json:"kind" enum:"skipped,repeated,out_of_order,unknown" doc:"skipped: due and did not happen; repeated: once more than due; out_of_order: happened, at another place; unknown: not in the design"`
	Cases    int64  `json:"cases"`
	Events   int64  `json:"events"`
}

// align aligns every variant with the design once.
func (t *processTally) align(design []string) (Alignment, []Deviation) {
	codes := t.codes(design)
	var a Alignment
	var cost, most int64
	var sum float64
	found := map[Deviation]*[2]int64{}
	for key, cases := range t.variants {
		trace := variantOf(key)
		kept, keptDesign := common(trace, codes)
		c := int64(len(trace) + len(codes) - 2*len(kept))
		cost, most = cost+cases*c, most+cases*int64(len(trace)+len(codes))
		sum += float64(cases) * (1 - float64(c)/float64(len(trace)+len(codes)))
		if c == 0 {
			a.Fitting += cases
		}
		for d, n := range t.deviations(trace, codes, kept, keptDesign, design) {
			if found[d] == nil {
				found[d] = &[2]int64{}
			}
			found[d][0] += cases
			found[d][1] += cases * n
		}
	}
	if most > 0 {
		a.Fitness, a.AverageFitness = 1-float64(cost)/float64(most), sum/float64(t.out.Cases)
	}
	list := make([]Deviation, 0, len(found))
	for d, n := range found {
		d.Cases, d.Events = n[0], n[1]
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Deviation) int {
		return cmp.Or(cmp.Compare(b.Cases, a.Cases), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Activity, b.Activity))
	})
	return a, list
}

// codes gives the numbers of the design's activities; those that never happen
// get numbers of their own.
func (t *processTally) codes(design []string) []int32 {
	number := make(map[string]int32, len(t.names))
	for i, name := range t.names {
		number[name] = int32(i)
	}
	codes := make([]int32, len(design))
	for i, name := range design {
		code, known := number[name]
		if !known {
			code = int32(len(number))
			number[name] = code
		}
		codes[i] = code
	}
	return codes
}

// deviations counts how one trace differs from the design; kept are the places
// in the trace, keptDesign those in the design, that the alignment pairs.
func (t *processTally) deviations(trace, codes []int32, kept, keptDesign []int, design []string) map[Deviation]int64 {
	out := map[Deviation]int64{}
	times := map[int32]int{} // how often an activity stands in the trace and was not paired
	due := map[int32]bool{}
	for _, c := range codes {
		due[c] = true
	}
	for i, c := range trace {
		if _, ok := slices.BinarySearch(kept, i); !ok {
			times[c]++
		}
	}
	for i, c := range codes {
		if _, ok := slices.BinarySearch(keptDesign, i); ok {
			continue
		}
		if times[c] > 0 { // it happened, but where it was not due
			times[c]--
			out[Deviation{Activity: design[i], Kind: "out_of_order"}]++
		} else {
			out[Deviation{Activity: design[i], Kind: "skipped"}]++
		}
	}
	for c, n := range times {
		switch {
		case n == 0:
		case !due[c]:
			out[Deviation{Activity: t.names[c], Kind: "unknown"}] += int64(n)
		default:
			out[Deviation{Activity: t.names[c], Kind: "repeated"}] += int64(n)
		}
	}
	return out
}

// common gives the places, in both, of one longest common subsequence.
func common[T comparable](a, b []T) (inA, inB []int) {
	width := len(b) + 1
	length := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i*width+j] = length[(i+1)*width+j+1] + 1
			} else {
				length[i*width+j] = max(length[(i+1)*width+j], length[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			inA, inB = append(inA, i), append(inB, j)
			i, j = i+1, j+1
		case length[(i+1)*width+j] >= length[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return inA, inB
}

// alignNames gives the cost and the fitness of one trace against a design.
func alignNames(trace, design []string) (cost int, fitness float64) {
	kept, _ := common(trace, design)
	cost = len(trace) + len(design) - 2*len(kept)
	return cost, 1 - float64(cost)/float64(len(trace)+len(design))
}
