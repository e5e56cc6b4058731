package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A shop is a site of its own, on another origin than Regia, with a road to
// Regia that a test can block.
type shop struct {
	t       *testing.T
	r       *regia
	browser context.Context // with a profile of its own
	site    *httptest.Server
	road    *httptest.Server

	mu     sync.Mutex
	policy string // Content-Security-Policy of the pages
	head   string // HTML
	block  func(w http.ResponseWriter, l letter) bool
	came   []letter
}

// A letter is a batch that somebody sent, and what it was answered.
type letter struct {
	at     time.Time
	size   int
	events []message
	status int // 0 as long as there is no answer, or when there never is one
	said   string
}

// A message is an event as regia.js sends it.
type message struct {
	Type        string
	MessageID   string
	AnonymousID string
	UserID      string
	PreviousID  string
	GroupID     string
	Name, Event string
	Properties  map[string]any
	Traits      map[string]any
	Context     struct {
		SessionID string
		Locale    string
		Timezone  string
		Page      map[string]string
		Campaign  map[string]string
		Screen    map[string]float64
		Library   map[string]string
		Consent   *struct{ CategoryPreferences map[string]bool }
	}
}

func (m message) String() string {
	switch m.Type {
	case "track":
		return m.Event
	case "page":
		return "page " + m.Name
	}
	return m.Type
}

// openShop opens a shop whose pages load regia.js with some attributes.
func openShop(t *testing.T, r *regia, browser context.Context, attributes string) *shop {
	t.Helper()
	mine := *r
	mine.t = t
	s := &shop{t: t, r: &mine}
	s.road = httptest.NewServer(http.HandlerFunc(s.carry))
	t.Cleanup(s.road.Close)
	s.head = fmt.Sprintf(`<script defer src="%s/regia.js" data-key="%s" %s></script>`, s.road.URL, r.keys.WriteKey, attributes)
	s.site = httptest.NewServer(http.HandlerFunc(s.show))
	t.Cleanup(s.site.Close)
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	s.browser = ctx
	return s
}

// show draws a page: its title is its path. /plain/… does not load regia.js.
func (s *shop) show(w http.ResponseWriter, q *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.URL.Path == "/favicon.ico" {
		http.NotFound(w, q)
		return
	}
	head := s.head
	if strings.HasPrefix(q.URL.Path, "/plain/") {
		head = ""
	}
	if s.policy != "" {
		w.Header().Set("Content-Security-Policy", s.policy)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="it"><head><title>%s</title>%s</head><body><a id="away" href="/plain/away">away</a></body></html>`,
		html.EscapeString(strings.Trim(q.URL.Path, "/")), head)
}

// carry takes what goes to Regia there, unless the road is blocked.
func (s *shop) carry(w http.ResponseWriter, q *http.Request) {
	to, err := url.Parse("http://" + s.r.addr)
	if err != nil {
		s.t.Error(err)
		return
	}
	q.Header.Set("User-Agent", ordinary)
	proxy := httputil.NewSingleHostReverseProxy(to)
	if q.URL.Path != "/v1/batch" || q.Method != http.MethodPost {
		proxy.ServeHTTP(w, q)
		return
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the page went before it had sent all
	}
	l := letter{at: time.Now(), size: len(body)}
	var batch struct{ Batch []message }
	if err := json.Unmarshal(body, &batch); err != nil {
		s.t.Errorf("what was sent is no batch: %v\n%s", err, body)
	}
	l.events = batch.Batch
	s.mu.Lock()
	block, place := s.block, len(s.came)
	s.came = append(s.came, l)
	s.mu.Unlock()
	answer := httptest.NewRecorder()
	if block == nil || !block(answer, l) {
		q.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(answer, q)
	} else {
		answer.Header().Set("Access-Control-Allow-Origin", q.Header.Get("Origin"))
		answer.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	if answer.Code == lost {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	s.mu.Lock()
	s.came[place].status, s.came[place].said = answer.Code, answer.Body.String()
	s.mu.Unlock()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// ordinary is a browser with somebody in front of it: one that calls itself
// headless is a bot.
const ordinary = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// lost is the status of an answer that never comes.
const lost = 599

// down is a road on which everything is lost.
func down(w http.ResponseWriter, _ letter) bool {
	w.WriteHeader(lost)
	return true
}

// blocked makes what is sent from now on meet f; nil opens the road.
func (s *shop) blocked(f func(w http.ResponseWriter, l letter) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.block = f
}

func (s *shop) letters() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.came)
}

// arrived gives the events that Regia took, in the order it took them first:
// one it has seen already it leaves out, by its messageId.
func (s *shop) arrived() []message {
	var out []message
	seen := map[string]bool{}
	for _, l := range s.letters() {
		for _, m := range l.events {
			if l.status == http.StatusOK && !seen[m.MessageID] {
				seen[m.MessageID] = true
				out = append(out, m)
			}
		}
	}
	return out
}

// expect waits until just these events have arrived, and gives them.
func (s *shop) expect(want ...string) []message {
	s.t.Helper()
	var got []message
	s.r.eventually(soon, "the events arrive", func() error {
		got = s.arrived()
		names := make([]string, len(got))
		for i, m := range got {
			names[i] = m.String()
		}
		if !slices.Equal(names, want) {
			return fmt.Errorf("arrived: %q, want %q", names, want)
		}
		return nil
	})
	return got
}

// tried waits until somebody has tried to send n batches.
func (s *shop) tried(n int) {
	s.t.Helper()
	s.r.eventually(soon, fmt.Sprintf("%d batches are tried", n), func() error {
		if got := len(s.letters()); got < n {
			return fmt.Errorf("%d were", got)
		}
		return nil
	})
}

// A tab shows a page of the shop.
type tab struct {
	s   *shop
	ctx context.Context
}

// tab opens another tab of the shop's browser; scripts run before each page's own.
func (s *shop) tab(scripts ...string) *tab {
	s.t.Helper()
	ctx, cancel := chromedp.NewContext(s.browser)
	s.t.Cleanup(cancel)
	b := &tab{s, ctx}
	b.must(chromedp.Do(ctx))
	for _, script := range scripts {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		b.must(err)
	}
	return b
}

func (b *tab) must(err error) {
	b.s.t.Helper()
	if err != nil {
		b.s.t.Fatal(err)
	}
}

// open goes to a page and waits until it is there, its scripts included.
func (b *tab) open(path string) *tab {
	b.s.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	b.must(chromedp.Do(ctx, chromedp.Navigate(b.s.site.URL+path)))
	return b
}

// run runs a script in the page and waits for the promise it may give.
func (b *tab) run(script string) {
	b.s.t.Helper()
	told[any](b, "(async () => {"+script+"; return true})()")
}

// told evaluates an expression in the page.
func told[T any](b *tab, expression string) T {
	b.s.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.s.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// kept lists the names of what the page keeps in this browser.
func (b *tab) kept() []string {
	b.s.t.Helper()
	names := told[[]string](b, `[...document.cookie.split("; ").filter(Boolean).map(c => "cookie " + c.split("=")[0]), ...Object.keys(localStorage)]`)
	slices.Sort(names)
	return names
}
