package journey

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"regia/internal/web"
)

func (v listView) answer() string {
	if len(v.maps) == 0 {
		return v.l.T("journey.list.none")
	}
	return v.l.T("journey.list.answer", "n", len(v.maps))
}

func (v listView) action() templ.Component {
	if !v.draws || len(v.maps) == 0 { // where there are none, the ways to begin stand on the page
		return nil
	}
	return web.LinkButton(v.l.T("journey.new"), "/journeys/new")
}

// cases offers what a proposal may follow.
func (v newView) cases() []web.Choice {
	var out []web.Choice
	for _, of := range []string{"person", "visit", "order"} {
		out = append(out, web.Choice{Value: of, Label: web.Capital(v.followed(of))})
	}
	return out
}

// basis says whose map it is, and who goes through it.
func (d desk) basis(m Map) string {
	var parts []string
	if m.Owner != "" {
		parts = append(parts, d.l.T("journey.by", "owner", m.Owner))
	}
	if m.Persona != "" {
		parts = append(parts, m.Persona)
	}
	return strings.Join(append(parts, d.l.T("journey.steps", "n", len(m.Steps()))), " · ")
}

func (v mapView) basis() string {
	var parts []string
	if v.m.Owner != "" {
		parts = append(parts, v.l.T("journey.by", "owner", v.m.Owner))
	}
	if v.m.Persona != "" {
		parts = append(parts, v.m.Persona)
	}
	return strings.Join(append(parts, v.l.T("journey.follows", "what", v.followed(v.m.Case))), " · ")
}

// version says which version is shown.
func (v mapView) version() string { return v.l.T("journey.version", "version", v.m.Version) }

func (v mapView) action() templ.Component {
	if !v.draws || v.m.Version != v.latest {
		return nil
	}
	return web.LinkButton(v.l.T("journey.edit"), pathOf(v.m.Key)+"/edit")
}

// at is the address of a version.
func (v mapView) at(version int64) string {
	if version == v.latest {
		return pathOf(v.m.Key)
	}
	return pathOf(v.m.Key) + "?version=" + strconv.FormatInt(version, 10)
}

// path is the address of something that is made of the version shown; pairs
// are further names and values.
func (v mapView) path(what string, pairs ...string) string {
	values := url.Values{}
	if v.m.Version != v.latest {
		values.Set("version", strconv.FormatInt(v.m.Version, 10))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	address := pathOf(v.m.Key) + "/" + what
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

// labels names touchpoints.
func (d desk) labels(keys []string) []string {
	var out []string
	for _, key := range keys {
		out = append(out, d.chip(key).Label)
	}
	return out
}

func (v mapView) shown() []Saved { return v.saved[:min(len(v.saved), shownVersions)] }

// savedWords says who saved a version, and when.
func (v mapView) savedWords(s Saved) string {
	words := v.l.T("journey.saved", "who", v.who(s), "when", v.l.DateTime(s.At))
	if s.Restores > 0 {
		words += " · " + v.l.T("journey.restored", "version", s.Restores)
	}
	return words
}

// noted counts what is written on a step.
func (d desk) noted(s Step) string {
	var parts []string
	for _, one := range []struct {
		key string
		n   int
	}{{"pains", len(s.Pains)}, {"opportunities", len(s.Opportunities)}, {"backstage", len(s.Backstage)}} {
		if one.n > 0 {
			parts = append(parts, d.l.T("journey."+one.key+".count", "n", one.n))
		}
	}
	return web.Capital(strings.Join(parts, ", "))
}
