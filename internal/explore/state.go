package explore

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The five questions, as the address has them.
const (
	funnel    = "funnel"
	paths     = "paths"
	retention = "retention"
	trends    = "trends"
	process   = "process"
)

var questions = []string{funnel, paths, retention, trends, process}

// state is a question as a page asks it: all of it stands in the address.
type state struct {
	question string

	period, from, to string
	of               string // what a case is
	place            string // an item: touchpoint:…, channel:… or stage:…
	source           string
	conditions       []condition
	all              bool

	by   string
	unit string

	steps, exclude   []string // items
	window           string
	anyOrder, totals bool
	hold             string
	anchor           string // an item
	before, collapse bool
	depth, top       string
	start, back      string // items
	periods          string
	later            bool
	what             string // an item
	measure          string
	design           []string // activities
	shown            string
}

// condition is one filter on a field.
type condition struct{ field, is, value string }

// texts, switches and lists are the parts of a state by their names in the address.
func (s *state) texts() map[string]*string {
	return map[string]*string{
		"period": &s.period, "from": &s.from, "to": &s.to, "case": &s.of, "place": &s.place, "source": &s.source, "by": &s.by, "unit": &s.unit,
		"window": &s.window, "hold": &s.hold, "anchor": &s.anchor, "depth": &s.depth, "top": &s.top, "start": &s.start, "return": &s.back,
		"periods": &s.periods, "what": &s.what, "measure": &s.measure, "shown": &s.shown,
	}
}

func (s *state) switches() map[string]*bool {
	return map[string]*bool{"all": &s.all, "any_order": &s.anyOrder, "totals": &s.totals, "before": &s.before, "collapse": &s.collapse, "later": &s.later}
}

func (s *state) lists() map[string]*[]string {
	return map[string]*[]string{"step": &s.steps, "exclude": &s.exclude, "design": &s.design}
}

// Limits of an address: what is beyond is not read.
const (
	maxSteps      = 12
	maxExclude    = 4
	maxDesign     = 30
	maxConditions = 5
	maxText       = 300
)

var longest = map[string]int{"step": maxSteps, "exclude": maxExclude, "design": maxDesign}

// belongs tells which parts a question has beside those that all have.
var belongs = map[string][]string{
	funnel:    {"step", "exclude", "window", "any_order", "totals", "hold", "by"},
	paths:     {"anchor", "before", "depth", "top", "window", "collapse", "by"},
	retention: {"start", "return", "unit", "periods", "later"},
	trends:    {"what", "measure", "unit", "by"},
	process:   {"by", "design", "shown"},
}

var common = []string{"period", "from", "to", "case", "place", "source", "all"}

func (s *state) has(part string) bool {
	return slices.Contains(common, part) || slices.Contains(belongs[s.question], part)
}

// readState reads an address. Buttons of the form without scripts come in it
// too: drop=step.2 takes the second step out.
func readState(question string, q url.Values) state {
	s := state{question: question}
	for name, into := range s.texts() {
		if v := strings.TrimSpace(q.Get(name)); s.has(name) && len(v) <= maxText {
			*into = v
		}
	}
	for name, into := range s.switches() {
		*into = s.has(name) && (q.Get(name) == "1" || q.Get(name) == "true")
	}
	for name, into := range s.lists() {
		if s.has(name) {
			*into = listed(q[name], q.Get("drop"), name)
		}
	}
	for i, field := range q["field"] {
		if field == "" || i >= len(q["is"]) || i >= len(q["value"]) || len(s.conditions) == maxConditions {
			continue
		}
		s.conditions = append(s.conditions, condition{field, q["is"][i], strings.TrimSpace(q["value"][i])})
	}
	if s.of == "person" { // the form says what is meant anyhow
		s.of = ""
	}
	if s.period != "custom" {
		s.from, s.to = "", ""
	}
	return s
}

func listed(values []string, drop, name string) []string {
	var list []string
	for i, v := range values {
		if v = strings.TrimSpace(v); v == "" || len(v) > maxText || drop == name+"."+strconv.Itoa(i+1) || len(list) == longest[name] {
			continue
		}
		list = append(list, v)
	}
	return list
}

// values writes a state as an address has it: without what is empty.
func (s state) values() url.Values {
	q := url.Values{}
	for name, v := range s.texts() {
		if *v != "" {
			q.Set(name, *v)
		}
	}
	for name, v := range s.switches() {
		if *v {
			q.Set(name, "1")
		}
	}
	for name, v := range s.lists() {
		if len(*v) > 0 {
			q[name] = *v
		}
	}
	for _, c := range s.conditions {
		q.Add("field", c.field)
		q.Add("is", c.is)
		q.Add("value", c.value)
	}
	return q
}

// details tells whether the question is about single properties.
func (s state) details() bool {
	fields := []string{s.of, s.by, s.hold}
	for _, c := range s.conditions {
		fields = append(fields, c.field)
	}
	return slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, "properties.") || strings.HasPrefix(f, "traits.") })
}

// url is the address of the question, or of something beside it: "/people",
// ".csv".
func (s state) url(beside string) string {
	query := s.values().Encode()
	if query == "" {
		return "/explore/" + s.question + beside
	}
	return "/explore/" + s.question + beside + "?" + query
}

// with is the address of something beside the question, with more in it.
func (s state) with(beside string, more ...string) string {
	q := s.values()
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/explore/" + s.question + beside + "?" + q.Encode()
}
