package explore

import (
	"cmp"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// group is some choices under one heading.
type group struct {
	label   string
	choices []web.Choice
}

// How many of each are offered: the most frequent ones.
const (
	mostEvents = 100
	mostPages  = 60
	mostPlaces = 80
)

// itemGroups offers what the record has; what was chosen is always among it.
func (v view) itemGroups(chosen string) []group {
	groups := []group{{label: v.l.T("explore.group.events")}, {label: v.l.T("explore.group.pages")}}
	for _, t := range v.v.things {
		switch {
		case t.name == "":
		case t.kind == experience.Track && len(groups[0].choices) < mostEvents:
			groups[0].choices = append(groups[0].choices, web.Choice{Value: "event:" + t.name, Label: v.title(t.kind, t.name)})
		case (t.kind == experience.PageView || t.kind == experience.Screen) && len(groups[1].choices) < mostPages:
			if len(groups[1].choices) == 0 {
				groups[1].choices = append(groups[1].choices, web.Choice{Value: "kind:page", Label: v.l.T("explore.kind.page")})
			}
			groups[1].choices = append(groups[1].choices, web.Choice{Value: "event:" + t.name, Label: t.name})
		}
	}
	return v.known(append(groups, v.placeGroups("")...), chosen)
}

// placeGroups offers where things happen.
func (v view) placeGroups(chosen string) []group {
	places := group{label: v.l.T("explore.group.touchpoints")}
	channels, stages := map[experience.Channel]bool{}, map[experience.Stage]bool{}
	for _, key := range byCount(v.v.touchpoints) {
		t, ok := v.v.catalogue[key]
		if !ok {
			continue
		}
		channels[t.Channel], stages[t.Stage] = true, true
		if len(places.choices) < mostPlaces {
			places.choices = append(places.choices, web.Choice{Value: "touchpoint:" + key, Label: v.touchpoint(key)})
		}
	}
	slices.SortFunc(places.choices, func(a, b web.Choice) int { return cmp.Compare(a.Label, b.Label) })
	groups := []group{places, {label: v.l.T("explore.group.stages")}, {label: v.l.T("explore.group.channels")}}
	for _, s := range experience.Stages {
		if stages[s] {
			groups[1].choices = append(groups[1].choices, web.Choice{Value: "stage:" + string(s), Label: v.item("stage:" + string(s))})
		}
	}
	for _, c := range experience.Channels {
		if channels[c] {
			groups[2].choices = append(groups[2].choices, web.Choice{Value: "channel:" + string(c), Label: v.item("channel:" + string(c))})
		}
	}
	return v.known(groups, chosen)
}

func byCount(counts map[string]int64) []string {
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return keys
}

// known drops empty groups, and puts what was chosen first where no group has it.
func (v view) known(groups []group, chosen string) []group {
	groups = slices.DeleteFunc(groups, func(g group) bool { return len(g.choices) == 0 })
	if chosen == "" {
		return groups
	}
	for _, g := range groups {
		if slices.ContainsFunc(g.choices, func(c web.Choice) bool { return c.Value == chosen }) {
			return groups
		}
	}
	return slices.Insert(groups, 0, group{label: v.l.T("explore.group.chosen"), choices: []web.Choice{{Value: chosen, Label: v.item(chosen)}}})
}

// one makes a group without heading of values whose words stand in the
// catalogue under a prefix.
func (v view) one(prefix string, values ...string) []group {
	g := group{}
	for _, value := range values {
		g.choices = append(g.choices, web.Choice{Value: value, Label: v.l.T(prefix + cmp.Or(value, "none"))})
	}
	return []group{g}
}

// caseGroups offers what can be followed.
func (v view) caseGroups() []group {
	of := []string{"person"}
	if v.v.visits > 0 || v.s.of == "visit" {
		of = append(of, "visit")
	}
	orders := v.orderCase()
	if orders == "order" || v.s.of == "order" {
		of = append(of, "order")
	}
	g := v.one("explore.case.", of...)
	properties := v.propertyGroup()
	if strings.HasPrefix(orders, "properties.") {
		g[0].choices = append(g[0].choices, web.Choice{Value: orders, Label: v.l.T("explore.case.order")})
		properties.choices = slices.DeleteFunc(properties.choices, func(c web.Choice) bool { return c.Value == orders })
	}
	return v.fields(append(g, properties), v.s.of)
}

// breakGroups offers what a funnel can be broken down by.
func (v view) breakGroups() []group {
	groups := v.fieldGroups(v.s.by, "touchpoint", "source")
	if !v.sees || v.caseKey() != "person" || len(v.v.traits) == 0 {
		return groups
	}
	g := group{label: v.l.T("explore.group.traits")}
	for _, name := range v.v.traits {
		g.choices = append(g.choices, web.Choice{Value: "traits." + name, Label: v.field("traits." + name)})
	}
	return append(groups, g)
}

// fieldGroups offers what an answer can be broken down by, or filtered by.
func (v view) fieldGroups(chosen string, columns ...string) []group {
	g := group{}
	for _, c := range columns {
		g.choices = append(g.choices, web.Choice{Value: c, Label: web.Capital(v.field(c))})
	}
	return v.fields([]group{g, v.propertyGroup()}, chosen)
}

func (v view) propertyGroup() group {
	g := group{label: v.l.T("explore.group.properties")}
	for _, p := range v.v.properties {
		if !v.sees {
			break
		}
		g.choices = append(g.choices, web.Choice{Value: "properties." + p.name, Label: v.field("properties." + p.name)})
	}
	return g
}

// fields is known for fields.
func (v view) fields(groups []group, chosen string) []group {
	groups = slices.DeleteFunc(groups, func(g group) bool { return len(g.choices) == 0 })
	if !strings.HasPrefix(chosen, "properties.") {
		return groups
	}
	for _, g := range groups {
		if slices.ContainsFunc(g.choices, func(c web.Choice) bool { return c.Value == chosen }) {
			return groups
		}
	}
	return append(groups, group{label: v.l.T("explore.group.chosen"), choices: []web.Choice{{Value: chosen, Label: v.field(chosen)}}})
}

// sourceGroups offers where things come from.
func (v view) sourceGroups() []group {
	g := group{}
	for _, id := range byCount(v.v.sources) {
		g.choices = append(g.choices, web.Choice{Value: id, Label: v.value("source", id)})
	}
	return []group{g}
}

// activityGroups offers what the process tells apart.
func (v view) activityGroups(chosen string) []group {
	g := group{}
	if v.s.by == "touchpoint" {
		for _, key := range byCount(v.v.touchpoints) {
			g.choices = append(g.choices, web.Choice{Value: key, Label: v.touchpoint(key)})
		}
	} else {
		for _, t := range v.v.things {
			if t.name != "" && len(g.choices) < mostEvents {
				g.choices = append(g.choices, web.Choice{Value: t.name, Label: v.title(t.kind, t.name)})
			}
		}
	}
	if chosen != "" && !slices.ContainsFunc(g.choices, func(c web.Choice) bool { return c.Value == chosen }) {
		g.choices = append(g.choices, web.Choice{Value: chosen, Label: v.value(v.s.by, chosen)})
	}
	return []group{g}
}
