package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// A gate stands before a Regia and gets in the way of the next calls.
type gate struct {
	url string
	r   *regia

	mu      sync.Mutex
	trouble []trouble // of the next posts, first to last
	paths   map[string]int
}

// trouble is what becomes of a post.
type trouble int

const (
	refuse trouble = iota // answered 503, like a Regia that restarts
	lose                  // taken by Regia, but the sender hears 503
)

func openGate(t *testing.T, r *regia) *gate {
	g := &gate{r: r, paths: map[string]int{}}
	to := &url.URL{Scheme: "http", Host: r.addr}
	through := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		what, in := g.pass(q)
		if in && what == lose {
			through.ServeHTTP(httptest.NewRecorder(), q)
		}
		if !in {
			through.ServeHTTP(w, q)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", q.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// pass notes a call, and tells whether trouble is in its way.
func (g *gate) pass(q *http.Request) (what trouble, in bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.Method != http.MethodOptions {
		g.paths[q.URL.Path]++
	}
	if q.Method != http.MethodPost || len(g.trouble) == 0 {
		return 0, false
	}
	what, g.trouble = g.trouble[0], g.trouble[1:]
	return what, true
}

// expect puts trouble in the way of the next posts, and tells how many
// interactions there are now.
func (g *gate) expect(next ...trouble) int64 {
	g.r.t.Helper()
	now := g.r.woven().Interactions
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trouble = next
	return now
}

// called checks that a library used these addresses, and met all the trouble.
func (g *gate) called(t *testing.T, paths ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, path := range paths {
		if g.paths[path] == 0 {
			t.Errorf("nobody called %s", path)
		}
	}
	if len(g.trouble) > 0 {
		t.Errorf("%d posts fewer than expected", len(g.trouble))
	}
}
