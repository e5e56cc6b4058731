package explore

import (
	"math"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// few is below how many cases a share says nothing.
const few = 20

// view is what every part of a page knows.
type view struct {
	l     *web.Locale
	v     *vocabulary
	s     state
	p     span
	now   time.Time
	zone  *time.Location
	sees  bool // people, and so single properties
	title func(kind experience.Kind, name string) string
}

// item says what an item is called.
func (v view) item(item string) string {
	kind, key, _ := strings.Cut(item, ":")
	switch kind {
	case "":
		return v.l.T("explore.anything")
	case "event":
		return v.title(v.v.kindOf(key), key)
	case "kind":
		return v.l.T("explore.kind." + key)
	case "touchpoint":
		return v.touchpoint(key)
	case "channel":
		return web.Capital(v.l.ChannelLabel(experience.Channel(key)))
	case "stage":
		return web.Capital(v.l.StageLabel(experience.Stage(key)))
	}
	return item
}

func (v view) items(items []string) string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = v.item(item)
	}
	return strings.Join(names, ", ")
}

// tone is the colour of an item.
func (v view) tone(item string) web.Tone {
	kind, key, _ := strings.Cut(item, ":")
	switch kind {
	case "event":
		return channelTone(v.v.channelOf(key))
	case "touchpoint":
		return channelTone(v.v.catalogue[key].Channel)
	case "channel":
		return channelTone(experience.Channel(key))
	case "stage":
		return web.StageTone(experience.Stage(key))
	}
	return web.Petrol
}

func channelTone(c experience.Channel) web.Tone {
	if c == "" {
		return web.Petrol
	}
	return web.ChannelTone(c)
}

func (v view) touchpoint(key string) string {
	if t, ok := v.v.catalogue[key]; ok {
		return t.Called(v.l.Lang())
	}
	if key == "" || key == nowhere {
		return v.l.T("explore.touchpoint.none")
	}
	return key
}

// value says a value of a field.
func (v view) value(field, value string) string {
	switch {
	case field == "touchpoint":
		return v.touchpoint(value)
	case value == "" || value == nowhere:
		return v.l.T("explore.value.none")
	case field == "source":
		if s := v.v.named[value]; s.Name != "" {
			return s.Name
		}
	case field == "event" || field == "":
		if slices.Contains(experience.Kinds, experience.Kind(value)) && !v.v.has(value) {
			return v.title(experience.Kind(value), "")
		}
		return v.title(v.v.kindOf(value), value)
	case field == "kind":
		return v.title(experience.Kind(value), "")
	}
	return value
}

// has tells whether something goes by a name.
func (v *vocabulary) has(name string) bool {
	return slices.ContainsFunc(v.things, func(t thing) bool { return t.name == name })
}

// valueTone is the colour of a value of a field.
func (v view) valueTone(field, value string) web.Tone {
	switch field {
	case "", "event":
		return channelTone(v.v.channelOf(value))
	case "touchpoint":
		return channelTone(v.v.catalogue[value].Channel)
	}
	return web.Petrol
}

// field says what a field is called.
func (v view) field(field string) string {
	for _, prefix := range []string{"properties.", "traits."} {
		if name, ok := strings.CutPrefix(field, prefix); ok {
			return web.Capital(strings.ReplaceAll(name, "_", " "))
		}
	}
	if field == "" {
		field = "event"
	}
	return v.l.T("explore.field." + field)
}

// caseKey chooses the words for what is counted.
func (v view) caseKey() string {
	switch v.s.of {
	case "", "person":
		return "person"
	case "visit", "order":
		return v.s.of
	}
	if name, ok := strings.CutPrefix(v.s.of, "properties."); ok && orderID(name) {
		return "order"
	}
	return "other"
}

// cases counts what is followed: "1.204 persone".
func (v view) cases(n int64) string { return v.l.T("explore.cases."+v.caseKey(), "n", n) }

// share says a share; below the least n it says that instead.
func (v view) share(part float64, of int64) string {
	if of < few {
		return v.l.TooFew(of)
	}
	return v.l.Percent(part)
}

// outOf says a share as people do: "3 su 4", where that is near enough.
func outOf(l *web.Locale, share float64) string {
	for _, below := range [...]int{2, 3, 4, 5, 10} {
		above := math.Round(share * float64(below))
		if off := math.Abs(share - above/float64(below)); above > 0 && above < float64(below) && off <= 0.02 {
			key := "explore.outof"
			if off > 0.005 {
				key = "explore.outof.about"
			}
			return l.T(key, "part", int(above), "whole", below)
		}
	}
	return l.T("explore.outof.percent", "share", l.Percent(share))
}

// lasted says a length of time in one unit: "3 minuti".
func lasted(l *web.Locale, seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 90*time.Second:
		return l.T("explore.seconds", "n", int(math.Round(d.Seconds())))
	case d < 90*time.Minute:
		return l.T("explore.minutes", "n", int(math.Round(d.Minutes())))
	case d < 36*time.Hour:
		return l.T("explore.hours", "n", int(math.Round(d.Hours())))
	default:
		return l.T("explore.days", "n", int(math.Round(d.Hours()/24)))
	}
}

// briefly is lasted for drawings: "3 min".
func briefly(l *web.Locale, seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 90*time.Second:
		return l.T("explore.brief.seconds", "count", l.N(int64(math.Round(d.Seconds()))))
	case d < 90*time.Minute:
		return l.T("explore.brief.minutes", "count", l.N(int64(math.Round(d.Minutes()))))
	case d < 36*time.Hour:
		return l.T("explore.brief.hours", "count", l.N(int64(math.Round(d.Hours()))))
	default:
		return l.T("explore.brief.days", "count", l.N(int64(math.Round(d.Hours()/24))))
	}
}
