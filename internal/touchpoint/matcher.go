package touchpoint

import (
	"encoding/json"
	"strings"

	"regia/internal/experience"
)

// Matcher finds the touchpoint of an interaction: that of the first binding
// that matches. It is safe for concurrent use and never changes.
type Matcher struct {
	byName map[string]rules // keys are lower case
	others rules            // for names that no binding mentions
}

// rules are the bindings that may concern one event name, in deciding order,
// told apart by source so that a hundred tills do not slow each other down.
type rules struct {
	bySource map[string][]rule // for sources that a binding mentions
	any      []rule            // for all the others
}

// rule is a binding whose source and name are known to match.
type rule struct {
	touchpoint string
	kind       experience.Kind
	conditions []experience.Condition // values in lower case
}

// NewMatcher compiles bindings, given in deciding order with sources by id
// (see Expand).
func NewMatcher(bindings []experience.Binding) *Matcher {
	names := map[string]bool{}
	for _, b := range bindings {
		names[strings.ToLower(b.Name)] = true
	}
	m := &Matcher{byName: make(map[string]rules, len(names))}
	for name := range names {
		if name != "" {
			m.byName[name] = compile(bindings, name)
		}
	}
	m.others = compile(bindings, "")
	return m
}

// compile gathers the bindings for one lower-case name, and those for any.
func compile(bindings []experience.Binding, name string) rules {
	r := rules{bySource: map[string][]rule{}}
	var relevant []experience.Binding
	for _, b := range bindings {
		if b.Name == "" || strings.ToLower(b.Name) == name {
			relevant = append(relevant, b)
			if b.Source != "" {
				r.bySource[b.Source] = nil
			}
		}
	}
	for _, b := range relevant {
		ru := newRule(b)
		if b.Source != "" {
			r.bySource[b.Source] = append(r.bySource[b.Source], ru)
			continue
		}
		r.any = append(r.any, ru)
		for source := range r.bySource {
			r.bySource[source] = append(r.bySource[source], ru)
		}
	}
	return r
}

func newRule(b experience.Binding) rule {
	r := rule{touchpoint: b.Touchpoint, kind: b.Kind}
	for _, c := range b.Conditions {
		c.Value = strings.ToLower(c.Value)
		r.conditions = append(r.conditions, c)
	}
	return r
}

// Match gives the key of the touchpoint an interaction belongs to; ok is false
// when no binding matches. Properties are read only when a condition asks.
func (m *Matcher) Match(source string, kind experience.Kind, name string, properties json.RawMessage) (key string, ok bool) {
	of, found := m.byName[strings.ToLower(name)]
	if !found {
		of = m.others
	}
	list, found := of.bySource[source]
	if !found {
		list = of.any
	}
	var read map[string]json.RawMessage
	for _, r := range list {
		if r.kind != "" && r.kind != kind {
			continue
		}
		if len(r.conditions) == 0 {
			return r.touchpoint, true
		}
		if read == nil {
			read = parse(properties)
		}
		if holdAll(r.conditions, read) {
			return r.touchpoint, true
		}
	}
	return "", false
}

// parse reads an object's properties; what is no object has none.
func parse(properties json.RawMessage) map[string]json.RawMessage {
	read := map[string]json.RawMessage{}
	if json.Unmarshal(properties, &read) != nil || read == nil {
		return map[string]json.RawMessage{}
	}
	return read
}

func holdAll(conditions []experience.Condition, properties map[string]json.RawMessage) bool {
	for _, c := range conditions {
		if !holds(c, properties[c.Property]) {
			return false
		}
	}
	return true
}

// holds tells whether a condition, its value in lower case, is true of a
// property as experience.Condition defines it.
func holds(c experience.Condition, raw json.RawMessage) bool {
	text, ok := experience.ScalarText(raw)
	if !ok {
		return false
	}
	switch c.Op {
	case experience.Exists:
		return true
	case experience.Is:
		return strings.ToLower(text) == c.Value
	case experience.IsNot:
		return strings.ToLower(text) != c.Value
	case experience.Contains:
		return strings.Contains(strings.ToLower(text), c.Value)
	}
	return false
}
