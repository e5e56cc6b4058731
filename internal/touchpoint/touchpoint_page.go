package touchpoint

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"regia/internal/experience"
	"regia/internal/web"
)

const (
	roomKey  = "touchpoint"
	homePath = "/touchpoints"
	pageSize = 20 // unbound events shown at a time
	glance   = 3  // of them on the first page
)

func (r *Room) registerPages() {
	s := r.site
	s.Page("GET /touchpoints", lookers, r.overviewPage)
	s.Page("POST /touchpoints", steerers, r.createPage)
	s.Page("GET /touchpoints/new", steerers, r.newPage)
	s.Page("GET /touchpoints/unbound", lookers, r.unboundPage)
	s.Page("POST /touchpoints/unbound", steerers, r.bindOnePage)
	s.Page("GET /touchpoints/{key}", lookers, r.detailPage)
	s.Page("POST /touchpoints/{key}", steerers, r.editPage)
	s.Page("POST /touchpoints/{key}/bindings", steerers, r.bindPage)
	s.Page("POST /touchpoints/{key}/bindings/{id}/remove", steerers, r.unbindPage)
	s.Page("POST /touchpoints/{key}/bindings/{id}/move", steerers, r.movePage)
}

func page(title string) web.Page { return web.Page{Room: roomKey, Title: title} }

func (r *Room) overviewPage(w http.ResponseWriter, q *web.Request) error {
	ctx, l := q.Context(), q.L
	c, err := r.Store.Catalogue(ctx)
	if err != nil {
		return err
	}
	s, f := readSpan(q.URL.Query().Get("period")), readFilter(q.URL.Query())
	v := overview{filter: f, span: s, choices: choicesOf(l, c, f), steers: q.User.May(steerers),
		spans: spanTabs(l, s, func(s span) string { return homePath + f.query(s) })}
	m, err := r.measure(ctx, s, q.Now, q.Company.Location())
	if err == nil {
		last, lastErr := LastTime(ctx, r.Ledger)
		err, v.never = lastErr, lastErr == nil && last.IsZero()
		v.head.Answer = answer(l, c, s, m, last)
	}
	v.err = err
	v.groups = groupByStage(l, c, f, m)
	v.head.Question, v.head.Action = l.T("touchpoint.question"), newButton(l, v.steers)
	v.head.Period = s.words(l, m.period, q.Now)
	if m.compares && err == nil && !v.never {
		v.head.Compare = l.T("touchpoint.compare."+string(s), "n", active(m.before))
	}
	v.unbound = r.unboundRows(ctx, q, c, 0, glance)
	v.unbound.short = true
	return r.site.Render(w, q, page(l.T("touchpoint.room")), overviewBody(v))
}

func (r *Room) unboundPage(w http.ResponseWriter, q *web.Request) error {
	c, err := r.Store.Catalogue(q.Context())
	if err != nil {
		return err
	}
	cursor, err := strconv.Atoi(q.URL.Query().Get("cursor"))
	if err != nil || cursor < 0 {
		cursor = 0
	}
	v := r.unboundRows(q.Context(), q, c, cursor, pageSize)
	if end := cursor + len(v.rows); end < v.total {
		v.more = homePath + "/" + unboundPath + "?cursor=" + strconv.Itoa(end)
	}
	if q.HTMX() && cursor > 0 {
		if v.err != nil {
			return v.err
		}
		return r.site.RenderFragment(w, q, unboundRowsBody(v))
	}
	head := web.HeadProps{Question: q.L.T("touchpoint.unbound.question")}
	if v.err == nil {
		head.Answer = q.L.T("touchpoint.unbound.answer", "n", v.total)
		if v.total == 0 {
			head.Answer = q.L.T("touchpoint.unbound.none")
		}
	}
	return r.site.Render(w, q, page(q.L.T("touchpoint.unbound.title")), unboundBody(head, v))
}

// bindOnePage binds one sort of event by a click in the list of unbound ones:
// wherever it comes from, unless it has no name.
func (r *Room) bindOnePage(w http.ResponseWriter, q *web.Request) error {
	b := experience.Binding{Touchpoint: q.FormValue("touchpoint"), Kind: experience.Kind(q.FormValue("kind")), Name: q.FormValue("name")}
	if b.Name == "" {
		b.Source = q.FormValue("source")
	}
	_, version, err := r.Store.AddBinding(q.Context(), by(q.Context()), b)
	if !q.HTMX() {
		if err != nil {
			return err
		}
		r.applied(q.Context(), version)
		http.Redirect(w, q.Request, homePath+"/"+unboundPath, http.StatusSeeOther)
		return nil
	}
	c, loadErr := r.Store.Catalogue(q.Context())
	if loadErr != nil {
		return loadErr
	}
	if err != nil {
		return r.refuseRow(w, q, c, b, err)
	}
	t, _ := c.Touchpoint(b.Touchpoint)
	text := "touchpoint.unbound.done"
	if !r.applied(q.Context(), version) {
		text = "touchpoint.unbound.doing"
	}
	return r.site.RenderFragment(w, q, boundRow(q.L.T(text, "event", eventLabel(q.L, b.Kind, b.Name), "name", t.Name.In(q.L.Lang())), t))
}

// refuseRow shows the row again with the reason why it was not bound.
func (r *Room) refuseRow(w http.ResponseWriter, q *web.Request, c Catalogue, b experience.Binding, reason error) error {
	sources, err := r.sources(q.Context())
	if err != nil {
		return err
	}
	row := unboundRowOf(q, c, c.guesser(), sources, Unbound{Event: Event{Source: q.FormValue("source"), Kind: b.Kind, Name: b.Name}})
	row.err = reason
	return r.site.RenderFragment(w, q, unboundRowBody(row))
}

func (r *Room) newPage(w http.ResponseWriter, q *web.Request) error {
	c, err := r.Store.Catalogue(q.Context())
	if err != nil {
		return err
	}
	t := Touchpoint{Digital: true, Channel: experience.Web, Ownership: experience.Brand, Stage: experience.Consideration, Department: "marketing"}
	return r.site.Render(w, q, page(q.L.T("touchpoint.new")), newBody(formOf(q.L, c, t)))
}

func (r *Room) createPage(w http.ResponseWriter, q *web.Request) error {
	var t Touchpoint
	readForm(q, &t)
	made, _, err := r.Store.Create(q.Context(), by(q.Context()), t)
	if err != nil {
		return r.refuseForm(w, q, t, err, newBody)
	}
	http.Redirect(w, q.Request, pathOf(made.Key)+"?done=created", http.StatusSeeOther)
	return nil
}

// refuseForm shows a form again, as it was filled in, with the reason.
func (r *Room) refuseForm(w http.ResponseWriter, q *web.Request, t Touchpoint, reason error, body func(form) templ.Component) error {
	switch experience.CodeOf(reason) {
	case experience.Invalid, experience.Conflict:
	default:
		return reason
	}
	c, err := r.Store.Catalogue(q.Context())
	if err != nil {
		return err
	}
	f := formOf(q.L, c, t)
	f.err = reason
	return r.site.RenderStatus(w, q, web.Status(reason), page(q.L.T("touchpoint.new")), body(f))
}

// readForm reads what people may write of a touchpoint.
func readForm(q *web.Request, t *Touchpoint) {
	t.Name = Bilingual{IT: q.FormValue("name_it"), EN: q.FormValue("name_en")}
	t.Description = Bilingual{IT: q.FormValue("description_it"), EN: q.FormValue("description_en")}
	t.Channel = experience.Channel(q.FormValue("channel"))
	t.Digital = q.FormValue("way") == "digital"
	t.Ownership = experience.Ownership(q.FormValue("ownership"))
	t.Stage = experience.Stage(q.FormValue("stage"))
	t.Department = q.FormValue("department")
	t.Retired = q.FormValue("retired") == "true"
}

func (r *Room) detailPage(w http.ResponseWriter, q *web.Request) error {
	c, err := r.Store.Catalogue(q.Context())
	if err != nil {
		return err
	}
	t, ok := c.Touchpoint(q.PathValue("key"))
	if !ok {
		return errUnknown
	}
	d, err := r.detail(q.Context(), q, c, t)
	if err != nil {
		return err
	}
	if key := "touchpoint.done." + q.URL.Query().Get("done"); q.L.Has(key) {
		d.done = q.L.T(key)
	}
	return r.site.Render(w, q, page(t.Name.In(q.L.Lang())), detailBody(d))
}

func (r *Room) editPage(w http.ResponseWriter, q *web.Request) error {
	key := q.PathValue("key")
	var sent Touchpoint
	_, _, err := r.Store.Update(q.Context(), by(q.Context()), key, func(t *Touchpoint) {
		readForm(q, t)
		sent = *t
	})
	if err != nil {
		return r.refuseForm(w, q, sent, err, editBody)
	}
	http.Redirect(w, q.Request, pathOf(key)+"?done=saved", http.StatusSeeOther)
	return nil
}

func (r *Room) bindPage(w http.ResponseWriter, q *web.Request) error {
	b := experience.Binding{Touchpoint: q.PathValue("key"), Source: q.FormValue("source"), Kind: experience.Kind(q.FormValue("kind")), Name: q.FormValue("name")}
	if property := q.FormValue("property"); property != "" {
		b.Conditions = []experience.Condition{{Property: property, Op: experience.Op(q.FormValue("op")), Value: q.FormValue("value")}}
	}
	_, version, err := r.Store.AddBinding(q.Context(), by(q.Context()), b)
	return r.rebound(w, q, "bound", version, err)
}

func (r *Room) unbindPage(w http.ResponseWriter, q *web.Request) error {
	version, err := r.Store.RemoveBinding(q.Context(), by(q.Context()), q.PathValue("key"), q.PathValue("id"))
	return r.rebound(w, q, "unbound", version, err)
}

func (r *Room) movePage(w http.ResponseWriter, q *web.Request) error {
	version, err := r.Store.MoveBinding(q.Context(), by(q.Context()), q.PathValue("key"), q.PathValue("id"), q.FormValue("to") == "earlier")
	return r.rebound(w, q, "moved", version, err)
}

// rebound goes back to the touchpoint after a change of its bindings.
func (r *Room) rebound(w http.ResponseWriter, q *web.Request, done string, version int64, err error) error {
	if err != nil {
		return err
	}
	if !r.applied(q.Context(), version) {
		done += "-late"
	}
	http.Redirect(w, q.Request, pathOf(q.PathValue("key"))+"?"+url.Values{"done": {done}}.Encode()+"#events", http.StatusSeeOther)
	return nil
}
