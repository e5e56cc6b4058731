package explore

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

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
		testkit.SignIn(t, ctx, server.URL, "role=owner-"+language)
		for i, page := range pages {
			t.Run(language+" "+page, func(t *testing.T) {
				testkit.Look(t, ctx, "explore-"+strconv.Itoa(i), server.URL+page, language, nil)
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
	testkit.SignIn(t, ctx, server.URL, "role=owner-en")
	testkit.Open(t, ctx, server.URL+at(buy, ""), testkit.View(1280, 900, false))
	testkit.Tell[bool](t, ctx, `(document.querySelector('button[value="step.2"]').click(), true)`)
	testkit.Until(t, ctx, `document.querySelectorAll(".funnel > li").length === 2`)
	if address := testkit.Tell[string](t, ctx, "location.search"); address != "?step=event%3AProduct+Viewed&step=event%3AOrder+Completed" {
		t.Errorf("the address is %s", address)
	}
	testkit.Do(t, ctx, "go back", chromedp.NavigateBack())
	testkit.Until(t, ctx, `document.querySelectorAll(".funnel > li").length === 3`)
	if answer := testkit.Tell[string](t, ctx, `document.querySelector(".answer").textContent`); !strings.Contains(answer, "24 people out of 40") {
		t.Errorf("after going back the page says %q", answer)
	}
}
