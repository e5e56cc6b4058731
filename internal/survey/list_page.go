package survey

import (
	"net/http"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// listView is the page of all surveys.
type listView struct {
	rows    []listRow
	columns []web.Column
	answer  string
	sets    []Survey
	steers  bool
}

type listRow struct {
	record Record
	url    string
	n      int64
	last   time.Time
	main   *Figure
}

func (r *Room) registerPages() {
	r.site.Room(web.Room{Key: "survey", Parent: "voice", Path: "/surveys", Order: 2})
	r.site.Page("GET /surveys", lookers, r.listPage)
	r.site.Page("POST /surveys", steerers, r.createPage)
	r.site.Page("GET /surveys/{key}", lookers, r.editPage)
	r.site.Page("POST /surveys/{key}", steerers, r.savePage)
	r.site.Page("POST /surveys/{key}/preview", steerers, r.previewPage)
	r.site.Page("POST /surveys/{key}/delete", steerers, r.deletePage)
	r.site.Page("GET /surveys/{key}/results", lookers, r.resultsPage)
	r.site.Page("GET /surveys/{key}/texts", readers, r.textsPage)
	r.site.Page("GET /surveys/{key}/answers.csv", readers, r.exportFile)
}

func (r *Room) listPage(w http.ResponseWriter, q *web.Request) error {
	v := listView{steers: q.User.May(steerers)}
	for _, key := range []string{"name", "status", "answers", "figure", "last"} {
		v.columns = append(v.columns, web.Column{Label: q.L.T("survey." + key), Number: key == "answers"})
	}
	list, err := r.Store.List(q.Context())
	if err != nil {
		return err
	}
	counts, err := r.Store.Counts(q.Context())
	if err != nil {
		return err
	}
	var open, answered int64
	for _, x := range list {
		row := listRow{record: x, url: editPath(x.Draft.Key), n: counts[x.Draft.Key].N, last: counts[x.Draft.Key].Last}
		if x.Version > 0 {
			row.url = resultsPath(x.Draft.Key)
		}
		if x.Status == Open {
			open++
		}
		answered += row.n
		if row.n > 0 && !x.Draft.Staff {
			results, err := r.Store.Results(q.Context(), x.Draft.Key)
			if err != nil {
				return err
			}
			row.main = results.Main()
		}
		v.rows = append(v.rows, row)
	}
	v.answer = q.L.T("survey.list.none")
	if len(list) > 0 {
		v.answer = q.L.T("survey.list.answer", "n", answered, "open", open)
	}
	if v.sets, err = Sets(); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "survey", Title: q.L.T("survey.room")}, listBody(v))
}

// createPage begins a survey from a ready-made set, or from nothing.
func (r *Room) createPage(w http.ResponseWriter, q *web.Request) error {
	draft, err := begin(q.FormValue("set"))
	if err != nil {
		return err
	}
	if draft.Name == nil {
		draft.Name, draft.Languages = Words{q.L.Lang(): q.L.T("survey.blank.name")}, []string{q.L.Lang()}
	}
	if draft.Key != "" { // a key in the reader's language
		draft.Key = keyFrom(draft.Name.In(q.L.Lang()))
	}
	made, err := r.Store.Create(q.Context(), q.User.ID, draft)
	if err != nil {
		return err
	}
	http.Redirect(w, q.Request, editPath(made.Draft.Key), http.StatusSeeOther)
	return nil
}

// begin gives a ready-made set; "" is an empty survey.
func begin(set string) (Survey, error) {
	if set == "" {
		return Survey{}, nil
	}
	sets, err := Sets()
	if err != nil {
		return Survey{}, err
	}
	for _, s := range sets {
		if s.Key == set {
			return s, nil
		}
	}
	return Survey{}, experience.Errorf(experience.NotFound, "survey.error.set")
}

func statusTone(s Status) web.Tone {
	switch s {
	case Open:
		return web.Sage
	case Draft:
		return web.Ochre
	}
	return web.Sand
}
