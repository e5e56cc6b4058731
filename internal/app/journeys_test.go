package app_test

import (
	"slices"
	"strings"
	"testing"

	"regia/internal/journey"
	"regia/internal/touchpoint"
)

// helpdeskEvents is how examples/helpdesk begins the names of its events.
const helpdeskEvents = "Ticket: "

// Ready-made maps name touchpoints of the default catalogue, and events that
// belong to one: so a map is alive as soon as the events come in.
func TestReadyMadeMapsAreBoundToTheDefaultCatalogue(t *testing.T) {
	c, err := touchpoint.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range journey.ReadyMades() {
		m, err := journey.Ready(name, "en")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Steps() {
			for _, key := range s.Touchpoints {
				if _, ok := c.Touchpoint(key); !ok {
					t.Errorf("%s: the touchpoint %q of %q is not in the default catalogue", name, key, s.Name)
				}
			}
			for _, match := range s.Match {
				if strings.HasPrefix(match.Event, helpdeskEvents) {
					continue
				}
				of := slices.ContainsFunc(c.Bindings, func(b touchpoint.Binding) bool {
					return b.Name == match.Event && slices.Contains(s.Touchpoints, b.Touchpoint)
				})
				if !of {
					t.Errorf("%s: %q of %q belongs to none of its touchpoints %v", name, match.Event, s.Name, s.Touchpoints)
				}
			}
		}
	}
}
