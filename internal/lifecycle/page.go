package lifecycle

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const homePath = "/lifecycle"

func (r *Room) registerPages(s *web.Site) {
	s.Room(web.Room{Key: "lifecycle", Path: homePath, Icon: "lifecycle", Order: 16})
	s.Page("GET "+homePath, nil, r.page)
	s.Page("GET "+homePath+"/people", nil, r.peoplePage)
	s.Page("GET "+homePath+"/people.csv", nil, r.peopleCSV)
	s.Page("GET "+homePath+"/movement.csv", nil, r.movementCSV)
	s.Page("GET "+homePath+"/purchases.csv", nil, r.purchasesCSV)
	s.Page("GET "+homePath+"/stages.svg", nil, r.picture)
	s.Page("POST "+homePath+"/rules/preview", stewards(), r.previewPage)
	s.Page("POST "+homePath+"/rules", stewards(), r.savePage)
}

// view is what every part of the page knows.
type view struct {
	*report
	l      *web.Locale
	month  int    // place of the month whose movement is shown
	span   string // how many months the bands show: 12, 24 or all
	steers bool   // may change the rules
	places map[string]experience.Touchpoint
	form   form
	done   bool // the rules were changed a moment ago
}

// state is what a page's address says.
type state struct{ month, span string }

func readState(q url.Values) state {
	s := state{month: q.Get("month"), span: q.Get("span")}
	if !slices.Contains([]string{"12", "24", "all"}, s.span) {
		s.span = "24"
	}
	return s
}

func (s state) url() string {
	q := url.Values{}
	if s.month != "" {
		q.Set("month", s.month)
	}
	if s.span != "24" {
		q.Set("span", s.span)
	}
	if len(q) == 0 {
		return homePath
	}
	return homePath + "?" + q.Encode()
}

// look gathers the figures for a page within a time. A nil view without an error
// says that they are not ready yet.
func (r *Room) look(q *web.Request, patience time.Duration, last bool) (*view, error) {
	ctx, cancel := context.WithTimeout(q.Context(), patience)
	defer cancel()
	p, err := r.report(ctx)
	switch {
	case err != nil && ctx.Err() != nil && q.Context().Err() == nil && !last:
		return nil, nil
	case err != nil && ctx.Err() != nil:
		return nil, experience.Errorf(experience.Unavailable, "lifecycle.error.slow")
	case err != nil:
		return nil, err
	}
	v := &view{report: p, l: q.L, steers: q.User.May(stewards()), places: map[string]experience.Touchpoint{}, month: len(p.months) - 1}
	touchpoints, err := r.Touchpoints(q.Context())
	for _, t := range touchpoints {
		v.places[t.Key] = t
	}
	s := readState(q.URL.Query())
	v.span = s.span
	if i := slices.IndexFunc(p.months, func(m time.Time) bool { return m.Format(monthFormat) == s.month }); i >= 0 {
		v.month = i
	}
	v.form = formOf(p.rules)
	v.done = q.URL.Query().Get("done") != ""
	return v, err
}

// page shows the figures; those that are not ready within the room's patience
// follow by themselves.
func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	waits := q.URL.Query().Get("wait") != ""
	patience := r.Patience
	if waits {
		patience = limit
	}
	v, err := r.look(q, patience, waits)
	page := web.Page{Room: "lifecycle", Title: q.L.T("lifecycle.room")}
	switch {
	case err != nil && q.Context().Err() == nil && experience.CodeOf(err) == experience.Unavailable:
		if q.HTMX() {
			return r.site.RenderFragment(w, q, troubleBody(err))
		}
		return r.site.RenderStatus(w, q, http.StatusServiceUnavailable, page, troubleBody(err))
	case err != nil:
		return err
	case v == nil:
		return r.site.Render(w, q, page, waitingBody(readState(q.URL.Query()).url()))
	}
	body := pageBody(v)
	if v.unreached {
		body = emptyBody()
	}
	if q.HTMX() {
		return r.site.RenderFragment(w, q, body)
	}
	return r.site.Render(w, q, page, body)
}

// picture is the chart of the stages, to be kept.
func (r *Room) picture(w http.ResponseWriter, q *web.Request) error {
	v, err := r.look(q, limit, true)
	if err != nil {
		return err
	}
	if v.unreached {
		return experience.Errorf(experience.NotFound, "lifecycle.error.nopicture")
	}
	p := web.BandPicture(v.bands())
	p.Name, p.Title = "lifecycle", v.bandsTitle()
	p.Note = v.period() + " · " + v.l.T("lifecycle.n", "n", v.all.buyers)
	return r.site.SendPicture(w, q, p)
}
