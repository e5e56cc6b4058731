package journey

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// meanings say how the figures are counted, in the order of importance.
var meanings = [...]string{"case", "place", "wait", "before", "kept", "felt", "order"}

// How many deviations the page shows.
const (
	shownDeviations = 12
	shownUnknown    = 20
)

// piece is a part of a sentence.
type piece struct {
	text   string
	strong bool
}

// pieces cuts a sentence at its **stars**.
func pieces(sentence string) []piece {
	var list []piece
	for i, text := range strings.Split(sentence, "**") {
		if text != "" {
			list = append(list, piece{text, i%2 == 1})
		}
	}
	return list
}

// basis is what the figures rest on.
func (v living) basis() string {
	if v.f.Cases == 0 {
		return v.periodWords()
	}
	return v.periodWords() + " · " + v.cases(v.f.Cases)
}

// drawn tells whether there is anything to draw without anybody there.
func (v living) drawn() bool { return v.says(v.dimension) }

// all is the address with everything that was ever recorded.
func (v living) all() string {
	v.name = allTime
	return v.address("", nil)
}

func (v living) columns() []web.Column {
	list := []web.Column{{Label: v.l.T("journey.alive.step")}, {Label: v.l.T("journey.alive.cases.heads." + v.caseKey()), Number: true}}
	for _, key := range []string{"frombefore", "fromfirst", "half", "ninety", "here", "stopped", "kept"} {
		list = append(list, web.Column{Label: v.l.T("journey.alive.head." + key), Number: true})
	}
	return list
}

func (v living) deviationColumns() []web.Column {
	list := []web.Column{{Label: v.l.T("journey.alive.what")}, {Label: v.l.T("journey.alive.cases.heads." + v.caseKey()), Number: true}, {Label: v.l.T("journey.alive.ofall"), Number: true}}
	if v.felt {
		for _, e := range heard {
			list = append(list, web.Column{Label: web.Capital(v.l.EvidenceLabel(e)), Number: true})
		}
	}
	return list
}

func (v living) stepsIn(stage string) int {
	n := 0
	for _, s := range v.f.Steps {
		if s.Stage == stage {
			n++
		}
	}
	return n
}

func (v living) step(id string) *StepFigures {
	i := slices.IndexFunc(v.f.Steps, func(s StepFigures) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &v.f.Steps[i]
}

func (v living) isWorst(step string) bool {
	w := v.worst()
	return w >= 0 && v.f.Steps[w].ID == step
}

// broken says how a promise was not kept.
func (v living) broken(k MapPromise) string {
	switch {
	case k.Measure:
		return v.l.T("journey.alive.broken.measure", "count", v.l.N(k.Of-k.Kept))
	case k.Late == 0:
		return v.l.T("journey.alive.broken.missing", "count", v.l.N(k.Missing))
	case k.Missing == 0:
		return v.l.T("journey.alive.broken.late", "count", v.l.N(k.Of-k.Kept), "time", v.lasted(k.Late))
	}
	return v.l.T("journey.alive.broken.both", "count", v.l.N(k.Of-k.Kept), "missing", v.l.N(k.Missing), "time", v.lasted(k.Late))
}

func (v living) flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

func (v living) drawnDeviations() []MapDeviation {
	list := slices.DeleteFunc(slices.Clone(v.f.Deviations), isUnknown)
	return list[:min(len(list), shownDeviations)]
}

func (v living) unknownDeviations() []MapDeviation {
	list := slices.DeleteFunc(slices.Clone(v.f.Deviations), func(d MapDeviation) bool { return !isUnknown(d) })
	return list[:min(len(list), shownUnknown)]
}

// activityOf is the name by which what a map does not know is asked for.
func (v living) activityOf(d MapDeviation) string {
	if d.Kind == analytics.Unknown {
		return d.Activity
	}
	return ""
}

func costOf(d MapDeviation, dimension experience.Dimension, e experience.Evidence) *DeviationCost {
	i := slices.IndexFunc(d.Costs, func(c DeviationCost) bool { return c.Dimension == dimension && c.Evidence == e })
	if i < 0 {
		return nil
	}
	return &d.Costs[i]
}

// behindView is the page of those behind a number.
type behindView struct {
	living
	s    Selection
	rows []behindRow
	n    int // all of them
	next string
}

type behindRow struct {
	MapCase
	person experience.ID
	called string // "" for anonymous visitors
}

// pageOfPeople is how many people come at a time.
const pageOfPeople = 50

// behindPage lists who is behind a number.
func (r *Room) behindPage(w http.ResponseWriter, q *web.Request) error {
	alive, err := r.aliveView(q)
	if err != nil {
		return err
	}
	given := q.URL.Query()
	v := behindView{living: alive, s: Selection{What: given.Get("what"), At: given.Get("at"), Measure: given.Get("measure") == "1",
		Dimension: experience.Dimension(given.Get("dimension")), Evidence: experience.Evidence(given.Get("evidence")), Kind: given.Get("kind"), Activity: given.Get("activity")}}
	list, err := r.reckoner().Behind(q.Context(), v.m, v.p, v.s)
	if err != nil {
		return err
	}
	skip, _ := strconv.Atoi(given.Get("skip")) // what is no number is the beginning
	skip = min(max(skip, 0), len(list))
	v.n = len(list)
	if list = list[skip:]; len(list) > pageOfPeople {
		list = list[:pageOfPeople]
		given.Set("skip", strconv.Itoa(skip+pageOfPeople))
		v.next = q.URL.Path + "?" + given.Encode()
	}
	if v.rows, err = r.named(q, v, list); err != nil {
		return err
	}
	if q.HTMX() && skip > 0 {
		return r.site.RenderFragment(w, q, behindRows(v))
	}
	return r.site.Render(w, q, pageOf(q.L.T("journey.alive.people.title")), behindBody(v))
}

// named finds out whose cases are, and what these people are called.
func (r *Room) named(q *web.Request, v behindView, list []MapCase) ([]behindRow, error) {
	cases := make([]string, len(list))
	for i, one := range list {
		cases[i] = one.Case
	}
	owners, err := analytics.Scope{From: v.p.From, To: v.p.To, Case: v.m.Case}.Owners(q.Context(), r.Ledger, cases)
	if err != nil {
		return nil, err
	}
	ids := make([]experience.ID, 0, len(owners))
	for _, id := range owners {
		ids = append(ids, id)
	}
	names := map[experience.ID]string{}
	if r.Alive.People != nil {
		if names, err = r.Alive.People.Names(q.Context(), ids); err != nil {
			return nil, err
		}
	}
	rows := make([]behindRow, len(list))
	for i, one := range list {
		id := owners[one.Case]
		rows[i] = behindRow{MapCase: one, person: id, called: names[id]}
	}
	return rows, nil
}

// answer says how many they are, and in what they are alike.
func (v behindView) answer() string {
	name, key := v.stepName(v.s.At), v.s.What
	if v.s.What == deviates {
		name, key = v.deviation(MapDeviation{Kind: v.s.Kind, Step: v.s.At, Activity: v.s.Activity}), deviates
	}
	return v.l.T("journey.alive.people."+key, "count", v.cases(int64(v.n)), "step", name)
}

// stepName is what a step or a stage is called.
func (v living) stepName(id string) string {
	for _, stage := range v.m.Stages {
		if stage.ID == id {
			return stage.Name
		}
	}
	s, _ := v.m.Step(id)
	return s.Name
}

func (v behindView) behindColumns() []web.Column {
	var list []web.Column
	if v.caseKey() != "person" {
		list = append(list, web.Column{Label: v.l.T("journey.alive.case." + v.caseKey())})
	}
	list = append(list, web.Column{Label: v.l.T("journey.alive.people.person")}, web.Column{Label: v.l.T("journey.alive.people.step")}, web.Column{Label: v.l.T("journey.alive.people.since")})
	if v.s.What == known {
		list = append(list, web.Column{Label: v.l.T("journey.alive.people.value"), Number: true})
	}
	return list
}

// caseName leaves out of a visit's or an order's name the source it came from.
func (v living) caseName(name string) string {
	if v.m.Case != "visit" && v.m.Case != "order" {
		return name
	}
	if _, after, ok := strings.Cut(name, " "); ok {
		return after
	}
	return name
}

// mark tells anonymous visitors apart: the end of their id.
func mark(id experience.ID) string {
	s := id.String()
	return s[len(s)-4:]
}

// isUnknown tells what the map does not know from what it does.
func isUnknown(d MapDeviation) bool { return d.Kind == analytics.Unknown }
