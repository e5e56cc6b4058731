package driver

import (
	"net/http/httptest"
	"strconv"
	"testing"

	"regia/internal/testkit"
)

// Every page, in both languages, at a desk in light and on a phone in the dark:
// usable with a screen reader, no wider than the screen.
func TestPagesInABrowser(t *testing.T) {
	h := newHouse(t).year().rate(400, 1)
	sites := []*httptest.Server{httptest.NewServer(h.site), httptest.NewServer(newHouse(t).site)}
	for _, s := range sites {
		t.Cleanup(s.Close)
	}
	ctx := testkit.Browser(t)
	pages := []string{sites[0].URL + opinionsPath + "?scale=nps", sites[0].URL + opinionsPath + "?scale=csat&by=stage", sites[0].URL + opinionsPath + "/people?scale=nps",
		sites[0].URL + driversPath, sites[1].URL + opinionsPath, sites[1].URL + driversPath}
	for _, language := range []string{"it", "en"} {
		testkit.SignIn(t, ctx, sites[0].URL, "role=owner-"+language)
		for i, page := range pages {
			t.Run(language+" "+strconv.Itoa(i), func(t *testing.T) {
				testkit.Look(t, ctx, "driver-"+language+"-"+strconv.Itoa(i), page, language, func() {})
			})
		}
	}
}
