package touchpoint

import (
	"cmp"
	"slices"
	"strings"

	"regia/internal/experience"
)

// Catalogue is the whole of it at one moment.
type Catalogue struct {
	Version     int64        // rises with every change
	Touchpoints []Touchpoint // by stage, then Order, then key
	Bindings    []Binding    // in deciding order: the first that matches wins
}

func (c *Catalogue) sort() {
	slices.SortFunc(c.Touchpoints, func(a, b Touchpoint) int {
		return cmp.Or(
			cmp.Compare(slices.Index(experience.Stages, a.Stage), slices.Index(experience.Stages, b.Stage)),
			cmp.Compare(a.Order, b.Order),
			strings.Compare(a.Key, b.Key),
		)
	})
	slices.SortFunc(c.Bindings, Binding.compare)
}

// Touchpoint finds a touchpoint by its key.
func (c Catalogue) Touchpoint(key string) (Touchpoint, bool) {
	i := slices.IndexFunc(c.Touchpoints, func(t Touchpoint) bool { return t.Key == key })
	if i < 0 {
		return Touchpoint{}, false
	}
	return c.Touchpoints[i], true
}

// Of gives the bindings of one touchpoint, in deciding order.
func (c Catalogue) Of(key string) []Binding {
	out := []Binding{}
	for _, b := range c.Bindings {
		if b.Touchpoint == key {
			out = append(out, b)
		}
	}
	return out
}

// Rules gives the bindings in deciding order, with sources by id: what
// NewMatcher and the ledger take.
func (c Catalogue) Rules(sources []Source) []experience.Binding {
	plain := make([]experience.Binding, len(c.Bindings))
	for i, b := range c.Bindings {
		plain[i] = b.Binding
	}
	return Expand(plain, sources)
}

// Departments lists the departments that answer for something, in order of
// their slug.
func (c Catalogue) Departments() []string {
	var out []string
	for _, t := range c.Touchpoints {
		out = append(out, t.Department)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Filter chooses touchpoints; an empty field takes all.
type Filter struct {
	Channel    experience.Channel
	Stage      experience.Stage
	Ownership  experience.Ownership
	Department string
	Retired    bool // also the retired ones
}

// Takes tells whether a touchpoint is among those the filter chooses.
func (f Filter) Takes(t Touchpoint) bool {
	return (f.Channel == "" || f.Channel == t.Channel) && (f.Stage == "" || f.Stage == t.Stage) &&
		(f.Ownership == "" || f.Ownership == t.Ownership) && (f.Department == "" || f.Department == t.Department) &&
		(f.Retired || !t.Retired)
}
