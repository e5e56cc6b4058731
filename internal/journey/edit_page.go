package journey

import (
	"encoding/json"
	"net/http"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// editView is the page where a map is drawn.
type editView struct {
	desk
	m       Map
	offered offer
	places  []placeGroup
}

// offer is what the editor lets people choose from, as its script reads it.
type offer struct {
	Touchpoints []offered `json:"touchpoints"`
	Events      []offered `json:"events"`
	Properties  []string  `json:"properties"`
}

type offered struct {
	Key   string `json:"key"`
	Label string `json:"label"`
}

// placeGroup is the touchpoints of one stage.
type placeGroup struct {
	label   string
	choices []offered
}

func (r *Room) editPage(w http.ResponseWriter, q *web.Request) error {
	m, err := r.Store.Get(q.Context(), q.PathValue("key"))
	if err != nil {
		return err
	}
	v := editView{m: m}
	if v.desk, err = r.desk(q); err != nil {
		return err
	}
	if err := r.offer(q, &v); err != nil {
		return err
	}
	return r.site.Render(w, q, pageOf(q.L.T("journey.edit.title", "name", m.Name), "journey"), editBody(v))
}

// offer reads what may be chosen: touchpoints of the catalogue, events and
// properties of the record.
func (r *Room) offer(q *web.Request, v *editView) error {
	list, err := r.Touchpoints(q.Context())
	if err != nil {
		return err
	}
	groups := map[experience.Stage]*placeGroup{}
	for _, stage := range experience.Stages {
		groups[stage] = &placeGroup{label: web.Capital(q.L.StageLabel(stage))}
	}
	v.offered = offer{Touchpoints: []offered{}, Events: []offered{}, Properties: []string{}}
	for _, t := range list {
		one := offered{t.Key, t.Called(q.L.Lang())}
		v.offered.Touchpoints = append(v.offered.Touchpoints, one)
		if g := groups[t.Stage]; g != nil && !t.Retired {
			g.choices = append(g.choices, one)
		}
	}
	for _, stage := range experience.Stages {
		if len(groups[stage].choices) > 0 {
			v.places = append(v.places, *groups[stage])
		}
	}
	from, to, ok, err := r.period(q.Context())
	if err != nil || !ok {
		return err
	}
	things, err := r.things(q.Context(), from, to)
	if err != nil {
		return err
	}
	for _, t := range things[:min(len(things), mostEvents)] {
		label := r.title(q.L, t.kind, t.name)
		if label != t.name {
			label += " (" + t.name + ")"
		}
		v.offered.Events = append(v.offered.Events, offered{t.name, label})
	}
	v.offered.Properties, err = r.properties(q.Context())
	return err
}

// data writes a value for the editor's script, which reads it from an
// attribute: the page's policy allows no script inside it.
func data(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return "null"
	}
	return string(raw)
}

// spoken are the texts that the editor's script says, by the last part of
// their keys.
var spoken = []string{
	"saved", "saving", "unsaved", "restored", "failed", "signin", "gone", "moved.step", "moved.stage", "removed.step", "removed.stage", "added.step", "added.stage",
	"undone", "redone", "grip.step", "grip.stage", "remove.step", "remove.stage", "open.step", "stage.name", "stage.new", "add.step", "add.stage", "place",
	"before", "within", "nowhere", "copy", "mine", "theirs", "unit.m", "unit.h", "unit.d", "unit.w", "whatever", "pages", "edges", "pains", "opportunities", "backstage",
}

func (v editView) texts() map[string]string {
	out := map[string]string{}
	for _, key := range spoken {
		// The script fills in what it has marked itself.
		out[key] = v.l.T("journey.edit."+key, "name", "{name}", "stage", "{stage}", "place", "{place}", "of", "{of}", "version", "{version}", "time", "{time}", "where", "{where}")
	}
	for _, is := range []string{"equal", "not_equal", "contains", "present", "absent", "above", "below", "at_least", "at_most"} {
		out["is."+is] = v.l.T("journey.is." + is)
	}
	out["truth"] = v.l.T("journey.truth")
	return out
}

// comparisons offers the ways to compare.
func (d desk) comparisons() []web.Choice {
	var out []web.Choice
	for _, is := range []string{"equal", "not_equal", "contains", "present", "absent", "above", "below", "at_least", "at_most"} {
		out = append(out, web.Choice{Value: is, Label: d.l.T("journey.is." + is)})
	}
	return out
}

// units offers lengths of time.
func (d desk) units() []web.Choice {
	var out []web.Choice
	for _, unit := range []string{"m", "h", "d", "w"} {
		out = append(out, web.Choice{Value: unit, Label: d.l.T("journey.edit.unit." + unit)})
	}
	return out
}

// feelings offers what a designer may suppose.
func (d desk) feelings() []web.Choice {
	out := []web.Choice{{Value: "", Label: d.l.T("journey.assume.none")}}
	for _, value := range []string{"1", "0.5", "0", "-0.5", "-1"} {
		key := strings.NewReplacer("-", "minus.", "0.5", "half").Replace(value)
		out = append(out, web.Choice{Value: value, Label: d.l.T("journey.assume." + key)})
	}
	return out
}

// kinds and followable offer what a map shows, and what it follows.
func (d desk) kinds() []web.Choice {
	return []web.Choice{
		{Value: string(AsIs), Label: web.Capital(d.l.T("journey.kind.as_is"))}, {Value: string(ToBe), Label: web.Capital(d.l.T("journey.kind.to_be"))},
	}
}

func (v editView) followable() []web.Choice {
	var out []web.Choice
	for _, of := range []string{"", "visit", "order"} {
		out = append(out, web.Choice{Value: of, Label: web.Capital(v.followed(of))})
	}
	names := v.offered.Properties
	if own, ok := strings.CutPrefix(v.m.Case, "properties."); ok {
		names = append([]string{own}, names...)
	}
	for i, name := range names {
		if i == 0 || name != names[0] {
			out = append(out, web.Choice{Value: "properties." + name, Label: v.l.T("journey.case.property", "name", name)})
		}
	}
	return out
}
