package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
)

type thingInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"10" default:"5" doc:"how many"`
}
type thingOutput struct {
	Body struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
		Who  string `json:"who"`
		Lang string `json:"lang"`
	}
}

func thingSite(t *testing.T) *Site {
	t.Helper()
	s := testSite(t, nil)
	allow := []experience.Role{experience.Owner}
	Operation(s, huma.Operation{Method: "GET", Path: "/api/v1/things", OperationID: "list-things", Summary: "List things"}, allow,
		func(ctx context.Context, in *thingInput) (*thingOutput, error) {
			if in.Limit == 7 {
				return nil, experience.Errorf(experience.NotFound, "web.error.notfound")
			}
			out := &thingOutput{}
			out.Body.Who, out.Body.Lang = UserFrom(ctx).ID, LocaleFrom(ctx).Lang()
			return out, nil
		})
	Operation(s, huma.Operation{Method: "POST", Path: "/api/v1/things", OperationID: "make-thing"}, allow,
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	return s
}

func TestOperations(t *testing.T) {
	s := thingSite(t)
	for _, c := range []struct {
		method, target, as string
		headers            []string
		status             int
		code               string
	}{
		{"GET", "/api/v1/things", "", nil, 401, "unauthorised"},
		{"GET", "/api/v1/things", "viewer", nil, 403, "forbidden"},
		{"GET", "/api/v1/things", "owner", nil, 200, ""},
		{"GET", "/api/v1/things?limit=7", "owner", nil, 404, "not_found"},
		{"GET", "/api/v1/things?limit=99", "owner", nil, 422, "invalid"},
		{"GET", "/api/v1/nothing", "owner", nil, 404, "not_found"},
		{"DELETE", "/api/v1/things", "owner", nil, 405, "invalid"},
		{"POST", "/api/v1/things", "owner", []string{"Sec-Fetch-Site: cross-site"}, 403, "forbidden"},
		{"POST", "/api/v1/things", "owner token", []string{"Sec-Fetch-Site: cross-site"}, 204, ""},
	} {
		headers := append(c.headers, "Authorization: As "+c.as)
		w := ask(s, c.method, c.target, headers...)
		var p Problem
		if w.Code >= 400 {
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != problemType {
				t.Errorf("%s %s: %v %s", c.method, c.target, err, w.Header().Get("Content-Type"))
			}
		}
		if w.Code != c.status || p.Code != c.code {
			t.Errorf("%s %s as %q: %d %q %s", c.method, c.target, c.as, w.Code, p.Code, w.Body)
		}
	}
	w := ask(s, "GET", "/api/v1/things?limit=7", "Authorization: As owner", "Accept-Language: en")
	if !strings.Contains(w.Body.String(), "There is nothing at this address.") {
		t.Errorf("the problem does not speak English: %s", w.Body)
	}
	if w := ask(s, "GET", "/api/v1/things", "Authorization: As owner"); !strings.Contains(w.Body.String(), `"who":"u1"`) {
		t.Errorf("the operation does not know who asks: %s", w.Body)
	}
}

func TestDocument(t *testing.T) {
	s := thingSite(t)
	w := ask(s, "GET", "/api/openapi.json")
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" || doc.Paths["/api/v1/things"] == nil {
		t.Fatalf("%v %s", err, w.Body)
	}
	if !strings.Contains(w.Body.String(), "#/components/schemas/Problem") {
		t.Error("errors are not described")
	}
	page := ask(s, "GET", "/api/docs", "Accept: text/html").Body.String()
	for _, want := range []string{"/api/v1/things", "List things", "limit", "items[].id", "how many", "titolare"} {
		if !strings.Contains(page, want) {
			t.Errorf("the documentation lacks %s", want)
		}
	}
}

func TestAssetsAreCachedForEver(t *testing.T) {
	css := strings.Repeat("a { color: red }\n", 100)
	a, err := loadAssets(fstest.MapFS{"manifest.json": {Data: []byte(`{"app.css": "app-1.css"}`)}, "app-1.css": {Data: []byte(css)}})
	if err != nil {
		t.Fatal(err)
	}
	s := testSite(t, nil)
	*s.assets = *a
	w := ask(s, "GET", "/assets/app-1.css", "Accept-Encoding: gzip")
	if w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() >= len(css) {
		t.Errorf("%v", w.Header())
	}
	if w := ask(s, "GET", "/assets/app-1.css"); w.Body.String() != css || w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("plain: %v", w.Header())
	}
	if w := ask(s, "GET", "/assets/app-2.css"); w.Code != 404 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("missing: %d %v", w.Code, w.Header())
	}
	if !strings.Contains(ask(s, "GET", "/_gallery").Body.String(), `href="/assets/app-1.css"`) {
		t.Error("the page does not use it")
	}
}

func TestPagesWorkWithoutAssets(t *testing.T) {
	a, err := loadAssets(fstest.MapFS{".keep": {}})
	if err != nil || !a.missing {
		t.Fatal(err)
	}
	s := testSite(t, nil)
	*s.assets = *a
	if body := ask(s, "GET", "/_gallery").Body.String(); !strings.Contains(body, "<!-- The assets were not built") {
		t.Error("the page does not say so")
	}
	for _, broken := range []string{`{`, `{"app.css": "absent.css"}`} {
		if _, err := loadAssets(fstest.MapFS{"manifest.json": {Data: []byte(broken)}}); err == nil {
			t.Errorf("%s is taken", broken)
		}
	}
}

func TestEventsFlowAndEnd(t *testing.T) {
	s := testSite(t, nil)
	ch := make(chan Event)
	ended := make(chan struct{})
	s.Public("GET /stream", func(w writer, r *Request) error {
		defer close(ended)
		return s.Events(w, r, ch)
	})
	server := httptest.NewServer(s)
	defer server.Close()
	answer, err := http.Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v", answer.Header)
	}
	ch <- Event{Name: "woven\nid: 9", Data: "<p>\none</p>"}
	lines := bufio.NewReader(answer.Body)
	var got bytes.Buffer
	for !strings.HasSuffix(got.String(), "one</p>\n\n") {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q", err, got.String())
		}
		got.WriteString(line)
	}
	if want := "retry: 3000\n\nevent: wovenid: 9\ndata: <p>\ndata: one</p>\n\n"; got.String() != want {
		t.Errorf("%q", got.String())
	}
	s.CloseStreams()
	<-ended
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("%q %v", rest, err)
	}
}
