package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/web"
)

// house is the room on a site, with books of its own.
type house struct {
	t    *testing.T
	room *Room
	site *web.Site
	rows []experience.Interaction
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db, err := registry.Open(t.Context(), registry.Options{Path: filepath.Join(t.TempDir(), "r.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	l, err := ledger.Open(t.Context(), ledger.Options{Path: filepath.Join(t.TempDir(), "l.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	h := &house{t: t, room: &Room{
		Store: NewStore(db, clock), Ledger: l, Clock: clock,
		Company:  func(context.Context) experience.Company { return experience.Company{Name: "Shop"} },
		UserName: func(context.Context, string) string { return "Marta" },
		Touchpoints: func(context.Context) ([]experience.Touchpoint, error) {
			return []experience.Touchpoint{
				{Key: "product-page", Name: map[string]string{"it": "Scheda prodotto", "en": "Product page"}, Channel: experience.Web, Stage: experience.Consideration},
				{Key: "online-order", Name: map[string]string{"it": "Ordine dal sito", "en": "Order on the site"}, Channel: experience.Web, Stage: experience.Purchase},
				{Key: "dispatch", Name: map[string]string{"it": "Spedizione", "en": "Dispatch"}, Channel: experience.Post, Stage: experience.Delivery},
				{Key: "home-delivery", Name: map[string]string{"it": "Consegna a casa", "en": "Home delivery"}, Channel: experience.Post, Stage: experience.Delivery},
				{Key: "telex", Name: map[string]string{"it": "Telex", "en": "Telex"}, Channel: experience.Post, Stage: experience.Care, Retired: true},
			}, nil
		},
	}}
	if h.site, err = web.New(web.Options{Auth: byCookie{}, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	if err := h.room.Register(h.site); err != nil {
		t.Fatal(err)
	}
	return h
}

// byCookie signs in whoever says a role and a language in the cookie.
type byCookie struct{}

func (byCookie) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "u-1", Name: "Marta", Role: experience.Role(role), Language: language}, nil
}

// ask sends a request; body may be nil, a form, or anything that becomes JSON.
func (h *house) ask(who, method, target string, body any) *httptest.ResponseRecorder {
	h.t.Helper()
	text, kind := "", "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	case url.Values:
		text, kind = b.Encode(), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(raw)
	}
	r := httptest.NewRequest(method, target, strings.NewReader(text))
	r.Header.Set("Cookie", "role="+who)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

func (h *house) shows(w *httptest.ResponseRecorder, status int, texts ...string) {
	h.t.Helper()
	if w.Code != status {
		h.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	for _, text := range texts {
		lacks, no := strings.CutPrefix(text, "!")
		if no && strings.Contains(w.Body.String(), lacks) {
			h.t.Errorf("the answer has %q", lacks)
		}
		if !no && !strings.Contains(html.UnescapeString(w.Body.String()), text) {
			h.t.Errorf("the answer lacks %q: %s", text, w.Body)
		}
	}
}

// call asks the API and reads its answer.
func call[A any](h *house, who, method, target string, body any, status int) A {
	h.t.Helper()
	w := h.ask(who, method, target, body)
	var out A
	if w.Code != status {
		h.t.Fatalf("%s %s: %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, target, err, w.Body)
		}
	}
	return out
}

func (h *house) draw(m Map) Map {
	h.t.Helper()
	return must[Map](h.t)(h.room.Store.Create(h.t.Context(), "u-1", m))
}

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

var keyShown = regexp.MustCompile(`journey\.[a-z_]+[a-z._]*`)

func TestThePagesSpeakBothLanguages(t *testing.T) {
	h := newHouse(t)
	pages := func() []string { return []string{"/journeys"} }()
	for _, language := range []string{"it", "en"} {
		h.shows(h.ask("owner-"+language, "GET", "/journeys", nil), 200, `href="/journeys"`)
	}
	m := h.draw(sample())
	pages = append(pages, pathOf(m.Key), pathOf(m.Key)+"?version=1", "/journeys?removed=x", "/journeys/new", pathOf(m.Key)+"/edit", pathOf(m.Key)+"/print")
	for _, language := range []string{"it", "en"} {
		for _, page := range pages {
			if shown := keyShown.FindString(h.ask("owner-"+language, "GET", page, nil).Body.String()); shown != "" {
				t.Errorf("%s in %s shows the key %s", page, language, shown)
			}
		}
	}
}

func TestAMapsPageTellsWhatWasDrawn(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	h.shows(h.ask("viewer", "GET", "/journeys", nil), 200, m.Name, "One journey", "owned by Logistica")
	h.shows(h.ask("viewer", "GET", pathOf(m.Key), nil), 200, "3 steps", "2 stages", "one moment of truth", "Order on the site", "Entro cinque giorni",
		"In ritardo", "Avvisare prima", "Corriere", "follows orders", "Marta", "!/remove", "!/restore")
	m.Stages[1].Steps[1].Name, m.Stages[1].Steps[1].Expectation.Text = `<script>alert(1)</script>`, ""
	m = must[Map](t)(h.room.Store.Save(t.Context(), "u-1", m))
	h.shows(h.ask("owner", "GET", pathOf(m.Key), nil), 200, "!<script>alert", "Within 5 days of “Ordine”", "/remove")
	h.shows(h.ask("owner", "GET", pathOf(m.Key)+"?version=1", nil), 200, "This is version 1", "Pacco a casa", "/restore")
	h.shows(h.ask("owner", "GET", pathOf(m.Key)+"?version=7", nil), 404)
	h.shows(h.ask("owner", "POST", pathOf(m.Key)+"/restore", url.Values{"version": {"1"}, "latest": {"1"}}), 409, "Somebody saved the map meanwhile")
	h.shows(h.ask("owner", "POST", pathOf(m.Key)+"/restore", url.Values{"version": {"1"}, "latest": {"2"}}), 303)
	h.shows(h.ask("owner", "GET", pathOf(m.Key), nil), 200, "Pacco a casa", "brings back version 1", "version 3")
	h.shows(h.ask("owner", "POST", pathOf(m.Key)+"/remove", nil), 303)
	h.shows(h.ask("owner", "GET", pathOf(m.Key), nil), 404)
	h.shows(h.ask("owner", "GET", "/journeys?removed="+m.Key, nil), 200, "was removed", "/put-back", "!Pacco")
	h.shows(h.ask("owner", "POST", pathOf(m.Key)+"/put-back", nil), 303)
	h.shows(h.ask("owner", "GET", pathOf(m.Key), nil), 200)
}

func TestTheAPIKeepsMaps(t *testing.T) {
	h := newHouse(t)
	const list = "/api/v1/journeys"
	draft := sample()
	made := call[Map](h, "manager", "POST", list, draft, 201)
	if made.Key == "" || made.Version != 1 || len(made.Steps()) != 3 {
		t.Fatalf("made %+v", made)
	}
	one := list + "/" + made.Key
	made.Stages[0].Name = "Prima"
	saved := call[Map](h, "manager", "PUT", one, made, 200)
	if saved.Version != 2 || saved.Stages[0].Name != "Prima" {
		t.Errorf("saved %+v", saved)
	}
	h.shows(h.ask("manager", "PUT", one, made), 409, "Somebody saved the map meanwhile")
	if first := call[Map](h, "viewer", "GET", one+"?version=1", nil, 200); first.Stages[0].Name != "Acquisto" {
		t.Errorf("version 1 is %+v", first)
	}
	all := call[struct{ Items []mapItem }](h, "viewer", "GET", list, nil, 200)
	if len(all.Items) != 1 || all.Items[0].Steps != 3 || fmt.Sprint(all.Items[0].Stages) != "[Prima Consegna]" {
		t.Errorf("the list is %+v", all)
	}
	back := call[Map](h, "manager", "POST", one+"/restore", map[string]int{"version": 1, "latest": 2}, 200)
	if back.Version != 3 || back.Stages[0].Name != "Acquisto" {
		t.Errorf("brought back %+v", back)
	}
	past := call[struct{ Items []mapVersion }](h, "viewer", "GET", one+"/versions", nil, 200)
	if len(past.Items) != 3 || past.Items[0].Restores != 1 || past.Items[0].SavedBy != "u-1" || !past.Items[0].SavedAt.Equal(noon) {
		t.Errorf("versions are %+v", past)
	}

	back.Name, back.Stages[1].Steps[1].Name = "", ""
	refused := call[web.Problem](h, "manager", "PUT", one, back, 400)
	if len(refused.Errors) != 2 || refused.Errors[1].Location != "body.stages[1].steps[1].name" || !strings.Contains(refused.Detail, "nothing is lost") {
		t.Errorf("refused with %+v", refused)
	}
	h.shows(h.ask("manager", "DELETE", one, nil), 204)
	h.shows(h.ask("viewer", "GET", one, nil), 404)
	call[Map](h, "manager", "POST", one+"/put-back", nil, 200)
}

func TestWhoMayDraw(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	for _, route := range h.site.Routes() {
		if !strings.Contains(route.Pattern, "journeys") || route.Method == "GET" {
			continue
		}
		target := strings.ReplaceAll(route.Pattern, "{key}", m.Key)
		for _, who := range []string{"viewer", "agent", "store"} {
			if w := h.ask(who, route.Method, target, nil); w.Code != 403 {
				t.Errorf("%s %s by a %s: %d", route.Method, target, who, w.Code)
			}
		}
	}
	if now := must[Map](t)(h.room.Store.Get(t.Context(), m.Key)); now.Version != 1 {
		t.Errorf("the map is at version %d", now.Version)
	}
}
