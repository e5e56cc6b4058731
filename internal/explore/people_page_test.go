package explore

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"regia/internal/analytics"
	"regia/internal/experience"
)

var (
	peopleLink  = regexp.MustCompile(`<a href="(/explore/[a-z]+/people\?[^"]*)"[^>]*>([^<]*)</a>`)
	wholeNumber = regexp.MustCompile(`^[0-9]+$`)
	saidNumber  = regexp.MustCompile(`<strong>([0-9]+) `)
)

// Every number of a page that leads to people leads to as many as it says.
func TestNumbersLeadToAsManyPeople(t *testing.T) {
	d := newDesk(t).shop()
	d.room.Traits = func(context.Context, string) (map[experience.ID]string, error) {
		return map[experience.ID]string{person(1): "Rome", person(2): "Rome", person(3): "Milan"}, nil
	}
	for _, page := range []string{
		at(buy, "") + "&by=properties.colour", at(buy, "") + "&by=traits.city",
		"/explore/paths?anchor=event%3AProduct+Viewed", "/explore/paths?anchor=event%3AOrder+Completed&before=1&top=4",
		"/explore/retention?start=event%3AProduct+Viewed&unit=day&periods=4", "/explore/retention?unit=week&later=1",
		"/explore/trends?measure=cases&by=touchpoint", "/explore/trends?measure=cases&unit=week",
		"/explore/process?design=Product+Viewed&design=Order+Completed",
	} {
		text := d.get(page, "owner")
		links := map[string]string{}
		numbers := 0
		for _, m := range peopleLink.FindAllStringSubmatch(text, -1) {
			links[html.UnescapeString(m[1])] = strings.TrimSpace(m[2])
		}
		for link, number := range links {
			behind := d.get(link, "owner")
			if strings.Contains(behind, "error-box") || strings.Contains(behind, "explore.people") {
				t.Errorf("%s fails, or lacks words", link)
			}
			if !wholeNumber.MatchString(number) {
				continue
			}
			numbers++
			if said := saidNumber.FindStringSubmatch(behind); said == nil || said[1] != number {
				t.Errorf("%s says %s, and the list %v", link, number, said)
			}
		}
		if numbers < 3 {
			t.Errorf("%s: %d numbers lead to people", page, numbers)
		}
	}
}

// The API's lists are as long as the numbers that it gives.
func TestPeopleByAPI(t *testing.T) {
	d := newDesk(t).shop()
	type list struct {
		Items []caseItem
		Total int64
		Next  *string
	}
	ask := func(path string, q any) list { return api[list](d, path, q) }
	process := analytics.Process{}
	p := api[analytics.ProcessAnswer](d, "process", process)
	if got := ask("process/people?of=variant&variant="+strings.Join(escaped(p.TopVariants[0].Activities), "&variant="), process); got.Total != p.TopVariants[0].Cases {
		t.Errorf("the first variant has %d cases, and %d are behind it", p.TopVariants[0].Cases, got.Total)
	}
	trend := analytics.Trend{Measure: analytics.Cases}
	tr := api[analytics.TrendAnswer](d, "trends", trend)
	if got := ask("trends/people?limit=1", trend); got.Total != tr.Series[0].Total || len(got.Items) != 1 || got.Next == nil {
		t.Errorf("%d people, and behind them %+v", tr.Series[0].Total, got)
	}
	paths := analytics.Paths{Anchor: analytics.Match{Event: "Product Viewed"}}
	pa := api[analytics.PathsAnswer](d, "paths", paths)
	if got := ask("paths/people?level=0&ended=true", paths); got.Total != pa.Levels[0].Ended {
		t.Errorf("%d end, and behind them are %d", pa.Levels[0].Ended, got.Total)
	}
	retention := analytics.Retention{Unit: analytics.Day}
	re := api[analytics.RetentionAnswer](d, "retention", retention)
	if got := ask("retention/people?period=1", retention); got.Total != re.All.Returned[0].Cases {
		t.Errorf("%d come back, and behind them are %d", re.All.Returned[0].Cases, got.Total)
	}
	if w := d.ask(http.MethodPost, "/api/v1/analytics/funnel/people?step=1", "viewer", []byte(`{"steps":[{}],"by":"traits.city"}`)); w.Code != http.StatusForbidden {
		t.Errorf("a viewer asks by traits and is answered %d", w.Code)
	}
}

func escaped(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ReplaceAll(s, " ", "+")
	}
	return out
}
