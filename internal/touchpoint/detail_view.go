package touchpoint

import (
	"context"
	"net/url"
	"slices"

	"regia/internal/experience"
	"regia/internal/web"
)

// detail is what the page of one touchpoint shows.
type detail struct {
	touchpoint Touchpoint
	head       web.HeadProps
	spans      []web.Tab
	figure     Figure
	figureErr  error
	chart      web.ChartProps
	chartErr   error
	bindings   []bindingView
	latest     []Recent
	latestErr  error
	sources    []Source
	bind       bindForm
	edit       form
	done       string // what has just been done, a message; "" = nothing
	steers     bool
}

// bindingView is a binding in words.
type bindingView struct {
	Binding
	event, kind, source string
	conditions          []string
	earlier, later      bool // there is one it may change places with
}

func bindingViews(l *web.Locale, c Catalogue, key string, sources []Source) []bindingView {
	var out []bindingView
	for _, b := range c.Of(key) {
		v := bindingView{Binding: b, event: eventLabel(l, b.Kind, b.Name), kind: kindLabel(l, b.Kind), source: sourceLabel(l, sources, b.Source)}
		for _, cond := range b.Conditions {
			v.conditions = append(v.conditions, conditionLabel(l, cond))
		}
		peers, i := c.peers(b.ID)
		v.earlier, v.later = i > 0, i < len(peers)-1
		out = append(out, v)
	}
	return out
}

func (r *Room) detail(ctx context.Context, q *web.Request, c Catalogue, t Touchpoint) (detail, error) {
	l, zone := q.L, q.Company.Location()
	s := readSpan(q.URL.Query().Get("period"))
	sources, err := r.sources(ctx)
	if err != nil {
		return detail{}, err
	}
	d := detail{touchpoint: t, sources: sources, steers: q.User.May(steerers), edit: formOf(l, c, t),
		bindings: bindingViews(l, c, t.Key, sources), bind: bindFormOf(l, sources)}
	d.spans = spanTabs(l, s, func(s span) string {
		if s == thisMonth {
			return pathOf(t.Key)
		}
		return pathOf(t.Key) + "?period=" + string(s)
	})
	period := s.period(q.Now, zone)
	d.figure, d.figureErr = FigureOf(ctx, r.Ledger, t.Key, period)
	counts, err := Volume(ctx, r.Ledger, t.Key, period, s.step(), zone)
	d.chartErr = err
	d.chart = volumeChart(l, s, period, q, counts)
	d.latest, d.latestErr = Latest(ctx, r.Ledger, t.Key, 10)
	d.head = detailHead(l, t, s, d.figure)
	d.head.Period = s.words(l, period, q.Now)
	return d, nil
}

func detailHead(l *web.Locale, t Touchpoint, s span, f Figure) web.HeadProps {
	h := web.HeadProps{Question: t.Name.In(l.Lang())}
	if f.Interactions == 0 {
		h.Answer = l.T("touchpoint.detail.nothing." + string(s))
		return h
	}
	h.Answer = l.T("touchpoint.detail.answer."+string(s), "n", f.Interactions, "people", f.People)
	h.N = l.T("touchpoint.detail.last", "date", l.DateTime(f.Last))
	return h
}

func volumeChart(l *web.Locale, s span, p Period, q *web.Request, counts []Count) web.ChartProps {
	zone := q.Company.Location()
	first, last := s.pieces(p, q.Now, zone, counts)
	pieces := fill(counts, s.step(), first, last)
	label := l.Day
	if s.step() == Monthly {
		label = l.Month
	}
	series := web.Series{Name: l.T("touchpoint.interactions"), Tone: web.Petrol}
	chart := web.ChartProps{Head: l.T("touchpoint.step." + string(s.step()))}
	best := 0
	for i, c := range pieces {
		chart.Labels = append(chart.Labels, label(c.Start))
		series.Values = append(series.Values, float64(c.Interactions))
		if c.Interactions > pieces[best].Interactions {
			best = i
		}
	}
	chart.Series = []web.Series{series}
	if len(pieces) > 0 && pieces[best].Interactions > 0 {
		chart.Title = l.T("touchpoint.chart."+string(s.step()), "n", pieces[best].Interactions, "date", label(pieces[best].Start))
	}
	return chart
}

// untitled is a chart inside a card that has its title already.
func untitled(p web.ChartProps) web.ChartProps {
	p.Title = ""
	return p
}

// bindForm is the entries of the form that binds events.
type bindForm struct{ kinds, sources, ops []web.Choice }

func bindFormOf(l *web.Locale, sources []Source) bindForm {
	f := bindForm{kinds: []web.Choice{{Label: web.Capital(l.T("touchpoint.kind.any"))}}, sources: []web.Choice{{Label: web.Capital(l.T("touchpoint.source.any"))}}}
	f.kinds = append(f.kinds, choices(experience.Kinds, "", func(k experience.Kind) string { return kindLabel(l, k) })...)
	for _, s := range sources {
		f.sources = append(f.sources, web.Choice{Value: s.ID, Label: sourceLabel(l, sources, s.ID)})
	}
	for _, c := range experience.Channels {
		id := KindPrefix + string(c)
		f.sources = append(f.sources, web.Choice{Value: id, Label: web.Capital(sourceLabel(l, nil, id))})
	}
	ops := []experience.Op{experience.Is, experience.IsNot, experience.Contains, experience.Exists}
	f.ops = choices(ops, experience.Is, func(o experience.Op) string { return l.T("touchpoint.condition." + string(o)) })
	return f
}

// form is the form that makes or changes a touchpoint.
type form struct {
	touchpoint                                      Touchpoint
	channels, stages, ownerships, departments, ways []web.Choice
	err                                             error // why it was refused
}

func formOf(l *web.Locale, c Catalogue, t Touchpoint) form {
	departments := append([]string(nil), Departments...)
	for _, d := range append(c.Departments(), t.Department) {
		if d != "" && !slices.Contains(departments, d) {
			departments = append(departments, d)
		}
	}
	way := "analogue"
	if t.Digital {
		way = "digital"
	}
	return form{
		touchpoint:  t,
		channels:    choices(experience.Channels, t.Channel, l.ChannelLabel),
		stages:      choices(experience.Stages, t.Stage, l.StageLabel),
		ownerships:  choices(experience.Ownerships, t.Ownership, func(o experience.Ownership) string { return ownershipLabel(l, o) }),
		departments: choices(departments, t.Department, func(d string) string { return departmentLabel(l, d) }),
		ways:        choices([]string{"digital", "analogue"}, way, func(w string) string { return l.T("touchpoint." + w) }),
	}
}

// unboundView is the events that wait for a touchpoint.
type unboundView struct {
	rows   []unboundRow
	total  int
	more   string // address of the next ones; "" = no more
	err    error
	steers bool
	short  bool // only the first ones, with a way to all
}

// unboundRow is one sort of event with the choice of where it belongs.
type unboundRow struct {
	Unbound
	event, kind, source string
	places              []place
	steers              bool
	err                 error // why it was not bound
}

// place is the touchpoints of one stage, to choose from.
type place struct {
	label   string
	choices []web.Choice
}

func (r *Room) unboundRows(ctx context.Context, q *web.Request, c Catalogue, offset, limit int) unboundView {
	v := unboundView{steers: q.User.May(steerers)}
	sources, err := r.sources(ctx)
	if err != nil {
		v.err = err
		return v
	}
	var list []Unbound
	if list, v.total, v.err = UnboundEvents(ctx, r.Ledger, offset, limit); v.err != nil {
		return v
	}
	g := c.guesser()
	for _, u := range list {
		v.rows = append(v.rows, unboundRowOf(q, c, g, sources, u))
	}
	return v
}

func unboundRowOf(q *web.Request, c Catalogue, g guesser, sources []Source, u Unbound) unboundRow {
	row := unboundRow{Unbound: u, event: eventLabel(q.L, u.Kind, u.Name), kind: kindLabel(q.L, u.Kind),
		source: sourceLabel(q.L, sources, u.Source), steers: q.User.May(steerers)}
	if row.steers {
		row.places = placesOf(q.L, c, g.guess(u.Event))
	}
	return row
}

// placesOf lists the touchpoints in use by stage, one of them chosen.
func placesOf(l *web.Locale, c Catalogue, chosen string) []place {
	var out []place
	for _, stage := range experience.Stages {
		p := place{label: web.Capital(l.StageLabel(stage))}
		for _, t := range c.Touchpoints {
			if t.Stage == stage && !t.Retired {
				p.choices = append(p.choices, web.Choice{Value: t.Key, Label: t.Name.In(l.Lang()), Selected: t.Key == chosen})
			}
		}
		if len(p.choices) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func bindingPath(key, id string) string { return pathOf(key) + "/bindings/" + url.PathEscape(id) }

// trueOr writes what a CheckField reads.
func trueOr(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func columns(ctx context.Context, acts bool, keys ...string) []web.Column {
	var out []web.Column
	for _, key := range keys {
		if key == "touchpoint.actions" && !acts {
			continue
		}
		out = append(out, web.Column{Label: web.T(ctx, key), Number: key == "touchpoint.interactions" || key == "touchpoint.people"})
	}
	return out
}

func unboundColumns(ctx context.Context, acts bool) []web.Column {
	return columns(ctx, acts, "touchpoint.event", "touchpoint.source", "touchpoint.interactions", "touchpoint.people", "touchpoint.last", "touchpoint.actions")
}

func bindingColumns(ctx context.Context, acts bool) []web.Column {
	return columns(ctx, acts, "touchpoint.event", "touchpoint.source", "touchpoint.conditions", "touchpoint.origin", "touchpoint.actions")
}

func latestColumns(ctx context.Context) []web.Column {
	return columns(ctx, false, "touchpoint.when", "touchpoint.event", "touchpoint.who")
}
