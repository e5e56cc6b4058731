package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/klauspost/compress/gzip"
)

// What regia.js takes from a page arrives once, in order, whatever happens.

// counted names n events.
func counted(name string, from, to int) (names []string) {
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprint(name, " ", i))
	}
	return names
}

func tracking(names []string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "regia.track(%q);", name)
	}
	return b.String()
}

// inLedger checks that the books have as many interactions of the first
// message's visitor as there are messages.
func (s *shop) inLedger(got []message) {
	s.t.Helper()
	s.r.woven()
	for _, m := range got {
		want(s.t, "the visitor of "+m.String(), m.AnonymousID, got[0].AnonymousID)
	}
	want(s.t, "interactions in the ledger", len(s.r.timeline(s.r.person("anonymous_id:"+got[0].AnonymousID).ID, 100)), len(got))
}

// A server that is down, and a page that is loaded again meanwhile.
func serverDown(s *shop) {
	s.blocked(down)
	b := s.tab().open("/1")
	b.run(tracking(counted("One", 1, 3)))
	s.tried(1)
	b.open("/2").run(tracking(counted("Two", 1, 2)))
	s.tried(2)
	if got := s.arrived(); len(got) > 0 {
		s.t.Fatalf("arrived on a blocked road: %v", got)
	}
	s.blocked(nil)
	b.open("/3").run(`regia.track("Three")`)
	s.inLedger(s.expect("One 1", "One 2", "One 3", "Two 1", "Two 2", "Three"))
	for _, name := range b.kept() {
		if strings.HasPrefix(name, "regia.q.") {
			s.t.Errorf("%s is still kept", name)
		}
	}
}

// A phone in a tunnel: the page learns by itself that it is out.
func networkGone(s *shop) {
	b := s.tab().open("/")
	b.run(`regia.track("Before"); await regia.flush()`)
	b.offline(true)
	want(s.t, "the browser says it is online", told[bool](b, "navigator.onLine"), false)
	b.run(tracking(counted("Tunnel", 1, 3)) + `await regia.flush()`)
	want(s.t, "events that arrived", len(s.arrived()), 1)
	b.offline(false)
	s.inLedger(s.expect(append([]string{"Before"}, counted("Tunnel", 1, 3)...)...))
}

func (b *tab) offline(gone bool) {
	b.s.t.Helper()
	_, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: gone, DownloadThroughput: -1, UploadThroughput: -1}},
	})
	b.must(err)
	_, err = chromedp.Call(b.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline: gone, DownloadThroughput: -1, UploadThroughput: -1,
	})
	b.must(err)
}

// The last word of a page: people click a link, and nobody of ours is on the
// page it leads to.
func pageLeft(s *shop) {
	b := s.tab().open("/")
	b.run(`document.getElementById("away").addEventListener("click", () => regia.track("Link Clicked", { to: "away" }))`)
	ctx := b.ctx
	b.must(chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#away")), chromedp.WaitReady(chromedp.CSS("body"))))
	got := s.expect("Link Clicked")
	// It is still kept, as nobody heard the answer; the next page's double counts once.
	b.open("/again").run(`regia.track("Back Again"); await regia.flush()`)
	s.inLedger(s.expect("Link Clicked", "Back Again"))

	// A day later the double could no longer be told: then the farewell counts.
	b.run(`regia.track("Waiting")`)
	b.run(`await regia.flush(); localStorage.setItem("regia.q.0", (Date.now() - 25 * 3600e3) + '{"type":"track","event":"Yesterday"}'); await regia.flush()`)
	s.expect("Link Clicked", "Back Again", "Waiting")
	if kept := b.kept(); slices.Contains(kept, "regia.q.0") {
		s.t.Errorf("kept: %v", kept)
	}
	for _, l := range s.letters() {
		if l.size > 60<<10 {
			s.t.Errorf("a batch has %d bytes", l.size)
		}
	}
	want(s.t, "the way out", got[0].Properties["to"], any("away"))
}

// Two tabs share a visitor and a way out.
func twoTabs(s *shop) {
	s.blocked(down)
	a, b := s.tab().open("/a"), s.tab().open("/b")
	var names []string
	for i := range 5 {
		for name, x := range map[string]*tab{"A": a, "B": b} {
			more := counted(fmt.Sprint(name, i), 1, 4)
			names = append(names, more...)
			x.run(tracking(more))
		}
	}
	s.tried(2)
	s.blocked(nil)
	a.run(`dispatchEvent(new Event("online"))`)
	b.run(`dispatchEvent(new Event("online")); await regia.flush()`)
	a.run(`await regia.flush()`)
	got := s.arrived()
	arrived := make([]string, len(got))
	for i, m := range got {
		arrived[i] = m.String()
	}
	for _, prefix := range []string{"A", "B"} {
		mine := func(list []string) (out []string) {
			for _, name := range list {
				if strings.HasPrefix(name, prefix) {
					out = append(out, name)
				}
			}
			return out
		}
		wantList(s.t, "what tab "+prefix+" said", mine(arrived), mine(names))
	}
	s.inLedger(got)
}

// A server that asks for time gets it, from the next page and other tabs too.
func comeAgainLater(s *shop) {
	s.blocked(func(w http.ResponseWriter, _ letter) bool {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	b := s.tab().open("/")
	b.run(`regia.track("First"); await regia.flush()`)
	asked := s.letters()[0].at
	s.blocked(nil)
	b.run(`regia.track("Second"); await regia.flush(); dispatchEvent(new Event("online"))`)
	b.open("/next").run(`regia.track("Third"); await regia.flush()`)
	s.tab().open("/other").run(`regia.track("Fourth"); await regia.flush()`)
	if n := len(s.letters()); n != 1 && time.Since(asked) < 2*time.Second {
		s.t.Errorf("%d batches were sent before it was time", n)
	}
	s.inLedger(s.expect("First", "Second", "Third", "Fourth"))
	if waited := s.letters()[1].at.Sub(asked); waited < 1900*time.Millisecond {
		s.t.Errorf("it was asked again after %v", waited)
	}
}

// A bad event never takes the others with it: Regia names it in its answer,
// with 200 as the door does, or with 400 as a stricter one would.
func oneBadEvent(s *shop) {
	b := s.tab().open("/")
	long := strings.Repeat("n", 201)
	b.run(fmt.Sprintf(`regia.track("Good 1"); regia.track(%q); regia.track("Good 2"); await regia.flush()`, long))
	s.expect("Good 1", long, "Good 2")
	if said := s.letters()[0].said; !strings.Contains(said, `"accepted":2`) || !strings.Contains(said, `"index":1`) {
		s.t.Errorf("the door said %s", said)
	}
	refused := false
	s.blocked(func(w http.ResponseWriter, l letter) bool {
		if refused {
			return false
		}
		refused = true
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"accepted":0,"rejected":[{"index":1,"message_id":"","error":"not that one"}],"error":"not that one"}`))
		return true
	})
	b.run(`regia.track("Good 3"); regia.track("Bad"); regia.track("Good 4"); await regia.flush()`)
	s.expect("Good 1", long, "Good 2", "Good 3", "Good 4")
}

// A batch that is refused without a reason is halved until the bad one is found.
func refusalWithoutNames(s *shop) {
	s.blocked(func(w http.ResponseWriter, l letter) bool {
		for _, m := range l.events {
			if m.Event == "Many 5" {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return true
			}
		}
		return false
	})
	b := s.tab().open("/")
	b.run(tracking(counted("Many", 1, 9)) + `await regia.flush()`)
	got := s.expect(slices.Concat(counted("Many", 1, 4), counted("Many", 6, 9))...)
	s.inLedger(got)
}

// The queue is bounded, and so is a request.
func moreThanFits(s *shop) {
	s.blocked(down)
	b := s.tab().open("/")
	b.run(`regia.track("Huge", { text: "x".repeat(40000) }); for (let i = 1; i <= 520; i++) regia.track("Many " + i, { text: "è".repeat(200) })`)
	want(s.t, "events that wait", told[int](b, `Object.keys(localStorage).filter(name => name.startsWith("regia.q.")).length`), 500)
	s.blocked(nil)
	b.open("/next").run(`await regia.flush()`)
	s.expect(counted("Many", 21, 520)...)
	for _, l := range s.letters() {
		if l.size > 60<<10 {
			s.t.Errorf("a batch has %d bytes", l.size)
		}
	}
}

// Where nothing may be stored, a page still tells what happens on it.
func storageClosed(s *shop) {
	b := s.tab(`
		Object.defineProperty(window, "localStorage", { get() { throw new DOMException("closed", "SecurityError") } });
		Object.defineProperty(document, "cookie", { get() { throw new DOMException("closed", "SecurityError") }, set() { throw new DOMException("closed", "SecurityError") } });
	`).open("/")
	failed := false
	s.blocked(func(w http.ResponseWriter, _ letter) bool {
		if failed {
			return false
		}
		failed = true
		return down(w, letter{})
	})
	b.run(`regia.identify("nobody-stored"); regia.track("A"); await regia.flush(); dispatchEvent(new Event("online")); await regia.flush(); regia.track("B"); await regia.flush()`)
	got := s.expect("identify", "A", "B")
	want(s.t, "the visitor", got[2].AnonymousID, got[0].AnonymousID)
	want(s.t, "the user", got[2].UserID, "nobody-stored")
	s.inLedger(got)
}

// TestRegiaJSSize holds the promise that shops' pages stay light.
func TestRegiaJSSize(t *testing.T) {
	r := install(t)
	r.start()
	script, header := r.library(t)
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(script); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	t.Logf("regia.js: %d bytes, %d gzipped", len(script), zipped.Len())
	if zipped.Len() >= 5<<10 {
		t.Errorf("regia.js has %d bytes gzipped, 5 KB are the most", zipped.Len())
	}
	if header.Get("Access-Control-Allow-Origin") != "*" || header.Get("ETag") == "" {
		t.Errorf("headers of /regia.js: %v", header)
	}
}
