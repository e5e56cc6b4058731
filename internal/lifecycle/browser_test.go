package lifecycle

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"regia/internal/testkit"
)

// Every page of the room, in both languages, at a desk in light and on a phone
// in the dark: usable with a screen reader, no wider than the screen. The
// pictures go where REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	h := newHouse(t).shop()
	empty := newHouse(t)
	servers := []*httptest.Server{httptest.NewServer(h.site), httptest.NewServer(empty.site)}
	for _, s := range servers {
		t.Cleanup(s.Close)
	}
	ctx := testkit.Browser(t)
	pages := []string{servers[0].URL + homePath, servers[0].URL + homePath + "?month=2026-03&span=all&done=1", servers[0].URL + homePath + "/people?bought=once", servers[1].URL + homePath}
	for _, language := range []string{"it", "en"} {
		open(t, ctx, servers[0].URL+"/api/openapi.json")
		tell[string](t, ctx, `document.cookie = "role=owner-`+language+`; path=/"`)
		for i, page := range pages {
			t.Run(language+" "+strconv.Itoa(i), func(t *testing.T) {
				for _, size := range []struct {
					width int
					dark  bool
				}{{1280, false}, {390, true}} {
					open(t, ctx, page, testkit.View(size.width, 900, size.dark))
					if got := tell[string](t, ctx, "document.documentElement.lang"); got != language {
						t.Errorf("the page speaks %q", got)
					}
					tell[bool](t, ctx, `(document.querySelectorAll("main details").forEach(d => d.open = true), true)`)
					if over := tell[int](t, ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
						t.Errorf("at %d pixels the page is %d too wide: %s", size.width, over, tell[string](t, ctx, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth).map(e => e.className + ":" + e.textContent.slice(0, 40)).slice(0, 5).join(" | ")`))
					}
					testkit.Axe(t, ctx)
					if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
						testkit.Screenshot(t, ctx, filepath.Join(dir, "lifecycle-"+language+"-"+strconv.Itoa(i)+"-"+strconv.Itoa(size.width)+".png"), size.width, 3600, size.dark)
					}
				}
			})
		}
	}
}

// What other rules would change is told in place, and nothing is saved by it.
func TestOutlookInPlace(t *testing.T) {
	h := newHouse(t).shop()
	server := httptest.NewServer(h.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	open(t, ctx, server.URL+"/api/openapi.json", testkit.View(1280, 900, false))
	tell[string](t, ctx, `document.cookie = "role=manager-en; path=/"`)
	open(t, ctx, server.URL+homePath)
	tell[bool](t, ctx, `(document.querySelector("#rules details").open = true, document.querySelector("[name=fan_orders]").value = "3", document.querySelector("[formaction]").click(), true)`)
	until(t, ctx, `document.querySelector("#outlook").textContent.includes("would change stage")`)
	if v, err := h.room.Rules(t.Context()); err != nil || v.Number != 0 {
		t.Errorf("looking saved version %d %v", v.Number, err)
	}
	tell[bool](t, ctx, `(document.querySelector("#rules form .btn-primary").click(), true)`)
	until(t, ctx, `location.search.includes("done") && document.querySelector("#rules").textContent.includes("Version 1, by Marta")`)
	if answer := tell[string](t, ctx, `document.querySelector("#rules").textContent`); !strings.Contains(answer, "at least 3 times") {
		t.Errorf("the rules are %q", answer)
	}
}

const patience = 30 * time.Second

func open(t *testing.T, ctx context.Context, address string, before ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, append(before, chromedp.Navigate(address))...); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
}

func tell[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return answer
}

func until(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](script))
		if err == nil {
			return
		}
		if ctx.Err() != nil { // else the page gave way to another while it was looked at
			t.Fatalf("%s never came true: %v", script, err)
		}
	}
}
