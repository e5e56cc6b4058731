package people

import (
	"cmp"
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

const (
	pageSize     = 50
	suggestions  = 8
	timelineSize = 60
	// patience is how long a page waits for a decision to show.
	patience = 3 * time.Second
)

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	r.RegisterAPI(s)
	s.Room(web.Room{Key: "people", Path: "/people", Icon: "people", Order: 20})
	s.Page("GET /people", nil, r.listPage)
	s.Page("GET /people/suggest", nil, r.suggestPage)
	s.Page("GET /people/{id}", nil, r.personPage)
	s.Page("GET /people/{id}/timeline", nil, r.timelinePage)
	s.Page("POST /people/{id}/decisions", deciders, r.decidePage)
	return nil
}

func (r *Room) listPage(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	v := listView{q: q.URL.Query().Get("q")}
	var next string
	var err error
	if v.q != "" {
		v.people, err = r.Records.Search(ctx, v.q, q.Company.Region, pageSize)
	} else {
		v.people, next, err = r.Records.Recent(ctx, q.URL.Query().Get("cursor"), pageSize)
	}
	if err != nil {
		return err
	}
	if next != "" {
		v.more = "/people?cursor=" + url.QueryEscape(next)
	}
	switch {
	case q.HTMX() && q.URL.Query().Get("cursor") != "":
		return r.site.RenderFragment(w, q, listRows(v))
	case q.Header.Get("HX-Target") == listID && q.HTMX():
		return r.site.RenderFragment(w, q, listBody(v))
	}
	if v.counts, err = r.Records.Count(ctx); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "people", Title: q.L.T("people.room")}, peopleBody(v))
}

// suggestPage answers the search of the top bar as one types.
func (r *Room) suggestPage(w http.ResponseWriter, q *web.Request) error {
	var found []Summary
	if text := q.URL.Query().Get("q"); text != "" {
		var err error
		if found, err = r.Records.Suggest(q.Context(), text, q.Company.Region, suggestions); err != nil {
			return err
		}
	}
	list := make([]web.Suggestion, len(found))
	for k, p := range found {
		list[k] = web.Suggestion{URL: "/people/" + p.ID.String(), Title: p.label(), Note: p.second(), Icon: "user"}
		if list[k].Title == "" {
			list[k].Title = q.L.T("people.anonymous.who", "mark", p.mark())
		}
	}
	return r.site.RenderFragment(w, q, web.Suggestions(list))
}

func (r *Room) personPage(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	id, err := r.current(ctx, q.PathValue("id"))
	if err != nil {
		return err
	}
	if id.String() != q.PathValue("id") { // merged since the link was made
		to := "/people/" + id.String()
		if q.URL.RawQuery != "" {
			to += "?" + q.URL.RawQuery
		}
		http.Redirect(w, q.Request, to, http.StatusSeeOther)
		return nil
	}
	p, err := r.Records.Person(ctx, id, time.Duration(q.Company.VisitGap))
	if err != nil {
		return err
	}
	if !q.User.SeesPeople() {
		p.mask()
	}
	v := personView{Person: p, l: q.L, now: q.Now, company: q.Company, decides: q.User.May(deciders), source: r.sourceName(ctx)}
	if key := "people.done." + q.URL.Query().Get("done"); q.L.Has(key) {
		v.done = q.L.T(key)
	}
	v.relationship = r.relationship(ctx, q.L, id)
	var did map[experience.ID]experience.Impression
	v.curve, did = r.curve(ctx, q.L, id)
	if v.curve.err != nil {
		r.Logger.ErrorContext(ctx, "a curve could not be read", "error", v.curve.err)
	}
	v.story, v.storyErr = r.story(ctx, q, id, did)
	if v.storyErr != nil {
		r.Logger.ErrorContext(ctx, "a timeline could not be read", "error", v.storyErr)
	}
	return r.site.Render(w, q, web.Page{Room: "people", Title: v.title()}, personBody(v))
}

// sourceName names sources, for the origin of what is known.
func (r *Room) sourceName(ctx context.Context) func(id string) string {
	return func(id string) string {
		if name, _ := r.Sources.Source(ctx, id); name != "" {
			return name
		}
		return id
	}
}

// timelinePage continues a person's story: a piece of a page, or without
// scripts a page of its own.
func (r *Room) timelinePage(w http.ResponseWriter, q *web.Request) error {
	id, err := r.current(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	_, did := r.curve(q.Context(), q.L, id)
	s, err := r.story(q.Context(), q, id, did)
	if err != nil {
		return err
	}
	if q.HTMX() {
		return r.site.RenderFragment(w, q, storyItems(s))
	}
	return r.site.Render(w, q, web.Page{Room: "people", Title: q.L.T("people.story")}, storyPage(id, s))
}

// story reads a page of what a person did, and of what that did to them. A visit is not torn between two
// pages, unless it alone fills one.
func (r *Room) story(ctx context.Context, q *web.Request, id experience.ID, did map[experience.ID]experience.Impression) (story, error) {
	rows, next, err := r.Timelines.Timeline(ctx, ledger.TimelineQuery{Person: id, Before: q.URL.Query().Get("before"), Limit: timelineSize})
	if err != nil {
		return story{}, err
	}
	gap := time.Duration(q.Company.VisitGap)
	s := story{l: q.L, sees: q.User.SeesPeople()}
	if next != "" {
		if n := lastVisit(rows, gap); n > 0 {
			rows = rows[:n]
			next = rows[n-1].Time.Format(time.RFC3339Nano)
		}
		s.more = "/people/" + id.String() + "/timeline?" + url.Values{"before": {next}, "after": {rows[len(rows)-1].Time.Format(time.RFC3339Nano)}}.Encode()
	}
	var after time.Time
	if text := q.URL.Query().Get("after"); text != "" {
		after, _ = time.Parse(time.RFC3339Nano, text) // without it the day is written again: no harm
	}
	moments := make([]moment, len(rows))
	touchpoints := r.askedOnce()
	for k, row := range rows {
		moments[k] = r.moment(ctx, q, touchpoints, row)
		if i, ok := did[row.ID]; ok {
			moments[k].feel(q.L, i, r.Impact.Why)
		}
	}
	s.visits = visitsOf(q.L, moments, gap, after)
	if next != "" && len(s.visits) == 1 && s.visits[0].label != "" {
		// It goes on, on the next page: its length is not known here.
		s.visits[0].label, s.visits[0].note = q.L.Date(rows[0].Time), ""
	}
	return s, nil
}

// lastVisit gives where the last visit of some rows begins: 0 when it is the
// only one.
func lastVisit(rows []experience.Interaction, gap time.Duration) int {
	for k := len(rows) - 1; k > 0; k-- {
		if rows[k-1].Time.Sub(rows[k].Time) > gap {
			return k
		}
	}
	return 0
}

// moment makes a row fit to be drawn.
func (r *Room) moment(ctx context.Context, q *web.Request, touchpoints Touchpoints, row experience.Interaction) moment {
	m := moment{Item: r.item(ctx, touchpoints, row, q.User.SeesPeople())}
	m.title = EventTitle(q.L, row.Kind, row.Name)
	if row.Touchpoint != "" {
		names, channel := touchpoints.Touchpoint(ctx, row.Touchpoint)
		label := names[q.L.Lang()]
		if label == "" {
			label = row.Touchpoint
		}
		m.chip = &web.ChipProps{Label: label, Channel: channel, URL: "/touchpoints/" + url.PathEscape(row.Touchpoint)}
	}
	m.describe(q.L)
	if m.Record {
		name, _ := r.Sources.Source(ctx, row.Source)
		m.asRecord(q.L, cmp.Or(name, row.Source))
	}
	return m
}

// decidePage takes a decision about identity, and comes back once it shows.
func (r *Room) decidePage(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	id, err := r.current(ctx, q.PathValue("id"))
	if err != nil {
		return err
	}
	d := experience.Decision{ID: experience.NewID(), Action: experience.DecisionAction(q.FormValue("action")), By: q.User.ID, At: q.Now}
	switch d.Action {
	case experience.SamePerson, experience.DifferentPeople:
		other, err := r.current(ctx, q.FormValue("other"))
		if err != nil {
			return err
		}
		if d.A, err = r.Records.anchor(ctx, id); err != nil {
			return err
		}
		if d.B, err = r.Records.anchor(ctx, other); err != nil {
			return err
		}
	case experience.SharedByMany:
		d.A = experience.Identifier{Kind: experience.IdentifierKind(q.FormValue("kind")), Value: q.FormValue("value")}
	case experience.UndoDecision:
		if d.Target, err = experience.ParseID(q.FormValue("target")); err != nil {
			return err
		}
	}
	if err := r.decide(ctx, &d); err != nil {
		return err
	}
	done := string(d.Action)
	if !r.woven(ctx) {
		done = "late"
	}
	http.Redirect(w, q.Request, "/people/"+id.String()+"?done="+done, http.StatusSeeOther)
	return nil
}

// woven waits for what was accepted to show; false: it is still under way.
func (r *Room) woven(ctx context.Context) bool {
	if r.Woven == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.Woven(ctx) == nil
}
