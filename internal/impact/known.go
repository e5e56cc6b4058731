package impact

import (
	"math"
	"slices"
	"time"

	"regia/internal/experience"
)

// What of a person's past an answer is held against, where it names no order
// and no case: what happened in the lookback, counting half after the fade.
const (
	lookback = 90 * 24 * time.Hour
	fade     = 30 * 24 * time.Hour
)

// Known is a stated answer with what was known of the person before it was
// given. It is what weights are fitted on, and what predictions learn from.
type Known struct {
	Interaction experience.ID
	Person      experience.ID // zero: nobody known
	Time        time.Time
	Order       string // the order it is about; "" = it names none
	Scale       experience.Scale
	Score       float64 // in the scale's units
	Value       float64 // in [-1, 1]

	Before Delivery // of that order, when the answer was given
	After  Delivery // of that order, as it is known now

	before, after []feature
}

// feature is how much of a rule stands before an answer.
type feature struct {
	rule             uint16
	strength, amount float32 // with the rule's cap and without; faded
}

// Feature gives how much of a rule had happened before the answer, about the
// order or case that it names, else in the last 90 days (counting half after
// 30): 1 is once, or one unit (a day late, a minute waited); 0 is not at all.
// Nothing that came after the answer is in it.
func (k Known) Feature(rule int) float64 { return strengthOf(k.before, rule) }

func strengthOf(list []feature, rule int) float64 {
	for _, f := range list {
		if int(f.rule) == rule {
			return float64(f.strength)
		}
	}
	return 0
}

// known gives a person's answers with what came before them. Moments are in
// order; their firings as of the end are given.
func (b *Book) known(person experience.ID, moments []Moment, finally []firing, asOf time.Time) []Known {
	var out []Known
	var certain []Moment
	for i := range moments {
		a, ok := moments[i].stated()
		if !ok {
			continue
		}
		m := &moments[i]
		orders := ordersOfCases(moments, m.Time) // later nobody had told yet
		s := scope{moments: moments, orders: orders, order: orderOf(m, orders), kase: m.facts[factCase], at: m.Time}
		if m.Order == "" && s.kase != "" {
			s.order = "" // it is about the case, not about all of its order
		}
		k := Known{Interaction: m.ID, Person: person, Time: m.Time, Order: s.order, Scale: a.scale, Score: a.score, Value: a.value}
		if certain == nil {
			certain = timed(moments)
		}
		k.before = s.of(certain).features(b, b.fire(certain, m.Time))
		k.after = k.before
		if s.order != "" || s.kase != "" {
			k.after = s.features(b, finally)
		}
		if s.order != "" {
			k.Before = b.deliveries(certain, m.Time)[s.order]
			k.After = b.deliveries(moments, asOf)[s.order]
		}
		out = append(out, k)
	}
	return out
}

// scope is what an answer is about.
type scope struct {
	moments     []Moment
	orders      map[string]string
	order, kase string
	at          time.Time
}

func (s scope) of(moments []Moment) scope {
	s.moments = moments
	return s
}

// timed leaves out moments whose time is only a bound ("time_is": "not
// before"): such a one may have happened after an answer that it stands before.
func timed(moments []Moment) []Moment {
	return slices.DeleteFunc(slices.Clone(moments), func(m Moment) bool { return m.facts[factTimeIs] != "" })
}

// weight is how much a firing counts for the answer.
func (s scope) weight(f firing) float64 {
	m := &s.moments[f.moment]
	switch {
	case s.order != "":
		if orderOf(m, s.orders) == s.order {
			return 1
		}
		return 0
	case s.kase != "":
		if m.facts[factCase] == s.kase {
			return 1
		}
		return 0
	}
	age := s.at.Sub(f.at)
	if age < 0 || age > lookback {
		return 0
	}
	return math.Exp2(-float64(age) / float64(fade))
}

// features adds up, by rule, what counts of firings; what happened several
// times counts as often, up to three times.
func (s scope) features(b *Book, firings []firing) []feature {
	var out []feature
	for _, f := range firings {
		w := s.weight(f)
		if w == 0 {
			continue
		}
		strength, amount := float32(w*b.Rules[f.rule].strength(f.amount)), float32(w*f.amount)
		if i := slices.IndexFunc(out, func(x feature) bool { return int(x.rule) == f.rule }); i >= 0 {
			most := float32(3)
			if limit := b.Rules[f.rule].Cap; limit > 0 {
				most = float32(limit)
			}
			out[i].strength, out[i].amount = min(out[i].strength+strength, most), out[i].amount+amount
			continue
		}
		out = append(out, feature{uint16(f.rule), strength, amount})
	}
	return out
}

// ordersOfCases gives the orders that cases are about, by what had named both
// until a time.
func ordersOfCases(moments []Moment, until time.Time) map[string]string {
	out := map[string]string{}
	for i := range moments {
		if moments[i].Time.After(until) {
			break
		}
		if m := &moments[i]; m.Order != "" && m.facts[factCase] != "" && out[m.facts[factCase]] == "" {
			out[m.facts[factCase]] = m.Order
		}
	}
	return out
}

func orderOf(m *Moment, orders map[string]string) string {
	if m.Order != "" {
		return m.Order
	}
	return orders[m.facts[factCase]]
}
