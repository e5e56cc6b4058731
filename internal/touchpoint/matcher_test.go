package touchpoint

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

// slowMatch says what Match must answer, straight from the definition of
// experience.Binding and experience.Condition.
func slowMatch(bindings []experience.Binding, source string, kind experience.Kind, name string, properties json.RawMessage) (string, bool) {
	name = strings.ToLower(name)
	for _, b := range bindings {
		wanted := strings.ToLower(b.Name)
		if (b.Source == "" || b.Source == source) && (b.Kind == "" || b.Kind == kind) &&
			(wanted == "" || wanted == name) && slowConditions(b.Conditions, properties) {
			return b.Touchpoint, true
		}
	}
	return "", false
}

func slowConditions(conditions []experience.Condition, properties json.RawMessage) bool {
	for _, c := range conditions {
		if !slowCondition(c, properties) {
			return false
		}
	}
	return true
}

func slowCondition(c experience.Condition, properties json.RawMessage) bool {
	d := json.NewDecoder(strings.NewReader(string(properties)))
	d.UseNumber()
	var object map[string]any
	if d.Decode(&object) != nil {
		return false
	}
	var text string
	switch v := object[c.Property].(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	case bool:
		text = map[bool]string{true: "true", false: "false"}[v]
	default:
		return false
	}
	text, value := strings.ToLower(text), strings.ToLower(c.Value)
	return c.Op == experience.Exists || c.Op == experience.Is && text == value ||
		c.Op == experience.IsNot && text != value || c.Op == experience.Contains && strings.Contains(text, value)
}

func drawBinding(t *rapid.T) experience.Binding {
	b := experience.Binding{
		Touchpoint: rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "touchpoint"),
		Source:     rapid.SampledFrom([]string{"", "", "s1", "s2"}).Draw(t, "source"),
		Kind:       rapid.SampledFrom([]experience.Kind{"", "", experience.Track, experience.PageView}).Draw(t, "kind"),
		Name:       rapid.SampledFrom([]string{"", "Order Completed", "ORDER COMPLETED", "Città", "CITTÀ"}).Draw(t, "name"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		b.Conditions = append(b.Conditions, experience.Condition{
			Property: rapid.SampledFrom([]string{"p", "q", "P"}).Draw(t, "property"),
			Op:       rapid.SampledFrom([]experience.Op{experience.Is, experience.IsNot, experience.Contains, experience.Exists}).Draw(t, "op"),
			Value:    rapid.SampledFrom([]string{"x", "X", "1", "1.0", "true", "È", ""}).Draw(t, "value"),
		})
	}
	return b
}

func TestMatchIsTheObviousLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bindings := rapid.SliceOfN(rapid.Custom(drawBinding), 0, 12).Draw(t, "bindings")
		m := NewMatcher(bindings)
		for range 10 {
			source := rapid.SampledFrom([]string{"s1", "s2", "s3", ""}).Draw(t, "source")
			kind := rapid.SampledFrom(experience.Kinds).Draw(t, "kind")
			name := rapid.SampledFrom([]string{"", "order completed", "Order Completed", "città", "Altro"}).Draw(t, "name")
			properties := json.RawMessage(rapid.SampledFrom([]string{
				``, `null`, `{}`, `[]`, `"x"`, `{"p"`, `{"p":"x"}`, `{"p":"AX","q":"x"}`, `{"p":1,"q":1.0}`, `{"P":true}`, `{"p":null,"q":{"p":"x"}}`,
				`{"p":["x"],"q":false}`, `{"p":"è","P":"\u0078"}`, `{"p" : "" , "q": 1e3 }`, `{"p":"x","p":"1"}`,
			}).Draw(t, "properties"))
			want, wantOK := slowMatch(bindings, source, kind, name, properties)
			if got, ok := m.Match(source, kind, name, properties); got != want || ok != wantOK {
				t.Fatalf("Match(%q, %q, %q, %s) = %q, %v; want %q, %v", source, kind, name, properties, got, ok, want, wantOK)
			}
		}
	})
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		op         experience.Op
		value      string
		properties string
		want       bool
	}{
		{experience.Is, "sms", `{"p":"SMS"}`, true},
		{experience.Is, "1", `{"p":1}`, true},
		{experience.Is, "1", `{"p":1.0}`, false}, // as the sender wrote it
		{experience.Is, "TRUE", `{"p":true}`, true},
		{experience.Is, "", `{"p":""}`, true},
		{experience.Is, "null", `{"p":null}`, false},
		{experience.Is, "x", `{"q":{"p":"x"}}`, false}, // only top-level
		{experience.IsNot, "x", `{"p":"y"}`, true},
		{experience.IsNot, "x", `{"p":"X"}`, false},
		{experience.IsNot, "x", `{}`, false},
		{experience.IsNot, "x", `{"p":["y"]}`, false},
		{experience.Contains, "PER", `{"p":"Camper"}`, true},
		{experience.Contains, "23", `{"p":1234}`, true},
		{experience.Contains, "x", `{"p":"y"}`, false},
		{experience.Exists, "", `{"p":false}`, true},
		{experience.Exists, "", `{"p":""}`, true},
		{experience.Exists, "", `{"p":null}`, false},
		{experience.Exists, "", `{"p":{}}`, false},
		{experience.Exists, "", `{"P":1}`, false}, // property names keep their case
		{"like", "x", `{"p":"x"}`, false},
	} {
		m := NewMatcher([]experience.Binding{{Touchpoint: "t", Conditions: []experience.Condition{{Property: "p", Op: c.op, Value: c.value}}}})
		if _, got := m.Match("s", experience.Track, "E", json.RawMessage(c.properties)); got != c.want {
			t.Errorf("p %s %q of %s = %v, want %v", c.op, c.value, c.properties, got, c.want)
		}
	}
}

func TestMatchDoesNotReadWhatNoConditionAsks(t *testing.T) {
	m := NewMatcher([]experience.Binding{
		{Touchpoint: "a", Name: "Plain"},
		{Touchpoint: "b", Name: "Asking", Conditions: []experience.Condition{{Property: "p", Op: experience.Exists}}},
	})
	properties := json.RawMessage(`{"p":"` + strings.Repeat("x", 10_000) + `"}`)
	n := testing.AllocsPerRun(100, func() { m.Match("s", experience.Track, "plain", properties) })
	if n != 0 {
		t.Errorf("a plain name took %v allocations, want none", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	d, err := Defaults()
	if err != nil {
		b.Fatal(err)
	}
	m := NewMatcher(d.Rules([]Source{{ID: "site", Kind: "web"}, {ID: "app", Kind: "app"}, {ID: "till", Kind: "shop"}}))
	properties := json.RawMessage(`{"order_id":"o-1","total":12.5,"currency":"EUR"}`)
	for b.Loop() {
		m.Match("site", experience.Track, "Order Completed", properties)
	}
}
