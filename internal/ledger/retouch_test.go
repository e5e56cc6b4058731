package ledger_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// matches is the plain meaning of experience.Binding, to hold the SQL against.
func matches(b experience.Binding, r experience.Interaction) bool {
	wanted, name := strings.ToLower(b.Name), strings.ToLower(r.Name)
	if b.Source != "" && b.Source != r.Source || b.Kind != "" && b.Kind != r.Kind || wanted != "" && wanted != name {
		return false
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(r.Properties, &fields) // absent properties have no fields
	for _, c := range b.Conditions {
		raw := string(fields[c.Property])
		if raw == "" || raw == "null" || raw[0] == '{' || raw[0] == '[' {
			return false
		}
		text := raw
		if raw[0] == '"' {
			_ = json.Unmarshal([]byte(raw), &text) // it was parsed above
		}
		text, value := strings.ToLower(text), strings.ToLower(c.Value)
		holds := map[experience.Op]bool{experience.Is: text == value, experience.IsNot: text != value,
			experience.Contains: strings.Contains(text, value), experience.Exists: true}[c.Op]
		if !holds {
			return false
		}
	}
	return true
}

func TestRetouchMeansWhatBindingsSay(t *testing.T) {
	texts := []string{`"Scarpe"`, `"SCARPE rosse"`, `"città È già Ü ß"`, `"CITTÀ è GIÀ ü ß"`, `1.10`, `1.1`, `1e3`, `1000`, `12345678901234567890123`, `-0`, `true`, `false`,
		`null`, `{"a":1}`, `[1]`, `""`, `"it's; DROP TABLE head; --"`, `"100%_\\x"`, `"👟"`, `"$1"`, `"a\"b"`, `"\u00c8"`}
	keys := []string{"k", "a.b", "$.k", "/k", "", "it's", `a"b`, "È"}
	var rows []experience.Interaction
	for i, k := range keys {
		for j, v := range texts {
			r := row(fmt.Sprint(i, j), "s", "p", i*100+j)
			name, _ := json.Marshal(k)
			r.Properties = json.RawMessage(fmt.Sprintf(`{"before": [{"k":"no"}], %s : %s, "k2":1}`, name, v))
			r.Name = []string{"Product Viewed", "PRODUCT viewed", "È arrivato", "è ARRIVATO", "it's"}[j%5]
			r.Source = []string{"web", "it's"}[j%2]
			r.Kind = []experience.Kind{experience.Track, experience.PageView}[j%2]
			rows = append(rows, r)
		}
	}
	bare := row("bare", "s", "p", 1)
	bare.Properties = nil
	rows = append(rows, bare)

	var bindings []experience.Binding
	for _, k := range keys {
		for _, op := range []experience.Op{experience.Is, experience.IsNot, experience.Contains, experience.Exists} {
			for _, v := range []string{"scarpe", "SCARPE ROSSE", "CITTÀ", "1.10", "1.1", "1000", "1e3", "12345678901234567890123", "-0", "0", "TRUE", "", "it's; drop table head; --", "%_\\", "👟", "$1", `A"B`, "È", "null"} {
				bindings = append(bindings, experience.Binding{Conditions: []experience.Condition{{Property: k, Op: op, Value: v}}})
			}
		}
	}
	bindings = append(bindings, experience.Binding{}, experience.Binding{Name: "product VIEWED"}, experience.Binding{Name: "È ARRIVATO", Source: "it's"},
		experience.Binding{Kind: experience.PageView, Name: "IT'S", Conditions: []experience.Condition{{Property: "k", Op: experience.Exists}, {Property: "k2", Op: experience.Is, Value: "1"}}})

	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(rows...)
		for i, binding := range bindings {
			binding.ID, binding.Touchpoint = fmt.Sprint("b", i), "it's: touched"
			b.append(ledger.Batch{Retouch: &ledger.Retouch{Catalogue: int64(i), Bindings: []experience.Binding{binding}}})
			var want []string
			for _, r := range rows {
				if matches(binding, r) {
					want = append(want, r.MessageID)
				}
			}
			got := b.ask(`SELECT message_id FROM interactions WHERE touchpoint = $1 ORDER BY time, message_id COLLATE "C"`, "it's: touched")
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Errorf("%+v: %s", binding, diff)
			}
		}
	})
}

func TestRetouchTakesTheFirstAndTouchesOnlyItsNames(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		view, cart := row("view", "s", "p", 1), row("cart", "s", "p", 2)
		cart.Name, cart.Touchpoint = "Cart È Viewed", "kept"
		b.rows(view, cart)
		bindings := []experience.Binding{{ID: "1", Touchpoint: "first", Name: "product viewed"}, {ID: "2", Touchpoint: "second"}}
		touched := func() []string { return b.ask(`SELECT message_id, touchpoint FROM interactions ORDER BY time`) }
		steps := []struct {
			retouch ledger.Retouch
			want    []string
		}{
			{ledger.Retouch{Names: []string{"product viewed"}, Bindings: bindings}, []string{"view|first", "cart|kept"}},
			{ledger.Retouch{Names: []string{}, Bindings: bindings}, []string{"view|first", "cart|kept"}},
			{ledger.Retouch{Names: []string{"cart è viewed", "x"}, Bindings: bindings}, []string{"view|first", "cart|second"}},
			{ledger.Retouch{Bindings: bindings[1:]}, []string{"view|second", "cart|second"}},
			{ledger.Retouch{}, []string{"view|", "cart|"}},
		}
		for i, s := range steps {
			b.append(ledger.Batch{Retouch: &s.retouch})
			if diff := cmp.Diff(s.want, touched()); diff != "" {
				t.Errorf("step %d: %s", i, diff)
			}
		}
	})
}
