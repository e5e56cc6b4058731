package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"time"

	"regia/internal/experience"
)

// policy allows our own scripts and styles and nothing else: no inline code,
// no frames around us, nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP answers one request: headers, compression, log and recovery
// around the routes. The log names the pattern, never the address asked for.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.direct[r.URL.Path]; h != nil {
		s.serveDirect(w, r, h)
		return
	}
	start := time.Now()
	secure(w.Header(), r)
	a := newAnswer(w, r)
	defer func() {
		s.recovered(a, r, recover())
		a.finish()
		s.log.Debug("request", "method", r.Method, "pattern", r.Pattern, "status", a.code(),
			"bytes", a.bytes, "duration", time.Since(start))
	}()
	s.dispatch(a, r)
}

// nosniff is made once, for all answers; nobody changes it.
var nosniff = []string{"nosniff"}

// Direct tells whether an address is one of those that programs ask for all the
// time: see Handle.
func (s *Site) Direct(path string) bool { return s.direct[path] != nil }

// serveDirect answers a program, by the tens of thousands a second: what only
// pages need (the policy for scripts, compression, a line in the log) is left
// out, for it would take longer than the rest.
func (s *Site) serveDirect(w http.ResponseWriter, r *http.Request, h http.Handler) {
	defer func() { s.recovered(w, r, recover()) }()
	w.Header()["X-Content-Type-Options"] = nosniff
	strict(w.Header(), r)
	r.Pattern = r.URL.Path
	h.ServeHTTP(w, r)
}

// recovered answers and logs what a handler panicked with; nil is nothing.
func (s *Site) recovered(w http.ResponseWriter, r *http.Request, p any) {
	switch p {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(p)
	}
	s.log.Error("panic", "pattern", r.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	s.failPlain(w, r, experience.Errorf(experience.Internal, "panic"))
}

// dispatch runs the route, or answers in our own words that there is none.
func (s *Site) dispatch(a *answer, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(a, r) // not h: only the mux fills in path values
		return
	}
	plain := httptest.NewRecorder()
	h.ServeHTTP(plain, r)
	switch plain.Code {
	case http.StatusNotFound:
		s.failPlain(a, r, experience.Errorf(experience.NotFound, "web.error.notfound"))
	case http.StatusMethodNotAllowed:
		a.Header().Set("Allow", plain.Header().Get("Allow"))
		if wantsJSON(r) {
			writeProblem(a, &Problem{Type: "about:blank", Title: http.StatusText(plain.Code), Status: plain.Code, Code: string(experience.Invalid)})
			return
		}
		http.Error(a, http.StatusText(plain.Code), plain.Code)
	default:
		h.ServeHTTP(a, r)
	}
}

// failPlain answers an error that arose outside of any handler.
func (s *Site) failPlain(w http.ResponseWriter, raw *http.Request, err error) {
	r, asking := s.request(raw)
	if asking != nil {
		s.log.Error("who is asking could not be told", "error", cause(asking))
	}
	s.fail(w, r, err)
}

func secure(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	strict(h, r)
}

// strict has browsers come by HTTPS from now on, once they did.
func strict(h http.Header, r *http.Request) {
	if isHTTPS(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// isHTTPS also believes a proxy's word: lying about it harms only the liar.
func isHTTPS(r *http.Request) bool {
	proxy := r.Header["X-Forwarded-Proto"]
	return r.TLS != nil || len(proxy) > 0 && proxy[0] == "https"
}
