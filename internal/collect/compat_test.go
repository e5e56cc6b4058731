package collect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/gif"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"regia/internal/experience"
)

// ask sends a request without a body, as an image, a beacon's preflight or a
// library that asks for settings does.
func (h *house) ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, nil)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return w
}

// refused gives the rejections of a source once they are written down.
func (h *house) refused(kind SourceKind) []Rejection {
	h.t.Helper()
	h.door.Close()
	list, err := h.sources.Rejections(h.t.Context(), string(kind), 100)
	must(h.t, err)
	return list
}

func TestShortAddressesOfAnalyticsJS(t *testing.T) {
	h := newHouse(t, nil)
	for letter, c := range map[string]struct {
		kind experience.Kind
		body string
	}{
		"t": {experience.Track, `"event":"Product Viewed"`}, "i": {experience.Identify, `"traits":{"email":"a@example.it"}`},
		"p": {experience.PageView, `"name":"Home"`}, "s": {experience.Screen, `"name":"Home"`},
		"g": {experience.Group, `"groupId":"g"`}, "a": {experience.Alias, `"previousId":"a-1"`},
	} {
		// The body says another type: the address counts, as at the long ones.
		body := `{"type":"x","userId":"u","anonymousId":"a-1",` + c.body + `,"_metadata":{"bundled":["Segment.io"]},"writeKey":"` + h.keys[Site] + `"}`
		a := h.post("", "/v1/"+letter, body, "Content-Type: text/plain")
		if got := h.events(); a.status != 200 || len(got) != 1 || got[0].Kind != c.kind {
			t.Errorf("/v1/%s: %d %q, %v", letter, a.status, a.Error, got)
		}
	}
	a := h.post("", "/v1/b", `{"writeKey":"`+h.keys[Site]+`","sentAt":"2026-11-22T10:30:00Z","batch":[
		{"type":"track","event":"A","anonymousId":"a-1"},{"type":"page","anonymousId":"a-1"},{"type":"track","anonymousId":"a-1"}]}`)
	if a.status != 200 || a.Accepted != 2 || len(a.Rejected) != 1 || len(h.events()) != 2 {
		t.Errorf("/v1/b: %d, %d accepted, %v", a.status, a.Accepted, a.Rejected)
	}
	if a := h.post("", "/v1/m", `{"series":[{"type":"Counter","metric":"analytics_js.invoke","value":1}]}`); a.status != 200 || len(h.records()) != 0 {
		t.Errorf("/v1/m: %d", a.status)
	}
}

func TestSegmentSettings(t *testing.T) {
	for base, want := range map[string][2]string{
		"":                         {"http", "example.com/v1"}, // httptest's host
		"https://regia.example.it": {"https", "regia.example.it/v1"},
	} {
		h := newHouse(t, func(o *Options) { o.BaseURL = base })
		w := h.ask("GET", "/v1/projects/"+h.keys[Site]+"/settings", "Origin: https://shop.example")
		var s segmentSettings
		must(t, json.Unmarshal(w.Body.Bytes(), &s))
		to := s.Integrations["Segment.io"]
		if len(s.Integrations) != 1 || to.Protocol != want[0] || to.APIHost != want[1] || to.APIKey != h.keys[Site] {
			t.Errorf("%q: events go to %+v, want %v", base, to, want)
		}
		if w.Code != 200 || s.Metrics.SampleRate != 0 || w.Header().Get("Access-Control-Allow-Origin") != "https://shop.example" ||
			w.Header().Get("Cache-Control") != "private, max-age=300" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
		if !bytes.Contains(w.Body.Bytes(), []byte(`"sampleRate":0`)) {
			t.Errorf("the library would report on itself to Segment: %s", w.Body)
		}
	}
}

func TestRudderSourceConfig(t *testing.T) {
	h := newHouse(t, nil)
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(h.keys[Site]+":"))
	for _, path := range []string{"/sourceConfig", "/sourceConfig/?p=npm&v=3.34.1&build=modern&writeKey=" + h.keys[Site], "/sourceConfig/?writeKey=" + h.keys[Site]} {
		headers := []string{"Origin: https://shop.example"}
		if !strings.Contains(path, "writeKey") || strings.Contains(path, "p=npm") {
			headers = append(headers, basic)
		}
		w := h.ask("GET", path, headers...)
		var c struct {
			Source struct {
				ID           string          `json:"id"`
				Config       json.RawMessage `json:"config"`
				Destinations []any           `json:"destinations"`
				Enabled      bool            `json:"enabled"`
			} `json:"source"`
		}
		must(t, json.Unmarshal(w.Body.Bytes(), &c))
		if w.Code != 200 || c.Source.ID != "site" || c.Source.Destinations == nil || len(c.Source.Destinations) > 0 || !c.Source.Enabled ||
			string(c.Source.Config) != `{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}}` {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "https://shop.example" || !slices.Contains(w.Header().Values("Vary"), "Authorization") {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	if w := h.ask("HEAD", "/sourceConfig/?view=ad", basic); w.Code != 200 || w.Body.Len() > 0 {
		t.Errorf("HEAD: %d %s", w.Code, w.Body)
	}
}

// TestSettingsOfNobody: a wrong key gets a clear answer that a page of another
// site may read, that nothing keeps, and that asks no visitor for a password.
func TestSettingsOfNobody(t *testing.T) {
	h := newHouse(t, nil)
	off := true
	_, err := h.sources.Update(t.Context(), string(App), Change{Disabled: &off})
	must(t, err)
	for path, status := range map[string]int{
		"/v1/projects/wk_wrong/settings": 401, "/v1/projects/%00/settings": 401, "/v1/projects/%20/settings": 401,
		"/v1/projects/" + strings.Repeat("k", 5000) + "/settings": 401, "/v1/projects/" + h.keys[App] + "/settings": 403,
		"/sourceConfig": 401, "/sourceConfig/?writeKey=wk_wrong": 401, "/sourceConfig?writeKey=%ff%00": 401, "/sourceConfig?writeKey=" + h.keys[App]: 403,
	} {
		w := h.ask("GET", path, "Origin: https://shop.example")
		var p struct{ Detail, Code string }
		must(t, json.Unmarshal(w.Body.Bytes(), &p))
		if w.Code != status || p.Detail == "" || p.Code == "" || w.Header().Get("Cache-Control") != "no-store" ||
			w.Header().Get("Access-Control-Allow-Origin") == "" || strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic") {
			t.Errorf("%.60s: %d %s %v", path, w.Code, w.Body, w.Header())
		}
	}
}

func TestRudderBeacon(t *testing.T) {
	h := newHouse(t, nil)
	a := h.post("", "/beacon/v1/batch?writeKey="+h.keys[Site],
		`{"batch":[{"type":"track","event":"Page Unloaded","anonymousId":"a-1"}],"sentAt":"2026-11-22T10:30:00.000Z"}`, "Content-Type: text/plain")
	if got := h.events(); a.status != 200 || len(got) != 1 || got[0].Name != "Page Unloaded" {
		t.Errorf("%d %q, %v", a.status, a.Error, got)
	}
	if a := h.post("", "/beacon/v1/batch", `{"batch":[]}`); a.status != 401 {
		t.Errorf("without a key: %d", a.status)
	}
}

func TestAnonymousIdHeader(t *testing.T) {
	header := func(text string) string {
		return "AnonymousId: " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	for _, c := range []struct {
		name          string
		kind          SourceKind
		header, event string
		want          string // "" = refused, as nobody is named
	}{
		{"none in the event", Site, header("a-1"), `{}`, "a-1"},
		{"null in the event", Site, header("a-1"), `{"anonymousId":null}`, "a-1"},
		{"blank in the event", App, header("a-1"), `{"anonymousId":" "}`, "a-1"},
		{"another in the event", Site, header("a-1"), `{"anonymousId":"a-2"}`, "a-2"},
		{"beside a user", Site, header("a-1"), `{"userId":"u"}`, "a-1"},
		{"not text", Site, header("a\xff"), `{}`, ""},
		{"not base64", Site, "AnonymousId: a-1", `{}`, ""},
		{"NUL", Site, header("a\x00b"), `{}`, "a\ufffdb"},
		{"quotes", Site, header(`a","userId":"x`), `{}`, `a","userId":"x`},
		{"too long", Site, header(strings.Repeat("a", 600)), `{}`, ""},
		{"of a server, which speaks for many", ServerSource, header("a-1"), `{}`, ""},
		{"a bad one in the event", Site, header("a-1"), `{"anonymousId":{}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, nil)
			body := strings.TrimSuffix(c.event, "}")
			if body != "{" {
				body += ","
			}
			body += `"type":"track","event":"X"}`
			a := h.post(c.kind, "/v1/batch", `{"batch":[`+body+`,`+body+`]}`, c.header)
			got := h.events()
			if c.want == "" {
				if a.status != 200 || len(a.Rejected) != 2 || len(got) != 0 {
					t.Errorf("%d %v, %v in the log", a.status, a.Rejected, got)
				}
				return
			}
			if len(got) != 2 || got[0].AnonymousID != c.want || got[1].AnonymousID != c.want || got[0].UserID == "x" {
				t.Errorf("%d %v, %v in the log", a.status, a.Rejected, got)
			}
		})
	}
}

func TestTraitsWhereRudderStackSaysThem(t *testing.T) {
	h := newHouse(t, nil)
	for body, want := range map[string]string{
		`{"userId":"u","context":{"traits":{"email":"a@example.it"}}}`:                       `{"email":"a@example.it"}`,
		`{"userId":"u","traits":{"name":"A"},"context":{"traits":{"email":"a@example.it"}}}`: `{"name":"A"}`,
		`{"userId":"u","context":{"traits":"none"}}`:                                         ``,
	} {
		if e := h.one(Site, "/v1/identify", body); string(e.Traits) != want {
			t.Errorf("%s: traits %s, want %s", body, e.Traits, want)
		}
	}
	if e := h.one(Site, "/v1/track", `{"userId":"u","event":"X","context":{"traits":{"email":"a@example.it"}}}`); e.Traits != nil {
		t.Errorf("a track call has traits %s", e.Traits)
	}
}

func TestPixel(t *testing.T) {
	h := newHouse(t, nil)
	q := url.Values{
		"writeKey": {h.keys[EmailSource]}, "userId": {"42"}, "event": {"Email Opened"}, "messageId": {"open-1"}, "timestamp": {"2026-11-22T10:00:00Z"},
		"properties.campaign": {"Natale"}, "properties.revenue": {"25.90"}, "context.page.url": {"https://x.example/a?b=c"}, "utm_source": {"ignored"},
		"traits.email": {"ignored"}, "properties.twice": {"first", "second"},
	}
	w := h.ask("GET", "/pixel/v1/track?"+q.Encode(), "Origin: https://mail.example")
	image, err := gif.Decode(w.Body)
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/gif" || err != nil || image.Bounds().Dx() != 1 || image.Bounds().Dy() != 1 {
		t.Fatalf("%d %v %v", w.Code, w.Header(), err)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("an image that is kept counts once only")
	}
	got := h.events()
	if len(got) != 1 {
		t.Fatalf("%d events", len(got))
	}
	e := got[0]
	if e.Kind != experience.Track || e.Name != "Email Opened" || e.UserID != "42" || e.MessageID != "open-1" || e.Time.Hour() != 10 ||
		string(e.Properties) != `{"campaign":"Natale","revenue":"25.90","twice":"second"}` || string(e.Context) != `{"page":{"url":"https://x.example/a?b=c"}}` || e.Traits != nil {
		t.Errorf("%+v", e)
	}
	h.ask("GET", "/pixel/v1/page?name=Home&category=Shop&anonymousId=a&writeKey="+h.keys[Site])
	if got := h.events(); len(got) != 1 || got[0].Kind != experience.PageView || got[0].Name != "Home" || string(got[0].Properties) != `{"category":"Shop"}` {
		t.Errorf("page: %v", got)
	}
}

// TestBadPixels: whatever a pixel says, an image comes back; and what was
// refused stands on the source's page.
func TestBadPixels(t *testing.T) {
	bad := []struct{ query, class string }{
		{"event=X", "who"},
		{"userId=u", "name"},
		{"userId=u&event=" + strings.Repeat("x", 300), "name"},
		{"userId=" + strings.Repeat("u", 600) + "&event=X", "id"},
		{"userId=u&event=X&timestamp=yesterday", "time"},
		{"userId=u&event=X&timestamp=2126-01-01", "time"},
		{"userId=u&event=X&properties.a=1&properties.a.b=2", "body"},
		{"userId=u&event=X&properties.=1", "body"},
		{"userId=u&event=X&context..a=1", "body"},
		{"userId=u&event=X&properties" + strings.Repeat(".a", 100) + "=1", "depth"},
		{"userId=u&event=X&properties.a=%ff", "body"},
		{"userId=u%zz&event=X", "body"},
		{"userId=u;event=X", "body"},
		{"userId=u&event=X&properties.long=" + strings.Repeat("x", maxPixel), "size"},
	}
	h := newHouse(t, nil)
	var want []string
	for _, b := range bad {
		w := h.ask("GET", "/pixel/v1/track?writeKey="+h.keys[Site]+"&"+b.query, "Content-Encoding: gzip")
		if _, err := gif.Decode(w.Body); err != nil || w.Code != 200 {
			t.Errorf("%.80s: %d %v", b.query, w.Code, err)
		}
		want = append(want, b.class)
	}
	if got := h.records(); len(got) > 0 {
		t.Errorf("bad pixels brought %s in", got[0].Event)
	}
	for query, status := range map[string]int{"": 401, "writeKey=wk_wrong&userId=u&event=X": 401, "%zz": 401} {
		w := h.ask("GET", "/pixel/v1/track?"+query)
		if _, err := gif.Decode(w.Body); err != nil || w.Code != status {
			t.Errorf("%q: %d %v, want an image with %d", query, w.Code, err, status)
		}
	}
	var got []string
	for _, x := range h.refused(Site) {
		got = append(got, x.Class)
	}
	slices.Reverse(got) // the newest came first
	if !slices.Equal(got, want) {
		t.Errorf("rejections\n%v, want\n%v", got, want)
	}
	if w := h.ask("GET", "/pixel/v1/track?userId=u&event=X&writeKey="+h.keys[Site]); w.Code != 503 || w.Header().Get("Content-Type") != "image/gif" {
		t.Errorf("a closed door: %d", w.Code)
	}
}

// TestALostPixelIsNoted: nobody sends a pixel again.
func TestALostPixelIsNoted(t *testing.T) {
	h := newHouse(t, nil)
	h.log.err = experience.Errorf(experience.Unavailable, "the log is full")
	w := h.ask("GET", "/pixel/v1/page?anonymousId=a&writeKey="+h.keys[Site])
	if _, err := gif.Decode(w.Body); err != nil || w.Code != 503 {
		t.Errorf("%d %v", w.Code, err)
	}
	if list := h.refused(Site); len(list) != 1 || list[0].Class != "lost" || !strings.Contains(list[0].Reason, "full") {
		t.Errorf("%+v", list)
	}
}

// TestLibrariesMayAsk: every address that a library calls from a page lets its
// preflight pass, says which methods it takes, and answers others in JSON.
func TestLibrariesMayAsk(t *testing.T) {
	h := newHouse(t, nil)
	for path, methods := range map[string]string{
		"/v1/t": "POST, OPTIONS", "/v1/i": "POST, OPTIONS", "/v1/b": "POST, OPTIONS", "/v1/m": "POST, OPTIONS", "/v1/track": "POST, OPTIONS",
		"/beacon/v1/batch": "POST, OPTIONS", "/pixel/v1/track": "GET, OPTIONS", "/pixel/v1/page": "GET, OPTIONS",
		"/v1/projects/x/settings": "GET, HEAD, OPTIONS", "/sourceConfig": "GET, HEAD, OPTIONS", "/sourceConfig/": "GET, HEAD, OPTIONS",
	} {
		w := h.ask("OPTIONS", path, "Origin: https://shop.example", "Access-Control-Request-Headers: anonymousid,authorization,content-type,x-retry-count")
		if w.Code != 204 || w.Header().Get("Access-Control-Allow-Methods") != methods ||
			w.Header().Get("Access-Control-Allow-Headers") != "anonymousid,authorization,content-type,x-retry-count" ||
			w.Header().Get("Access-Control-Allow-Origin") != "https://shop.example" || w.Header().Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		w = h.ask("DELETE", path, "Origin: https://shop.example")
		if w.Code != 405 || w.Header().Get("Allow") != methods || w.Header().Get("Content-Type") != "application/problem+json" || !json.Valid(w.Body.Bytes()) {
			t.Errorf("DELETE %s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestUnknownAddressesAnswerInJSON(t *testing.T) {
	h := newHouse(t, nil)
	for _, path := range []string{"/v1/nothing", "/v1/", "/v1/merge", "/v1/track/x", "/v1/projects/x", "/beacon/v1/x", "/pixel/v1/identify"} {
		if w := h.ask("OPTIONS", path, "Origin: https://shop.example"); w.Code != 204 {
			t.Errorf("preflight of %s: %d", path, w.Code)
		}
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			w := h.ask(method, path, "Origin: https://shop.example")
			var p struct {
				Status int
				Detail string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 404 || p.Status != 404 || p.Detail == "" || w.Header().Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
		}
	}
}

// FuzzPixel: whatever an address says, there comes an image, and what goes to
// the log is complete.
func FuzzPixel(f *testing.F) {
	for _, seed := range []string{
		"", "userId=u&event=X", "userId=u&event=X&properties.a.b=1&properties.a=2", "context..=%00&event=%ff", "event=X&anonymousId=%ED%A0%80&timestamp=1",
		"userId=u;event=X", "userId=u&event=X&properties.%22%5C=%22%5C", "properties.__proto__.x=1&userId=u&event=X",
	} {
		f.Add(seed)
	}
	h := newHouse(f, nil)
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/pixel/v1/track", nil)
		r.URL.RawQuery = query
		r.Header.Set("X-Write-Key", h.keys[Site])
		w := httptest.NewRecorder()
		h.mux.ServeHTTP(w, r)
		if w.Code >= 500 || w.Body.String() != onePixel {
			t.Fatalf("%q: %d", query, w.Code)
		}
		for _, record := range h.records() {
			checkRecord(t, record)
		}
	})
}
