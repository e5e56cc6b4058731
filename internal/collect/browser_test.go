package collect

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit"
)

// Every page of the room in a browser.
func TestPagesInABrowser(t *testing.T) {
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
	for name, path := range map[string]string{"list": "/sources", "new": "/sources/new", "shop": "/sources/shop", "site": "/sources/site"} {
		testkit.Look(t, ctx, "sources-"+name, server.URL+path, "it", nil)
	}
}
