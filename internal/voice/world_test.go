package voice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/testkit"
	"regia/internal/web"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// house is a room on books of its own.
type house struct {
	t    testing.TB
	room *Room
	led  *ledger.Ledger
	book *registry.DB
	bus  *bus
	site *web.Site
	rows int
	time time.Time // by the room's clock
}

func newHouse(t testing.TB, engine string) *house {
	t.Helper()
	o, b := ledger.Options{}, registry.Options{}
	if engine == "DuckDB" {
		o.Path, b.Path = filepath.Join(t.TempDir(), "ledger.duckdb"), filepath.Join(t.TempDir(), "registry.db")
	} else {
		o.URL, b.URL = testkit.Postgres(t), testkit.Postgres(t)
	}
	h := &house{t: t, bus: &bus{}, time: now}
	var err error
	if h.led, err = ledger.Open(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.led.Close() })
	if h.book, err = registry.Open(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.book.Close() })
	h.room = New(Options{
		Ledger: h.led, Book: h.book, Bus: h.bus, People: crowd{}, Clock: func() time.Time { return h.time },
		Touchpoints: func(context.Context) ([]experience.Touchpoint, error) {
			return []experience.Touchpoint{{Key: "reviews", Name: map[string]string{"it": "Recensioni", "en": "Reviews"}, Channel: experience.Reviews}}, nil
		},
		Sources: func(context.Context) ([]experience.Source, error) {
			return []experience.Source{{ID: "web", Channel: experience.Web}}, nil
		},
	})
	if h.site, err = web.New(web.Options{Auth: byCookie{}, Clock: h.room.Clock}); err != nil {
		t.Fatal(err)
	}
	if err := h.room.Register(h.site); err != nil {
		t.Fatal(err)
	}
	return h
}

func everyEngine(t *testing.T, check func(t *testing.T, h *house)) {
	for _, engine := range []string{"DuckDB", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) { check(t, newHouse(t, engine)) })
	}
}

// bus keeps what was told.
type bus struct{ told []string }

func (b *bus) Subscribe(string, func([]byte)) (func(), error) { return func() {}, nil }
func (b *bus) Publish(subject string, _ []byte) error {
	b.told = append(b.told, subject)
	return nil
}

type crowd struct{}

func (crowd) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		out[id] = "Anna Ferri"
	}
	return out, nil
}

// byCookie signs in whoever says a role in the cookie: role=owner-it.
type byCookie struct{}

func (byCookie) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(role), Language: language}, nil
}

func (h *house) ask(method, target, role, body string, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Cookie", "role="+role)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

func (h *house) get(target, role string, header ...string) string {
	h.t.Helper()
	w := h.ask("GET", target, role, "", header...)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s answers %d: %.300s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

func (h *house) api(target, role string, into any) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.get(target, role)), into); err != nil {
		h.t.Fatal(err)
	}
}

func person(n int) experience.ID { return experience.HashID(nil, "person", fmt.Sprint(n)) }

// said is an interaction by which somebody says something, so many days ago.
func (h *house) said(n int, days float64, name string, properties map[string]any) experience.Interaction {
	h.t.Helper()
	h.rows++
	raw, err := json.Marshal(properties)
	if err != nil {
		h.t.Fatal(err)
	}
	at := now.Add(-time.Duration(days * float64(24*time.Hour))).Truncate(time.Microsecond)
	row := experience.Interaction{
		ID: experience.HashID(nil, "row", fmt.Sprint(h.rows)), MessageID: fmt.Sprint(h.rows), Source: "web", Kind: experience.Track, Name: name,
		Time: at, ReceivedAt: now, Touchpoint: "reviews", Properties: raw,
	}
	if n > 0 {
		row.Subject, row.Person = person(n), person(n)
	}
	return row
}

// weave puts a batch into the ledger.
func (h *house) weave(b ledger.Batch) {
	h.t.Helper()
	head, err := h.led.Head(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	b.Before, b.After = head.Position, experience.Position{Sequence: head.Position.Sequence + 1, Hash: "hash"}
	if err := h.led.Append(context.Background(), b); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tell(rows ...experience.Interaction) {
	h.t.Helper()
	h.weave(ledger.Batch{Rows: rows})
	h.look()
}

// look has the room do what it does when something was woven.
func (h *house) look() {
	h.t.Helper()
	if _, _, err := h.room.catchUp(context.Background(), false, true, time.Time{}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) list(f Filter) Page {
	h.t.Helper()
	if f.Period == "" {
		f.Period = "all"
	}
	e, err := h.room.extent(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	p, err := h.room.List(context.Background(), f, e.span(f.Period, time.UTC), "", 100)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func wants(t testing.TB, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("%q is missing in %.2500s", p, body)
		}
	}
}

func count(into *int, query string, args ...any) func(context.Context, registry.Tx) error {
	return func(ctx context.Context, tx registry.Tx) error { return tx.QueryRow(ctx, query, args...).Scan(into) }
}
