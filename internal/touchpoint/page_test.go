package touchpoint

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

// asRole lets in whoever says what role they have: "Authorization: As owner".
type asRole struct{}

func (asRole) Authenticate(r *http.Request) (*web.User, error) {
	role, ok := strings.CutPrefix(r.Header.Get("Authorization"), "As ")
	if !ok {
		return nil, nil
	}
	return &web.User{ID: "u-" + role, Name: "Ada", Role: experience.Role(role), Language: r.Header.Get("Speaks")}, nil
}

type someSources []Source

func (s someSources) Sources(context.Context) ([]Source, error) { return s, nil }

// weaver does what the real one does after a change: it assigns the past anew.
type weaver struct {
	t     *testing.T
	store *Store
	to    *ledger.Ledger
	late  bool // as if it took too long
}

func (w *weaver) Applied(ctx context.Context, version int64) error {
	if w.late {
		return errors.New("too late")
	}
	c, err := w.store.Catalogue(ctx)
	if err != nil {
		return err
	}
	write(w.t, w.to, nil, &ledger.Retouch{Catalogue: version, Bindings: c.Rules(nil)})
	return nil
}

// house is the room with everything it stands on.
type house struct {
	t      *testing.T
	site   *web.Site
	store  *Store
	ledger *ledger.Ledger
	weaver *weaver
}

func newHouse(t *testing.T, rows []experience.Interaction) *house {
	t.Helper()
	db, err := registry.Open(t.Context(), registry.Options{Path: filepath.Join(t.TempDir(), "r.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	clock := func() time.Time { return noon }
	site, err := web.New(web.Options{Auth: asRole{}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, site: site, store: NewStore(db, nil, clock, slog.New(slog.DiscardHandler)), ledger: books.Ledger(t)}
	if err := h.store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(rows) > 0 {
		write(t, h.ledger, rows, nil)
	}
	h.weaver = &weaver{t: t, store: h.store, to: h.ledger}
	room := NewRoom(Options{Store: h.store, Ledger: h.ledger, Applier: h.weaver,
		Sources: someSources{{ID: "site", Kind: "web", Name: "Il sito"}, {ID: "till", Kind: "shop", Name: "Cassa <1>"}}})
	if err := room.Register(site); err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request; the body is a form when it is url.Values, else JSON.
func (h *house) ask(role, method, target string, body any, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	text, kind := "", ""
	switch b := body.(type) {
	case nil:
	case url.Values:
		text, kind = b.Encode(), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		text, kind = string(raw), "application/json"
	}
	r := httptest.NewRequest(method, target, strings.NewReader(text))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if role != "" {
		r.Header.Set("Authorization", "As "+role)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

// shows checks a page's status and that it holds, or with "!" lacks, texts.
func (h *house) shows(w *httptest.ResponseRecorder, status int, texts ...string) {
	h.t.Helper()
	if w.Code != status {
		h.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	for _, text := range texts {
		lacks, no := strings.CutPrefix(text, "!")
		if no && strings.Contains(w.Body.String(), lacks) {
			h.t.Errorf("the page has %q", lacks)
		}
		if !no && !strings.Contains(w.Body.String(), text) {
			h.t.Errorf("the page lacks %q: %s", text, w.Body)
		}
	}
}

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

var keyShown = regexp.MustCompile(`touchpoint\.[a-z]+[a-z.-]*`)

// TestEveryTextIsThere finds keys in the code that no catalogue has.
func TestEveryTextIsThere(t *testing.T) {
	h := newHouse(t, nil)
	for _, language := range []string{"it", "en"} {
		l := h.site.Locale(language, time.UTC)
		keys := []string{"touchpoint.room"}
		for _, d := range Departments {
			keys = append(keys, "touchpoint.department."+d)
		}
		for _, o := range experience.Ownerships {
			keys = append(keys, "touchpoint.ownership."+string(o))
		}
		for _, k := range experience.Kinds {
			keys = append(keys, "touchpoint.kind."+string(k))
		}
		for _, s := range []span{thisMonth, lastYear, allTime} {
			for _, of := range []string{"span", "answer", "answer.nothing", "detail.answer", "detail.nothing"} {
				keys = append(keys, "touchpoint."+of+"."+string(s))
			}
		}
		for _, o := range []experience.Op{experience.Is, experience.IsNot, experience.Contains, experience.Exists} {
			keys = append(keys, "touchpoint.op."+string(o), "touchpoint.condition."+string(o))
		}
		for _, key := range keys {
			if !l.Has(key) {
				t.Errorf("no %s text for %s", language, key)
			}
		}
		for _, page := range []string{"/touchpoints", "/touchpoints?period=year", "/touchpoints/new", "/touchpoints/unbound", "/touchpoints/till", "/touchpoints/message-campaign?period=all"} {
			if body := h.ask("owner", "GET", page, nil, "Speaks: "+language).Body.String(); keyShown.MatchString(body) {
				t.Errorf("%s in %s shows the key %s", page, language, keyShown.FindString(body))
			}
		}
	}
}

func TestRoles(t *testing.T) {
	h := newHouse(t, nil)
	changes := 0
	for _, route := range h.site.Routes() {
		if !strings.Contains(route.Pattern, "touchpoints") {
			continue
		}
		want := experience.Roles
		if route.Method != "GET" || strings.HasSuffix(route.Pattern, "/new") {
			want, changes = []experience.Role{experience.Owner, experience.Manager}, changes+1
		}
		if !slices.Equal(route.Allow, want) {
			t.Errorf("%s %s lets in %v, want %v", route.Method, route.Pattern, route.Allow, want)
		}
	}
	if changes != 12 {
		t.Errorf("%d routes change something, want 12", changes)
	}
	h.shows(h.ask("viewer", "GET", "/touchpoints", nil, "Speaks: en"), 200, "!New touchpoint")
	h.shows(h.ask("viewer", "GET", "/touchpoints/till", nil, "Speaks: en"), 200, "!/remove", "!Add events")
	h.shows(h.ask("agent", "POST", "/touchpoints/till", url.Values{}), 403)
	h.shows(h.ask("", "GET", "/api/v1/touchpoints", nil), 401)
}

func TestOverview(t *testing.T) {
	h := newHouse(t, sample())
	h.shows(h.ask("owner", "GET", "/touchpoints", nil, "Speaks: en"), 200, "Where do people meet us?",
		"<strong>a single touchpoint</strong>", "<strong>Till</strong>", "4 of 8 contacts", "50%", "3 kinds of event have no touchpoint yet",
		"Kettle Boiled", "in person or on paper", "last month, in the same time: one touchpoint", "New touchpoint", "!Nothing has come in yet")
	h.shows(h.ask("owner", "GET", "/touchpoints", nil, "Speaks: it"), 200, "Dove ci incontrano le persone?", "Cassa del negozio", "Acquisto")
	h.shows(h.ask("owner", "GET", "/touchpoints?channel=shop&stage=purchase", nil, "Speaks: en"), 200, "/touchpoints/till", "!/touchpoints/chat", "period=year")
	h.shows(h.ask("owner", "GET", "/touchpoints?channel=phone&stage=awareness", nil, "Speaks: en"), 200, "No touchpoint with these filters")
	h.shows(h.ask("owner", "GET", "/touchpoints?period=all", nil, "Speaks: en"), 200, "5 of 9 contacts")
}

func TestEmptyAndQuiet(t *testing.T) {
	h := newHouse(t, nil)
	h.shows(h.ask("owner", "GET", "/touchpoints", nil, "Speaks: en"), 200, "Nothing has come in yet", `href="/sources"`, "/touchpoints/till", `!id="unbound"`)
	h.shows(h.ask("owner", "GET", "/touchpoints/unbound", nil, "Speaks: en"), 200, "Everything has its place")
	h.shows(h.ask("owner", "GET", "/touchpoints/till", nil, "Speaks: en"), 200, "Nothing has happened here this month yet", "Receipt Issued")
	h.shows(h.ask("owner", "GET", "/touchpoints/nowhere", nil, "Speaks: en"), 404, "There is no such touchpoint")

	write(t, h.ledger, []experience.Interaction{happened(1, "till", "Receipt Issued", noon.AddDate(-3, 0, 0), "anna", nil)}, nil)
	h.shows(h.ask("owner", "GET", "/touchpoints", nil, "Speaks: en"), 200, "Nothing has happened this month. The last contact was on", "2023", "!Nothing has come in yet")
}

func TestOneClickBindsThePast(t *testing.T) {
	h := newHouse(t, sample())
	h.shows(h.ask("manager", "GET", "/touchpoints/unbound", nil, "Speaks: en"), 200, "Kettle Boiled", "Il sito", "Cassa &lt;1&gt;", "<optgroup")
	w := h.ask("manager", "POST", "/touchpoints/unbound", url.Values{"source": {"site"}, "kind": {"track"}, "name": {"Kettle Boiled"}, "touchpoint": {"product-use"}}, "HX-Request: true", "Speaks: en")
	h.shows(w, 200, "<tr>", "“Kettle Boiled” now belongs to “Using the product”, in the past as well.")
	f, err := FigureOf(t.Context(), h.ledger, "product-use", Always())
	if err != nil || f.Interactions != 3 {
		t.Errorf("%d interactions followed, want those of both sources: 3 (%v)", f.Interactions, err)
	}
	h.weaver.late = true
	w = h.ask("manager", "POST", "/touchpoints/unbound", url.Values{"kind": {"track"}, "name": {"Tea Poured"}, "touchpoint": {"chat"}}, "HX-Request: true", "Speaks: en")
	h.shows(w, 200, "The past follows shortly")
	w = h.ask("manager", "POST", "/touchpoints/unbound", url.Values{"kind": {"track"}, "name": {"Tea Poured"}, "touchpoint": {""}}, "HX-Request: true", "Speaks: en")
	h.shows(w, 200, "<form", "Choose which touchpoint the events belong to")
	w = h.ask("manager", "POST", "/touchpoints/unbound", url.Values{"kind": {"track"}, "name": {"Cup"}, "touchpoint": {"chat"}})
	h.shows(w, 303)
	w = h.ask("manager", "POST", "/touchpoints/unbound", url.Values{"kind": {"page"}, "source": {"site"}, "touchpoint": {"chat"}})
	h.shows(w, 303)
	c := catalogue(t, h.store)
	if b := c.Of("chat")[2]; b.Kind != experience.PageView || b.Source != "site" {
		t.Errorf("an event without a name was bound as %+v, want only from its source", b)
	}
}

func TestUnboundPagesOn(t *testing.T) {
	var rows []experience.Interaction
	for i := range pageSize + 3 {
		rows = append(rows, happened(i, "", "Event "+strings.Repeat("i", i+1), noon.Add(time.Duration(i)*time.Second), "", nil))
	}
	h := newHouse(t, rows)
	h.shows(h.ask("owner", "GET", "/touchpoints/unbound", nil), 200, "/touchpoints/unbound?cursor=20", "<html")
	w := h.ask("owner", "GET", "/touchpoints/unbound?cursor=20", nil, "HX-Request: true")
	h.shows(w, 200, "!<html", "!cursor=")
	if n := strings.Count(w.Body.String(), "<tr>"); n != 3 {
		t.Errorf("%d rows more, want 3", n)
	}
}

func TestDetailChanges(t *testing.T) {
	h := newHouse(t, sample())
	h.shows(h.ask("owner", "GET", "/touchpoints/till", nil, "Speaks: en"), 200, "<strong>4 contacts</strong>; known people: 2",
		"The busiest day is", "/people/"+sample()[0].Person.String(), "every source: shop", "built in", "<svg")

	w := h.ask("owner", "POST", "/touchpoints/till/bindings", url.Values{"name": {"Tea Poured"}, "kind": {""}, "source": {"kind:shop"}, "property": {"size"}, "op": {"is"}, "value": {"XL"}})
	h.shows(w, 303)
	h.shows(h.ask("owner", "GET", strings.TrimSuffix(w.Header().Get("Location"), "#events"), nil, "Speaks: en"), 200, "Tea Poured", "size is “XL”", "decided here", "The events belong to this touchpoint, in the past as well.")
	b := catalogue(t, h.store).Of("till")[0]
	h.shows(h.ask("owner", "POST", "/touchpoints/till/bindings/"+b.ID+"/move", url.Values{"to": {"earlier"}}, "Speaks: en"), 409, "cannot move further")
	h.shows(h.ask("owner", "POST", "/touchpoints/chat/bindings/"+b.ID+"/remove", nil), 404)
	h.shows(h.ask("owner", "POST", "/touchpoints/till/bindings/"+b.ID+"/remove", nil), 303)
	if slices.ContainsFunc(catalogue(t, h.store).Of("till"), func(o Binding) bool { return o.ID == b.ID }) {
		t.Error("the binding is still there")
	}
	h.shows(h.ask("owner", "POST", "/touchpoints/till/bindings", url.Values{}, "Speaks: en"), 400, "Say which events")

	edit := url.Values{"name_it": {"La cassa"}, "name_en": {"The till"}, "channel": {"shop"}, "way": {"analogue"}, "ownership": {"partner"}, "stage": {"purchase"}, "department": {"shop"}, "retired": {"true"}}
	h.shows(h.ask("owner", "POST", "/touchpoints/till", edit), 303)
	if got, _ := catalogue(t, h.store).Touchpoint("till"); got.Name.EN != "The till" || !got.Retired || got.Ownership != experience.Partner || got.Order == 0 {
		t.Errorf("kept %+v", got)
	}
	h.shows(h.ask("owner", "GET", "/touchpoints", nil, "Speaks: en"), 200, "The till", "retired") // something still happens there
	h.shows(h.ask("owner", "GET", "/touchpoints?period=month&retired=true", nil, "Speaks: en"), 200, "The till")
	edit.Set("stage", "limbo")
	h.shows(h.ask("owner", "POST", "/touchpoints/till", edit, "Speaks: en"), 400, "The stage is one of", `value="La cassa"`)
}

func TestNewTouchpointIsEscaped(t *testing.T) {
	h := newHouse(t, sample())
	evil := `<script>alert("x")</script>`
	fill := url.Values{"name_it": {evil}, "name_en": {evil}, "description_it": {evil}, "description_en": {evil}, "channel": {"web"}, "way": {"digital"},
		"ownership": {"brand"}, "stage": {"care"}, "department": {evil}}
	w := h.ask("owner", "POST", "/touchpoints", fill)
	h.shows(w, 303)
	place := w.Header().Get("Location")
	if place != "/touchpoints/script-alert-x-script?done=created" {
		t.Errorf("went to %s", place)
	}
	h.shows(h.ask("owner", "POST", "/touchpoints/script-alert-x-script/bindings", url.Values{"name": {evil}, "property": {evil}, "op": {"is"}, "value": {evil}}), 303)
	write(t, h.ledger, []experience.Interaction{happened(100, "script-alert-x-script", evil, noon, "", nil), happened(101, "", evil+"!", noon, "", func(r *experience.Interaction) { r.Source = evil })}, nil)
	for _, page := range []string{place, "/touchpoints", "/touchpoints/unbound", "/touchpoints/till?done=" + url.QueryEscape(evil), "/touchpoints?department=" + url.QueryEscape(evil)} {
		h.shows(h.ask("owner", "GET", page, nil), 200, "!<script>alert")
	}
	h.shows(h.ask("owner", "POST", "/touchpoints", fill), 409, "!<script>alert", "&lt;script&gt;")
}

func TestAPI(t *testing.T) {
	h := newHouse(t, sample())
	var list struct {
		Items []struct {
			Key          string
			Name         Bilingual
			Channel      string
			Bindings     []map[string]any
			Interactions int64
			People       int64
			LastSeen     *time.Time `json:"last_seen"`
			Retired      bool
		}
		Next    any
		Version int64
	}
	get := func(target string, into any) {
		t.Helper()
		w := h.ask("viewer", "GET", target, nil)
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", target, w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	get("/api/v1/touchpoints", &list)
	if len(list.Items) != len(mustDefaults(t).Touchpoints) || list.Next != nil || list.Version != 1 {
		t.Fatalf("%d touchpoints, next %v, version %d", len(list.Items), list.Next, list.Version)
	}
	for _, item := range list.Items {
		switch {
		case item.Key == "till" && (item.Interactions != 5 || item.People != 3 || item.LastSeen == nil || !item.LastSeen.Equal(noon) || len(item.Bindings) < 2 || item.Name.IT == ""):
			t.Errorf("till: %+v", item)
		case item.Key != "till" && (item.Interactions != 0 || item.LastSeen != nil):
			t.Errorf("%s: %+v", item.Key, item)
		}
	}
	get("/api/v1/touchpoints?channel=shop&stage=purchase&from=2026-11-01T00:00:00Z", &list)
	if len(list.Items) != 2 || list.Items[0].Key != "till" || list.Items[0].Interactions != 4 {
		t.Errorf("chosen: %+v", list.Items)
	}

	var unbound struct {
		Items []unboundEvent
		Next  *int
		Total int
	}
	get("/api/v1/touchpoints/unbound?limit=2", &unbound)
	if len(unbound.Items) != 2 || unbound.Next == nil || *unbound.Next != 2 || unbound.Total != 3 || unbound.Items[0].Interactions != 2 {
		t.Errorf("unbound: %+v", unbound)
	}

	type object = map[string]any
	call := func(method, target string, body any, status int) object {
		t.Helper()
		w := h.ask("manager", method, target, body)
		out := object{}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != status {
			t.Fatalf("%s %s: %d, want %d: %s", method, target, w.Code, status, w.Body)
		}
		return out
	}
	kettle := object{"name": object{"en": "Kettle"}, "channel": "device", "ownership": "customer", "stage": "use", "department": "product"}
	if made := call("POST", "/api/v1/touchpoints", kettle, 201); made["key"] != "kettle" || made["own"] != true {
		t.Errorf("made %v", made)
	}
	call("POST", "/api/v1/touchpoints", kettle, 409)
	kettle["channel"] = "telex"
	if p := call("POST", "/api/v1/touchpoints", kettle, 400); p["code"] != "invalid" || !strings.Contains(p["detail"].(string), "web, app, shop") {
		t.Errorf("problem %v", p)
	}
	bound := call("POST", "/api/v1/touchpoints/kettle/bindings", object{"name": "Kettle Boiled"}, 201)
	id, _ := bound["binding"].(object)["id"].(string)
	if bound["applied"] != true || id == "" {
		t.Errorf("bound %v", bound)
	}
	if got := call("GET", "/api/v1/touchpoints/kettle", nil, 200); got["interactions"] != 3.0 {
		t.Errorf("after binding: %v", got)
	}
	call("POST", "/api/v1/touchpoints/kettle/bindings/"+id+"/move", object{"earlier": true}, 409)
	call("DELETE", "/api/v1/touchpoints/kettle/bindings/"+id, nil, 200)
	call("DELETE", "/api/v1/touchpoints/kettle/bindings/"+id, nil, 404)
	if got := call("PATCH", "/api/v1/touchpoints/kettle", object{"retired": true, "name": object{"it": "Bollitore"}}, 200); got["retired"] != true || got["interactions"] != 0.0 || got["name"].(object)["en"] != "Kettle" {
		t.Errorf("changed %v", got)
	}
	call("PATCH", "/api/v1/touchpoints/nowhere", object{"retired": true}, 404)
	if w := h.ask("agent", "PATCH", "/api/v1/touchpoints/kettle", object{"retired": false}); w.Code != 403 {
		t.Errorf("an agent may change the catalogue: %d", w.Code)
	}
}

// broken is a ledger that does not answer.
type broken struct{ Ledger }

func TestABrokenLedgerLeavesTheCatalogueStanding(t *testing.T) {
	h := newHouse(t, nil)
	site, err := web.New(web.Options{Auth: asRole{}, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	if err := NewRoom(Options{Store: h.store, Ledger: broken{h.ledger}}).Register(site); err != nil {
		t.Fatal(err)
	}
	h.site = site
	h.shows(h.ask("owner", "GET", "/touchpoints", nil), 200, "error-box", "/touchpoints/till")
	h.shows(h.ask("owner", "GET", "/touchpoints/till", nil), 200, "error-box", "Receipt Issued")
}
