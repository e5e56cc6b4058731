package analytics

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
)

var rome = func() *time.Location {
	l, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(err)
	}
	return l
}()

// A few days around the end of summer time, so that days of 25 hours count too.
var beginning = time.Date(2026, 10, 20, 22, 0, 0, 0, time.UTC)

// world is a random log: few people, few names and few moments, so that ties,
// repetitions and near misses are common.
func world(t *rapid.T) []experience.Interaction {
	n := rapid.IntRange(0, 40).Draw(t, "rows")
	rows := make([]experience.Interaction, n)
	for i := range rows {
		at := beginning.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "at")) * 3 * time.Hour)
		r := experience.Interaction{
			ID: experience.HashID(nil, "row", strconv.Itoa(i)), MessageID: strconv.Itoa(i), Source: "web", Kind: experience.Track,
			Name: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name"), Time: at, ReceivedAt: beginning.Add(time.Duration(i) * time.Microsecond),
			Touchpoint: rapid.SampledFrom([]string{"site", "shop", ""}).Draw(t, "touchpoint"),
			Visit:      rapid.SampledFrom([]string{"v1", "v2", ""}).Draw(t, "visit"),
			Properties: json.RawMessage(fmt.Sprintf(`{"colour":%q,"n":%d}`, rapid.SampledFrom([]string{"red", "blue", ""}).Draw(t, "colour"), i%5)),
		}
		if who := rapid.IntRange(0, 4).Draw(t, "who"); who > 0 {
			r.Person = experience.HashID(nil, "person", strconv.Itoa(who))
		}
		r.Flags = rapid.SampledFrom([]experience.Flags{0, 0, 0, 0, 0, 0, 0, 0, experience.FlagBot, experience.FlagRecord}).Draw(t, "flags")
		if r.Name == "d" {
			r.Revenue, r.Currency = int64(100*(i+1)), "EUR"
		}
		rows[i] = r
	}
	return rows
}

// everyEngine checks a property on random logs, on each engine.
func everyEngine(t *testing.T, check func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction)) {
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		rapid.Check(t, func(t *rapid.T) {
			rows := world(t)
			books.Fill(t, l, rows)
			check(t, l, rows)
		})
	})
}

// referenceCases gives what counts for a scope, by case, in order.
func referenceCases(s Scope, rows []experience.Interaction) map[string][]experience.Interaction {
	cases := map[string][]experience.Interaction{}
	for _, r := range rows {
		name := r.Person.String()
		if s.Case == "visit" && r.Visit != "" {
			name = r.Source + " " + r.Visit
		} else if s.Case == "visit" {
			name = ""
		}
		if s.Case == "properties.colour" {
			name = referenceField(r, "properties.colour")
		}
		if name != "" && referenceCounts(s, r) {
			cases[name] = append(cases[name], r)
		}
	}
	for _, list := range cases {
		slices.SortStableFunc(list, func(a, b experience.Interaction) int {
			return cmp.Or(a.Time.Compare(b.Time), a.ReceivedAt.Compare(b.ReceivedAt))
		})
	}
	return cases
}

func referenceCounts(s Scope, r experience.Interaction) bool {
	if r.Flags != 0 && !s.Everyone || r.Flags&experience.FlagRecord != 0 || !s.From.IsZero() && r.Time.Before(s.From) || !s.To.IsZero() && !r.Time.Before(s.To) {
		return false
	}
	return referenceFilters(s.Where, r)
}

func referenceField(r experience.Interaction, field string) string {
	switch field {
	case "event":
		return r.Name
	case "touchpoint":
		return r.Touchpoint
	case "visit":
		return r.Visit
	}
	name, _ := property(field)
	var fields map[string]json.RawMessage
	if json.Unmarshal(r.Properties, &fields) != nil {
		return ""
	}
	text, _ := experience.ScalarText(fields[name])
	return text
}

func referenceFilters(filters []Filter, r experience.Interaction) bool {
	for _, f := range filters {
		value := referenceField(r, f.Field)
		number, _ := strconv.ParseFloat(value, 64)
		ok := false
		switch f.Is {
		case equal:
			ok = slices.Contains(f.Values, value)
		case notEqual:
			ok = !slices.Contains(f.Values, value)
		case present:
			ok = value != ""
		case absent:
			ok = value == ""
		case "above":
			limit, _ := strconv.ParseFloat(f.Values[0], 64)
			ok = value != "" && number > limit
		}
		if !ok {
			return false
		}
	}
	return true
}

func referenceMatch(m Match, r experience.Interaction) bool {
	return (m.Event == "" || m.Event == r.Name) && (m.Touchpoint == "" || m.Touchpoint == r.Touchpoint) && referenceFilters(m.Where, r)
}

func randomScope(t *rapid.T) Scope {
	s := Scope{Case: rapid.SampledFrom([]string{"", "visit", "properties.colour"}).Draw(t, "case"), Everyone: rapid.Bool().Draw(t, "everyone")}
	if rapid.Bool().Draw(t, "limited") {
		s.From, s.To = beginning.Add(12*time.Hour), beginning.Add(140*time.Hour)
	}
	if rapid.Bool().Draw(t, "filtered") {
		s.Where = []Filter{rapid.SampledFrom([]Filter{
			{Field: "touchpoint", Is: equal, Values: []string{"site", "shop"}},
			{Field: "properties.colour", Is: notEqual, Values: []string{"red"}},
			{Field: "properties.n", Is: "above", Values: []string{"1"}},
			{Field: "visit", Is: present},
			{Field: "properties.colour", Is: absent},
		}).Draw(t, "filter")}
	}
	return s
}

func randomMatch(t *rapid.T) Match {
	m := Match{Event: rapid.SampledFrom([]string{"a", "b", "c", "d", ""}).Draw(t, "event")}
	if rapid.IntRange(0, 3).Draw(t, "narrow") == 0 {
		m.Where = []Filter{{Field: "properties.colour", Is: equal, Values: []string{"red", "blue"}}}
	}
	return m
}
