package impact

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"regia/internal/experience"
)

// column is one thing that a prediction looks at.
type column struct {
	key        string // a rule's key, or of impact.column.… in the catalogues
	of         func(*occasion) float64
	mean, sd   float64 // over what was learned from
	rule       int     // index of the rule; -1: about the order
	popularity int     // of how many occasions it says something
}

// ramp goes from 0 to 1 between two places: hinges of a linear spline.
func ramp(v, from, to float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Max(0, math.Min(1, (v-from)/(to-from)))
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// known is what is known less what is usual, on a logarithmic scale.
func logOf(v float64) float64 {
	if math.IsNaN(v) || v < 0 {
		return 0
	}
	return math.Log1p(v)
}

// orderColumns look at the order that an occasion is about.
func orderColumns() []column {
	late := func(f *orderFacts, from, to float64) float64 {
		if !f.delivery.Known || f.delivery.Overdue {
			return 0
		}
		return ramp(f.delivery.DaysLate, from, to)
	}
	waiting := func(f *orderFacts, from, to float64) float64 {
		if !f.delivery.Overdue {
			return 0
		}
		return ramp(f.delivery.DaysLate, from, to)
	}
	there := func(f *orderFacts) bool { return f.delivery.Known && !f.delivery.Overdue }
	list := []struct {
		key string
		of  func(f *orderFacts) float64
	}{
		{"delivered", func(f *orderFacts) float64 { return yes(there(f)) }},
		{"early", func(f *orderFacts) float64 { return late(f, 0, -7) }},
		{"early-more", func(f *orderFacts) float64 { return late(f, -7, -21) }},
		{"late", func(f *orderFacts) float64 { return late(f, 0, 1) }},
		{"late-3", func(f *orderFacts) float64 { return late(f, 1, 4) }},
		{"late-7", func(f *orderFacts) float64 { return late(f, 4, 8) }},
		{"late-more", func(f *orderFacts) float64 { return late(f, 8, 21) }},
		{"overdue", func(f *orderFacts) float64 { return yes(f.delivery.Overdue) }},
		{"overdue-7", func(f *orderFacts) float64 { return waiting(f, 2, 9) }},
		{"overdue-more", func(f *orderFacts) float64 { return waiting(f, 9, 30) }},
		{"days", func(f *orderFacts) float64 { return logOf(f.took) }},
		{"days-known", func(f *orderFacts) float64 { return yes(!math.IsNaN(f.took)) }},
		{"age-waiting", func(f *orderFacts) float64 { return yes(!there(f)) * logOf(f.age) }},
		{"sent-waiting", func(f *orderFacts) float64 { return yes(f.sent && !there(f)) }},
		{"approved-waiting", func(f *orderFacts) float64 { return yes(f.approved && !f.sent && !there(f)) }},
		{"cancelled", func(f *orderFacts) float64 { return yes(f.cancelled) }},
		{"promised", func(f *orderFacts) float64 { return logOf(f.promised) }},
		{"worth", func(f *orderFacts) float64 { return logOf(f.worth) }},
		{"freight", func(f *orderFacts) float64 { return ramp(f.freight, 0, 1) }},
		{"items", func(f *orderFacts) float64 { return logOf(f.items) }},
		{"many-items", func(f *orderFacts) float64 { return yes(f.items > 1) }},
		{"many-items-there", func(f *orderFacts) float64 { return yes(f.items > 1 && there(f)) }},
		{"many-sellers", func(f *orderFacts) float64 { return yes(f.sellers > 1) }},
		{"items-unknown", func(f *orderFacts) float64 { return yes(math.IsNaN(f.items)) }},
		{"earlier", func(f *orderFacts) float64 { return logOf(f.earlier) }},
		{"earlier-late", func(f *orderFacts) float64 { return logOf(f.earlierLate) }},
	}
	out := []column{{key: "order", rule: -1, of: func(o *occasion) float64 { return yes(o.order != "") }}}
	for _, c := range list {
		out = append(out, column{key: c.key, rule: -1, of: func(o *occasion) float64 {
			if o.order == "" {
				return 0
			}
			return c.of(&o.facts)
		}})
	}
	return out
}

// mostPayments is how many ways of paying are told apart.
const mostPayments = 6

// columnsFor gives what to look at, learned from examples: what says something
// of at least experience.TooFew of them, and neither is the same for all nor says
// what another column says already.
func (b *Book) columnsFor(examples []occasion) []column {
	list := orderColumns()
	ways := map[string]int{}
	for i := range examples {
		for _, p := range examples[i].facts.payments {
			ways[p]++
		}
	}
	common := keys(ways)
	slices.SortStableFunc(common, func(x, y string) int { return cmp.Compare(ways[y], ways[x]) })
	for _, way := range common[:min(len(common), mostPayments)] {
		list = append(list, column{key: "payment:" + way, rule: -1, of: func(o *occasion) float64 { return yes(slices.Contains(o.facts.payments, way)) }})
	}
	for i := range b.Rules {
		list = append(list, column{key: b.Rules[i].Key, rule: i, of: func(o *occasion) float64 { return strengthOf(o.rules, i) }})
	}
	var kept []column
	var looked [][]float64
	for _, c := range list {
		values := make([]float64, len(examples))
		for i := range examples {
			values[i] = c.of(&examples[i])
			if values[i] != 0 {
				c.popularity++
			}
		}
		c.mean, c.sd = stat.MeanStdDev(values, nil)
		if !(c.sd > 0) || c.popularity < experience.TooFew {
			continue
		}
		if slices.ContainsFunc(looked, func(other []float64) bool { return math.Abs(stat.Correlation(values, other, nil)) > sameAs }) {
			continue
		}
		kept, looked = append(kept, c), append(looked, values)
	}
	return kept
}

// sameAs is from which correlation on two columns say the same: the second
// would only split what the first weighs.
const sameAs = 0.9999

// rows look at occasions, each column in its own spread.
func rows(columns []column, list []occasion) [][]float64 {
	out := make([][]float64, len(list))
	for i := range list {
		out[i] = rowOf(columns, &list[i])
	}
	return out
}

func rowOf(columns []column, o *occasion) []float64 {
	out := make([]float64, len(columns))
	for j, c := range columns {
		out[j] = (c.of(o) - c.mean) / c.sd
	}
	return out
}
