package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"regia/internal/experience"
)

// Handler answers one request. An error it returns becomes an error page, an
// error box or problem+json, whatever the caller can read.
type Handler func(w http.ResponseWriter, r *Request) error

// Request is an HTTP request with what every handler asks for.
type Request struct {
	*http.Request
	User    *User   // nil on public pages when nobody is signed in
	L       *Locale // the reader's language and the company's time zone
	Now     time.Time
	Company experience.Company
}

// HTMX tells whether the request wants a piece of a page, not a page.
func (r *Request) HTMX() bool { return isHTMX(r.Request) }

func isHTMX(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-History-Restore-Request") != "true"
}

// Page registers a handler for signed-in users with one of the roles (empty:
// any). Requests that change something must come from our own pages.
func (s *Site) Page(pattern string, allow []experience.Role, h Handler) {
	s.record(pattern, "page", allow)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, raw *http.Request) {
		r, err := s.request(raw)
		if err == nil {
			err = s.admit(w, r, allow)
		}
		if err == nil {
			err = h(w, r)
		}
		s.fail(w, r, err)
	})
}

// Public registers a handler that needs no sign-in. Requests that change
// something must still come from our own pages.
func (s *Site) Public(pattern string, h Handler) {
	s.record(pattern, "public", nil)
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, raw *http.Request) {
		r, err := s.request(raw)
		if err == nil {
			err = s.sameOrigin(raw)
		}
		if err == nil {
			err = h(w, r)
		}
		s.fail(w, r, err)
	})
}

// Handle registers a raw public handler, such as the front door: no session,
// no cross-origin check, its own errors. A pattern that is nothing but a path
// is for programs: it is answered without what pages need.
func (s *Site) Handle(pattern string, h http.Handler) {
	s.record(pattern, "public", nil)
	s.mux.Handle(pattern, h)
	if strings.HasPrefix(pattern, "/") && !strings.HasSuffix(pattern, "/") && !strings.Contains(pattern, "{") {
		s.direct[pattern] = h
	}
}

func (s *Site) record(pattern, kind string, allow []experience.Role) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	s.routes = append(s.routes, Route{Method: method, Pattern: strings.TrimSpace(path), Kind: kind, Allow: allow})
}

// errSignIn says that nobody is signed in where somebody must be.
var errSignIn = experience.Errorf(experience.Unauthorised, "web.error.unauthorised")

// admit lets in who may come in and refuses forged requests.
func (s *Site) admit(w http.ResponseWriter, r *Request, allow []experience.Role) error {
	w.Header().Set("Cache-Control", "no-store")
	if r.User == nil {
		return errSignIn
	}
	if !r.User.May(allow) {
		return experience.Errorf(experience.Forbidden, "web.error.forbidden")
	}
	if r.User.Token {
		return nil
	}
	return s.sameOrigin(r.Request)
}

func (s *Site) sameOrigin(r *http.Request) error {
	if s.origin.Check(r) != nil {
		return experience.Errorf(experience.Forbidden, "web.error.origin")
	}
	return nil
}

// request gathers who, which language, when and for which company. It returns
// a usable Request also together with an error.
func (s *Site) request(raw *http.Request) (*Request, error) {
	u, err := s.authenticate(raw)
	company := s.options.Company(raw.Context())
	l := s.Locale(chooseLanguage(raw, u), company.Location())
	l.now = s.options.Clock()
	ctx := context.WithValue(raw.Context(), localeKey{}, l)
	if u != nil {
		ctx = context.WithValue(ctx, userKey{}, u)
	}
	return &Request{Request: raw.WithContext(ctx), User: u, L: l, Now: l.now, Company: company}, err
}

// authenticate asks who is there only when the request carries something to tell by.
func (s *Site) authenticate(r *http.Request) (*User, error) {
	if s.options.Auth == nil || (r.Header.Get("Cookie") == "" && r.Header.Get("Authorization") == "") {
		return nil, nil
	}
	return s.options.Auth.Authenticate(r)
}

type userKey struct{}
type localeKey struct{}

// UserFrom gives who is asking; nil when nobody is signed in.
func UserFrom(ctx context.Context) *User {
	u, _ := ctx.Value(userKey{}).(*User)
	return u
}

// WithUser returns a context in which UserFrom finds u: for tests of components.
func WithUser(ctx context.Context, u *User) context.Context {
	return context.WithValue(ctx, userKey{}, u)
}

// LocaleFrom gives the reader's Locale; without one, English in UTC that shows keys.
func LocaleFrom(ctx context.Context) *Locale {
	if l, ok := ctx.Value(localeKey{}).(*Locale); ok {
		return l
	}
	return newLocale(newBundle(), "en", time.UTC)
}

// WithLocale returns a context in which components speak l: for tests of components.
func WithLocale(ctx context.Context, l *Locale) context.Context {
	return context.WithValue(ctx, localeKey{}, l)
}

// signInURL leads to the sign-in page and back to where a GET wanted to go.
func signInURL(r *http.Request) string {
	next := r.URL.RequestURI()
	if isHTMX(r) {
		next = "/"
		if u, err := url.Parse(r.Header.Get("HX-Current-URL")); err == nil && u.Path != "" {
			next = u.RequestURI()
		}
	} else if r.Method != http.MethodGet && r.Method != http.MethodHead {
		next = "/"
	}
	return "/sign-in?next=" + url.QueryEscape(SafeNext(next))
}

// SafeNext gives next when it is a path on this site, and "/" otherwise.
func SafeNext(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// ownRoutes are those of the frame itself.
func (s *Site) ownRoutes() {
	s.Handle("GET /assets/{file}", http.HandlerFunc(s.serveAsset))
	s.Handle("GET "+libraryPath, s.newestLibrary(libraryFile))
	s.Handle("GET /"+libraryWidget, s.newestLibrary(libraryWidget))
	s.Handle("GET /"+libraryTypes, s.newestLibrary(libraryTypes))
	s.Handle("GET /favicon.ico", http.HandlerFunc(s.assets.favicon))
	s.Handle("GET /api/openapi.json", http.HandlerFunc(s.serveDocument))
	s.Public("GET /api/docs", s.docsPage)
	s.Public("POST /language", s.setLanguage)
	if s.options.Gallery {
		s.Public("GET /_gallery", s.galleryPage)
		s.Public("GET /_gallery/{part}", s.galleryPart)
	}
}

// setLanguage keeps the chosen language, with the user when there is one, and goes back.
func (s *Site) setLanguage(w http.ResponseWriter, r *Request) error {
	lang := r.FormValue("lang")
	if !knownLanguage(lang) {
		return experience.Errorf(experience.Invalid, "web.error.language")
	}
	if r.User != nil && s.options.SaveLanguage != nil {
		if err := s.options.SaveLanguage(r.Context(), r.User, lang); err != nil {
			return err
		}
	}
	http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: isHTTPS(r.Request)})
	http.Redirect(w, r.Request, SafeNext(r.FormValue("next")), http.StatusSeeOther)
	return nil
}
