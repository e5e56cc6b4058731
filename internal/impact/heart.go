package impact

import (
	"math"
	"slices"
	"time"

	"regia/internal/experience"
)

// Assumption is what the designer of a map supposes that a step does to people:
// whenever they have an interaction of that name, at that touchpoint. What is
// empty asks nothing; both empty, it is never met.
type Assumption struct {
	Event, Touchpoint string
	Impacts           map[experience.Dimension]float64 // from -1 to 1
	Why               string                           // the map and the step, as people read them
}

func (a Assumption) meets(m *Moment) bool {
	return (a.Event != "" || a.Touchpoint != "") && (a.Event == "" || a.Event == m.Name) && (a.Touchpoint == "" || a.Touchpoint == m.Touchpoint)
}

// evidences are the kinds of evidence, the strongest first.
var evidences = []experience.Evidence{experience.Stated, experience.Inferred, experience.Assumed}

// mark is one thing known of a moment. It does not hold weights, so that a rule
// may be weighed anew without reading what happened again.
type mark struct {
	moment    int
	evidence  uint8   // index of evidences
	dimension uint8   // index of experience.Dimensions
	which     int     // stated: index of a scale; inferred: of a rule; assumed: of an assumption
	amount    float32 // stated, assumed: the value; inferred: how much of the rule
}

// vocabulary gives numbers to what marks name.
type vocabulary struct {
	scales  []experience.Scale
	assumed []Assumption
}

func (v *vocabulary) scale(s experience.Scale) int {
	i := slices.Index(v.scales, s)
	if i < 0 {
		i = len(v.scales)
		v.scales = append(v.scales, s)
	}
	return i
}

// Tell is the heart: what one person's interactions did to them, as it can be
// known at a time. The order in which the moments come does not matter; each
// impression has the time of its interaction, also where it took longer to
// know (a basket left, a parcel that did not come). It depends on nothing but
// what it is given.
func (b *Book) Tell(person experience.ID, moments []Moment, assumed []Assumption, asOf time.Time) []experience.Impression {
	moments = sorted(moments)
	v := &vocabulary{assumed: assumed}
	var out []experience.Impression
	last := -1
	for _, k := range b.marks(moments, v, asOf) {
		impact, ok := b.impact(k, v)
		if !ok {
			continue
		}
		if k.moment != last {
			m := &moments[k.moment]
			out = append(out, experience.Impression{Interaction: m.ID, Person: person, Time: m.Time, Kind: m.Kind, Name: m.Name, Touchpoint: m.Touchpoint, Order: m.Order})
			last = k.moment
		}
		at := &out[len(out)-1]
		at.Impacts = append(at.Impacts, impact)
	}
	return out
}

// marks gives what is known of moments, which are in order.
func (b *Book) marks(moments []Moment, v *vocabulary, asOf time.Time) []mark {
	return b.marksOf(moments, b.fire(moments, asOf), v, asOf)
}

func (b *Book) marksOf(moments []Moment, firings []firing, v *vocabulary, asOf time.Time) []mark {
	var out []mark
	for i := range moments {
		m := &moments[i]
		if m.Time.After(asOf) {
			break
		}
		for _, a := range m.states() {
			out = append(out, mark{i, 0, dimensionIndex(a.dimension), v.scale(a.scale), float32(a.value)})
		}
		for k, a := range v.assumed {
			if !a.meets(m) {
				continue
			}
			for d, dimension := range experience.Dimensions {
				if value, ok := a.Impacts[dimension]; ok {
					out = append(out, mark{i, 2, uint8(d), k, float32(value)})
				}
			}
		}
	}
	for _, f := range firings {
		r := &b.Rules[f.rule]
		out = append(out, mark{f.moment, 1, dimensionIndex(r.Dimension), f.rule, float32(r.strength(f.amount))})
	}
	slices.SortStableFunc(out, func(x, y mark) int {
		if x.moment != y.moment {
			return x.moment - y.moment
		}
		return int(x.evidence) - int(y.evidence)
	})
	return out
}

// impact weighs a mark; false where its rule is switched off.
func (b *Book) impact(k mark, v *vocabulary) (experience.Impact, bool) {
	i := experience.Impact{Dimension: experience.Dimensions[k.dimension], Value: math.Round(float64(k.amount)*1e6) / 1e6, Evidence: evidences[k.evidence]}
	switch i.Evidence {
	case experience.Stated:
		i.Why = v.scales[k.which].Key
	case experience.Inferred:
		if b.Weights[k.which].Off {
			return i, false
		}
		i.Why, i.Value = b.Rules[k.which].Key, b.value(k.which, float64(k.amount))
		i.Error = b.Weights[k.which].Error * float64(k.amount)
	case experience.Assumed:
		i.Why, i.Value = v.assumed[k.which].Why, math.Max(-1, math.Min(1, i.Value))
	}
	return i, true
}

func dimensionIndex(d experience.Dimension) uint8 {
	return uint8(slices.Index(experience.Dimensions, d))
}
