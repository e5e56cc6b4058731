package collect

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"regia/internal/experience"
	"regia/internal/testkit"
)

// A browser finds nothing serious against the pages, on a desk and on a phone,
// light and dark. With REGIA_SCREENSHOTS their pictures go there.
func TestPagesInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	r := newRoom(t)
	r.post(Shop, "/v1/batch", `{"batch":[{"type":"track","event":"Receipt Issued","messageId":"m-7","properties":{"total":1}},{"type":"page"}]}`)
	r.post(Shop, "/v1/track", `{"broken`)
	r.door.Close()
	r.recent.events = []RecentEvent{
		{ID: "1", Kind: experience.Track, Name: "Order Completed", ReceivedAt: testNow.Add(-3 * time.Minute), Touchpoint: "till", Person: "p-1"},
		{ID: "2", Kind: experience.PageView, ReceivedAt: testNow.Add(-time.Hour), Flags: experience.FlagBot, Imported: true},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.Header.Set("Authorization", "As owner")
		q.Header.Set("Speaks", "it")
		r.site.ServeHTTP(w, q)
	}))
	defer server.Close()
	defer r.site.CloseStreams()
	ctx := testkit.Browser(t)
	for _, c := range []struct {
		name, path string
		width      int
		dark       bool
	}{
		{"list", "/sources", 1280, false}, {"new", "/sources/new", 1280, false}, {"shop", "/sources/shop", 1280, false},
		{"shop-dark", "/sources/shop", 1280, true}, {"list-phone", "/sources", 390, false}, {"site-phone", "/sources/site", 390, false},
		{"site", "/sources/site", 1280, false}, {"site-dark", "/sources/site", 390, true},
	} {
		if err := chromedp.Do(ctx, testkit.View(c.width, 900, c.dark), chromedp.Navigate(server.URL+c.path)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		testkit.Axe(t, ctx)
		if dir := os.Getenv("REGIA_SCREENSHOTS"); dir != "" {
			testkit.Screenshot(t, ctx, filepath.Join(dir, "sources-"+c.name+".png"), c.width, 1400, c.dark)
		}
	}
}
