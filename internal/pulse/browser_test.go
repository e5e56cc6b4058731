package pulse

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"regia/internal/experience"
	"regia/internal/testkit"
)

// quiet is a bus on which nothing is told, however many listen.
type quiet struct{}

func (quiet) Subscribe(string, func([]byte)) (func(), error) { return func() {}, nil }

// The Pulse with all that can stand on it, and the people behind a figure, in a
// browser.
func TestPagesInABrowser(t *testing.T) {
	d := newDesk(t)
	d.room.Perception = append(felt(), impression(anna, now.AddDate(0, 0, -3), "cart", -1, experience.Stated))
	d.happened(now.AddDate(0, 0, -1))
	d.room.Bus = quiet{}
	ctx := testkit.Browser(t)
	for _, language := range []string{"it", "en"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Cookie", "owner-"+language)
			d.site.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		t.Cleanup(d.site.CloseStreams) // before the server: it waits for its readers
		for name, path := range map[string]string{
			"pulse": "/", "behind": "/pulse/people?touchpoint=cart&evidence=stated&dimension=emotional&from=2026-03-01&to=2026-03-30", "nobody": "/pulse/people?touchpoint=call&evidence=inferred",
		} {
			testkit.Look(t, ctx, "pulse-"+name, server.URL+path, language, nil)
		}
	}
}
