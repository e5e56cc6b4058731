package journey

import (
	"strconv"
	"strings"

	"regia/internal/analytics"
	"regia/internal/web"
)

// window says a length of time in words: "5d" is 5 days.
func (d desk) window(w string) string {
	if w == "" {
		return ""
	}
	n, err := strconv.Atoi(w[:len(w)-1])
	if err != nil {
		return w
	}
	return d.l.T("journey.window."+w[len(w)-1:], "n", n)
}

// measure says a condition on an interaction in words.
func (d desk) measure(f analytics.Filter) string {
	return d.l.T("journey.measure", "field", d.field(f.Field), "is", d.l.T("journey.is."+f.Is), "values", strings.Join(f.Values, ", "))
}

// field is what a field of an interaction is called.
func (d desk) field(name string) string {
	if property, ok := strings.CutPrefix(name, "properties."); ok {
		return property
	}
	return d.l.T("journey.field." + name)
}

// followed says what a map follows through its steps.
func (d desk) followed(of string) string {
	if property, ok := strings.CutPrefix(of, "properties."); ok {
		return property
	}
	if of == "" {
		of = "person"
	}
	return d.l.T("journey.case." + of)
}

// trail is the names of a map's stages.
func trail(m Map) []string {
	names := make([]string, len(m.Stages))
	for i, s := range m.Stages {
		names[i] = s.Name
	}
	return names
}

// kindTone tells the two kinds of map apart.
func kindTone(k Kind) web.Tone {
	if k == ToBe {
		return web.Ochre
	}
	return web.Sand
}
