package impact

import (
	"bytes"
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
)

// occasion is something that somebody could be asked about, with all that was
// known of it at a time: nothing that came later, nothing whose time is not
// sure, and nothing that anybody said.
type occasion struct {
	person      experience.ID
	interaction experience.ID // the answer; zero: nobody answered
	order       string        // "" = what happened lately
	at          time.Time     // of the answer, or now
	answer      answer        // what was said
	facts       orderFacts
	rules       []feature
}

// Occasions kept: the latest answers to learn from, and as many silent people
// as give every share to within half a per cent.
const (
	mostExamples = 20_000
	mostSilent   = 20_000
)

// factual leaves out what nobody may know before an answer: what people said,
// and events whose time is only a bound ("time_is": "not before"): such a one
// may have happened after the answer.
func factual(moments []Moment) []Moment {
	return slices.DeleteFunc(slices.Clone(moments), func(m Moment) bool {
		_, says := experience.AnswerScale(m.Name)
		return says || m.facts[factTimeIs] != ""
	})
}

// occasions gives what one person was asked about, and, if they never
// answered, what they could be asked about now; false where there is nothing.
func (b *Book) occasions(person experience.ID, moments []Moment, now time.Time) (answered []occasion, silent occasion, ok bool) {
	var facts []Moment
	spoke := false
	for i := range moments {
		m := &moments[i]
		a, says := m.stated()
		if !says || m.Time.After(now) {
			continue
		}
		spoke = true
		if facts == nil {
			facts = factual(moments)
		}
		orders := ordersOfCases(moments, m.Time)
		o := b.occasion(facts, scope{orders: orders, order: orderOf(m, orders), kase: m.facts[factCase], at: m.Time})
		o.person, o.interaction, o.answer = person, m.ID, a
		answered = append(answered, o)
	}
	if spoke || person.IsZero() || len(moments) == 0 {
		return answered, silent, false
	}
	facts = factual(moments)
	s := scope{orders: ordersOfCases(moments, now), order: lastOrder(facts, now), at: now}
	if s.order == "" { // what happened to them lately, as it was then
		s.at = moments[len(moments)-1].Time.Add(time.Microsecond)
	}
	silent = b.occasion(facts, s)
	silent.person = person
	return nil, silent, s.order != "" || len(silent.rules) > 0
}

// occasion gathers what was known before the scope's time.
func (b *Book) occasion(facts []Moment, s scope) occasion {
	before := facts[:0:0]
	for i := range facts {
		if facts[i].Time.Before(s.at) {
			before = append(before, facts[i])
		}
	}
	s.moments = before
	o := occasion{order: strings.Clone(s.order), at: s.at, rules: s.features(b, b.fire(before, s.at))}
	if s.order != "" {
		o.facts = b.orderAt(before, s.order, s.at)
	}
	return o
}

func lastOrder(moments []Moment, now time.Time) string {
	for i := len(moments) - 1; i >= 0; i-- {
		if m := &moments[i]; m.Order != "" && m.Time.Before(now) && slices.Contains(placed, m.Name) {
			return m.Order
		}
	}
	return ""
}

// gathered is what predictions learn from and are made for.
type gathered struct {
	answered []occasion
	silent   []occasion
	people   int64 // silent ones, all of them
}

func (g *gathered) take(b *Book, person experience.ID, moments []Moment, now time.Time) {
	answered, silent, ok := b.occasions(person, moments, now)
	g.answered = append(g.answered, answered...)
	if len(g.answered) > 2*mostExamples {
		g.answered = youngest(g.answered)
	}
	if ok {
		g.people++
		g.silent = append(g.silent, silent)
	}
	if len(g.silent) > 2*mostSilent {
		g.silent = sampled(g.silent)
	}
}

// youngest keeps the latest answers, oldest first.
func youngest(list []occasion) []occasion {
	slices.SortFunc(list, func(a, b occasion) int {
		return cmp.Or(a.at.Compare(b.at), bytes.Compare(a.interaction[:], b.interaction[:]))
	})
	return slices.Clone(list[max(0, len(list)-mostExamples):])
}

// sampled keeps a sample of people that is always the same: those whose ids
// have the least hashes.
func sampled(list []occasion) []occasion {
	hash := func(o occasion) uint64 {
		h := fnv.New64a()
		h.Write(o.person[:])
		return h.Sum64()
	}
	slices.SortFunc(list, func(a, b occasion) int {
		return cmp.Or(cmp.Compare(hash(a), hash(b)), bytes.Compare(a.person[:], b.person[:]))
	})
	return slices.Clone(list[:min(len(list), mostSilent)])
}
