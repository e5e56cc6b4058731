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
	start := time.Now()
	secure(w.Header(), r)
	a := newAnswer(w, r)
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.Error("panic", "pattern", r.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			s.failPlain(a, r, experience.Errorf(experience.Internal, "panic"))
		}
		a.finish()
		s.log.Debug("request", "method", r.Method, "pattern", r.Pattern, "status", a.code(),
			"bytes", a.bytes, "duration", time.Since(start))
	}()
	s.dispatch(a, r)
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
func (s *Site) failPlain(a *answer, raw *http.Request, err error) {
	r, asking := s.request(raw)
	if asking != nil {
		s.log.Error("who is asking could not be told", "error", cause(asking))
	}
	s.fail(a, r, err)
}

func secure(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if isHTTPS(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// isHTTPS also believes a proxy's word: lying about it harms only the liar.
func isHTTPS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}
