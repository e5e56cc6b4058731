package followup

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"regia/internal/testkit"
)

// Every page of the room, in both languages, at a desk in light and on a phone
// in the dark: usable with a screen reader, no wider than the screen; and what a
// rule would have opened is told in place. The pictures go where REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	d := newDesk(t, "SQLite")
	for n := range 4 {
		d.hears(Voice{Person: person(n), Scale: "nps", Score: float64(n), Text: "Aspetto da tre settimane un rimborso: mi rivolgo al mio avvocato.", Sentiment: "negative", Touchpoint: "support"})
	}
	d.hears(Voice{Scale: "stars", Score: 1})
	item := d.list(viewAll)[0]
	d.now = began.Add(9 * time.Hour)
	d.work()
	server := httptest.NewServer(d.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	for _, language := range []string{"it", "en"} {
		open(t, ctx, server.URL+"/api/openapi.json")
		tell[string](t, ctx, `document.cookie = "role=owner-`+language+`; path=/"`)
		for i, page := range []string{homePath, item.path(), rulesPath} {
			t.Run(language+" "+strconv.Itoa(i), func(t *testing.T) {
				for _, size := range []struct {
					width int
					dark  bool
				}{{1280, false}, {390, true}} {
					open(t, ctx, server.URL+page, testkit.View(size.width, 900, size.dark))
					tell[bool](t, ctx, `(document.querySelectorAll("main details").forEach(d => d.open = true), true)`)
					if over := tell[int](t, ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
						t.Errorf("at %d pixels the page is %d too wide", size.width, over)
					}
					testkit.Axe(t, ctx)
					if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
						testkit.Screenshot(t, ctx, filepath.Join(dir, "followup-"+language+"-"+strconv.Itoa(i)+"-"+strconv.Itoa(size.width)+".png"), size.width, 2400, size.dark)
					}
				}
			})
		}
	}
	open(t, ctx, server.URL+rulesPath, testkit.View(1280, 900, false))
	tell[bool](t, ctx, `(document.querySelector("#legal details").open = true, document.querySelector("#legal [formaction]").click(), true)`)
	told, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := chromedp.Run(told, chromedp.Poll[bool](`document.querySelector("#outlook-legal").textContent.includes("would have opened 4")`)); err != nil {
		t.Errorf("the outlook is not told in place: %v", err)
	}
}

func open(t *testing.T, ctx context.Context, address string, before ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, append(before, chromedp.Navigate(address))...); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
}

func tell[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return answer
}
