package web

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/a-h/templ"
)

// Page says what stands around a room's body.
type Page struct {
	Room     string   // key of the room, to mark it in the navigation
	Title    string   // of the browser's tab
	Question string   // what the page answers; shown small above the answer when no PageHead is used
	Scripts  []string // islands beyond the common one, by logical name: "timeline" is timeline.js
	Plain    bool     // a centred card without navigation: sign-in and other public pages
	Wide     bool     // for those who are not signed in: a whole page instead of a card
}

var pagePool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render answers with a page. The body is rendered before the first byte goes
// out, so that an error in it still becomes an error page.
func (s *Site) Render(w http.ResponseWriter, r *Request, p Page, body templ.Component) error {
	return s.render(w, r, http.StatusOK, s.frame(r, p, body))
}

// RenderStatus is Render with another status, for forms that were refused.
func (s *Site) RenderStatus(w http.ResponseWriter, r *Request, status int, p Page, body templ.Component) error {
	return s.render(w, r, status, s.frame(r, p, body))
}

// RenderFragment answers with a piece of a page.
func (s *Site) RenderFragment(w http.ResponseWriter, r *Request, body templ.Component) error {
	return s.render(w, r, http.StatusOK, body)
}

func (s *Site) render(w http.ResponseWriter, r *Request, status int, c templ.Component) error {
	b := pagePool.Get().(*bytes.Buffer)
	defer pagePool.Put(b)
	b.Reset()
	if err := c.Render(r.Context(), b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "HX-Request")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader may be gone
	return nil
}

// write is render for answers that have no way to fail further.
func (s *Site) write(w http.ResponseWriter, r *Request, status int, c templ.Component) {
	if err := s.render(w, r, status, c); err != nil {
		s.log.Error("an error could not be shown", "pattern", r.Pattern, "error", err)
		http.Error(w, http.StatusText(status), status)
	}
}

// frameData is what the frame draws around a body.
type frameData struct {
	Page
	rooms   []Room
	entry   string // key of the navigation's entry that the page belongs to
	family  []Room // the rooms that share it
	user    *User
	l       *Locale
	company string
	version string
	theme   string // "regia-light", "regia-dark" or "": as the system has it
	next    string // where the language switch comes back to
	styles  string
	icon    string
	scripts []string
}

func (s *Site) frame(r *Request, p Page, body templ.Component) templ.Component {
	d := frameData{Page: p, user: r.User, l: r.L, company: r.Company.Name, version: s.options.Version,
		theme: chosenTheme(r.Request), styles: s.assets.url("app.css"), icon: s.assets.url("icon.svg")}
	if r.Method == http.MethodGet {
		d.next = SafeNext(r.URL.RequestURI())
	}
	for _, name := range append([]string{"app"}, p.Scripts...) {
		if u := s.assets.url(name + ".js"); u != "" {
			d.scripts = append(d.scripts, u)
		}
	}
	if p.Plain || r.User == nil {
		return plainFrame(d, body)
	}
	d.rooms, d.entry, d.family = s.visibleRooms(r.User, p.Room)
	return roomFrame(d, body)
}

// chosenTheme comes from a cookie, so that the first paint has it already.
func chosenTheme(r *http.Request) string {
	if c, err := r.Cookie("theme"); err == nil && (c.Value == "light" || c.Value == "dark") {
		return "regia-" + c.Value
	}
	return ""
}

// errorPage tells an error on a page of its own.
func (s *Site) errorPage(w http.ResponseWriter, r *Request, status int, err error) {
	title := r.L.T("web.error.title." + errorKind(status))
	s.write(w, r, status, s.frame(r, Page{Title: title}, errorBody(status, err)))
}

// errorKind chooses the words and the picture of an error page.
func errorKind(status int) string {
	switch status {
	case http.StatusNotFound:
		return "notfound"
	case http.StatusForbidden, http.StatusUnauthorized:
		return "forbidden"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return "unavailable"
	}
	if status >= 500 {
		return "internal"
	}
	return "invalid"
}
