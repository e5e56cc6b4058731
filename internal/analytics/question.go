package analytics

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// Scope says which interactions a question is about, and what a case is.
type Scope struct {
	From     time.Time `json:"from,omitzero" doc:"From when on; absent: from the beginning"`
	To       time.Time `json:"to,omitzero" doc:"Until before when; absent: until now"`
	Case     string    `json:"case,omitempty" doc:"What is followed: person (the default), visit, order, or properties.NAME (a ticket, a table, …)"`
	Where    []Filter  `json:"where,omitempty" maxItems:"20" doc:"All must hold for an interaction to count"`
	Everyone bool      `json:"all,omitempty" doc:"Also bots and the company's own staff"`
}

// Filter is a condition on one field of an interaction.
type Filter struct {
	Field  string   `json:"field" doc:"event, kind, touchpoint, source, visit, order, product, currency, revenue (in minor units), or properties.NAME"`
	Is     string   `json:"is" enum:"equal,not_equal,contains,present,absent,above,below,at_least,at_most"`
	Values []string `json:"values,omitempty" maxItems:"100" doc:"equal and contains: one of them; not_equal: none of them; the comparisons of numbers: one number"`
}

// Match says which interactions are meant. An empty Match means every one.
type Match struct {
	Event      string          `json:"event,omitempty" doc:"Name of the event or page"`
	Kind       experience.Kind `json:"kind,omitempty" enum:"identify,track,page,screen,group,alias"`
	Touchpoint string          `json:"touchpoint,omitempty" doc:"Key of a touchpoint"`
	Where      []Filter        `json:"where,omitempty" maxItems:"20"`
}

// onlyEvent tells whether nothing but a name is asked for.
func (m Match) onlyEvent() bool {
	return m.Event != "" && m.Kind == "" && m.Touchpoint == "" && len(m.Where) == 0
}

// columns that a filter or a case may name, as they are called in the ledger.
var columns = map[string]string{
	"event": "name", "kind": "kind", "touchpoint": "touchpoint", "source": "source", "visit": "visit", "order": "order_id",
	"product": "product_id", "currency": "currency",
}

// Kinds of condition.
const (
	equal    = "equal"
	notEqual = "not_equal"
	contains = "contains"
	present  = "present"
	absent   = "absent"
)

var comparisons = map[string]string{"above": ">", "below": "<", "at_least": ">=", "at_most": "<="}

const propertyPrefix = "properties."

// property gives the name of the property that a field means.
func property(field string) (name string, ok bool) {
	name, ok = strings.CutPrefix(field, propertyPrefix)
	return name, ok && name != "" && len(name) <= 200
}

// trait gives the name of the trait that a field means.
func trait(field string) (name string, ok bool) {
	name, ok = strings.CutPrefix(field, "traits.")
	return name, ok && name != "" && len(name) <= 200
}

func (s Scope) check() error {
	if !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To) {
		return experience.Errorf(experience.Invalid, "the period ends before it begins")
	}
	if _, ok := property(s.Case); !ok && !slices.Contains([]string{"", "person", "visit", "order"}, s.Case) {
		return experience.Errorf(experience.Invalid, "case %q is none of person, visit, order and properties.NAME", s.Case)
	}
	return checkAll(s.Where)
}

func (m Match) check() error { return checkAll(m.Where) }

func checkAll(filters []Filter) error {
	for _, f := range filters {
		if err := f.check(); err != nil {
			return err
		}
	}
	return nil
}

func (f Filter) check() error {
	_, isProperty := property(f.Field)
	_, isColumn := columns[f.Field]
	_, compares := comparisons[f.Is]
	switch {
	case !isProperty && !isColumn && f.Field != "revenue":
		return experience.Errorf(experience.Invalid, "there is no field %q to filter by", f.Field)
	case f.Is == present || f.Is == absent:
		return nil
	case compares:
		if len(f.Values) != 1 {
			return experience.Errorf(experience.Invalid, "%s of %s needs one number", f.Is, f.Field)
		}
		if _, err := strconv.ParseFloat(f.Values[0], 64); err != nil {
			return experience.Errorf(experience.Invalid, "%q is not a number", f.Values[0])
		}
		if isColumn {
			return experience.Errorf(experience.Invalid, "%s is not a number", f.Field)
		}
		return nil
	case f.Is != equal && f.Is != notEqual && f.Is != contains:
		return experience.Errorf(experience.Invalid, "there is no condition %q", f.Is)
	case len(f.Values) == 0:
		return experience.Errorf(experience.Invalid, "%s of %s needs a value", f.Is, f.Field)
	}
	return nil
}
