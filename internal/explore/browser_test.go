package explore

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
	d := newDesk(t).shop()
	server := httptest.NewServer(d.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	pages := []string{
		"/explore", at(buy, "") + "&by=properties.colour&window=14d", at(buy, "/people") + "&at=1&stopped=1",
		"/explore/paths?anchor=event%3AProduct+Viewed", "/explore/paths?anchor=event%3AOrder+Completed&before=1&by=touchpoint",
		"/explore/retention?return=event%3AOrder+Completed&start=event%3AOrder+Completed&unit=week", "/explore/trends?by=touchpoint&unit=week",
		"/explore/process?case=properties.order_id&design=Order+Completed&design=Order+Shipped&period=all",
		"/explore/trends?period=custom&from=x&field=revenue&is=at_least&value=5",
	}
	for _, language := range []string{"it", "en"} {
		open(t, ctx, server.URL+"/api/openapi.json")
		tell[string](t, ctx, `document.cookie = "role=owner-`+language+`; path=/"`)
		for i, page := range pages {
			t.Run(language+" "+page, func(t *testing.T) {
				for _, size := range []struct {
					width, height int
					dark          bool
				}{{1280, 900, false}, {390, 844, true}} {
					open(t, ctx, server.URL+page, testkit.View(size.width, size.height, size.dark))
					if got := tell[string](t, ctx, "document.documentElement.lang"); got != language {
						t.Errorf("the page speaks %q", got)
					}
					if over := tell[int](t, ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
						t.Errorf("at %d pixels the page is %d too wide", size.width, over)
					}
					testkit.Axe(t, ctx)
					if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
						testkit.Screenshot(t, ctx, filepath.Join(dir, "explore-"+language+"-"+strconv.Itoa(i)+"-"+strconv.Itoa(size.width)+".png"), size.width, 1400, size.dark)
					}
				}
			})
		}
	}
}

// A change of the question changes the answer and the address; back undoes it.
func TestQuestionChangesInPlace(t *testing.T) {
	d := newDesk(t).shop()
	server := httptest.NewServer(d.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	open(t, ctx, server.URL+"/api/openapi.json", testkit.View(1280, 900, false))
	tell[string](t, ctx, `document.cookie = "role=owner-en; path=/"`)
	open(t, ctx, server.URL+at(buy, ""))
	tell[bool](t, ctx, `(document.querySelector('button[value="step.2"]').click(), true)`)
	until(t, ctx, `document.querySelectorAll(".funnel > li").length === 2`)
	if address := tell[string](t, ctx, "location.search"); address != "?step=event%3AProduct+Viewed&step=event%3AOrder+Completed" {
		t.Errorf("the address is %s", address)
	}
	deadline, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(deadline, chromedp.NavigateBack()); err != nil {
		t.Fatal(err)
	}
	until(t, ctx, `document.querySelectorAll(".funnel > li").length === 3`)
	if answer := tell[string](t, ctx, `document.querySelector(".answer").textContent`); !strings.Contains(answer, "24 people out of 40") {
		t.Errorf("after going back the page says %q", answer)
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
