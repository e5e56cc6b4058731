package app_test

import (
	"fmt"
	"net/url"
	"regia/internal/testkit"
	"testing"
)

// A map of the help desk's process, held against its log, gives the published
// figures of the alignment: every ticket once, whoever opened it.
func TestHelpdeskMapIsTrue(t *testing.T) {
	w := open(t)
	w.bring("helpdesk", testkit.RealData(t, "helpdesk", "helpdesk.csv"))
	var steps []map[string]any
	for _, name := range []string{"Assign seriousness", "Take in charge ticket", "Resolve ticket", "Closed"} {
		steps = append(steps, map[string]any{"name": name, "match": []map[string]any{{"event": "Ticket: " + name}}})
	}
	var drawn struct{ Key string }
	w.post("/api/v1/journeys", map[string]any{"name": "Help desk", "kind": "to_be", "case": "properties.case_id",
		"stages": []map[string]any{{"name": "Ticket", "steps": steps}}}, &drawn)
	var f struct {
		Cases, Interactions int64
		Alignment           struct {
			Fitness, Fitting float64
			Average          float64 `json:"average_fitness"`
		}
		Deviations []struct {
			Kind, Step, Activity string
			Cases                int64
		}
	}
	w.get("/api/v1/journeys/"+drawn.Key+"/figures", &f)
	w.same("cases", f.Cases, 4580)
	w.same("interactions", f.Interactions, 21348)
	w.same("fitness", fmt.Sprintf("%.6f %.6f %v", f.Alignment.Fitness, f.Alignment.Average, f.Alignment.Fitting), "0.902844 0.914043 2366")
	for _, d := range f.Deviations[:3] {
		var page struct{ All int64 }
		w.get(fmt.Sprintf("/api/v1/journeys/%s/people?what=deviates&kind=%s&at=%s&activity=%s&limit=1", drawn.Key, d.Kind, d.Step, url.QueryEscape(d.Activity)), &page)
		w.same("behind "+d.Kind+" "+d.Step+d.Activity, page.All, d.Cases)
	}
}
