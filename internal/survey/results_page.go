package survey

import (
	"fmt"
	"net/http"

	"regia/internal/web"
)

// textsShown is how many verbatims are shown at a time.
const textsShown = 20

// resultsView is the page of what was answered.
type resultsView struct {
	*Results
	reads    bool // may read what people wrote
	texts    []verbatim
	next     string // where more of them are; "" = nowhere
	versions int
}

func (r *Room) resultsPage(w http.ResponseWriter, q *web.Request) error {
	results, err := r.results(q.Context(), q.User, q.PathValue("key"))
	if err != nil {
		return err
	}
	v := resultsView{Results: results, reads: q.User.SeesPeople(), versions: results.Record.Version}
	if since := q.URL.Query().Get("since"); since != "" {
		if since == v.mark() {
			w.WriteHeader(http.StatusNoContent) // what is shown stands, with what was folded out
			return nil
		}
		return r.site.RenderFragment(w, q, resultFigures(v))
	}
	if v.reads && !v.hidden() {
		if v.texts, v.next, err = r.verbatims(q, ""); err != nil {
			return err
		}
	}
	name := results.Record.Draft.Name.In(q.L.Lang())
	return r.site.Render(w, q, web.Page{Room: "survey", Title: name}, resultsBody(v))
}

// textsPage is more of what people wrote.
func (r *Room) textsPage(w http.ResponseWriter, q *web.Request) error {
	results, err := r.results(q.Context(), q.User, q.PathValue("key"))
	if err != nil {
		return err
	}
	v := resultsView{Results: results, reads: true}
	if !v.hidden() {
		if v.texts, v.next, err = r.verbatims(q, q.URL.Query().Get("before")); err != nil {
			return err
		}
	}
	if q.HTMX() {
		return r.site.RenderFragment(w, q, verbatimList(v))
	}
	return r.site.Render(w, q, web.Page{Room: "survey", Title: results.Record.Draft.Name.In(q.L.Lang())}, verbatimList(v))
}

// verbatims are what people wrote, the latest first, and where more of it is.
func (r *Room) verbatims(q *web.Request, before string) ([]verbatim, string, error) {
	key := q.PathValue("key")
	versions, err := r.Store.Versions(q.Context(), key)
	if err != nil {
		return nil, "", err
	}
	list, next, err := r.Store.Settled(q.Context(), key, before, true, textsShown)
	if err != nil {
		return nil, "", err
	}
	if next != "" {
		next = editPath(key) + "/texts?before=" + next
	}
	return verbatims(versions, list), next, nil
}

// mark changes whenever there is something new to show.
func (v resultsView) mark() string {
	var opened, begun int64
	for _, x := range v.Funnel {
		opened, begun = opened+x.Opened, begun+x.Begun
	}
	return fmt.Sprint(v.Finished, "-", v.Partial, "-", opened, "-", begun, "-", v.Record.Version)
}

// again is where the figures are asked for once more.
func (v resultsView) again() string { return resultsPath(v.Record.Draft.Key) + "?since=" + v.mark() }
