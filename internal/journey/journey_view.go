package journey

import (
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

func (v listView) action() templ.Component { return nil }

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

func (v mapView) action() templ.Component { return nil }

// at is the address of a version.
func (v mapView) at(version int64) string {
	if version == v.latest {
		return pathOf(v.m.Key)
	}
	return pathOf(v.m.Key) + "?version=" + strconv.FormatInt(version, 10)
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
