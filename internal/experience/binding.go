package experience

import (
	"bytes"
	"encoding/json"
)

// Condition asks something of one top-level property of an interaction.
type Condition struct {
	Property string `json:"property"`
	Op       Op     `json:"op"`
	Value    string `json:"value,omitempty"` // ignored by Exists
}

// Op is how a condition compares. A scalar is compared by its text: strings as
// they are, true and false, numbers as the sender wrote them; null, objects,
// arrays and absent properties never match.
type Op string

// The ways to compare.
const (
	Is       Op = "is"       // the same text, upper and lower case alike
	IsNot    Op = "is_not"   // there, a scalar, and another text
	Contains Op = "contains" // the text contains it, upper and lower case alike
	Exists   Op = "exists"   // there, and a scalar
)

// Binding assigns interactions to a touchpoint. An empty field matches all.
// Of the bindings that match, the first in the catalogue's order wins.
type Binding struct {
	ID         string      `json:"id"`
	Touchpoint string      `json:"touchpoint"` // key of the touchpoint
	Source     string      `json:"source,omitempty"`
	Kind       Kind        `json:"kind,omitempty"`
	Name       string      `json:"name,omitempty"`       // event or page name, upper and lower case alike
	Conditions []Condition `json:"conditions,omitempty"` // all must hold
}

// ScalarText gives a JSON scalar's text, as conditions compare it: a string's
// content, anything else as the sender wrote it. False for null, objects,
// arrays and nothing at all.
func ScalarText(raw json.RawMessage) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "", false
	}
	switch raw[0] {
	case '{', '[', 'n':
		return "", false
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	}
	return string(raw), true
}
