package lifecycle

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

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
		for _, s := range servers {
			testkit.SignIn(t, ctx, s.URL, "role=owner-"+language)
		}
		for i, page := range pages {
			t.Run(language+" "+strconv.Itoa(i), func(t *testing.T) {
				testkit.Look(t, ctx, "lifecycle-"+strconv.Itoa(i), page, language, func() {
					testkit.Tell[bool](t, ctx, `(document.querySelectorAll("main details").forEach(d => d.open = true), true)`)
				})
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
	testkit.SignIn(t, ctx, server.URL, "role=manager-en")
	testkit.Open(t, ctx, server.URL+homePath, testkit.View(1280, 900, false))
	testkit.Tell[bool](t, ctx, `(document.querySelector("#rules details").open = true, document.querySelector("[name=fan_orders]").value = "3", document.querySelector("[formaction]").click(), true)`)
	testkit.Until(t, ctx, `document.querySelector("#outlook").textContent.includes("would change stage")`)
	if v, err := h.room.Rules(t.Context()); err != nil || v.Number != 0 {
		t.Errorf("looking saved version %d %v", v.Number, err)
	}
	testkit.Tell[bool](t, ctx, `(document.querySelector("#rules form .btn-primary").click(), true)`)
	testkit.Until(t, ctx, `location.search.includes("done") && document.querySelector("#rules").textContent.includes("Version 1, by Marta")`)
	if answer := testkit.Tell[string](t, ctx, `document.querySelector("#rules").textContent`); !strings.Contains(answer, "at least 3 times") {
		t.Errorf("the rules are %q", answer)
	}
}
