package explore

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// peopleView is the people behind a number.
type peopleView struct {
	view
	cases   []behind
	answer  string
	next    string // address of the next page
	masters bool   // a case is a person
}

// behind is one case, and whose it is.
type behind struct {
	name   string // of the case, where it is no person
	person experience.ID
	called string // "" for anonymous visitors
}

const peoplePage = 50

// placeParts are what in an address says which number is meant, beside the
// question.
var placeParts = []string{"at", "stopped", "group", "rest", "level", "node", "ended", "next", "nextrest", "cohort", "came", "lost", "when", "series", "together", "currency",
	"of", "activity", "then", "way", "without"}

// who is the address of the cases behind a number.
func (v view) who(place url.Values) string {
	q := v.s.values()
	for name, values := range place {
		q[name] = values
	}
	return "/explore/" + v.s.question + "/people?" + q.Encode()
}

// lookup finds the cases behind a number, and says in words what they have.
type lookup func(ctx context.Context, page analytics.Page) (analytics.Behind, error)

// people lists who is behind a number.
func (r *Room) people(w http.ResponseWriter, q *web.Request, question string) error {
	v, err := r.view(q, question)
	if err != nil {
		return err
	}
	if v.unasked() {
		return experience.Errorf(experience.Invalid, "explore.error.nothing")
	}
	if v.p, err = v.s.span(v.v, v.now, v.zone); err != nil {
		return err
	}
	if !v.sees && v.s.details() {
		return experience.Errorf(experience.Forbidden, "explore.error.details")
	}
	v.align()
	given := q.URL.Query()
	place := url.Values{}
	for _, name := range placeParts {
		if given.Has(name) {
			place[name] = given[name]
		}
	}
	p := peopleView{view: v, masters: v.caseKey() == "person"}
	if err := r.behind(q.Context(), &p, place, given.Get("after")); err != nil {
		return err
	}
	if q.HTMX() && given.Get("after") != "" {
		return r.site.RenderFragment(w, q, peopleRows(p))
	}
	return r.site.Render(w, q, web.Page{Room: "explore", Title: q.L.T("explore.people.title")}, peopleBody(p))
}

// behind fills in a page of cases, and says how many there are in all.
func (r *Room) behind(ctx context.Context, p *peopleView, place url.Values, after string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	find, what, err := r.place(p.view, place)
	if err != nil {
		return err
	}
	found, err := find(ctx, analytics.Page{After: after, Limit: peoplePage + 1})
	if err != nil {
		return err
	}
	cases := found.Names
	if len(cases) > peoplePage {
		cases = cases[:peoplePage]
		place.Set("after", cases[peoplePage-1])
		p.next = p.who(place)
	}
	scope, err := p.s.scope(p.v, p.p)
	if err != nil {
		return err
	}
	if p.cases, err = r.named(ctx, scope, cases); err != nil {
		return err
	}
	key := "explore.people.have"
	if place.Get("without") == "1" || place.Get("lost") == "1" {
		key = "explore.people.lack"
	}
	p.answer = p.l.T(key, "count", p.view.cases(found.Total), "what", what)
	return nil
}

// place reads which number is meant: how its cases are found, and what they have.
func (r *Room) place(v view, q url.Values) (lookup, string, error) {
	switch v.s.question {
	case funnel:
		return r.funnelPlace(v, q)
	case paths:
		return r.pathsPlace(v, q)
	case retention:
		return r.retentionPlace(v, q)
	case trends:
		return r.trendsPlace(v, q)
	}
	return r.processPlace(v, q)
}

func (r *Room) funnelPlace(v view, q url.Values) (lookup, string, error) {
	question, err := v.funnel()
	question.Traits = r.Traits
	at := analytics.FunnelPlace{Step: number(q.Get("at"), 1, len(v.s.steps), 0), Dropped: q.Get("stopped") == "1", Other: q.Get("rest") == "1"}
	if at.Step == 0 {
		return nil, "", experience.Errorf(experience.Invalid, "explore.error.step")
	}
	key := "explore.people.reached"
	if at.Dropped {
		key = "explore.people.stopped"
	}
	what := v.l.T(key, "step", v.stepName(at.Step-1))
	if q.Has("group") && !at.Other {
		group := q.Get("group")
		at.Group = &group
	}
	if at.Other || at.Group != nil {
		what += ", " + v.field(v.s.by) + ": " + v.groupName(v.s.by, q.Get("group"), at.Other)
	}
	return func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
		return question.People(ctx, r.Ledger, at, page)
	}, what, err
}

func (r *Room) pathsPlace(v view, q url.Values) (lookup, string, error) {
	question, err := v.paths()
	at := analytics.PathsPlace{Level: number(q.Get("level"), 0, question.Steps, 0), Ended: q.Get("ended") == "1"}
	name := func(thing *analytics.PathThing) string {
		return v.activity(analytics.PathNode{Activity: thing.Activity, Other: thing.Other})
	}
	if q.Has("node") || q.Get("rest") == "1" {
		at.Node = &analytics.PathThing{Activity: q.Get("node"), Other: q.Get("rest") == "1"}
	}
	what := ""
	switch {
	case at.Ended:
		what = v.level(at.Level+1) + ": " + v.l.T(v.direction("explore.paths.end"))
	case at.Node != nil:
		what = v.level(at.Level) + ": «" + name(at.Node) + "»"
	default:
		what = "«" + v.item(v.s.anchor) + "»"
	}
	if q.Has("next") || q.Get("nextrest") == "1" {
		at.Next = &analytics.PathThing{Activity: q.Get("next"), Other: q.Get("nextrest") == "1"}
		what += ", " + v.level(at.Level+1) + ": «" + name(at.Next) + "»"
	}
	return func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
		return question.People(ctx, r.Ledger, at, page)
	}, what, err
}

func (r *Room) retentionPlace(v view, q url.Values) (lookup, string, error) {
	question, err := v.retention()
	at := analytics.RetentionPlace{Period: number(q.Get("came"), 0, question.Periods, 0), Lost: q.Get("lost") == "1"}
	what := v.l.T("explore.people.began", "when", v.l.T("explore.retention.all"))
	if start, e := time.ParseInLocation(time.DateOnly, q.Get("cohort"), v.zone); e == nil {
		at.Start = start
		what = v.l.T("explore.people.began", "when", v.cohort(start))
	}
	if at.Period > 0 {
		what += "; " + v.l.T("explore.people.back", "when", v.later(at.Period))
	}
	return func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
		return question.People(ctx, r.Ledger, v.zone, at, page)
	}, what, err
}

func (r *Room) trendsPlace(v view, q url.Values) (lookup, string, error) {
	question, err := v.trend()
	at := analytics.TrendPlace{Other: q.Get("rest") == "1", Currency: q.Get("currency")}
	var what []string
	if v.s.what != "" {
		what = append(what, "«"+v.item(v.s.what)+"»")
	}
	if series := q.Get("series"); q.Has("series") && v.s.by != "" {
		at.Value = &series
		what = append(what, v.value(v.s.by, series))
	}
	if at.Other {
		what = append(what, v.l.T("explore.other"))
	}
	if when, e := time.Parse(time.RFC3339, q.Get("when")); e == nil {
		at.At = when
		what = append(what, v.piece(when.In(v.zone)))
	}
	if len(what) == 0 {
		what = append(what, v.l.T("explore.anything"))
	}
	return func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
		return question.People(ctx, r.Ledger, v.zone, at, page)
	}, strings.Join(what, ", "), err
}

func (r *Room) processPlace(v view, q url.Values) (lookup, string, error) {
	question, err := v.process()
	at := analytics.ProcessPlace{Of: q.Get("of"), Activity: q.Get("activity"), To: q.Get("then"), Variant: q["way"], Without: q.Get("without") == "1"}
	what := ""
	switch name := v.value(v.s.by, at.Activity); at.Of {
	case analytics.OfEdge:
		what = "«" + name + "» → «" + v.value(v.s.by, at.To) + "»"
	case analytics.OfVariant:
		what = strings.Join(v.trail(at.Variant), " → ")
	case analytics.OfActivity, analytics.OfFirst, analytics.OfLast:
		what = v.l.T("explore.people."+at.Of, "name", name)
	case analytics.OfRework:
		if what = v.l.T("explore.people.rework"); at.Activity != "" {
			what = v.deviation(analytics.Deviation{Kind: analytics.Repeated, Activity: at.Activity})
		}
	case analytics.Skipped, analytics.Repeated, analytics.OutOfOrder, analytics.Unknown:
		what = v.deviation(analytics.Deviation{Kind: at.Of, Activity: at.Activity})
	case analytics.OfDesign, analytics.OfLoop, analytics.AllCases:
		what = v.l.T("explore.people." + at.Of)
	}
	return func(ctx context.Context, page analytics.Page) (analytics.Behind, error) {
		return question.People(ctx, r.Ledger, at, page)
	}, what, err
}

// named finds out whose cases are, and what these people are called.
func (r *Room) named(ctx context.Context, scope analytics.Scope, cases []string) ([]behind, error) {
	owners, err := scope.Owners(ctx, r.Ledger, cases)
	if err != nil {
		return nil, err
	}
	ids := make([]experience.ID, 0, len(owners))
	for _, id := range owners {
		ids = append(ids, id)
	}
	names, err := r.People.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]behind, len(cases))
	for i, name := range cases {
		id := owners[name]
		list[i] = behind{name: name, person: id, called: names[id]}
	}
	slices.SortStableFunc(list, func(a, b behind) int { // who has a name comes first
		if (a.called == "") != (b.called == "") {
			return strings.Compare(b.called, a.called)
		}
		return strings.Compare(strings.ToLower(a.called), strings.ToLower(b.called))
	})
	return list, nil
}

// mark tells anonymous visitors apart: the end of their id.
func mark(id experience.ID) string {
	s := id.String()
	return s[len(s)-4:]
}
