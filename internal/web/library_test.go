package web

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// shelf keeps libraries in memory.
type shelf map[string][]byte

func (s shelf) Library(_ context.Context, name string) ([]byte, error) {
	if name == "regia-broken.js" {
		return nil, errors.New("the shelf fell down")
	}
	return s[name], nil
}

func (s shelf) KeepLibrary(_ context.Context, name string, script []byte) error {
	s[name] = script
	return nil
}

// librarySite has a built library, and a shelf with a former one.
func librarySite(t *testing.T, script string) (*Site, shelf) {
	t.Helper()
	a, err := loadAssets(fstest.MapFS{
		"manifest.json": {Data: []byte(`{"regia.js": "regia-2.js", "regia.d.ts": "regia.d-2.ts"}`)},
		"regia-2.js":    {Data: []byte(script)}, "regia.d-2.ts": {Data: []byte("export {}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := testSite(t, nil)
	*s.assets = *a
	kept := shelf{"regia-1.js": []byte("first()")}
	s.options.Libraries = kept
	return s, kept
}

func TestLibraryForEverySite(t *testing.T) {
	script := strings.Repeat("second();\n", 100)
	s, kept := librarySite(t, script)
	if err := s.KeepLibrary(t.Context()); err != nil || string(kept["regia-2.js"]) != script {
		t.Errorf("the present version was not kept: %v", err)
	}
	sum := sha512.Sum384([]byte(script))
	want := Library{Path: "/assets/regia-2.js", Stable: "/regia.js", Integrity: "sha384-" + base64.StdEncoding.EncodeToString(sum[:])}
	if l, ok := s.Library(); !ok || l != want {
		t.Errorf("the library is %+v", l)
	}
	for _, c := range []struct {
		path, body, cache string
		status            int
	}{
		{"/regia.js", script, "public, max-age=600", 200},
		{"/regia.d.ts", "export {}", "public, max-age=600", 200},
		{"/assets/regia-2.js", script, "public, max-age=31536000, immutable", 200},
		{"/assets/regia-1.js", "first()", "public, max-age=31536000, immutable", 200},
		{"/assets/regia-0.js", "", "", 404},
		{"/assets/regia-broken.js", "", "", 500},
	} {
		w := ask(s, "GET", c.path)
		h := w.Header()
		if w.Code != c.status || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s: %d %v", c.path, w.Code, h)
		}
		if c.status == 200 && (w.Body.String() != c.body || h.Get("Cache-Control") != c.cache) {
			t.Errorf("%s: %v %q", c.path, h, w.Body)
		}
		if c.status != 200 && strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: an error is cached: %v", c.path, h)
		}
	}
}

func TestStableAddressAsksAgain(t *testing.T) {
	s, _ := librarySite(t, "second()")
	tag := ask(s, "GET", "/regia.js").Header().Get("ETag")
	if w := ask(s, "GET", "/regia.js", "If-None-Match: "+tag); tag == "" || w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("with the tag %q: %d", tag, w.Code)
	}
	if w := ask(s, "GET", "/regia.js", `If-None-Match: W/"regia-1.js"`); w.Code != 200 {
		t.Errorf("with a former tag: %d", w.Code)
	}
}

func TestLibraryThatWasNotBuilt(t *testing.T) {
	a, err := loadAssets(fstest.MapFS{".keep": {}})
	if err != nil {
		t.Fatal(err)
	}
	s := testSite(t, nil)
	*s.assets = *a
	w := ask(s, "GET", "/regia.js")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "make build") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if _, ok := s.Library(); ok || s.KeepLibrary(t.Context()) != nil {
		t.Error("there is a library that was not built")
	}
}
