package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

var testNow = time.Date(2026, 11, 22, 10, 30, 0, 123456000, time.UTC)

// fakeLog keeps what the door appends.
type fakeLog struct {
	mu      sync.Mutex
	records []experience.Record
	err     error
	wait    chan struct{}
}

func (l *fakeLog) Append(ctx context.Context, records []experience.Record) error {
	if l.wait != nil {
		select {
		case <-l.wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	for _, r := range records {
		r.Event = bytes.Clone(r.Event)
		l.records = append(l.records, r)
	}
	return nil
}

// house is a door with its log, its sources and one of each kind of source.
type house struct {
	t       testing.TB
	door    *Door
	log     *fakeLog
	sources *Sources
	keys    map[SourceKind]string
	mux     *http.ServeMux
	now     time.Time
}

func newHouse(t testing.TB, change func(*Options)) *house {
	t.Helper()
	book, err := registry.Open(t.Context(), registry.Options{Path: filepath.Join(t.TempDir(), "registry.db")})
	must(t, err)
	t.Cleanup(func() { _ = book.Close() })
	h := &house{t: t, log: &fakeLog{}, keys: map[SourceKind]string{}, mux: http.NewServeMux(), now: testNow}
	clock := func() time.Time { return h.now }
	h.sources = NewSources(book, clock)
	for _, kind := range Kinds {
		x, err := h.sources.Create(t.Context(), string(kind), kind, "")
		must(t, err)
		h.keys[kind] = x.WriteKey
	}
	o := Options{Sources: h.sources, Log: h.log, Clock: clock}
	if change != nil {
		change(&o)
	}
	h.door = New(o)
	t.Cleanup(h.door.Close)
	h.door.Register(h.mux)
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answered is a decoded answer of the door.
type answered struct {
	status   int
	header   http.Header
	Accepted int
	Rejected []rejected
	Error    string
}

// post sends a body to an address with the key of a kind of source; headers
// are "Name: value".
func (h *house) post(kind SourceKind, path, body string, headers ...string) answered {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), "POST", path, strings.NewReader(body))
	if kind != "" {
		r.SetBasicAuth(h.keys[kind], "")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	return h.send(r)
}

func (h *house) send(r *http.Request) answered {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	a := answered{status: w.Code, header: w.Header()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			h.t.Fatalf("answer %q: %v", w.Body, err)
		}
		if a.Rejected == nil {
			h.t.Errorf("the answer has no list of rejections: %s", w.Body)
		}
	}
	return a
}

// events gives what the log holds, and forgets it.
func (h *house) events() []experience.Event {
	h.t.Helper()
	var out []experience.Event
	for _, r := range h.records() {
		var e experience.Event
		if err := json.Unmarshal(r.Event, &e); err != nil {
			h.t.Fatalf("event %q: %v", r.Event, err)
		}
		out = append(out, e)
	}
	return out
}

func (h *house) records() []experience.Record {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	list := h.log.records
	h.log.records = nil
	return list
}

// one sends one event that must be taken, and gives it as the log has it.
func (h *house) one(kind SourceKind, path, body string, headers ...string) experience.Event {
	h.t.Helper()
	a := h.post(kind, path, body, headers...)
	if a.status != 200 || a.Accepted != 1 {
		h.t.Fatalf("%s answered %d, %q %v", body, a.status, a.Error, a.Rejected)
	}
	list := h.events()
	if len(list) != 1 {
		h.t.Fatalf("%d events in the log", len(list))
	}
	return list[0]
}

func request(h *house, kind SourceKind, path, body string) *http.Request {
	r := httptest.NewRequestWithContext(h.t.Context(), "POST", path, strings.NewReader(body))
	r.SetBasicAuth(h.keys[kind], "")
	return r
}
