package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"regia/internal/app"
)

// TestBadCallsOfLibraries: what pretends to be a library of Segment's or
// RudderStack's is refused in JSON, or with an image, brings nothing in and
// holds nothing up.
func TestBadCallsOfLibraries(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	before := h.interactions()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, err := z.Write(bytes.Repeat([]byte(" "), 64<<20))
	h.must(err)
	h.must(z.Close())
	for _, path := range []string{"/v1/t", "/v1/i", "/v1/p", "/v1/s", "/v1/g", "/v1/a", "/v1/b", "/beacon/v1/batch?writeKey=" + h.key} {
		for _, body := range []string{
			"", "{", "null", "[]", `"text"`, "1e999", "\x00", "\xff\xfe{}", `{"batch":7}`, `{"batch":[` + strings.Repeat("[", 70), strings.Repeat("[", 10_000),
			`{"userId":` + strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200) + "}", "\x1f\x8b not gzip", bomb.String(),
			`{"batch":[` + strings.Repeat("{},", 600) + `{}]}`, `{"anonymousId":"` + strings.Repeat("a", 5<<20) + `"}`,
		} {
			w := h.visit(visit{method: http.MethodPost, path: path, body: body, header: map[string]string{"X-Write-Key": h.key, "Content-Type": "text/plain"}})
			var a doorAnswer
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code < 400 || a.Accepted != 0 || a.Error == "" {
				t.Errorf("%s %.40q: %d %s", path, body, w.Code, w.Body)
			}
		}
	}
	for _, value := range nasty {
		header := map[string]string{
			"X-Write-Key": h.key, "AnonymousId": base64.StdEncoding.EncodeToString([]byte(value)),
		}
		w := h.visit(visit{method: http.MethodPost, path: "/v1/b", body: `{"batch":[{"type":"track"},{"type":"dance"}]}`, header: header})
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"accepted":0`) {
			t.Errorf("AnonymousId %.40q: %d %s", value, w.Code, w.Body)
		}
		q := url.Values{"writeKey": {h.key}, "event": {"X"}, "properties." + value: {value}, "context." + value + "." + value: {value}}.Encode()
		if w := h.visit(visit{method: http.MethodGet, path: "/pixel/v1/track?" + q}); w.Header().Get("Content-Type") != "image/gif" {
			t.Errorf("a pixel with %.40q: %d %s", value, w.Code, w.Body)
		}
		for _, path := range []string{"/sourceConfig?writeKey=" + url.QueryEscape(value), "/v1/projects/x" + url.PathEscape(value) + "/settings"} {
			if w := h.visit(visit{method: http.MethodGet, path: path}); w.Code < 300 || w.Code < 400 && w.Header().Get("Location") == "" {
				t.Errorf("%.80s: %d %s", path, w.Code, w.Body)
			}
		}
	}
	h.must(h.Caught(t.Context()))
	if got := h.interactions(); got != before {
		t.Errorf("bad calls brought %d interactions in", got-before)
	}
	h.afterAll()
}
