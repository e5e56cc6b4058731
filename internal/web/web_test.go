package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
)

type writer = http.ResponseWriter

func (asUser) Authenticate(r *http.Request) (*User, error) {
	value := strings.TrimPrefix(r.Header.Get("Authorization"), "As ")
	if value == "broken" {
		return nil, errors.New("the registry is away")
	}
	return testUsers(value), nil
}

// testSite is a Site with the gallery, a clock that stands, and its log in logs.
func testSite(t *testing.T, logs io.Writer) *Site {
	t.Helper()
	if logs == nil {
		logs = io.Discard
	}
	s, err := New(Options{Auth: asUser{}, Clock: func() time.Time { return testNow }, Version: "1.2.3", Gallery: true,
		Logger: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Company: func(context.Context) experience.Company {
			c := experience.DefaultCompany()
			c.Name = "Casa Aurora"
			return c
		}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends one request; headers are "Name: value".
func ask(s http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func hello(s *Site) Handler {
	return func(w writer, r *Request) error {
		return s.Render(w, r, Page{Room: "people", Title: "Persone"}, templ.Raw("<p>ciao</p>"))
	}
}

func fails(err error) Handler { return func(writer, *Request) error { return err } }

func TestWhoMayEnter(t *testing.T) {
	s := testSite(t, nil)
	s.Page("GET /people/{id}", []experience.Role{experience.Owner, experience.Agent}, hello(s))
	s.Page("POST /people/{id}", []experience.Role{experience.Owner}, hello(s))
	s.Page("GET /all", nil, hello(s))
	for _, c := range []struct {
		method, target, as string
		headers            []string
		status             int
		location           string
	}{
		{"GET", "/people/7?x=1", "", nil, 303, "/sign-in?next=%2Fpeople%2F7%3Fx%3D1"},
		{"POST", "/people/7", "", nil, 303, "/sign-in?next=%2F"},
		{"GET", "/people/7", "owner", nil, 200, ""},
		{"GET", "/people/7", "agent", nil, 200, ""},
		{"GET", "/people/7", "viewer", nil, 403, ""},
		{"GET", "/people/7", "nonsense", nil, 403, ""},
		{"GET", "/all", "viewer", nil, 200, ""},
		{"GET", "/all", "nonsense", nil, 403, ""},
		{"GET", "/all", "broken", nil, 500, ""},
		{"POST", "/people/7", "owner", nil, 200, ""},
		{"POST", "/people/7", "owner", []string{"Sec-Fetch-Site: same-origin"}, 200, ""},
		{"POST", "/people/7", "owner", []string{"Sec-Fetch-Site: cross-site"}, 403, ""},
		{"POST", "/people/7", "owner", []string{"Origin: https://elsewhere.example"}, 403, ""},
		{"POST", "/people/7", "owner token", []string{"Sec-Fetch-Site: cross-site"}, 200, ""},
		{"GET", "/nowhere", "owner", nil, 404, ""},
		{"DELETE", "/all", "owner", nil, 405, ""},
	} {
		headers := c.headers
		if c.as != "" {
			headers = append(headers, "Authorization: As "+c.as)
		}
		w := ask(s, c.method, c.target, headers...)
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s as %q %v: %d %s", c.method, c.target, c.as, c.headers, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestErrorsInEveryShape(t *testing.T) {
	s := testSite(t, nil)
	codes := map[experience.Code]int{
		experience.Invalid: 400, experience.NotFound: 404, experience.Conflict: 409, experience.Unauthorised: 401,
		experience.Forbidden: 403, experience.TooLarge: 413, experience.TooMany: 429, experience.Unavailable: 503, experience.Internal: 500,
	}
	for code := range codes {
		s.Public("GET /"+string(code), fails(experience.Errorf(code, "say %s", code)))
	}
	s.Public("GET /bare", fails(errors.New("a secret inside")))
	codes["bare"] = 500
	for code, status := range codes {
		page := ask(s, "GET", "/"+string(code), "Accept: text/html")
		if page.Code != status || !strings.Contains(page.Body.String(), "<html") {
			t.Errorf("%s: page %d", code, page.Code)
		}
		if status < 500 && !strings.Contains(page.Body.String(), "say "+string(code)) {
			t.Errorf("%s: the page does not say what happened", code)
		}
		if strings.Contains(page.Body.String(), "secret") {
			t.Errorf("%s: the page tells its inside", code)
		}
		piece := ask(s, "GET", "/"+string(code), "HX-Request: true")
		if code != experience.Unauthorised && (piece.Code != status || strings.Contains(piece.Body.String(), "<html") || !strings.Contains(piece.Body.String(), `role="alert"`)) {
			t.Errorf("%s: fragment %d %s", code, piece.Code, piece.Body)
		}
		problem := ask(s, "GET", "/"+string(code), "Accept: application/json")
		var p Problem
		if err := json.Unmarshal(problem.Body.Bytes(), &p); err != nil || p.Status != status || problem.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: problem %+v, %v", code, p, err)
		}
		if code != "bare" && p.Code != string(code) {
			t.Errorf("%s: problem has code %q", code, p.Code)
		}
	}
	if w := ask(s, "GET", "/unavailable"); w.Header().Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	w := ask(s, "GET", "/unauthorised", "HX-Request: true", "HX-Current-URL: http://localhost/people?q=a")
	if got := w.Header().Get("HX-Redirect"); got != "/sign-in?next=%2Fpeople%3Fq%3Da" {
		t.Errorf("htmx is sent to %q", got)
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	var logs bytes.Buffer
	s := testSite(t, &logs)
	s.Public("GET /panic", func(writer, *Request) error { panic("boom") })
	w := ask(s, "GET", "/panic", "Accept: text/html")
	if w.Code != 500 || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(logs.String(), "boom") {
		t.Error("the log does not tell of the panic")
	}
}

func TestLogKeepsQuietAboutPeople(t *testing.T) {
	var logs bytes.Buffer
	s := testSite(t, &logs)
	s.Page("GET /people/{id}", nil, fails(errors.New("no disk")))
	ask(s, "GET", "/people/giulia@esempio.it?q=ferraris", "Authorization: As owner")
	if strings.Contains(logs.String(), "giulia") || strings.Contains(logs.String(), "ferraris") {
		t.Errorf("personal data in the log: %s", logs.String())
	}
	if !strings.Contains(logs.String(), "GET /people/{id}") || !strings.Contains(logs.String(), "no disk") {
		t.Errorf("the log lacks pattern or cause: %s", logs.String())
	}
}

func TestSecureHeaders(t *testing.T) {
	s := testSite(t, nil)
	s.Page("GET /all", nil, hello(s))
	w := ask(s, "GET", "/all", "Authorization: As owner")
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("CSP lacks %s", want)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("CSP is unsafe: %s", csp)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": "", "Cache-Control": "no-store"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	w = ask(s, "GET", "/all", "X-Forwarded-Proto: https")
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS on https")
	}
}

// What the policy forbids must not be in the pages: it would be silently dropped.
func TestNothingInline(t *testing.T) {
	s := testSite(t, nil)
	for _, target := range []string{"/_gallery", "/_gallery/sign-in", "/nowhere", "/api/docs"} {
		body := ask(s, "GET", target).Body.String()
		for _, inline := range []string{" style=", " onclick=", "<style", "<script>", "hx-on"} {
			if strings.Contains(body, inline) {
				t.Errorf("%s has %s", target, inline)
			}
		}
	}
}

func TestPagesAreCompressed(t *testing.T) {
	s := testSite(t, nil)
	w := ask(s, "GET", "/_gallery", "Accept-Encoding: gzip")
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !strings.Contains(string(text), "</html>") {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if w := ask(s, "GET", "/_gallery"); w.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for who cannot read it")
	}
}

func TestRoutesAreRecorded(t *testing.T) {
	s := testSite(t, nil)
	s.Page("GET /people/{id}", []experience.Role{experience.Owner}, hello(s))
	s.Public("GET /sign-in", hello(s))
	s.Handle("POST /v1/track", http.NotFoundHandler())
	Operation(s, huma.Operation{Method: "GET", Path: "/api/v1/thing", OperationID: "thing"}, []experience.Role{experience.Manager},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	want := map[string]string{"GET /people/{id}": "page owner", "GET /sign-in": "public ", "POST /v1/track": "public ", "GET /api/v1/thing": "api manager"}
	for _, r := range s.Routes() {
		key := r.Method + " " + r.Pattern
		roles := ""
		for _, a := range r.Allow {
			roles += string(a)
		}
		if got := r.Kind + " " + roles; want[key] != "" && want[key] != got {
			t.Errorf("%s is %q", key, got)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("not recorded: %v", want)
	}
}

func TestNavigationShowsWhatTheRoleMaySee(t *testing.T) {
	s := testSite(t, nil)
	s.Room(Room{Key: "settings", Path: "/settings", Icon: "settings", Order: 90, Allow: []experience.Role{experience.Owner}})
	s.Room(Room{Key: "people", Path: "/people", Icon: "people", Order: 20})
	s.Page("GET /people", nil, hello(s))
	owner, viewer := ask(s, "GET", "/people", "Authorization: As owner").Body.String(), ask(s, "GET", "/people", "Authorization: As viewer").Body.String()
	if !strings.Contains(owner, `href="/settings"`) || strings.Contains(viewer, `href="/settings"`) {
		t.Error("settings: for the owner only")
	}
	if strings.Index(owner, `href="/people"`) > strings.Index(owner, `href="/settings"`) {
		t.Error("rooms are out of order")
	}
	if !strings.Contains(owner, `aria-current="page"`) || !strings.Contains(owner, "<p>ciao</p>") {
		t.Error("the room is not marked, or the body is missing")
	}
}

func TestFamilyOfRoomsSharesAnEntry(t *testing.T) {
	s := testSite(t, nil)
	s.Room(Room{Key: "voice", Path: "/voice", Icon: "voice", Order: 30})
	s.Room(Room{Key: "survey", Parent: "voice", Path: "/surveys", Order: 2})
	s.Room(Room{Key: "listen", Parent: "voice", Path: "/voice/sources", Order: 3, Allow: []experience.Role{experience.Owner}})
	s.Room(Room{Key: "people", Path: "/people", Icon: "people", Order: 20})
	owner, viewer := &User{Role: experience.Owner}, &User{Role: experience.Viewer}
	keys := func(rooms []Room) (out []string) {
		for _, r := range rooms {
			out = append(out, r.Key)
		}
		return out
	}
	for _, c := range []struct {
		user   *User
		here   string
		entry  string
		family []string
	}{
		{owner, "survey", "voice", []string{"voice", "survey", "listen"}},
		{owner, "voice", "voice", []string{"voice", "survey", "listen"}},
		{viewer, "voice", "voice", []string{"voice", "survey"}},
		{owner, "people", "people", nil},
		{owner, "", "", nil},
	} {
		rooms, entry, family := s.visibleRooms(c.user, c.here)
		if got := keys(rooms); !slices.Equal(got, []string{"people", "voice"}) {
			t.Errorf("%s: navigation %v", c.here, got)
		}
		if got := keys(family); entry != c.entry || !slices.Equal(got, c.family) {
			t.Errorf("%s sees %s with %v", c.here, entry, got)
		}
	}
}

func TestLanguageIsKept(t *testing.T) {
	s := testSite(t, nil)
	var saved string
	s.options.SaveLanguage = func(_ context.Context, u *User, lang string) error { saved = u.ID + " " + lang; return nil }
	w := ask(s, "POST", "/language?lang=en&next=/people", "Authorization: As owner")
	if w.Code != 303 || w.Header().Get("Location") != "/people" || saved != "u1 en" || !strings.Contains(w.Header().Get("Set-Cookie"), "lang=en") {
		t.Errorf("%d %v %q", w.Code, w.Header(), saved)
	}
	if w := ask(s, "POST", "/language?lang=en&next=https://evil.example"); w.Header().Get("Location") != "/" {
		t.Errorf("sent to %s", w.Header().Get("Location"))
	}
	if w := ask(s, "POST", "/language?lang=xx"); w.Code != 400 {
		t.Errorf("unknown language: %d", w.Code)
	}
}

func TestSafeNext(t *testing.T) {
	for next, want := range map[string]string{
		"/people?q=a": "/people?q=a", "": "/", "people": "/", "//evil.example": "/", "https://evil.example": "/",
		"/\\evil.example": "/", "/a\r\nSet-Cookie: x": "/", "/\t/evil.example": "/",
	} {
		if got := SafeNext(next); got != want {
			t.Errorf("SafeNext(%q) = %q", next, got)
		}
	}
}
