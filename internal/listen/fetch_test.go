package listen

import (
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
)

// loopback is what tests may reach beside the open internet.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450:4002::1": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false, "192.0.2.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public is %v", text, got)
		}
	}
}

func faultKey(err error) string {
	var f *fault
	if errors.As(err, &f) {
		return f.key
	}
	return fmt.Sprint(err)
}

// What answers may be, and what each comes to. Every one of them is of a real
// server on a socket.
func TestAnswers(t *testing.T) {
	var inner *httptest.Server
	mux := http.NewServeMux()
	say := func(path string, f http.HandlerFunc) { mux.HandleFunc(path, f) }
	say("/same", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT")
		fmt.Fprint(w, "hello")
	})
	say("/agent", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) })
	say("/slow-down", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	say("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	say("/denied", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	say("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	say("/endless", func(w http.ResponseWriter, r *http.Request) {
		block := strings.Repeat("x", 1<<16)
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, block); err != nil {
				return
			}
		}
	})
	say("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		block := strings.Repeat("0", 1<<16)
		for range 64 << 20 >> 16 {
			if _, err := z.Write([]byte(block)); err != nil {
				return
			}
		}
		_ = z.Close()
	})
	say("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	say("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	say("/inside", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, http.StatusFound) })
	say("/headers", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3000 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("y", 100))
		}
	})
	say("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "User-agent: *\nDisallow: /\n\nUser-agent: Regia\nDisallow: /secret\nAllow: /secret/public\n")
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	inner = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the inside") }))
	inner.Start()
	defer inner.Close()

	f := newFetcher(Options{Own: loopback, Version: "1.2 beta", URL: "https://regia.example.it", Clock: experience.SystemClock})
	first, err := f.get(t.Context(), server.URL+"/same", "", "", "*/*")
	if err != nil || string(first.body) != "hello" || first.same {
		t.Fatalf("%+v %v", first, err)
	}
	if second, err := f.get(t.Context(), server.URL+"/same", first.etag, first.modified, "*/*"); err != nil || !second.same || second.etag != first.etag {
		t.Errorf("what did not change is %+v %v", second, err)
	}
	if a, err := f.get(t.Context(), server.URL+"/agent", "", "", "*/*"); err != nil || string(a.body) != "Regia/1.2beta (+https://regia.example.it)" {
		t.Errorf("it calls itself %q %v", a.body, err)
	}
	for path, want := range map[string]string{
		"/slow-down": "later", "/gone": "gone", "/denied": "forbidden", "/broken": "status", "/nowhere": "missing", "/endless": "large", "/bomb": "large",
		"/round": "redirect", "/file": "redirect", "/headers": "unreachable", "/secret/1": "robots", "/secret/public": "missing",
	} {
		if _, err := f.get(t.Context(), server.URL+path, "", "", "*/*"); faultKey(err) != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	var asked *fault
	if _, err := f.get(t.Context(), server.URL+"/slow-down", "", "", "*/*"); !errors.As(err, &asked) || asked.after != 2*time.Hour {
		t.Errorf("the pause that was asked for: %+v", asked)
	}
	// Only the first server's network is one's own: where it leads to is not.
	place, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	strict := newFetcher(Options{Own: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Clock: experience.SystemClock})
	inner.URL = strings.Replace(inner.URL, "127.0.0.1", "127.0.0.2", 1)
	if _, err := strict.get(t.Context(), "http://"+place.Host+"/inside", "", "", "*/*"); faultKey(err) != "private" {
		t.Errorf("a way into a private network: %v", err)
	}
	outside := newFetcher(Options{Clock: experience.SystemClock})
	for _, address := range []string{server.URL + "/same", "http://localhost:1/", "http://[::1]:1/", "http://169.254.169.254/latest/meta-data", "http://[::ffff:10.0.0.1]/"} {
		if _, err := outside.get(t.Context(), address, "", "", "*/*"); faultKey(err) != "private" {
			t.Errorf("%s was asked for: %v", address, err)
		}
	}
	for _, address := range []string{"file:///etc/passwd", "gopher://x/", "https://user:secret@example.it/", "https:///x", "::"} {
		if _, err := outside.get(t.Context(), address, "", "", "*/*"); faultKey(err) != "address" {
			t.Errorf("%s was asked for: %v", address, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Sun, 22 Nov 2026 10:00:00 GMT"
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "Sun, 22 Nov 2026 11:00:00 GMT": time.Hour, "Sun, 22 Nov 2026 09:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, date); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// Examples of RFC 9309 and of Google's reading of it.
func TestRobots(t *testing.T) {
	for _, c := range []struct {
		robots, path string
		want         bool
	}{
		{"", "/x", true},
		{"User-agent: *\nDisallow: /", "/feed", false},
		{"User-agent: *\nDisallow:", "/feed", true},
		{"User-agent: other\nDisallow: /", "/feed", true},
		{"User-agent: other\nUser-agent: regia/2\nDisallow: /a\n", "/a/b", false},
		{"User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", true},
		{"User-agent: *\nDisallow: /*.xml$", "/feed.xml", false},
		{"User-agent: *\nDisallow: /*.xml$", "/feed.xml?page=2", true},
		{"User-agent: *\nDisallow: /fish*.php", "/fishheads/catfish.php?parameters", false},
		{"User-agent: *\nDisallow: /p\nAllow: /p # the same length", "/page", true},
		{"\uFEFFUser-agent: *\nDisallow: /a", "/a", false},
		{"Disallow: /", "/x", true},
	} {
		if got := permitted(wishesOf([]byte(c.robots)), c.path); got != c.want {
			t.Errorf("%q of %q: %v", c.path, c.robots, got)
		}
	}
}
