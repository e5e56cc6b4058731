package app_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/access"
	"regia/internal/app"
	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/journey"
	"regia/internal/web"
)

// publicRoutes are all ways in that ask nobody who they are. A new one is
// written here on purpose, or not made.
var publicRoutes = []string{
	" /beacon/", " /beacon/v1/batch", " /hooks/{id}", " /pixel/", " /pixel/v1/page", " /pixel/v1/track", " /sourceConfig", " /sourceConfig/{$}",
	" /v1/", " /v1/a", " /v1/alias", " /v1/b", " /v1/batch", " /v1/g", " /v1/group", " /v1/i", " /v1/identify", " /v1/import", " /v1/m",
	" /v1/p", " /v1/page", " /v1/projects/{writeKey}/settings", " /v1/s", " /v1/screen", " /v1/survey", " /v1/t", " /v1/track",
	"GET /api/docs", "GET /api/openapi.json", "GET /assets/{file}", "GET /favicon.ico", "GET /healthz", "GET /readyz",
	"GET /regia-widget.js", "GET /regia.d.ts", "GET /regia.js",
	"GET /s/look/{colour}", "GET /s/{token}", "GET /setup/{token}", "GET /sign-in", "GET /u/{token}",
	"POST /language", "POST /s/{token}", "POST /setup/{token}", "POST /sign-in", "POST /sign-out", "POST /u/{token}",
}

// viewerMayChange is all that a viewer, who is there to look, can send: their own account, and questions
// too long for an address, which change nothing.
var viewerMayChange = []string{
	"POST /api/v1/analytics/funnel", "POST /api/v1/analytics/funnel/people", "POST /api/v1/analytics/paths", "POST /api/v1/analytics/paths/people",
	"POST /api/v1/analytics/process", "POST /api/v1/analytics/process/people", "POST /api/v1/analytics/retention",
	"POST /api/v1/analytics/retention/people", "POST /api/v1/analytics/trends", "POST /api/v1/analytics/trends/people",
	"POST /settings/me", "POST /settings/me/password", "POST /settings/me/sign-out-everywhere",
}

// streams are the routes whose answers never end by themselves.
var streams = []string{"/pulse/events", "/sources/{id}/events", "/imports/{id}/events"}

// house is an open Regia with one user and one token of each role.
type house struct {
	*app.App
	t      testing.TB
	key    string // write key of the website
	users  map[experience.Role]experience.ID
	tokens map[experience.Role]string
	places []string // pairs: a piece of a pattern, and what stands for it
}

func openHouse(t testing.TB, c app.Config) *house {
	t.Helper()
	c.Data, c.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	if err := c.CreateFolder(); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Background(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{App: a, t: t, users: map[experience.Role]experience.ID{}, tokens: map[experience.Role]string{}}
	for _, role := range experience.Roles {
		h.users[role] = h.user(role)
		h.tokens[role], err = a.Access.CreateToken(ctx, "walk", role)
		h.must(err)
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) user(role experience.Role) experience.ID {
	h.t.Helper()
	u, err := h.Access.CreateUser(h.t.Context(), access.NewUser{Name: "Somebody", Email: experience.NewID().String() + "@example.it", Role: role})
	h.must(err)
	return u.ID
}

// waiting gives the id of a follow-up.
func (h *house) waiting() string {
	h.t.Helper()
	h.must(h.FollowUps.Work(h.t.Context()))
	var open struct{ Items []struct{ ID string } }
	h.read("/api/v1/follow-ups", &open)
	if len(open.Items) == 0 {
		h.t.Fatal("nothing was opened")
	}
	return open.Items[0].ID
}

// said gives the ids of a text, and of a correction of it.
func (h *house) said() (text, corrected string) {
	h.t.Helper()
	h.must(h.Voice.CatchUp(h.t.Context()))
	var texts struct{ Items []struct{ ID string } }
	h.read("/api/v1/voice/texts", &texts)
	if len(texts.Items) == 0 {
		h.t.Fatal("what was said is not there")
	}
	text = texts.Items[0].ID
	w := h.visit(visit{method: "POST", path: "/api/v1/voice/texts/" + text + "/corrections", body: `{"aspect":"topic","value":"+support"}`, token: h.tokens[experience.Owner]})
	var put struct{ Corrections []struct{ ID string } }
	h.must(json.Unmarshal(w.Body.Bytes(), &put))
	if len(put.Corrections) == 0 {
		h.t.Fatalf("nothing was put right: %s", w.Body)
	}
	return text, put.Corrections[0].ID
}

// furnish puts one of everything in the house that a path can name. What is
// named in paths may be changed and removed: nothing else stands on it.
func (h *house) furnish() {
	h.t.Helper()
	ctx := h.t.Context()
	website, err := h.Sources.Create(ctx, "Website", collect.Site, "")
	h.must(err)
	h.key = website.WriteKey
	h.send(`{"type":"identify","userId":"z-1","anonymousId":"z-a","timestamp":"2026-10-01T10:00:00Z","traits":` + zebedeoTraits + `}`)
	for range 3 {
		h.send(`{"type":"page","userId":"z-1","name":"Cart","properties":{"url":"https://example.it/?mail=zebedeo.unico@example.it"}}`)
		h.send(`{"type":"track","userId":"z-1","event":"Order Completed","properties":{"order_id":"o-1","total":12.5,"currency":"EUR","recipient":"Zebedeo Unico","phone":"347 555 0199"}}`)
		h.send(`{"type":"track","userId":"z-1","event":"Nobody Binds This","properties":{"note":"Zebedeo Unico wants his lamp"}}`)
	}
	// Somebody who may be the same: suspected duplicates show both.
	h.send(`{"type":"identify","userId":"z-2","traits":{"firstName":"Zebedeo","lastName":"Unico","birthday":"1951-03-14","phone":"+39 347 555 0199"}}`)
	h.send(`{"type":"track","userId":"z-1","event":"Survey Answered","properties":{"scale":"nps","score":2,"comment":"Zebedeo Unico aspetta ancora il pacco, è una vergogna."}}`)
	h.must(h.Caught(ctx))

	spare, err := h.Sources.Create(ctx, "Spare", collect.Shop, "")
	h.must(err)
	var people struct{ Items []struct{ ID string } }
	h.read("/api/v1/people?identifier=user_id:z-1", &people)
	if len(people.Items) != 1 {
		h.t.Fatalf("who was sent in is not there: %v", people)
	}
	_, err = h.Access.Invite(ctx, "guest@example.it", experience.Viewer, time.Hour)
	h.must(err)
	invited, err := h.Access.Invitations(ctx)
	h.must(err)
	_, err = h.Access.CreateToken(ctx, "spare", experience.Viewer)
	h.must(err)
	tokens, err := h.Access.ListTokens(ctx)
	h.must(err)
	bound, _, err := h.Touchpoints.AddBinding(ctx, "test", experience.Binding{Touchpoint: h.touchpoint(), Name: "Spare Event"})
	h.must(err)
	brought, err := h.Imports.Begin(ctx, "spare", "somebody", "cli", nil)
	h.must(err)
	drawn, err := h.Journeys.Create(ctx, "", journey.Map{Name: "Spare", Stages: []journey.Stage{{Name: "All", Steps: []journey.Step{{Name: "Order"}}}}})
	h.must(err)
	w := h.visit(visit{method: "POST", path: "/api/v1/listening-posts", body: `{"kind":"google","listens_to":{"place":"Spare"}}`, token: h.tokens[experience.Owner]})
	var post struct{ ID string }
	h.must(json.Unmarshal(w.Body.Bytes(), &post))
	said, corrected := h.said()
	h.places = []string{
		"/{$}", "/",
		"/voice/follow-ups/rules/{key}", "/voice/follow-ups/rules/legal", "/follow-up-rules/{key}", "/follow-up-rules/urgent",
		"/{what}", "/note", "/follow-ups/{id}", "/follow-ups/" + h.waiting(),
		"/voice/texts/{id}", "/voice/texts/" + said, "/corrections/{id}", "/corrections/" + corrected,
		"/themes/{id}", "/themes/" + experience.NewID().String(), "/themes/discarded/{id}", "/themes/discarded/" + experience.NewID().String(),
		"/voice/sources/{id}", "/voice/sources/" + post.ID, "/listening-posts/{id}", "/listening-posts/" + post.ID, "/decisions/{id}", "/decisions/" + experience.NewID().String(),
		"/people/{id}", "/people/" + people.Items[0].ID,
		"/users/{id}", "/users/" + h.user(experience.Viewer).String(),
		"/invitations/{id}", "/invitations/" + invited[0].ID.String(),
		"/tokens/{id}", "/tokens/" + tokens[0].ID.String(),
		"/sources/{id}", "/sources/" + spare.ID,
		"/imports/{id}", "/imports/" + brought.ID.String(),
		"/hooks/{id}", "/hooks/" + spare.ID,
		"/invitations/rules/{id}", "/invitations/rules/new", "/u/{token}", "/u/nothing",
		"/touchpoints/{key}", "/touchpoints/" + h.touchpoint(),
		"/journeys/{key}", "/journeys/" + drawn.Key,
		"/impact/persons/{id}", "/impact/persons/" + people.Items[0].ID,
		"/impact/rules/{key}", "/impact/rules/late-delivery",
		"/bindings/{id}", "/bindings/" + bound.ID,
		"/pulse/parts/{part}", "/pulse/parts/feed",
		"/assets/{file}", "/assets/nothing.css",
		"/setup/{token}", "/setup/nothing",
		"/projects/{writeKey}/", "/projects/" + spare.WriteKey + "/",
	}
	h.places = append(h.places, h.surveyed()...)
}

const zebedeoTraits = `{"firstName":"Zebedeo","lastName":"Unico","email":"zebedeo.unico@example.it","phone":"347 555 0199",` +
	`"birthday":"1951-03-14","loyalty_card":"CARD-7712","address":{"street":"Vicolo Segretissimo 7"},"nickname":"Zebedeo il Grande"}`

// secrets are what of Zebedeo no viewer may read, in lower case.
var secrets = []string{"zebedeo", "unico", "3475550199", "347 555 0199", "1951-03-14", "card-7712", "segretissimo"}

func (h *house) touchpoint() string {
	h.t.Helper()
	c, err := h.Touchpoints.Catalogue(h.t.Context())
	h.must(err)
	return c.Touchpoints[0].Key
}

// send gives the front door one event.
func (h *house) send(event string) {
	h.t.Helper()
	w := h.visit(visit{method: "POST", path: "/v1/batch", body: `{"batch":[` + event + `]}`, header: map[string]string{"X-Write-Key": h.key}})
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"accepted":1`) {
		h.t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func (h *house) read(path string, into any) {
	h.t.Helper()
	w := h.visit(visit{method: "GET", path: path, token: h.tokens[experience.Owner]})
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	h.must(json.Unmarshal(w.Body.Bytes(), into))
}

// path fills a pattern's parameters in.
func (h *house) path(pattern string) string {
	h.t.Helper()
	path := strings.NewReplacer(h.places...).Replace(pattern)
	if strings.Contains(path, "{") {
		h.t.Fatalf("say in furnish what stands in the new path %s", path)
	}
	return path
}

// session signs a user of a role in, anew: some routes end sessions.
func (h *house) session(role experience.Role) string {
	h.t.Helper()
	link, err := h.Access.SignInLink(h.t.Context(), h.users[role], time.Hour)
	h.must(err)
	secret, err := h.Access.UseSignInLink(h.t.Context(), strings.TrimPrefix(link, "/setup/"))
	h.must(err)
	return secret
}

// visit is one request.
type visit struct {
	method, path   string
	session, token string
	header         map[string]string
	body           string
	stream         bool
}

func (h *house) visit(v visit) *httptest.ResponseRecorder {
	h.t.Helper()
	patience := 20 * time.Second
	if v.stream {
		patience = 30 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, v.method, "http://regia"+v.path, strings.NewReader(v.body))
	h.must(err)
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if v.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if v.session != "" {
		r.AddCookie(&http.Cookie{Name: "regia_session", Value: v.session})
	}
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	for name, value := range v.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.Site.ServeHTTP(w, r)
	if w.Code >= 500 {
		h.t.Errorf("%s %s answers %d: %.300s", v.method, v.path, w.Code, w.Body)
	}
	return w
}

// to begins a request to a route.
func (h *house) to(r web.Route) visit {
	v := visit{method: r.Method, path: h.path(r.Pattern), stream: slices.Contains(streams, r.Pattern)}
	if v.method == "" {
		v.method = http.MethodPost
	}
	return v
}

func changes(r web.Route) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

func may(r web.Route, role experience.Role) bool {
	return len(r.Allow) == 0 || slices.Contains(r.Allow, role)
}

func TestOnlyListedRoutesArePublic(t *testing.T) {
	h := openHouse(t, app.Config{})
	var public, changed []string
	for _, r := range h.Site.Routes() {
		name := r.Method + " " + r.Pattern
		switch {
		case r.Kind == "public":
			public = append(public, name)
		case changes(r) && may(r, experience.Viewer):
			changed = append(changed, name)
		}
	}
	slices.Sort(public)
	slices.Sort(changed)
	if diff := cmp.Diff(publicRoutes, public); diff != "" {
		t.Errorf("public routes (-listed in this test +there):\n%s", diff)
	}
	if diff := cmp.Diff(viewerMayChange, changed); diff != "" {
		t.Errorf("what a viewer may change (-listed in this test +there):\n%s", diff)
	}
}

func TestRoutesAskWhoIsThere(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	for _, r := range h.Site.Routes() {
		t.Run(strings.TrimSpace(r.Method+" "+r.Pattern), func(t *testing.T) {
			h.t = t
			if r.Kind == "public" {
				h.publicRoute(r)
				return
			}
			h.nobody(r)
			for _, role := range experience.Roles {
				if may(r, role) {
					h.admitted(r, role)
				} else {
					h.refused(r, role)
				}
			}
			if changes(r) {
				h.forged(r)
			}
		})
	}
}

// publicRoute: a public route may refuse, but not fall, and asks nobody to
// sign in; one with a form takes it from our own pages only.
func (h *house) publicRoute(r web.Route) {
	h.t.Helper()
	w := h.visit(h.to(r))
	if w.Code == http.StatusForbidden || strings.HasPrefix(w.Header().Get("Location"), "/sign-in?next") {
		h.t.Errorf("a public route answers %d to nobody", w.Code)
	}
	if r.Method == http.MethodPost {
		h.forged(r)
	}
}

// nobody: without a sign-in, or with one that is made up, there is no way in.
func (h *house) nobody(r web.Route) {
	h.t.Helper()
	for _, known := range []visit{{}, {token: "rt_made-up"}, {token: "nonsense"}, {session: "made-up"}} {
		v := h.to(r)
		v.token, v.session = known.token, known.session
		w := h.visit(v)
		switch to := w.Header().Get("Location"); {
		case r.Kind == "page" && (w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in")):
			h.t.Errorf("nobody gets %d and is led to %q", w.Code, to)
		case r.Kind == "api":
			h.problem(w, http.StatusUnauthorized)
		}
	}
	v := h.to(r)
	v.header = map[string]string{"HX-Request": "true"}
	if w := h.visit(v); w.Code != http.StatusUnauthorized {
		h.t.Errorf("nobody gets a piece of a page: %d", w.Code)
	}
}

func (h *house) problem(w *httptest.ResponseRecorder, status int) {
	h.t.Helper()
	var p web.Problem
	err := json.Unmarshal(w.Body.Bytes(), &p)
	if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" || err != nil || p.Status != status || p.Detail == "" {
		h.t.Errorf("not a problem of status %d: %d %s %s", status, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
}

// as makes a visit by somebody of a role: to a page by session, to the API by
// token.
func (h *house) as(r web.Route, role experience.Role) visit {
	v := h.to(r)
	if r.Kind == "api" {
		v.token = h.tokens[role]
		return v
	}
	v.session, v.header = h.session(role), map[string]string{"Sec-Fetch-Site": "same-origin"}
	return v
}

func (h *house) admitted(r web.Route, role experience.Role) {
	h.t.Helper()
	w := h.visit(h.as(r, role))
	led := strings.HasPrefix(w.Header().Get("Location"), "/sign-in") && r.Pattern != "/settings/me/sign-out-everywhere"
	if w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden || led {
		h.t.Errorf("%s may, and gets %d %.200s", role, w.Code, w.Body)
	}
}

func (h *house) refused(r web.Route, role experience.Role) {
	h.t.Helper()
	w := h.visit(h.as(r, role))
	if w.Code != http.StatusForbidden {
		h.t.Errorf("%s may not, and gets %d", role, w.Code)
	}
	if r.Kind == "api" {
		h.problem(w, http.StatusForbidden)
	}
}

// forged: what another site makes a browser send, with the owner's session, is
// refused.
func (h *house) forged(r web.Route) {
	h.t.Helper()
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"},
	} {
		v := h.to(r)
		v.session, v.header = h.session(experience.Owner), header
		if w := h.visit(v); w.Code != http.StatusForbidden {
			h.t.Errorf("a forged request (%v) gets %d", header, w.Code)
		}
	}
}
