package journey

import (
	"net/http"
	"strconv"

	"regia/internal/experience"
	"regia/internal/web"
)

func (r *Room) registerPages() {
	page := r.site.Page
	page("GET /journeys", nil, r.listPage)
	page("POST /journeys", steerers, r.createPage)
	page("GET /journeys/new", steerers, r.newPage)
	page("GET /journeys/{key}", nil, r.mapPage)
	page("GET /journeys/{key}/edit", steerers, r.editPage)
	page("GET /journeys/{key}/print", nil, r.printPage)
	page("GET /journeys/{key}/map.svg", nil, r.svgPage)
	page("GET /journeys/{key}/map.json", nil, r.jsonPage)
	page("POST /journeys/{key}/restore", steerers, r.restorePage)
	page("POST /journeys/{key}/remove", steerers, r.removePage)
	page("POST /journeys/{key}/put-back", steerers, r.putBackPage)
}

// desk is what every part of a page about maps knows.
type desk struct {
	l         *web.Locale
	draws     bool // the reader may draw
	catalogue map[string]experience.Touchpoint
}

func (r *Room) desk(q *web.Request) (desk, error) {
	all, err := r.catalogue(q.Context())
	return desk{l: q.L, draws: q.User.May(steerers), catalogue: all}, err
}

// chip names a touchpoint on a card.
func (d desk) chip(key string) web.ChipProps {
	t := d.catalogue[key]
	t.Key = key
	return web.ChipProps{Label: t.Called(d.l.Lang()), Channel: t.Channel, URL: "/touchpoints/" + key}
}

func (r *Room) listPage(w http.ResponseWriter, q *web.Request) error {
	list, err := r.Store.List(q.Context())
	if err != nil {
		return err
	}
	d, err := r.desk(q)
	if err != nil {
		return err
	}
	v := listView{desk: d, maps: list, removed: q.URL.Query().Get("removed")}
	if len(list) == 0 {
		if v.begin, err = r.newView(q); err != nil {
			return err
		}
	}
	return r.site.Render(w, q, pageOf(q.L.T("journeys.room")), listBody(v))
}

// listView is the page of all maps.
type listView struct {
	desk
	maps    []Map
	removed string // key of the map that was taken away a moment ago
	begin   newView
}

func pageOf(title string, scripts ...string) web.Page {
	return web.Page{Room: "journeys", Title: title, Scripts: scripts}
}

func pathOf(key string) string { return "/journeys/" + key }

// mapView is the page of one map.
type mapView struct {
	desk
	m      Map
	latest int64
	saved  []Saved
	names  map[string]string // of who saved, by id
	living living
	done   string
}

// shownVersions is how many versions the page of a map lists.
const shownVersions = 12

func (r *Room) mapView(q *web.Request) (mapView, error) {
	var v mapView
	var err error
	if v.desk, err = r.desk(q); err != nil {
		return v, err
	}
	key := q.PathValue("key")
	version, _ := strconv.ParseInt(q.URL.Query().Get("version"), 10, 64) // what is no number is the latest
	if v.m, err = r.Store.Version(q.Context(), key, max(0, version)); err != nil {
		return v, err
	}
	if v.saved, err = r.Store.Versions(q.Context(), key); err != nil {
		return v, err
	}
	v.latest, v.names = v.saved[0].Version, map[string]string{}
	for _, s := range v.saved[:min(len(v.saved), shownVersions)] {
		if _, known := v.names[s.By]; !known && s.By != "" && r.UserName != nil {
			v.names[s.By] = r.UserName(q.Context(), s.By)
		}
	}
	return v, nil
}

func (r *Room) mapPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.mapView(q)
	if err != nil {
		return err
	}
	if key := "journey.done." + q.URL.Query().Get("done"); q.L.Has(key) {
		v.done = q.L.T(key)
	}
	if v.living, err = r.living(q, v.m); err != nil {
		return err
	}
	return r.site.Render(w, q, pageOf(v.m.Name), mapBody(v))
}

func (r *Room) restorePage(w http.ResponseWriter, q *web.Request) error {
	key := q.PathValue("key")
	version, err := strconv.ParseInt(q.FormValue("version"), 10, 64)
	if err != nil {
		return errUnknown
	}
	latest, err := strconv.ParseInt(q.FormValue("latest"), 10, 64)
	if err != nil {
		return ErrStale
	}
	if _, err := r.Store.Restore(q.Context(), by(q.Context()), key, version, latest); err != nil {
		return err
	}
	return see(w, q, pathOf(key)+"?done=restored")
}

func (r *Room) removePage(w http.ResponseWriter, q *web.Request) error {
	key := q.PathValue("key")
	if err := r.Store.Remove(q.Context(), key); err != nil {
		return err
	}
	return see(w, q, "/journeys?removed="+key)
}

func (r *Room) putBackPage(w http.ResponseWriter, q *web.Request) error {
	key := q.PathValue("key")
	if err := r.Store.PutBack(q.Context(), key); err != nil {
		return err
	}
	return see(w, q, pathOf(key))
}

func see(w http.ResponseWriter, q *web.Request, address string) error {
	http.Redirect(w, q.Request, address, http.StatusSeeOther)
	return nil
}

// answer says in one sentence what the map is.
func (v mapView) answer() string {
	truth := 0
	for _, s := range v.m.Steps() {
		if s.MomentOfTruth {
			truth++
		}
	}
	steps := v.l.T("journey.steps", "n", len(v.m.Steps()))
	stages := v.l.T("journey.stages", "n", len(v.m.Stages))
	if truth == 0 {
		return v.l.T("journey.answer", "steps", steps, "stages", stages)
	}
	return v.l.T("journey.answer.truth", "steps", steps, "stages", stages, "truth", v.l.T("journey.truths", "n", truth))
}

// who says who saved a version.
func (v mapView) who(s Saved) string {
	if s.By == "" {
		return "Regia"
	}
	if name := v.names[s.By]; name != "" {
		return name
	}
	return v.l.T("journey.somebody")
}

// expectation says what people may count on at a step.
func (d desk) expectation(m Map, s Step) string {
	e := s.Expectation
	if e == nil {
		return ""
	}
	if e.Text != "" {
		return e.Text
	}
	if e.Within != "" {
		from, _ := m.Step(m.ExpectedFrom(s.ID))
		return d.l.T("journey.expect.within", "time", d.window(string(e.Within)), "from", from.Name)
	}
	if e.Measure != nil {
		return d.measure(*e.Measure)
	}
	return ""
}
