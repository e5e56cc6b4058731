package people

import (
	"context"
	"encoding/json"
	"fmt"
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
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// house is the room with both books behind it, and no log: what is decided is
// woven at once.
type house struct {
	t      *testing.T
	site   *web.Site
	db     *registry.DB
	ledger *ledger.Ledger
	book   *Book
	key    []byte
	head   experience.Position
	moved  int64
	n      int
	now    time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	h.db = openRegistry(t, registry.Options{Path: filepath.Join(t.TempDir(), "registry.db")})
	var err error
	h.ledger, err = ledger.Open(t.Context(), ledger.Options{Path: filepath.Join(t.TempDir(), "ledger.duckdb")})
	h.check(err)
	t.Cleanup(func() { h.ledger.Close() })
	h.key, err = h.db.Secret(t.Context())
	h.check(err)
	h.book = NewBook(h.key)
	records, err := NewRecords(t.Context(), h.db, h.ledger)
	h.check(err)
	h.site, err = web.New(web.Options{Auth: byHeader{}, Clock: func() time.Time { return h.now }})
	h.check(err)
	room := &Room{Records: records, Timelines: h.ledger, Decider: h, Touchpoints: places{}, Sources: places{}, Clock: func() time.Time { return h.now },
		Company: func(context.Context) experience.Company { return experience.DefaultCompany() }}
	h.check(room.Register(h.site))
	return h
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// byHeader signs in whoever says a role in the cookie.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (*web.User, error) {
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(r.Header.Get("Cookie")), Language: "en"}, nil
}

type places struct{}

func (places) Touchpoint(_ context.Context, key string) (map[string]string, experience.Channel) {
	return map[string]string{"it": key, "en": key}, experience.Web
}

func (places) Source(_ context.Context, id string) (string, experience.Channel) {
	return "The " + id, experience.Web
}

// Decide weaves a decision at once.
func (h *house) Decide(_ context.Context, d experience.Decision) error {
	h.weave(experience.Fact{Time: d.At, Decisions: []experience.Decision{d}}, nil)
	return nil
}

// happens weaves an event of whoever goes by some names, n minutes after nine
// on the first of November.
func (h *house) happens(minutes int, name string, properties map[string]any, names ...string) experience.ID {
	h.t.Helper()
	var ids []experience.Identifier
	for _, s := range names {
		i, err := experience.ParseIdentifier(s, "IT")
		h.check(err)
		ids = append(ids, i)
	}
	ids = experience.Canonical(ids)
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
	f := experience.Fact{Subject: experience.SubjectID(h.key, ids), Identifiers: ids, Source: "site", Time: at}
	row := experience.Interaction{Source: "site", Kind: experience.Track, Name: name, Time: at, ReceivedAt: at, Subject: f.Subject}
	raw, err := json.Marshal(properties)
	h.check(err)
	row.Properties = raw
	if name == "" {
		row.Kind, f.Traits = experience.Identify, map[string]json.RawMessage{}
		for k, v := range properties {
			f.Traits[k], err = json.Marshal(v)
			h.check(err)
		}
	}
	return h.weave(f, &row)
}

func (h *house) weave(f experience.Fact, row *experience.Interaction) experience.ID {
	h.t.Helper()
	l := learn(h.t, h.db, h.book, []experience.Fact{f})
	b := ledger.Batch{Before: h.head, After: experience.Position{Sequence: h.head.Sequence + 1, Hash: fmt.Sprint(h.head.Sequence + 1)}}
	if row != nil {
		h.n++
		row.MessageID, row.ID, row.Person = fmt.Sprint(h.n), experience.HashID(h.key, "row", fmt.Sprint(h.n)), l.Persons[0]
		b.Rows = []experience.Interaction{*row}
	}
	h.check(h.db.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		moves, err := h.book.Moves(ctx, tx, h.moved)
		for _, m := range moves {
			b.Moves, h.moved = append(b.Moves, ledger.Move(m)), m.Number
		}
		return err
	}))
	h.check(h.ledger.Append(context.Background(), b))
	h.head = b.After
	return l.Persons[0]
}

func (h *house) do(role experience.Role, method, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Cookie", string(role))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k := 0; k+1 < len(header); k += 2 {
		r.Header.Set(header[k], header[k+1])
	}
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

// page gives a page's text, which must be there.
func (h *house) page(role experience.Role, target string, header ...string) string {
	h.t.Helper()
	w := h.do(role, http.MethodGet, target, nil, header...)
	if w.Code != http.StatusOK {
		h.t.Fatalf("GET %s as %s: %d %s", target, role, w.Code, w.Body)
	}
	return w.Body.String()
}

func (h *house) wants(text string, parts ...string) {
	h.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			h.t.Errorf("the page does not say %q", p)
		}
	}
}

func (h *house) wantsNo(text string, parts ...string) {
	h.t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			h.t.Errorf("the page says %q", p)
		}
	}
}

func TestPeopleAreFoundAndMasked(t *testing.T) {
	h := newHouse(t)
	h.wants(h.page(experience.Owner, "/people"), "Nobody yet", "identify")
	anna := h.happens(0, "", map[string]any{"firstName": "Anna", "lastName": "Ferri", "shoe": "size 38"}, "user_id:a1", "email:anna@example.it")
	h.happens(3, "Order Completed", map[string]any{"order_id": "77", "products": []any{map[string]any{"name": "Blue cup", "quantity": 2}}}, "user_id:a1")
	h.happens(5, "Product Viewed", nil, "anonymous_id:someone")
	h.wants(h.page(experience.Owner, "/people"), "Anna Ferri", "anna@example.it", "Anonymous visitor #", "1 person known by a name", "1 anonymous visitor")
	h.wants(h.page(experience.Store, "/people?q=fer"), "Anna Ferri", "1 person for")
	h.wants(h.page(experience.Owner, "/people?q=zzz"), "Nobody for")
	h.wants(h.page(experience.Owner, "/people/suggest?q=ann"), "Anna Ferri", "/people/"+anna.String())
	list := h.page(experience.Owner, "/people?q=ann", "HX-Request", "true", "HX-Target", listID)
	if strings.Contains(list, "<html") || !strings.Contains(list, "Anna Ferri") {
		t.Errorf("the search as one types wants the list alone, got %s", list)
	}
	person := "/people/" + anna.String()
	h.wants(h.page(experience.Agent, person), "Anna Ferri", "2 contacts", "1 visit", "Ordered", "order 77", "Blue cup", "size 38", "The site")
	for _, target := range []string{"/people", "/people?q=fer", "/people/suggest?q=ann", person, person + "/timeline"} {
		h.wantsNo(h.page(experience.Viewer, target), "Ferri", "anna@", "Blue cup", "size 38", "order 77")
	}
	if w := h.do(experience.Owner, http.MethodGet, "/people/"+experience.NewID().String(), nil); w.Code != http.StatusNotFound {
		t.Errorf("somebody unknown: %d, want 404", w.Code)
	}
}

func TestDecisionsComeAndGo(t *testing.T) {
	h := newHouse(t)
	anna := h.happens(0, "", map[string]any{"name": "Anna Ferri"}, "user_id:a1", "email:home@example.it")
	bruno := h.happens(1, "", map[string]any{"name": "Bruno Ferri"}, "user_id:b1", "email:home@example.it")
	person, decisions := "/people/"+anna.String(), "/people/"+anna.String()+"/decisions"
	h.wants(h.page(experience.Agent, person), "There may be a duplicate", "Bruno Ferri", "home@example.it", "used by several", `value="same"`)
	h.wantsNo(h.page(experience.Store, person), `value="same"`)
	if w := h.do(experience.Store, http.MethodPost, decisions, url.Values{"action": {"same"}, "other": {bruno.String()}}); w.Code != http.StatusForbidden {
		t.Fatalf("a shop decides: %d, want 403", w.Code)
	}
	h.decide(decisions, url.Values{"action": {"same"}, "other": {bruno.String()}}, "this is one person")
	merged := h.page(experience.Agent, person)
	h.wants(merged, "2 contacts", "Same person: Customer id a1 and Customer id b1")
	h.wantsNo(merged, "There may be a duplicate")
	if w := h.do(experience.Agent, http.MethodGet, "/people/"+bruno.String(), nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != person {
		t.Errorf("a retired id leads to %d %q, want %q", w.Code, w.Header().Get("Location"), person)
	}
	target := regexp.MustCompile(`name="target" value="([^"]+)"`).FindStringSubmatch(merged)
	if target == nil {
		t.Fatal("the page offers no way to undo")
	}
	h.decide(decisions, url.Values{"action": {"undo"}, "target": {target[1]}}, "the decision is undone")
	h.wants(h.page(experience.Agent, person), "1 contact", "There may be a duplicate", "undone")
	h.decide(decisions, url.Values{"action": {"different"}, "other": {bruno.String()}}, "two different people")
	h.wantsNo(h.page(experience.Agent, person), "There may be a duplicate")
}

func TestAnIdentifierIsDetached(t *testing.T) {
	h := newHouse(t)
	h.happens(0, "", map[string]any{"name": "Anna Ferri"}, "user_id:a1", "device:tablet")
	tablet := h.happens(1, "Product Viewed", nil, "device:tablet")
	h.wants(h.page(experience.Owner, "/people/"+tablet.String()), "2 contacts", "detach")
	h.decide("/people/"+tablet.String()+"/decisions", url.Values{"action": {"shared"}, "kind": {"device"}, "value": {"tablet"}}, "joins nobody")
	h.wants(h.page(experience.Owner, "/people/"+tablet.String()), "1 contact", "used by several")
}

// decide posts a decision as an agent and follows to the page after it.
func (h *house) decide(target string, form url.Values, says string) {
	h.t.Helper()
	w := h.do(experience.Agent, http.MethodPost, target, form)
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("POST %s %v: %d %s", target, form, w.Code, w.Body)
	}
	h.wants(h.page(experience.Agent, w.Header().Get("Location")), says)
}

// Every row is told once, whatever the pauses between them.
func TestTheWholeStoryIsTold(t *testing.T) {
	h := newHouse(t)
	var person experience.ID
	minutes := 0
	for k := range 3*timelineSize + 7 {
		minutes += []int{1, 1, 1, 45, 1, 600}[k%6]
		if k > timelineSize && k < 2*timelineSize+20 {
			minutes -= minutes % 2 // a visit longer than a page
		}
		person = h.happens(minutes, "Step Taken", nil, "user_id:a1")
	}
	dot := regexp.MustCompile(`id="i-([^"]+)"`)
	next := regexp.MustCompile(`hx-get="(/people/[^"]+/timeline[^"]+)"`)
	var told []string
	text := h.page(experience.Owner, "/people/"+person.String())
	for range 20 {
		for _, m := range dot.FindAllStringSubmatch(text, -1) {
			told = append(told, m[1])
		}
		more := next.FindStringSubmatch(text)
		if more == nil {
			break
		}
		text = h.page(experience.Owner, strings.ReplaceAll(more[1], "&amp;", "&"), "HX-Request", "true")
	}
	n := len(told)
	slices.Sort(told)
	if n != h.n || len(slices.Compact(told)) != h.n {
		t.Errorf("told %d rows, %d different, of %d", n, len(slices.Compact(told)), h.n)
	}
}
