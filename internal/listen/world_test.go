package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/registry"
	"regia/internal/testkit"
	"regia/internal/web"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// house is the room on a real registry, with a door that remembers.
type house struct {
	t     testing.TB
	room  *Room
	site  *web.Site
	door  *memory
	book  *frail
	mu    sync.Mutex
	clock time.Time
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

// memory is a door that keeps what it was told, and how often.
type memory struct {
	mu    sync.Mutex
	items map[string]mapping.Item // by source and message id
	told  int
	order []string
	err   error
}

func (m *memory) Take(_ context.Context, source string, items []mapping.Item) (Taken, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return Taken{}, m.err
	}
	for _, i := range items {
		key := source + " " + i.MessageID
		if _, known := m.items[key]; !known {
			m.order = append(m.order, key)
		}
		i.Properties, i.Identifiers = append(json.RawMessage(nil), i.Properties...), append([]experience.Identifier(nil), i.Identifiers...)
		m.items[key] = i
		m.told++
	}
	return Taken{Accepted: len(items)}, nil
}

// all are the items in the order in which they were first told.
func (m *memory) all() []mapping.Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]mapping.Item, len(m.order))
	for k, key := range m.order {
		out[k] = m.items[key]
	}
	return out
}

func properties(t testing.TB, i mapping.Item) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(i.Properties, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// frail is a registry that breaks when it is told to: what it does then is as
// if the machine had gone.
type frail struct {
	Book
	mu    sync.Mutex
	after int // writes that still succeed; below 0: all
}

var errGone = errors.New("the machine is gone")

func (f *frail) breakAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = n
}

func (f *frail) Write(ctx context.Context, g func(context.Context, registry.Tx) error) error {
	f.mu.Lock()
	broken := f.after == 0
	if f.after > 0 {
		f.after--
	}
	f.mu.Unlock()
	if broken {
		return errGone
	}
	return f.Book.Write(ctx, g)
}

func newHouse(t testing.TB, engine string) *house {
	t.Helper()
	o := registry.Options{Path: filepath.Join(t.TempDir(), "registry.db")}
	if engine == "PostgreSQL" {
		o = registry.Options{URL: testkit.Postgres(t)}
	}
	book, err := registry.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	h := &house{t: t, door: &memory{items: map[string]mapping.Item{}}, book: &frail{Book: book, after: -1}, clock: now}
	h.room = New(Options{
		Book: h.book, Door: h.door, Folder: filepath.Join(t.TempDir(), "heard"), Own: loopback, Clock: h.now, Logger: slog.New(slog.DiscardHandler),
		Source: func(context.Context, string, string, SourceKind) error { return nil }, Jitter: func() float64 { return 0 },
	})
	t.Cleanup(h.room.Close)
	if h.site, err = web.New(web.Options{Auth: byHeader{}, Clock: h.now}); err != nil {
		t.Fatal(err)
	}
	if err := h.room.Register(h.site); err != nil {
		t.Fatal(err)
	}
	return h
}

func everyEngine(t *testing.T, check func(t *testing.T, h *house)) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) { check(t, newHouse(t, engine)) })
	}
}

// byHeader signs in whoever says a role in the cookie.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(role), Language: language}, nil
}

func (h *house) ask(method, target, role, body, kind string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Cookie", "role="+role)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

func (h *house) get(target, role string) string {
	h.t.Helper()
	w := h.ask(http.MethodGet, target, role, "", "")
	if w.Code != http.StatusOK {
		h.t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

func (h *house) send(target, role string, fields ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	form := url.Values{}
	for k := 0; k+1 < len(fields); k += 2 {
		form.Set(fields[k], fields[k+1])
	}
	return h.ask(http.MethodPost, target, role, form.Encode(), "application/x-www-form-urlencoded")
}

// post makes a post without its first look.
func (h *house) post(kind Kind, c Config, secret string) Post {
	h.t.Helper()
	p, err := h.room.create(h.t.Context(), Post{Kind: kind, Config: c, secret: secret}, "u")
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// look has a post look, and gives how it is then.
func (h *house) look(id string) Post {
	h.t.Helper()
	h.room.lookAt(h.t.Context(), id)
	return h.read(id)
}

func (h *house) read(id string) Post {
	h.t.Helper()
	p, err := h.room.get(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func wants(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("it does not say %q: %.2000s", p, text)
		}
	}
}

// serve answers with a text that may change.
type serve struct {
	*httptest.Server
	mu     sync.Mutex
	body   string
	status int
	header http.Header
	asked  int
}

func newServe(t testing.TB, body string) *serve {
	s := &serve{body: body, status: http.StatusOK, header: http.Header{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.URL.Path == "/robots.txt" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		s.asked++
		for k, v := range s.header {
			w.Header()[k] = v
		}
		etag := `"` + hash(s.body) + `"`
		if s.status == http.StatusOK && r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", etag)
		w.WriteHeader(s.status)
		fmt.Fprint(w, s.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *serve) set(status int, body string, header ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body, s.header = status, body, http.Header{}
	for k := 0; k+1 < len(header); k += 2 {
		s.header.Set(header[k], header[k+1])
	}
}

// A mistake in what reads strangers' words ends the look, is told, and is tried
// again rarely; Regia and the other posts go on.
func TestAPanicEndsTheLookAlone(t *testing.T) {
	h := newHouse(t, "SQLite")
	s := newServe(t, rss)
	h.room.Door = panicking{}
	p := h.look(h.post(Feed, Config{Address: s.URL}, "").ID)
	if p.Health.Fault != "internal" || p.Health.Failures != 1 || p.Health.NextLook.Sub(h.now()) < time.Hour || p.Health.Looking {
		t.Errorf("%+v", p.Health)
	}
	h.room.Door = h.door
	if p := h.look(p.ID); p.Health.Fault != "" || p.Health.Heard != 2 {
		t.Errorf("mended, it is %+v", p.Health)
	}
}

type panicking struct{}

func (panicking) Take(context.Context, string, []mapping.Item) (Taken, error) { panic("a mistake") }
