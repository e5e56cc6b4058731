package voice

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
// in the dark: usable with a screen reader, no wider than the screen. The
// pictures go where REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	h, empty := newHouse(t, "DuckDB").shop(), newHouse(t, "DuckDB")
	servers := []*httptest.Server{httptest.NewServer(h.site), httptest.NewServer(empty.site)}
	for _, s := range servers {
		t.Cleanup(s.Close)
	}
	ctx := testkit.Browser(t)
	one := "/voice/texts/" + h.list(Filter{}).Voices[0].ID.String()
	pages := []string{servers[0].URL + homePath, servers[0].URL + inboxPath + "?topic=delivery", servers[0].URL + one, servers[0].URL + "/voice/learning", servers[1].URL + homePath}
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
					if over := tell[int](t, ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
						t.Errorf("at %d pixels the page is %d too wide", size.width, over)
					}
					testkit.Axe(t, ctx)
					if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
						testkit.Screenshot(t, ctx, filepath.Join(dir, "voice-"+language+"-"+strconv.Itoa(i)+"-"+strconv.Itoa(size.width)+".png"), size.width, 2600, size.dark)
					}
				}
			})
		}
	}
}

// A click puts a label right in place, another takes that back.
func TestCorrectInPlace(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	server := httptest.NewServer(h.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	open(t, ctx, server.URL+"/api/openapi.json", testkit.View(1280, 900, false))
	tell[string](t, ctx, `document.cookie = "role=agent-en; path=/"`)
	open(t, ctx, server.URL+inboxPath)
	tell[bool](t, ctx, `(document.querySelector("article details").open = true, document.querySelector("article button[value='+loyalty']").click(), true)`)
	until(t, ctx, `document.querySelector("article").textContent.includes("is about Loyalty")`)
	tell[bool](t, ctx, `(document.querySelector("article form[action*=undo] button").click(), true)`)
	until(t, ctx, `!document.querySelector("article").textContent.includes("is about Loyalty") && document.querySelector("article button[value='+loyalty']") !== null`)
}

// The pages of topics, and what a change would do while it is typed.
func TestTopicPagesInABrowser(t *testing.T) {
	h := newHouse(t, "DuckDB").shop().flooded()
	server := httptest.NewServer(h.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	loaded := func() {
		testkit.Until(t, ctx, `document.querySelector("#themes .views") !== null`)
	}
	tried := func() { testkit.Until(t, ctx, `!document.querySelector("#trial .note")?.textContent.endsWith("…")`) }
	for _, language := range []string{"it", "en"} {
		testkit.SignIn(t, ctx, server.URL, "role=owner-"+language)
		testkit.Look(t, ctx, "voice-topics", server.URL+topicsPath+"?period=30", language, loaded)
		testkit.Look(t, ctx, "voice-topic", server.URL+editURL("delivery"), language, tried)
		testkit.Look(t, ctx, "voice-topic-new", server.URL+editPath, language, func() {
			tried()
			testkit.Tell[bool](t, ctx, `(document.querySelector("[name=name_it]").value = "Borse", document.querySelector("[name=surely_it]").value = "borsa, bors*",
				document.querySelector("[name=surely_it]").dispatchEvent(new Event("input", {bubbles: true})), true)`)
			testkit.Until(t, ctx, `document.querySelector("#trial").textContent.includes("+")`)
		})
	}
	testkit.Tell[bool](t, ctx, `(document.querySelector("#topic button[type=submit]").click(), true)`)
	testkit.Until(t, ctx, `location.pathname === "`+topicsPath+`" && document.body.textContent.includes("Saved: Borse")`)
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
