package touchpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"regia/internal/experience"
)

// KindPrefix marks a binding's Source as a sort of source instead of an id:
// "kind:shop" means every source of which Kind or Channel is "shop", also an
// imported file of a shop's receipts. Expand resolves it.
const KindPrefix = "kind:"

// Binding is a rule of the catalogue.
type Binding struct {
	experience.Binding
	Own      bool `json:"own"` // made here, not by the default catalogue
	Position int  `json:"-"`   // among equally narrow bindings the smaller one decides
}

// compare is the order in which bindings decide; the first that matches wins:
//
//  1. what people bound here, before the default catalogue;
//  2. a binding that names the event, before one that does not;
//  3. the one with more conditions;
//  4. one for a single source, before one for a kind of source ("kind:shop"),
//     before one for any source;
//  5. one for a single kind of call (track, page, ...), before one for any;
//  6. the order people gave them (Position), the latest made first;
//  7. the id, so that no two are ever equal.
func (b Binding) compare(o Binding) int {
	if b.Own != o.Own {
		return rank(o.Own) - rank(b.Own)
	}
	if c := b.compareWidth(o); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(b.Position, o.Position), strings.Compare(b.ID, o.ID))
}

// compareWidth compares by how narrow two bindings are, the narrower first: 0
// when only people can say which goes first.
func (b Binding) compareWidth(o Binding) int {
	return cmp.Or(
		rank(o.Name != "")-rank(b.Name != ""),
		len(o.Conditions)-len(b.Conditions),
		sourceRank(o.Source)-sourceRank(b.Source),
		rank(o.Kind != "")-rank(b.Kind != ""),
	)
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sourceRank(source string) int {
	switch {
	case source == "":
		return 0
	case strings.HasPrefix(source, KindPrefix):
		return 1
	}
	return 2
}

// Limits on bindings.
const (
	maxConditions = 10
	maxText       = 500 // bytes of a name, a source, a property or a value
)

// CheckBinding tells what is wrong with a binding; nil when nothing is.
func CheckBinding(b experience.Binding) error {
	switch {
	case b.Touchpoint == "":
		return invalid("touchpoint.error.binding.touchpoint")
	case b.Source == "" && b.Kind == "" && b.Name == "" && len(b.Conditions) == 0:
		return invalid("touchpoint.error.binding.everything")
	case b.Kind != "" && !slices.Contains(experience.Kinds, b.Kind):
		return invalid("touchpoint.error.binding.kind")
	case b.Source == KindPrefix:
		return invalid("touchpoint.error.binding.source")
	case len(b.Name) > maxText || len(b.Source) > maxText:
		return invalid("touchpoint.error.binding.long")
	case strings.ContainsRune(b.Name+b.Source, 0):
		return invalid("touchpoint.error.zero")
	case len(b.Conditions) > maxConditions:
		return invalid("touchpoint.error.binding.conditions")
	}
	for _, c := range b.Conditions {
		if err := checkCondition(c); err != nil {
			return err
		}
	}
	return nil
}

func checkCondition(c experience.Condition) error {
	switch {
	case c.Property == "":
		return invalid("touchpoint.error.condition.property")
	case len(c.Property) > maxText || len(c.Value) > maxText:
		return invalid("touchpoint.error.binding.long")
	case strings.ContainsRune(c.Property+c.Value, 0):
		return invalid("touchpoint.error.zero")
	case c.Op == experience.Contains && c.Value == "":
		return invalid("touchpoint.error.condition.value")
	}
	switch c.Op {
	case experience.Is, experience.IsNot, experience.Contains, experience.Exists:
		return nil
	}
	return invalid("touchpoint.error.condition.op")
}

// same tells whether two bindings ask for the same events, letter case aside.
func same(a, b experience.Binding) bool {
	return a.Source == b.Source && a.Kind == b.Kind && sameName(a.Name, b.Name) && slices.Equal(a.Conditions, b.Conditions)
}

// sameName compares as experience.Binding says: in lower case, which is a
// little stricter than Unicode's folding.
func sameName(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a == b
}

// stableID gives a default binding an id made of what it says: the same in
// every installation and every release.
func stableID(b experience.Binding) string {
	b.ID = ""
	text, _ := json.Marshal(b) // strings and slices of strings always marshal
	sum := sha256.Sum256(text)
	return "default-" + hex.EncodeToString(sum[:8])
}

// Source is what the catalogue must know of a source of events.
type Source struct {
	ID      string
	Kind    string             // what it is: "site", "shop", "import", ...
	Channel experience.Channel // where its interactions take place
	Name    string             // for people
}

// Expand turns each binding for a kind of source ("kind:shop") into one for
// each source of that kind, in its place; where there is no such source the
// binding goes. The order stays. What comes out is fit for NewMatcher and for
// the ledger, which know sources by id only.
func Expand(bindings []experience.Binding, sources []Source) []experience.Binding {
	byKind := map[string][]string{}
	for _, s := range sources {
		byKind[s.Kind] = append(byKind[s.Kind], s.ID)
		if channel := string(s.Channel); channel != s.Kind {
			byKind[channel] = append(byKind[channel], s.ID)
		}
	}
	out := make([]experience.Binding, 0, len(bindings))
	for _, b := range bindings {
		kind, ok := strings.CutPrefix(b.Source, KindPrefix)
		if !ok {
			out = append(out, b)
			continue
		}
		for _, id := range byKind[kind] {
			b.Source = id
			out = append(out, b)
		}
	}
	return out
}
