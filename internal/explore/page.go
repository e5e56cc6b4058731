package explore

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// limit is how long a question may take before the page says so.
const limit = 30 * time.Second

// outcome is the answer to a question, ready to be shown.
type outcome struct {
	answer  string // one sentence; **stars** mark the figure
	n       string
	compare string
	empty   bool // nothing happened
	body    templ.Component
	table   [][]string // of the CSV: heads first, figures as programs read them
	picture *web.Picture
	err     error
	pending bool
}

// asker answers a question of a view.
type asker func(context.Context, view) (outcome, error)

func (r *Room) askers() map[string]asker {
	return map[string]asker{funnel: r.askFunnel, paths: r.askPaths, retention: r.askRetention, trends: r.askTrends, process: r.askProcess}
}

func (r *Room) registerPages(s *web.Site) {
	s.Room(web.Room{Key: "explore", Path: "/explore", Icon: "explore", Order: 15})
	s.Page("GET /explore", nil, r.home)
	for _, question := range questions {
		s.Page("GET /explore/"+question, nil, func(w http.ResponseWriter, q *web.Request) error { return r.page(w, q, question) })
		s.Page("GET /explore/"+question+".csv", nil, func(w http.ResponseWriter, q *web.Request) error { return r.csv(w, q, question) })
		s.Page("GET /explore/"+question+".svg", nil, func(w http.ResponseWriter, q *web.Request) error { return r.svg(w, q, question) })
		s.Page("GET /explore/"+question+"/people", nil, func(w http.ResponseWriter, q *web.Request) error { return r.people(w, q, question) })
	}
}

func (r *Room) view(q *web.Request, question string) (view, error) {
	v := view{l: q.L, now: q.Now, zone: q.Company.Location(), sees: q.User.SeesPeople(), s: readState(question, q.URL.Query())}
	v.title = func(kind experience.Kind, name string) string { return r.title(q.L, kind, name) }
	var err error
	v.v, err = r.vocabulary(q.Context())
	return v, err
}

func (r *Room) title(l *web.Locale, kind experience.Kind, name string) string {
	if r.Title != nil {
		return r.Title(l, kind, name)
	}
	if name == "" {
		return string(kind)
	}
	return name
}

// home is where questions begin.
func (r *Room) home(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q, "")
	if err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "explore", Title: q.L.T("explore.room")}, homeBody(v))
}

// page shows a question and its answer. What is not ready within the room's
// patience follows by itself.
func (r *Room) page(w http.ResponseWriter, q *web.Request, question string) error {
	v, err := r.view(q, question)
	if err != nil {
		return err
	}
	given := q.URL.Query()
	if v.v.empty() {
		return r.site.Render(w, q, web.Page{Room: "explore", Title: q.L.T("explore.room")}, homeBody(v))
	}
	if v.unasked() {
		http.Redirect(w, q.Request, v.ready(question)[0].url, http.StatusSeeOther)
		return nil
	}
	waits := given.Get("wait") != ""
	if !q.HTMX() && !waits && given.Encode() != v.s.values().Encode() { // the form leaves empty fields in the address
		http.Redirect(w, q.Request, v.s.url(""), http.StatusSeeOther)
		return nil
	}
	patience := r.Patience
	if waits {
		patience = limit
	}
	o := r.asked(q.Context(), &v, patience, waits)
	if q.HTMX() {
		if !waits {
			w.Header().Set("HX-Push-Url", v.s.url(""))
		}
		return r.site.RenderFragment(w, q, inquiry(v, o))
	}
	return r.site.Render(w, q, web.Page{Room: "explore", Title: q.L.T("explore."+question) + " · " + q.L.T("explore.room")}, inquiry(v, o))
}

// unasked tells whether an address lacks what its question cannot do without.
func (v view) unasked() bool {
	switch v.s.question {
	case funnel:
		return len(v.s.steps) == 0
	case paths:
		return v.s.anchor == ""
	}
	return len(v.s.values()) == 0
}

// asked answers a view's question within a time; trouble becomes part of it.
func (r *Room) asked(ctx context.Context, v *view, patience time.Duration, last bool) outcome {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	o, err := r.answer(ctx, v)
	switch {
	case err == nil:
		return o
	case ctx.Err() != nil && !last:
		return outcome{pending: true}
	case ctx.Err() != nil:
		err = experience.Errorf(experience.Unavailable, "explore.error.slow")
	case experience.CodeOf(err) == experience.Internal:
		r.Logger.ErrorContext(ctx, "a question could not be answered", "question", v.s.question, "error", err)
	}
	return outcome{err: err}
}

// answer answers a view's question.
func (r *Room) answer(ctx context.Context, v *view) (outcome, error) {
	var err error
	if v.p, err = v.s.span(v.v, v.now, v.zone); err != nil {
		return outcome{}, err
	}
	if !v.sees && v.s.details() {
		return outcome{}, experience.Errorf(experience.Forbidden, "explore.error.details")
	}
	v.align()
	o, err := r.askers()[v.s.question](ctx, *v)
	if errors.Is(err, analytics.ErrTooMany) {
		err = experience.Errorf(experience.Invalid, "explore.error.many")
	}
	return o, err
}

// align has a period in pieces begin with a whole one, unless its days were
// chosen one by one.
func (v *view) align() {
	if v.s.question != trends && v.s.question != retention || v.s.period == custom {
		return
	}
	from := v.p.from.In(v.zone)
	switch v.unit() {
	case "week":
		v.p.from = from.AddDate(0, 0, -(int(from.Weekday())+6)%7)
	case "month":
		v.p.from = time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, v.zone)
	}
}

// whole answers for a file: it waits as long as it takes.
func (r *Room) whole(q *web.Request, question string) (view, outcome, error) {
	v, err := r.view(q, question)
	if err != nil {
		return v, outcome{}, err
	}
	if v.unasked() {
		return v, outcome{}, experience.Errorf(experience.Invalid, "explore.error.nothing")
	}
	ctx, cancel := context.WithTimeout(q.Context(), limit)
	defer cancel()
	o, err := r.answer(ctx, &v)
	if err != nil && ctx.Err() != nil {
		err = experience.Errorf(experience.Unavailable, "explore.error.slow")
	}
	return v, o, err
}

func (r *Room) csv(w http.ResponseWriter, q *web.Request, question string) error {
	_, o, err := r.whole(q, question)
	if err != nil {
		return err
	}
	out := web.SendSheet(w, question)
	for _, line := range o.table {
		out.Write(line...)
	}
	out.Flush()
	return nil // the reader may be gone
}

func (r *Room) svg(w http.ResponseWriter, q *web.Request, question string) error {
	v, o, err := r.whole(q, question)
	if err != nil {
		return err
	}
	if o.picture == nil {
		return experience.Errorf(experience.NotFound, "explore.error.nopicture")
	}
	p := *o.picture
	p.Name, p.Title = question, strings.ReplaceAll(opened(o.answer), "**", "")
	p.Note = v.p.words(v.l) + " · " + o.n
	return r.site.SendPicture(w, q, p)
}

// head is the question, its answer and what it rests on.
func (v view) head(o outcome) web.HeadProps {
	h := web.HeadProps{Question: v.l.T("explore." + v.s.question + ".question"), Answer: opened(o.answer), N: o.n, Compare: o.compare}
	if !v.p.from.IsZero() && o.err == nil {
		h.Period = v.p.words(v.l)
	}
	return h
}

// opened begins a sentence with a capital letter, also where it is marked.
func opened(sentence string) string {
	if rest, marked := strings.CutPrefix(sentence, "**"); marked {
		return "**" + web.Capital(rest)
	}
	return web.Capital(sentence)
}

// tabs lead to the other questions; those keep what all have.
func (v view) tabs() []web.Tab {
	tabs := make([]web.Tab, len(questions))
	for i, question := range questions {
		tabs[i] = web.Tab{Label: v.l.T("explore." + question), URL: v.ready(question)[0].url, Active: v.s.question == question}
	}
	return tabs
}
