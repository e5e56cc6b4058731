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
		paired, alone := differences(len(trace), len(codes), func(event, step int) bool { return trace[event] == codes[step] })
		c := int64(len(trace) + len(codes) - 2*paired)
		cost, most = cost+cases*c, most+cases*int64(len(trace)+len(codes))
		sum += float64(cases) * (1 - float64(c)/float64(len(trace)+len(codes)))
		if c == 0 {
			a.Fitting += cases
		}
		for d, n := range t.deviations(trace, alone, design) {
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

// deviations counts the differences of one trace.
func (t *processTally) deviations(trace []int32, alone []move, design []string) map[Deviation]int64 {
	out := map[Deviation]int64{}
	for _, m := range alone {
		d := Deviation{Kind: m.kind}
		if m.step >= 0 {
			d.Activity = design[m.step]
		} else {
			d.Activity = t.names[trace[m.event]]
		}
		out[d]++
	}
	return out
}

// alignNames gives the cost and the fitness of one trace against a design.
func alignNames(trace, design []string) (cost int, fitness float64) {
	kept, _ := common(len(trace), len(design), func(event, step int) bool { return trace[event] == design[step] })
	cost = len(trace) + len(design) - 2*len(kept)
	return cost, 1 - float64(cost)/float64(len(trace)+len(design))
}
