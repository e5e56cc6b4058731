package language

import "slices"

// judgeOtherwise writes on the card what macro F1 would be if it were read in
// other ways than strictly, so that figures of others can be set beside it:
//
//   - hasornot.f1: the mean of the F1 of having a label and of not having it;
//   - single.f1, of single.n texts: those with one label only, of which the
//     likeliest is told;
//   - agreed.f1, of agreed.n texts: those whose words never stand with other labels.
func (m *Model) judgeOtherwise(all []answer) {
	both := 0.0
	for k, t := range m.count(all) {
		var not tally
		for _, a := range all {
			not.add(!slices.Contains(a.told, k), !slices.Contains(a.are, k))
		}
		both += (t.f1() + not.f1()) / 2
	}
	m.Figures["hasornot.f1"] = both / float64(len(m.Labels))
	var agreed, single []answer
	for _, a := range all {
		if !a.argued {
			agreed = append(agreed, a)
		}
		if len(a.are) == 1 {
			a.told = []int{likeliest(a.confidence, m.cutoff)}
			single = append(single, a)
		}
	}
	m.Figures["agreed.f1"], m.Figures["agreed.n"] = meanF1(m.count(agreed)), float64(len(agreed))
	m.Figures["single.f1"], m.Figures["single.n"] = meanF1(m.count(single)), float64(len(single))
}
