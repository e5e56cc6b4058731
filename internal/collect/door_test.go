package collect

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"regia/internal/experience"
)

func TestEveryAddress(t *testing.T) {
	h := newHouse(t, nil)
	for _, c := range []struct {
		path, body string
		want       experience.Event
	}{
		{"identify", `{"userId":"u","traits":{"email":"a@b.it"}}`, experience.Event{Kind: experience.Identify, UserID: "u"}},
		{"track", `{"userId":"u","event":"Order Completed"}`, experience.Event{Kind: experience.Track, UserID: "u", Name: "Order Completed"}},
		{"page", `{"anonymousId":"a","name":"Home"}`, experience.Event{Kind: experience.PageView, AnonymousID: "a", Name: "Home"}},
		{"screen", `{"anonymousId":"a","event":"Cart"}`, experience.Event{Kind: experience.Screen, AnonymousID: "a", Name: "Cart"}},
		{"group", `{"userId":"u","groupId":7}`, experience.Event{Kind: experience.Group, UserID: "u", GroupID: "7"}},
		{"alias", `{"userId":"u","previousId":"a"}`, experience.Event{Kind: experience.Alias, UserID: "u", PreviousID: "a"}},
		{"batch", `{"batch":[{"type":"track","userId":"u","event":"X"}]}`, experience.Event{Kind: experience.Track, UserID: "u", Name: "X"}},
		{"import", `{"batch":[{"type":"track","userId":"u","event":"X","messageId":"1"}]}`, experience.Event{Kind: experience.Track, UserID: "u", Name: "X", Imported: true}},
		{"page", `{"type":"track","anonymousId":"a"}`, experience.Event{Kind: experience.PageView, AnonymousID: "a"}},
	} {
		got := h.one(Site, "/v1/"+c.path, c.body)
		if got.MessageID == "" || !got.Time.Equal(testNow) {
			t.Errorf("%s: message id %q, time %v", c.path, got.MessageID, got.Time)
		}
		got.MessageID, got.Time, got.Traits = "", time.Time{}, nil
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.path, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	h := newHouse(t, nil)
	key := h.keys[Site]
	off := true
	disabled, err := h.sources.Create(t.Context(), "old", Site, "")
	must(t, err)
	_, err = h.sources.Update(t.Context(), disabled.ID, Change{Disabled: &off})
	must(t, err)
	must(t, h.sources.EnsureRegia(t.Context()))
	const event = `"userId":"u","event":"X"`
	for _, c := range []struct {
		name, path, body, header string
		status                   int
	}{
		{"in the body", "/v1/track", `{"writeKey":"` + key + `",` + event + `}`, "", 200},
		{"in the body of a batch, at its end", "/v1/batch", `{"batch":[{"type":"track",` + event + `}],"writeKey":"` + key + `"}`, "", 200},
		{"in the query", "/v1/track?writeKey=" + key, `{` + event + `}`, "", 200},
		{"in a header", "/v1/track", `{` + event + `}`, "X-Write-Key: " + key, 200},
		{"none", "/v1/track", `{` + event + `}`, "", 401},
		{"empty", "/v1/track", `{"writeKey":"",` + event + `}`, "", 401},
		{"not a text", "/v1/track", `{"writeKey":{},` + event + `}`, "", 401},
		{"unknown", "/v1/track?writeKey=wk_x", `{` + event + `}`, "", 401},
		{"unknown in the body", "/v1/track", `{"writeKey":"wk_x",` + event + `}`, "", 401},
		{"disabled", "/v1/track?writeKey=" + disabled.WriteKey, `{` + event + `}`, "", 403},
		{"disabled in the body", "/v1/track", `{"writeKey":"` + disabled.WriteKey + `",` + event + `}`, "", 403},
		{"Regia's id is no key", "/v1/track?writeKey=regia", `{` + event + `}`, "", 401},
		{"Basic without a user", "/v1/track", `{` + event + `}`, "Authorization: Basic Og==", 401},
		{"Basic that is none", "/v1/track", `{` + event + `}`, "Authorization: Basic ???", 401},
	} {
		a := h.post("", c.path, c.body, c.header)
		if a.status != c.status || (a.status == 200) != (a.Error == "") {
			t.Errorf("%s: %d %q, want %d", c.name, a.status, a.Error, c.status)
		}
		if n := len(h.records()); (n == 1) != (c.status == 200) {
			t.Errorf("%s: %d events in the log", c.name, n)
		}
	}
	if a := h.post(Site, "/v1/track", `{`+event+`}`); a.status != 200 {
		t.Errorf("Basic: %d", a.status)
	}
	// A new key counts at once, the old one no more.
	list, err := h.sources.List(t.Context())
	must(t, err)
	rotated, err := h.sources.Rotate(t.Context(), list[0].ID)
	must(t, err)
	if a := h.post("", "/v1/track?writeKey="+list[0].WriteKey, `{`+event+`}`); a.status != 401 {
		t.Errorf("the old key: %d", a.status)
	}
	if a := h.post("", "/v1/track?writeKey="+rotated.WriteKey, `{`+event+`}`); a.status != 200 {
		t.Errorf("the new key: %d", a.status)
	}
}

// A change made by another node is known a little later.
func TestKeysOfAnotherNode(t *testing.T) {
	h := newHouse(t, nil)
	other := NewSources(h.sources.book, func() time.Time { return h.now })
	const event = `{"userId":"u","event":"X"}`
	if a := h.post(Site, "/v1/track", event); a.status != 200 {
		t.Fatal(a.status)
	}
	made, err := other.Create(t.Context(), "new", Site, "")
	must(t, err)
	off := true
	_, err = other.Update(t.Context(), "site", Change{Disabled: &off})
	must(t, err)
	h.now = h.now.Add(2 * keysFresh)
	if a := h.post("", "/v1/track?writeKey="+made.WriteKey, event); a.status != 200 {
		t.Errorf("the new key: %d", a.status)
	}
	h.now = h.now.Add(2 * sourcesFresh)
	if a := h.post(Site, "/v1/track", event); a.status != 403 {
		t.Errorf("the disabled source: %d", a.status)
	}
}

func TestCORS(t *testing.T) {
	h := newHouse(t, nil)
	r := httptest.NewRequest("OPTIONS", "/v1/track", nil)
	r.Header.Set("Origin", "https://shop.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
	a := h.send(r)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods": "POST, OPTIONS", "Access-Control-Allow-Headers": "authorization,content-type",
		"Access-Control-Max-Age": "86400",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if a.status != 204 || !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Origin") {
		t.Errorf("preflight: %d, %v", a.status, a.header)
	}
	for _, body := range []string{`{"userId":"u","event":"X"}`, `{"event":"X"}`, `{`} { // answers of every kind can be read
		got := h.post(Site, "/v1/track", body, "Origin: https://shop.example")
		if got.header.Get("Access-Control-Allow-Origin") != "https://shop.example" || got.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: %v", body, got.header)
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD", "PATCH"} {
		a := h.send(httptest.NewRequest(method, "/v1/batch", nil))
		if a.status != 405 || a.header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
	if a := h.send(httptest.NewRequest("POST", "/v1/nothing", nil)); a.status != 404 {
		t.Errorf("an unknown address: %d", a.status)
	}
}

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return b.String()
}

func TestBodies(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits.Body = 64 << 10 })
	const event = `{"userId":"u","event":"X"}`
	pad := func(n int) string {
		return `{"userId":"u","event":"X","writeKey":"","x":"` + strings.Repeat("x", n) + `"}`
	}
	for _, c := range []struct {
		name, body string
		headers    []string
		status     int
	}{
		{"JSON", event, []string{"Content-Type: application/json"}, 200},
		{"text", event, []string{"Content-Type: text/plain;charset=UTF-8"}, 200},
		{"no type", event, nil, 200},
		{"a form's type", event, []string{"Content-Type: application/x-www-form-urlencoded"}, 200},
		{"byte order mark", "\xef\xbb\xbf" + event, nil, 200},
		{"blanks around", " \n" + event + "\r\n", nil, 200},
		{"gzip", zipped(t, event), []string{"Content-Encoding: gzip"}, 200},
		{"gzip that nobody announced", zipped(t, event), []string{"Content-Type: text/plain"}, 200},
		{"gzip in two parts", zipped(t, event[:5]) + zipped(t, event[5:]), []string{"Content-Encoding: gzip"}, 200},
		{"not gzip", event, []string{"Content-Encoding: gzip"}, 400},
		{"gzip cut short", zipped(t, event)[:30], []string{"Content-Encoding: gzip"}, 400},
		{"another encoding", event, []string{"Content-Encoding: br"}, 400},
		{"a bomb", zipped(t, strings.Repeat(" ", 100<<20)+event), []string{"Content-Encoding: gzip"}, 413},
		{"a bomb that nobody announced", zipped(t, strings.Repeat(" ", 100<<20)), nil, 413},
		{"just too large", pad(64 << 10), nil, 413},
		{"empty", "", nil, 400},
		{"one byte", "{", nil, 400},
		{"invalid UTF-8", "{\"userId\":\"\xff\",\"event\":\"X\"}", nil, 400},
		{"an overlong NUL", "{\"userId\":\"\xc0\x80\",\"event\":\"X\"}", nil, 400},
	} {
		a := h.post(Site, "/v1/track", c.body, c.headers...)
		if a.status != c.status {
			t.Errorf("%s: %d %q, want %d", c.name, a.status, a.Error, c.status)
		}
		if n := len(h.records()); (n == 1) != (c.status == 200) {
			t.Errorf("%s: %d events in the log", c.name, n)
		}
	}
	r := httptest.NewRequest("POST", "/v1/track", strings.NewReader(pad(70<<10)))
	r.ContentLength = -1 // chunked
	r.SetBasicAuth(h.keys[Site], "")
	if a := h.send(r); a.status != 413 {
		t.Errorf("chunked and too large: %d", a.status)
	}
	if n := h.door.reader.inFlight.Load(); n != 0 {
		t.Errorf("%d bytes are said to be in memory", n)
	}
}

func TestGoodOnesOfABatchAreKept(t *testing.T) {
	h := newHouse(t, nil)
	a := h.post(Site, "/v1/batch", `{"batch":[
		{"type":"track","userId":"u","event":"one","messageId":"m0"},
		{"type":"track","event":"nobody","messageId":"m1"},
		{"type":"track","userId":"u","messageId":"m2"},
		{"type":"fax","userId":"u"},
		7, null, [],
		{"type":"page","userId":"u","timestamp":"soon"},
		{"type":"page","userId":"u"}
	]}`)
	if a.status != 200 || a.Accepted != 2 || len(a.Rejected) != 7 || a.Error != "" {
		t.Fatalf("got %+v", a)
	}
	for i, want := range []struct {
		index    int
		id, says string
	}{
		{1, "m1", "who?"}, {2, "m2", "event is missing"}, {3, "", "type must be"},
		{4, "", "must be an object"}, {5, "", "must be an object"}, {6, "", "must be an object"}, {7, "", "timestamp is not a time"},
	} {
		got := a.Rejected[i]
		if got.Index != want.index || got.MessageID != want.id || !strings.Contains(got.Error, want.says) {
			t.Errorf("rejection %d is %+v, want %+v", i, got, want)
		}
	}
	events := h.events()
	if len(events) != 2 || events[0].Name != "one" || events[1].Kind != experience.PageView {
		t.Errorf("in the log: %+v", events)
	}
	if a := h.post(Site, "/v1/batch", `{"batch":[]}`); a.status != 200 || a.Accepted != 0 {
		t.Errorf("an empty batch: %+v", a)
	}
	if a := h.post(Site, "/v1/batch", `{"batch":[{}]}`); a.status != 200 || len(a.Rejected) != 1 {
		t.Errorf("a batch of one bad event: %+v", a)
	}
	a = h.post(Site, "/v1/track", `{"event":"X","messageId":"m"}`)
	if a.status != 400 || a.Accepted != 0 || len(a.Rejected) != 1 || a.Rejected[0].MessageID != "m" || a.Error != a.Rejected[0].Error {
		t.Errorf("a single bad event: %+v", a)
	}
}

func TestABatchKeepsItsOrder(t *testing.T) {
	h := newHouse(t, nil)
	h.post(Site, "/v1/batch", `{"batch":[{"type":"track","userId":"u","event":"a"},{"type":"fax"},{"type":"track","userId":"u","event":"b"},{"type":"track","userId":"u","event":"c"}]}`)
	records := h.records()
	if len(records) != 3 {
		t.Fatalf("%d records", len(records))
	}
	for i, r := range records {
		if want := testNow.Add(time.Duration(i) * time.Microsecond); !r.ReceivedAt.Equal(want) {
			t.Errorf("event %d arrived at %v, want %v", i, r.ReceivedAt, want)
		}
	}
}

func TestLimits(t *testing.T) {
	h := newHouse(t, nil)
	event := func(size int) string {
		const head, tail = `{"type":"track","userId":"u","event":"X","messageId":"m","properties":{"x":"`, `"}}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	batch := func(n int, one string) string { return `{"batch":[` + strings.Repeat(one+",", n-1) + one + `]}` }
	small := `{"type":"page","userId":"u","messageId":"m"}`
	for _, c := range []struct {
		name, path, body string
		status, accepted int
	}{
		{"32 KB", "track", event(32 << 10), 200, 1},
		{"more than 32 KB", "track", event(32<<10 + 1), 413, 0},
		{"more than 32 KB in a batch", "batch", batch(1, event(32<<10+1)), 200, 0},
		{"512 KB at import", "import", batch(2, event(512<<10)), 200, 2},
		{"more than 512 KB at import", "import", batch(1, event(512<<10+1)), 200, 0},
		{"500 events", "batch", batch(500, small), 200, 500},
		{"501 events", "batch", batch(501, small), 413, 0},
		{"5,000 at import", "import", batch(5000, small), 200, 5000},
		{"5,001 at import", "import", batch(5001, small), 413, 0},
		{"4 MB", "batch", batch(130, event(32<<10)), 413, 0},
		{"a context too large to repeat", "import", `{"context":{"x":"` + strings.Repeat("x", 1<<20) + `"},` + batch(5000, small)[1:], 413, 0},
	} {
		a := h.post(ServerSource, "/v1/"+c.path, c.body)
		if n := len(h.records()); a.status != c.status || a.Accepted != c.accepted || n != c.accepted {
			t.Errorf("%s: %d, %d accepted, %d in the log, %q; want %d, %d", c.name, a.status, a.Accepted, n, a.Error, c.status, c.accepted)
		}
	}
}

func TestRate(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits = Limits{Rate: 2, Burst: 10, Batch: 10, ImportBatch: 10} })
	batch := `{"batch":[` + strings.Repeat(`{"type":"page","userId":"u"},`, 9) + `{"type":"page","userId":"u"}]}`
	if a := h.post(Site, "/v1/batch", batch); a.status != 200 {
		t.Fatalf("the first: %d %q", a.status, a.Error)
	}
	a := h.post(Site, "/v1/batch", batch)
	if a.status != 429 || a.header.Get("Retry-After") != "5" || a.Error == "" {
		t.Errorf("the second: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := h.post(App, "/v1/batch", batch); a.status != 200 {
		t.Errorf("another source: %d", a.status)
	}
	h.now = h.now.Add(5 * time.Second)
	if a := h.post(Site, "/v1/batch", batch); a.status != 200 {
		t.Errorf("after the wait: %d", a.status)
	}
	if n := len(h.records()); n != 30 {
		t.Errorf("%d events in the log", n)
	}
}

func TestLogTrouble(t *testing.T) {
	h := newHouse(t, nil)
	const event = `{"userId":"u","event":"X"}`
	h.log.err = experience.Errorf(experience.Unavailable, "the log is full")
	a := h.post(Site, "/v1/track", event)
	if a.status != 503 || a.header.Get("Retry-After") == "" || a.Error != "the log is full" || a.Accepted != 0 {
		t.Errorf("full: %+v", a)
	}
	h.log.err = errors.New("secret inside")
	if a := h.post(Site, "/v1/track", event); a.status != 500 || strings.Contains(a.Error, "secret") {
		t.Errorf("broken: %+v", a)
	}
	h.log.err = nil
	h.log.wait = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/v1/track?writeKey="+h.keys[Site], strings.NewReader(event))
	if a := h.send(r); a.status != 503 {
		t.Errorf("cancelled: %+v", a)
	}
	h.log.wait = nil
	h.door.Close()
	if a := h.post(Site, "/v1/track", event); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("closed: %+v", a)
	}
	if n := len(h.records()); n != 0 {
		t.Errorf("%d events in the log", n)
	}
}

// Close waits for who is inside.
func TestCloseDrains(t *testing.T) {
	h := newHouse(t, nil)
	h.log.wait = make(chan struct{})
	answers := make(chan answered)
	go func() { answers <- h.post(Site, "/v1/track", `{"userId":"u","event":"X"}`) }()
	h.log.wait <- struct{}{} // it is inside now, and let go
	h.door.Close()
	if a := <-answers; a.status != 200 || len(h.records()) != 1 {
		t.Errorf("got %+v", a)
	}
}

func TestSimultaneousRequests(t *testing.T) {
	h := newHouse(t, nil)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 20 {
				a := h.post(ServerSource, "/v1/batch", fmt.Sprintf(`{"batch":[{"type":"track","userId":"u%d","event":"e%d","messageId":"%d-%d"},{"type":"track"}]}`, i, j, i, j))
				if a.status != 200 || a.Accepted != 1 || len(a.Rejected) != 1 {
					t.Errorf("got %+v", a)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, e := range h.events() {
		seen[e.MessageID] = true
		if want := "u" + strings.Split(e.MessageID, "-")[0]; e.UserID != want {
			t.Errorf("%s belongs to %s", e.MessageID, e.UserID)
		}
	}
	if len(seen) != 32*20 {
		t.Errorf("%d events", len(seen))
	}
}

func TestMetrics(t *testing.T) {
	metrics := prometheus.NewRegistry()
	h := newHouse(t, func(o *Options) { o.Metrics = metrics })
	h.post(Site, "/v1/batch", `{"batch":[{"type":"page","userId":"u"},{"type":"page"}]}`)
	h.post(Site, "/v1/track", `{`)
	families, err := metrics.Gather()
	must(t, err)
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"regia_collect_events_accepted_total site": 1, "regia_collect_events_rejected_total who": 1,
		"regia_collect_events_rejected_total body": 1, "regia_collect_requests_total 200": 1,
		"regia_collect_requests_total 400": 1, "regia_collect_rejections_unnoted_total": 0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got["regia_collect_bytes_total"] == 0 {
		t.Error("no bytes were counted")
	}
}
