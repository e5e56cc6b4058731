package lifecycle

import (
	"cmp"
	"maps"
	"slices"

	"regia/internal/experience"
)

// bought gives what is told about purchases.
func (p *report) bought() PurchasesAnswer {
	out := PurchasesAnswer{At: p.at, Again: rate(p.all.again, p.all.buyers), Third: rate(p.all.third, p.all.again), Void: p.void,
		Cohorts: []CohortAnswer{}, Touchpoints: origins(p.touchpoints), Channels: origins(p.channels)}
	for _, d := range horizons() {
		out.Within = append(out.Within, p.second.within(d, experience.TooFew))
	}
	out.Times = p.times()
	for _, number := range slices.Sorted(maps.Keys(p.cohorts)) {
		c := p.cohorts[number]
		one := CohortAnswer{Month: monthStart(number, p.zone).Format(monthFormat), Again: rate(c.again, c.buyers), Third: rate(c.third, c.again)}
		if p.watched(number) {
			soon := rate(c.soon, c.buyers)
			one.Soon = &soon
		}
		out.Cohorts = append(out.Cohorts, one)
	}
	return out
}

// times tells within how many days people buy again: a day that has begun
// counts as a whole one.
func (p *report) times() Times {
	var t Times
	t.Median, t.N = p.second.quantile(0.5)
	t.First, _ = p.second.quantile(0.25)
	t.Third, _ = p.second.quantile(0.75)
	if t.N > 0 {
		t.First, t.Median, t.Third = t.First+1, t.Median+1, t.Third+1
	}
	if day, ok := p.second.reached(0.5); ok {
		day++
		t.Half = &day
	}
	return t
}

// origins lists places by how many began there.
func origins[K ~string](m map[K]*tries) []OriginAnswer {
	out := []OriginAnswer{}
	for key, t := range m {
		out = append(out, OriginAnswer{Key: string(key), Again: rate(t.again, t.buyers), Third: rate(t.third, t.again)})
	}
	slices.SortFunc(out, func(a, b OriginAnswer) int {
		return cmp.Or(cmp.Compare(b.Again.N, a.Again.N), cmp.Compare(a.Key, b.Key))
	})
	return out
}
