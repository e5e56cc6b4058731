package impact

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// Moment is an interaction as far as rules and answers read it.
type Moment struct {
	ID         experience.ID
	Time       time.Time
	Kind       experience.Kind
	Name       string
	Touchpoint string // key; "" = unbound
	Order      string // "" = none
	Revenue    int64  // minor units, refunds negative

	facts [factCount]string
}

// fact is a property that rules or answers read.
type fact int

// The facts, in the order of factNames.
const (
	factScore fact = iota
	factRating
	factScale
	factOutOf
	factDimension
	factCase
	factDelay
	factEstimated
	factPromisedDays
	factWait
	factPromisedSeconds
	factOutcome
	factSolved
	factResults
	factDays
	factProducts
	factShipping
	factPayments
	factPayment
	factTimeIs
	factAnswers
	factCount
)

// factNames are the properties' names, as senders write them.
var factNames = [factCount]string{
	"score", "rating", "scale", "out_of", "dimension", "case_id", "delay_days", "estimated_delivery", "promised_days",
	"wait_seconds", "promised_seconds", "outcome", "solved", "results", "days",
	"products", "shipping", "payment_methods", "payment_method", "time_is", "answers",
}

// parseFact finds a fact by its property's name.
func parseFact(name string) (fact, bool) {
	i := slices.Index(factNames[:], name)
	return fact(i), i >= 0
}

// number reads a fact as a number.
func (m *Moment) number(f fact) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(m.facts[f]), 64)
	return v, err == nil && v-v == 0 // neither infinite nor not a number
}

// sorted gives moments in the order of their time; what happened at the same
// time stands in the order of the ids, so that the order of arrival cannot
// matter.
func sorted(moments []Moment) []Moment {
	inOrder := func(a, b Moment) int {
		return cmp.Or(a.Time.Compare(b.Time), bytes.Compare(a.ID[:], b.ID[:]))
	}
	if slices.IsSortedFunc(moments, inOrder) {
		return moments
	}
	moments = slices.Clone(moments)
	slices.SortFunc(moments, inOrder)
	return moments
}
