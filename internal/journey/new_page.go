package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"regia/internal/experience"
	"regia/internal/web"
)

// maxImport is how large a file of a map may be, in bytes.
const maxImport = 1 << 20

// newView is the page where maps begin.
type newView struct {
	desk
	ready []readyOffer
	text  string // of a map that was refused
	err   error
	wrong []Fault
}

// readyOffer is one of Regia's own maps, as it is offered.
type readyOffer struct {
	key string
	m   Map
}

func (r *Room) newView(q *web.Request) (newView, error) {
	d, err := r.desk(q)
	v := newView{desk: d}
	for _, name := range ReadyMades() {
		m, ready := Ready(name, q.L.Lang())
		if ready != nil {
			return v, ready
		}
		v.ready = append(v.ready, readyOffer{name, m})
	}
	return v, err
}

func (r *Room) newPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.newView(q)
	if err != nil {
		return err
	}
	return r.site.Render(w, q, pageOf(q.L.T("journey.new")), newBody(v))
}

// createPage makes a map in one of the ways that the page offers, and goes to
// it. A file that is refused is shown again, with what is wrong in it.
func (r *Room) createPage(w http.ResponseWriter, q *web.Request) error {
	q.Body = http.MaxBytesReader(w, q.Body, 2*maxImport)
	var m Map
	var text string
	var err error
	switch way := q.FormValue("way"); way {
	case "ready":
		m, err = Ready(q.FormValue("ready"), q.L.Lang())
	case "proposal":
		m, err = r.Propose(q.Context(), q.L, q.FormValue("case"))
	case "blank":
		m = blank(q.L, q.FormValue("name"))
	case "import":
		if text, err = importText(q); err == nil {
			m, err = readMap([]byte(text))
		}
		if _, taken := r.Store.Get(q.Context(), m.Key); taken == nil {
			m.Key = "" // the same map once more: it gets a key of its own
		}
	default:
		err = experience.Errorf(experience.Invalid, "journey.error.way")
	}
	if err == nil {
		m, err = r.Store.Create(q.Context(), by(q.Context()), m)
	}
	switch experience.CodeOf(err) {
	case "":
		return see(w, q, pathOf(m.Key)+"?done=made")
	case experience.Invalid, experience.NotFound, experience.Conflict, experience.TooLarge:
		return r.refused(w, q, text, err)
	}
	return err
}

func (r *Room) refused(w http.ResponseWriter, q *web.Request, text string, reason error) error {
	v, err := r.newView(q)
	if err != nil {
		return err
	}
	v.text, v.err = text, reason
	var all *FaultsError
	if errors.As(reason, &all) {
		v.wrong = all.Faults
	}
	return r.site.RenderStatus(w, q, web.Status(reason), pageOf(q.L.T("journey.new")), newBody(v))
}

// blank is a sheet to begin on.
func blank(l *web.Locale, name string) Map {
	return Map{Name: name, Stages: []Stage{
		{Name: l.T("journey.blank.before")}, {Name: l.T("journey.blank.during")}, {Name: l.T("journey.blank.after")},
	}}
}

// importText reads what was sent in: a file, or what was pasted.
func importText(q *web.Request) (string, error) {
	file, _, err := q.FormFile("file")
	switch {
	case err == nil:
		defer file.Close()
		raw, err := io.ReadAll(io.LimitReader(file, maxImport+1))
		if err != nil || len(raw) > 0 {
			return limited(string(raw), err)
		}
	case !errors.Is(err, http.ErrMissingFile) && !errors.Is(err, http.ErrNotMultipart):
		return "", &experience.Error{Code: experience.TooLarge, Message: "journey.error.large", Err: err}
	}
	return limited(q.FormValue("json"), nil)
}

func limited(text string, err error) (string, error) {
	if len(text) > maxImport {
		return "", experience.Errorf(experience.TooLarge, "journey.error.large")
	}
	return text, err
}

// readMap reads a map that was exported. It comes in as a new one.
func readMap(raw []byte) (Map, error) {
	var m Map
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields() // a misspelt field would be lost without a word
	if err := d.Decode(&m); err != nil {
		return Map{}, &experience.Error{Code: experience.Invalid, Message: "journey.error.json", Err: err}
	}
	m.Origin = Imported
	return m, nil
}
