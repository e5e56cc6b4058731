package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"regia/internal/testkit"
)

// What a company has already: the real libraries of Segment and RudderStack,
// in a browser and on a server, send to Regia as they would to those they were
// made for. Each event arrives once, whatever happens on the way, and what was
// done before somebody said who they are is theirs.
func TestRealLibraries(t *testing.T) {
	for _, file := range []string{"@segment/analytics-next", "@segment/analytics-node", "@rudderstack/analytics-js"} {
		if _, err := os.Stat(filepath.Join("node_modules", filepath.FromSlash(file))); err != nil {
			testkit.Missing(t, "no "+file+" here: run `npm ci` in e2e/, or `make test`")
		}
	}
	r := install(t)
	r.start()
	l := &libraries{r: r, gate: openGate(t, r), start: time.Now().Add(-time.Second)}
	l.pages = l.shop(t)
	t.Run("segment on a server", l.segmentNode)
	b := r.browse(personsBrowser)
	t.Run("segment in a browser", func(t *testing.T) { l.segment(t, b) })
	t.Run("rudderstack in a browser", func(t *testing.T) { l.rudder(t, b) })
	t.Run("a pixel", func(t *testing.T) { l.pixel(t, b) })
}

// segmentNode runs a server's script whose first batch is refused, and whose
// second try is taken but not answered.
func (l *libraries) segmentNode(t *testing.T) {
	before := l.gate.expect(refuse, lose)
	ctx, cancel := context.WithTimeout(t.Context(), later)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/libraries/segment-node.mjs", l.gate.url, l.r.keys.WriteKey)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the script: %v\n%s", err, out)
	}
	l.arrived(t, before, 7)
	nina := l.person(t, "user_id:nina")
	l.tells(t, nina, "Home", "Product Viewed", "identify", "Order Completed", "group", "Basket", "alias")
	l.same(t, nina, "anonymous_id:node-1", "user_id:nina-2", "email:nina@example.com")
	for _, m := range l.r.timeline(nina, 100) {
		if m.Name == "Order Completed" && (l.start.Sub(m.Time) < 50*time.Minute || string(m.Properties) == "{}") {
			t.Errorf("the order of an hour ago: %+v", m)
		}
	}
	l.gate.called(t, "/v1/batch")
}

// segment is a visit with analytics.js: calls one by one, in batches, and one
// when the page is left.
func (l *libraries) segment(t *testing.T, b *browser) {
	before := l.gate.expect(refuse, lose)
	l.visit(t, b, "segment.html", nil)
	ask[any](t, b, `void (analytics.page("Home"), analytics.track("Product Viewed", { product_id: "lamp", price: 49.9 }))`)
	l.arrived(t, before, 2)
	visitor := await[string](t, b, `analytics.ready().then(() => analytics.instance.user().anonymousId())`)
	l.person(t, "anonymous_id:"+visitor)

	// analytics.js aliases only visitors who have no user id yet: it says its own in place of the given one.
	ask[any](t, b, `void (
		analytics.alias("anna"),
		analytics.identify("anna", { email: "anna@example.com", firstName: "Anna" }),
		analytics.track("Order Completed", { order_id: "s-1", revenue: 49.9, currency: "EUR" }),
		analytics.group("club", { name: "The Club" }),
		analytics.screen("Basket"))`)
	l.arrived(t, before, 7)

	l.r.stop()
	ask[any](t, b, `void analytics.track("Sent While Closed")`)
	l.r.start()
	l.arrived(t, before, 8)
	l.alone(t, b)

	l.gate.expect(lose)
	l.visit(t, b, "segment.html", url.Values{"batch": {"3"}})
	ask[any](t, b, `void [1, 2, 3].map((n) => analytics.track("Batched " + n))`)
	l.arrived(t, before, 11)
	await[any](t, b, `analytics.track("Page Left").then(() => true)`)
	l.alone(t, b)
	b.do(t, "leave", chromedp.Navigate(l.pages+"/elsewhere.html"))
	l.arrived(t, before, 12)

	anna := l.person(t, "user_id:anna")
	l.tells(t, anna, "Home", "Product Viewed", "identify", "Order Completed", "group", "Basket", "alias",
		"Sent While Closed", "Batched 1", "Batched 2", "Batched 3", "Page Left")
	l.same(t, anna, "anonymous_id:"+visitor, "email:anna@example.com")
	l.sawPage(t, anna, "/segment.html")
	l.trait(t, anna, "firstName", "Anna")
	l.gate.called(t, "/v1/projects/"+l.r.keys.WriteKey+"/settings", "/v1/p", "/v1/t", "/v1/i", "/v1/g", "/v1/s", "/v1/a", "/v1/b")
}

// rudder is a visit with RudderStack's library, likewise; the last page sends
// by beacon.
func (l *libraries) rudder(t *testing.T, b *browser) {
	before := l.gate.expect(refuse, lose)
	l.visit(t, b, "rudder.html", nil)
	await[any](t, b, `ready.then(() => true)`)
	ask[any](t, b, `void (analytics.page("Home"), analytics.track("Product Viewed", { product_id: "lamp", price: 49.9 }))`)
	l.arrived(t, before, 2)
	visitor := ask[string](t, b, `analytics.getAnonymousId()`)
	l.person(t, "anonymous_id:"+visitor)

	ask[any](t, b, `void (
		analytics.identify("rita", { email: "rita@example.com", firstName: "Rita" }),
		analytics.track("Order Completed", { order_id: "r-1", revenue: 49.9, currency: "EUR" }),
		analytics.group("club", { name: "The Club" }),
		analytics.alias("rita-2", "rita"))`)
	l.arrived(t, before, 6)

	l.gate.expect(lose)
	l.visit(t, b, "rudder.html", url.Values{"batch": {"3"}})
	await[any](t, b, `ready.then(() => true)`)
	ask[any](t, b, `void [1, 2, 3].map((n) => analytics.track("Batched " + n))`)
	l.arrived(t, before, 9)
	l.alone(t, b)

	l.visit(t, b, "rudder.html", url.Values{"beacon": {"1"}})
	await[any](t, b, `ready.then(() => true)`)
	ask[any](t, b, `void analytics.track("Page Left")`)
	l.alone(t, b)
	b.do(t, "leave", chromedp.Navigate(l.pages+"/elsewhere.html"))
	l.arrived(t, before, 10)

	rita := l.person(t, "user_id:rita")
	l.tells(t, rita, "Home", "Product Viewed", "identify", "Order Completed", "group", "alias",
		"Batched 1", "Batched 2", "Batched 3", "Page Left")
	l.same(t, rita, "anonymous_id:"+visitor, "user_id:rita-2", "email:rita@example.com")
	l.sawPage(t, rita, "/rudder.html")
	l.trait(t, rita, "firstName", "Rita")
	l.gate.called(t, "/sourceConfig/", "/v1/page", "/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/v1/batch", "/beacon/v1/batch")
}

// pixel is a mail that somebody opens.
func (l *libraries) pixel(t *testing.T, b *browser) {
	before := l.gate.expect()
	l.visit(t, b, "elsewhere.html", nil)
	width := await[int](t, b, fmt.Sprintf(`new Promise((done, failed) => {
		const image = new Image();
		image.onload = () => done(image.naturalWidth);
		image.onerror = () => failed(new Error("no image"));
		image.src = %q;
	})`, l.gate.url+"/pixel/v1/track?"+url.Values{"writeKey": {l.r.keys.WriteKey}, "userId": {"petra"}, "event": {"Email Opened"},
		"properties.campaign": {"natale"}}.Encode()))
	want(t, "width of the image", width, 1)
	l.arrived(t, before, 1)
	petra := l.r.timeline(l.person(t, "user_id:petra"), 100)
	if len(petra) != 1 || petra[0].Name != "Email Opened" || string(petra[0].Properties) != `{"campaign":"natale"}` {
		t.Errorf("on the timeline: %+v", petra)
	}
}

// libraries is a Regia, behind a gate, and a shop's pages that send to it.
type libraries struct {
	r     *regia
	gate  *gate
	pages string // address of the shop's pages
	start time.Time
}

// shop serves pages that load the libraries as npm brings them. Their policy
// lets them talk to Regia and to nobody else.
func (l *libraries) shop(t *testing.T) string {
	files := http.NewServeMux()
	files.Handle("/npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir("node_modules"))))
	files.Handle("/", http.FileServer(http.Dir("testdata/libraries")))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src "+l.gate.url+"; img-src 'self' "+l.gate.url)
		files.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// visit opens a page of the shop.
func (l *libraries) visit(t *testing.T, b *browser, page string, query url.Values) {
	t.Helper()
	if query == nil {
		query = url.Values{}
	}
	query.Set("regia", l.gate.url)
	query.Set("key", l.r.keys.WriteKey)
	b.do(t, "open "+page, chromedp.Navigate(l.pages+"/"+page+"?"+query.Encode()))
}

// arrived waits until n interactions more than before are woven.
func (l *libraries) arrived(t *testing.T, before int64, n int64) {
	t.Helper()
	deadline := time.After(soon)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		now := l.r.woven().Interactions - before
		if now == n {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d interactions arrived, want %d", now, n)
		case <-look.C:
		}
	}
}

func (l *libraries) person(t *testing.T, identifier string) string {
	t.Helper()
	var found list[person]
	l.r.get("/api/v1/people", url.Values{"identifier": {identifier}}, &found)
	if len(found.Items) != 1 {
		t.Fatalf("%d people have %s, want one", len(found.Items), identifier)
	}
	return found.Items[0].ID
}

// same checks that identifiers all lead to one person.
func (l *libraries) same(t *testing.T, id string, identifiers ...string) {
	t.Helper()
	for _, identifier := range identifiers {
		want(t, "whose "+identifier+" is", l.person(t, identifier), id)
	}
}

// tells checks that a person's timeline has each of names once, and nothing
// else, at times when it can have happened.
func (l *libraries) tells(t *testing.T, id string, names ...string) {
	t.Helper()
	var got []string
	ids := map[string]bool{}
	for _, m := range l.r.timeline(id, 100) {
		if m.Name == "" {
			m.Name = m.Kind
		}
		got = append(got, m.Name)
		ids[m.MessageID] = true
		if m.Time.Before(l.start.Add(-2*time.Hour)) || m.Time.After(time.Now()) || m.ReceivedAt.Before(l.start) {
			t.Errorf("%s: happened %v, received %v", m.Name, m.Time, m.ReceivedAt)
		}
	}
	slices.Sort(got)
	slices.Sort(names)
	wantList(t, "on the timeline", got, names)
	want(t, "message ids", len(ids), len(names))
}

// sawPage checks that the page view brought along which page it was.
func (l *libraries) sawPage(t *testing.T, id, path string) {
	t.Helper()
	for _, m := range l.r.timeline(id, 100) {
		if m.Kind == "page" && !strings.Contains(string(m.Properties), `"path":"`+path+`"`) {
			t.Errorf("the page view says %s, nothing of %s", m.Properties, path)
		}
	}
}

// trait checks what is known of a person.
func (l *libraries) trait(t *testing.T, id, name, value string) {
	t.Helper()
	var who struct {
		Traits []struct {
			Name  string `json:"name"`
			Value any    `json:"value"`
		} `json:"traits"`
	}
	l.r.get("/api/v1/people/"+id, nil, &who)
	for _, x := range who.Traits {
		if x.Name == name && x.Value == value {
			return
		}
	}
	t.Errorf("of the person is known %v, nothing of %s %s", who.Traits, name, value)
}

// alone checks that the page's policy had nothing to forbid: nothing was asked
// of anybody but Regia.
func (l *libraries) alone(t *testing.T, b *browser) {
	t.Helper()
	if blocked := ask[[]string](t, b, `blocked`); len(blocked) > 0 {
		t.Errorf("the page called others: %v", blocked)
	}
}

// await evaluates a script that promises something.
func await[T any](t *testing.T, b *browser, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("ask the page %s: %v", script, err)
	}
	return answer
}

// personsBrowser makes Chromium say what it says with a window: a headless one
// passes for a crawler, whose events are left out of timelines.
var personsBrowser = chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
