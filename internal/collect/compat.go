package collect

import (
	"encoding/json"
	"net/http"
	"strconv"

	"regia/internal/experience"
	"regia/internal/web"
)

// site is where the door puts its addresses.
type site interface {
	Handle(pattern string, h http.Handler)
}

// registerLibraries puts the addresses on a site that the libraries of Segment
// and RudderStack call besides Segment's HTTP API. Events come in through the
// door's own handlers; what is new here are only the addresses.
func (d *Door) registerLibraries(s site) {
	for letter, kind := range map[string]experience.Kind{
		"t": experience.Track, "i": experience.Identify, "p": experience.PageView,
		"s": experience.Screen, "g": experience.Group, "a": experience.Alias,
	} {
		s.Handle("/v1/"+letter, d.handler(call{kind: kind}))
	}
	s.Handle("/v1/b", d.handler(call{batch: true}))
	s.Handle("/v1/m", http.HandlerFunc(d.libraryMetrics))
	s.Handle("/v1/projects/{writeKey}/settings", http.HandlerFunc(d.segmentSettings))

	s.Handle("/beacon/v1/batch", d.handler(call{batch: true}))
	s.Handle("/sourceConfig", http.HandlerFunc(d.sourceConfig))
	s.Handle("/sourceConfig/{$}", http.HandlerFunc(d.sourceConfig))
	s.Handle("/pixel/v1/track", d.pixelHandler(experience.Track))
	s.Handle("/pixel/v1/page", d.pixelHandler(experience.PageView))

	for _, under := range []string{"/v1/", "/beacon/", "/pixel/"} {
		s.Handle(under, http.HandlerFunc(d.nothingHere))
	}
}

// nothingHere answers for addresses that look like the door's and are none. It
// lets preflights pass and browsers read the answer: a library that cannot
// read it takes it for a broken line, and sends again for ever.
func (d *Door) nothingHere(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		allow(w, r, http.MethodPost)
		return
	}
	cors(w, r)
	d.problem(w, http.StatusNotFound, experience.NotFound, "no events are taken at this address: see docs/collect.md for those that are")
}

// problem answers an error as the API does, in English: who reads it is a
// developer with the console open.
func (d *Door) problem(w http.ResponseWriter, status int, code experience.Code, detail string) {
	d.metrics.answered(status)
	writeProblem(w, status, code, detail)
}

func writeProblem(w http.ResponseWriter, status int, code experience.Code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(web.Problem{ // whoever asked may be gone
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: string(code), Detail: detail,
	})
}

// settingsFresh is how many seconds a browser may keep what it was told of a
// source. Nothing is let in by it: each event shows its key again.
const settingsFresh = 300

// settingsFor finds the source whose settings a library asks for, or answers
// why it gets none.
func (d *Door) settingsFor(w http.ResponseWriter, r *http.Request, key string) (Source, bool) {
	source, err := d.authenticate(r.Context(), key, d.o.Clock())
	if err == nil {
		return source, true
	}
	status := web.Status(err)
	switch status {
	case http.StatusUnauthorized:
		// A scheme that no browser knows: "Basic" would make it ask visitors for a password.
		w.Header().Set("WWW-Authenticate", `WriteKey realm="write key"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(later))
	}
	d.problem(w, status, experience.CodeOf(err), experience.MessageOf(err))
	return Source{}, false
}

func (d *Door) settings(w http.ResponseWriter, r *http.Request, settings any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "private, max-age="+strconv.Itoa(settingsFresh)) // private: it says by which name we were called
	d.metrics.answered(http.StatusOK)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(settings) // whoever asked may be gone
	}
}

// baseOf gives the address by which others reach this Regia, without a slash
// at its end: the configured one, or that by which it was reached now.
func baseOf(configured string, r *http.Request) string {
	if configured != "" {
		return configured
	}
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
