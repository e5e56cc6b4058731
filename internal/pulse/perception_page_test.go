package pulse

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"regia/internal/experience"
)

// felt is half a year of what 30 people a week said about the cart, which got
// worse seven weeks before the end, and about the till, which did not.
func felt() told {
	r := rand.New(rand.NewPCG(6, 5))
	var list told
	for k := range 30 {
		for week := range newsWeeks {
			level := 0.3
			if week >= newsWeeks-7 {
				level = -0.5
			}
			at := mondays[week].AddDate(0, 0, 2)
			list = append(list,
				impression(person(k), at, "cart", stars(level+0.4*r.NormFloat64()), experience.Stated),
				impression(person(k), at, "till", stars(0.2+0.4*r.NormFloat64()), experience.Stated))
		}
	}
	return list
}

func TestPulseSaysWhatFell(t *testing.T) {
	d := newDesk(t)
	d.room.Perception = felt()
	d.happened(now.AddDate(0, 0, -1))
	page := d.get(experience.Owner, "/")
	d.wants(page, "It got worse: cart", "since the week of 9 Feb", "Worse", "Who is behind it", "/pulse/people?dimension=emotional",
		"Where it hurts most", "on average for 30 people", "Look at what happens before", "anchor=touchpoint%3Acart", "2 series followed over 26 weeks", "at most 5% of the time")
	if strings.Contains(page, "It got better") || strings.Contains(page, ">Better<") {
		t.Error("the till did not change, yet something is said to have got better")
	}
	d.wants(d.get(experience.Owner, "/pulse/parts/perception"), "It got worse: cart")
}

func TestPulseIsCalmWhereNothingChanges(t *testing.T) {
	d := newDesk(t)
	d.happened(now.AddDate(0, 0, -1))
	if page := d.get(experience.Owner, "/"); strings.Contains(page, "perception") {
		t.Error("nobody reckons perception, yet the page speaks of it")
	}
	var calm told
	for _, i := range felt() {
		if i.Touchpoint == "till" {
			calm = append(calm, i)
		}
	}
	d.room.Perception = calm
	d.wants(d.get(experience.Owner, "/"), "Nothing really changed", "nothing to run after", "At no touchpoint do people come off badly")
	d.room.Perception, d.room.remembers = calm[len(calm)-6:], remembered{}
	d.wants(d.get(experience.Owner, "/"), "Too little yet to say whether anything changes", "Too few people at every touchpoint to say (20 are needed)")
	d.room.Perception, d.room.remembers = told(nil), remembered{}
	d.wants(d.get(experience.Owner, "/"), "nothing is known yet of how people came off")
}

func TestPeopleBehindAFigure(t *testing.T) {
	d := newDesk(t)
	list := felt()
	list = append(list, impression(anna, now.AddDate(0, 0, -3), "cart", -1, experience.Stated))
	d.room.Perception = list
	d.happened(now.AddDate(0, 0, -1))
	const address = "/pulse/people?touchpoint=cart&evidence=stated&dimension=emotional&from=2026-03-01&to=2026-03-30"
	page := d.get(experience.Manager, address)
	d.wants(page, "31 people", "(cart)", "Anna Ferri", "/people/"+anna.String(), "Anonymous visitor")
	if strings.Index(page, "Anna Ferri") > strings.Index(page, "Anonymous visitor") {
		t.Error("who came off worst does not come first")
	}
	if strings.Contains(d.get(experience.Viewer, address), "Anna Ferri") {
		t.Error("a viewer reads a name")
	}
	if page := d.get(experience.Manager, address+"&order=best"); strings.Index(page, "Anna Ferri") < strings.Index(page, "Anonymous visitor") {
		t.Error("who came off worst comes first where the best are asked for")
	}
	d.wants(d.get(experience.Manager, "/pulse/people?touchpoint=call&evidence=inferred"), "nobody")
	r := httptest.NewRequest(http.MethodGet, "/pulse/people?touchpoint=cart&evidence=guessed", nil)
	r.Header.Set("Cookie", string(experience.Owner))
	w := httptest.NewRecorder()
	if d.site.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("evidence that there is not: %d", w.Code)
	}
}

func TestPerceptionAPI(t *testing.T) {
	d := newDesk(t)
	d.room.Perception = felt()
	d.happened(now.AddDate(0, 0, -1))
	var got PerceptionReport
	if err := json.Unmarshal([]byte(d.get(experience.Owner, "/api/v1/pulse/perception")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Fell) != 1 || len(got.Rose) != 0 || got.Tested != 2 || got.FalseAlarms != falseAlarms || got.People != 30 || len(got.Hurts) != 1 {
		t.Fatalf("%+v", got)
	}
	m := got.Fell[0]
	if m.Touchpoint != "cart" || m.Stage != experience.Purchase || m.Kind != "step" || !m.Since.Equal(mondays[newsWeeks-7]) || m.After.N != 7*30 {
		t.Errorf("%+v", m)
	}
	// Asked again at once it is not reckoned again.
	d.room.Perception = told(nil)
	d.wants(d.get(experience.Owner, "/api/v1/pulse/perception"), `"touchpoint":"cart"`)
}
