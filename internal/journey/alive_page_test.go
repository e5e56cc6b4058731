package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/testkit"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

func TestAliveTexts(t *testing.T) { web.CheckMessages(t, os.DirFS("alive")) }

// buying is a map of which the record can show all but one step.
func buying() Map {
	on := func(event string) []analytics.Match { return []analytics.Match{{Event: event}} }
	return Map{Name: "Buying", Stages: []Stage{
		{Name: "Discovering", Steps: []Step{
			{Name: "Hearing of it", Assumed: map[experience.Dimension]float64{experience.Emotional: 0.4}},
			{Name: "Looking at a product", Match: on("Product Viewed"), Assumed: map[experience.Dimension]float64{experience.Emotional: 0.3, experience.Cognitive: 0.1}},
		}},
		{Name: "Buying", Steps: []Step{
			{Name: "Going to the checkout", Match: on("Checkout Started"), Assumed: map[experience.Dimension]float64{experience.Emotional: -0.2}},
			{Name: "Ordering", Match: on("Order Completed"), MomentOfTruth: true, Assumed: map[experience.Dimension]float64{experience.Emotional: 0.5}},
		}},
		{Name: "Receiving", Steps: []Step{
			{Name: "Receiving the parcel", Match: on("Order Delivered"), MomentOfTruth: true, Expectation: &Expectation{Within: "5d", Text: "Within five days"}, Assumed: map[experience.Dimension]float64{experience.Emotional: 0.7}},
			{Name: "Recommending it to friends and family", Match: on("Referral Sent")},
		}},
	}}
}

type names struct{}

func (names) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		if id[0]%3 > 0 { // the others are anonymous
			out[id] = "Ada " + id.String()[:4]
		}
	}
	return out, nil
}

// people have two hundred walk a part of the map: the parcel is late for every
// fourth, who calls and says so.
func (h *house) people() {
	h.t.Helper()
	var rows []experience.Interaction
	var felt impressions
	now := clock()
	for who := range 200 {
		person := experience.HashID(nil, "somebody", strconv.Itoa(who))
		at := now.AddDate(0, 0, -60).Add(time.Duration(who*5) * time.Hour)
		add := func(name string, after time.Duration, impacts ...experience.Impact) {
			id := experience.HashID(nil, name, strconv.Itoa(who))
			at = at.Add(after)
			if at.After(now) {
				return
			}
			rows = append(rows, experience.Interaction{ID: id, MessageID: id.String(), Source: "web", Kind: experience.Track, Name: name, Time: at, ReceivedAt: at,
				Person: person, Properties: json.RawMessage(`{}`)})
			if len(impacts) > 0 {
				felt = append(felt, experience.Impression{Interaction: id, Person: person, Time: at, Name: name, Impacts: impacts})
			}
		}
		add("Product Viewed", 0, experience.Impact{Dimension: experience.Emotional, Value: 0.1 + float64(who%3)/10, Evidence: experience.Inferred})
		if who%5 == 0 {
			continue
		}
		add("Checkout Started", time.Hour, experience.Impact{Dimension: experience.Emotional, Value: -0.3 - float64(who%4)/20, Evidence: experience.Inferred})
		if who%3 == 0 {
			continue
		}
		add("Order Completed", 4*time.Minute, experience.Impact{Dimension: experience.Emotional, Value: 0.5, Evidence: experience.Inferred})
		if who%4 > 0 {
			add("Order Delivered", 75*time.Hour, experience.Impact{Dimension: experience.Emotional, Value: 0.35, Evidence: experience.Inferred})
			add("Survey Answered", 24*time.Hour, experience.Impact{Dimension: experience.Emotional, Value: 0.25 * float64(who%5), Evidence: experience.Stated})
		} else {
			add("Phone Call Received", 130*time.Hour)
			add("Order Delivered", 60*time.Hour, experience.Impact{Dimension: experience.Emotional, Value: -0.4, Evidence: experience.Inferred})
			add("Survey Answered", 24*time.Hour, experience.Impact{Dimension: experience.Emotional, Value: -1 + 0.25*float64(who%3), Evidence: experience.Stated})
		}
		if who%40 == 1 {
			add("Referral Sent", 48*time.Hour)
		}
	}
	books.Fill(h.t, h.room.Ledger, rows)
	h.room.Alive.Impressions, h.room.Alive.People, h.room.Alive.Patience = felt, names{}, time.Minute
}

func (h *house) keep(m Map) {
	h.t.Helper()
	if w := h.ask("owner", "POST", "/api/v1/journeys", m); w.Code != 201 {
		h.t.Fatalf("the map is answered %d: %s", w.Code, w.Body)
	}
}

// The page of a map says where people are lost, and its numbers lead to them.
func TestMapIsAlive(t *testing.T) {
	h := newHouse(t)
	h.keep(buying())
	h.shows(h.ask("owner", "GET", "/journeys/buying", nil), 200, "Nobody took any of these steps")
	h.people()
	h.shows(h.ask("owner", "GET", "/journeys/buying", nil), 200, "Where do we lose them?", "The journey ends at", "no event shows it", "too few (n = ",
		"Follow the map exactly", "is missing", "/journeys/buying/people?at=ordering", "What stays in mind")
	h.shows(h.ask("owner", "GET", "/journeys/buying/people?what=broken&at=receiving-the-parcel", nil), 200, "to whom the promise", "Ada ", "Anonymous · ")
	h.shows(h.ask("owner", "GET", "/journeys/buying/people?what=felt&at=receiving-the-parcel&dimension=emotional&evidence=stated", nil), 200, "−0.75")
	h.shows(h.ask("owner", "GET", "/journeys/buying/people?what=deviates&kind=unknown&activity=Phone+Call+Received", nil), 200, "is not in the map")
	h.shows(h.ask("owner", "GET", "/journeys/buying/people?what=reached", nil), 400)
	h.shows(h.ask("owner", "GET", "/journeys/buying?from=x", nil), 400)
	h.shows(h.ask("owner", "GET", "/journeys/buying/figures.csv", nil), 200, "stage,step,name,cases", "receiving,receiving-the-parcel")
	h.shows(h.ask("owner", "GET", "/journeys/nowhere/figures.csv", nil), 404)
}

// Who may not see people sees figures, and no way to them.
func TestFiguresWithoutPeople(t *testing.T) {
	h := newHouse(t)
	h.keep(buying())
	h.people()
	h.shows(h.ask("viewer", "GET", "/journeys/buying", nil), 200, "Where do we lose them?", "!/people?")
	h.shows(h.ask("viewer", "GET", "/journeys/buying/people?what=finished", nil), 403)
	h.shows(h.ask("viewer", "GET", "/api/v1/journeys/buying/people?what=finished", nil), 403)
}

// The API has the figures that the page shows, and those behind them page by
// page.
func TestFiguresByAPI(t *testing.T) {
	h := newHouse(t)
	h.keep(buying())
	h.people()
	var f JourneyFigures
	read := func(target string, into any) {
		t.Helper()
		w := h.ask("owner", "GET", target, nil)
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	read("/api/v1/journeys/buying/figures", &f)
	if f.Cases != 200 || f.Steps[2].Cases != 160 || f.Finished+f.Here+f.Stopped != 200 || !f.Felt {
		t.Errorf("%+v", f)
	}
	var page struct {
		Items []MapCase
		Next  *int
		All   int
	}
	seen := map[string]bool{}
	for skip := 0; ; skip = *page.Next {
		page.Next = nil
		read(fmt.Sprintf("/api/v1/journeys/buying/people?what=reached&at=going-to-the-checkout&limit=70&skip=%d", skip), &page)
		for _, one := range page.Items {
			seen[one.Case] = true
		}
		if page.Next == nil {
			break
		}
	}
	if len(seen) != 160 || page.All != 160 {
		t.Errorf("%d of %d behind 160", len(seen), page.All)
	}
	h.shows(h.ask("owner", "GET", "/api/v1/journeys/buying/figures?from=2026-10-02T00:00:00Z&to=2026-10-01T00:00:00Z", nil), 400)
}

// What takes long follows by itself.
func TestSlowFiguresFollow(t *testing.T) {
	h := newHouse(t)
	h.keep(buying())
	h.people()
	h.room.Alive.Patience = time.Nanosecond
	w := h.ask("owner", "GET", "/journeys/buying?period=30d", nil)
	h.shows(w, 200, `hx-get="/journeys/buying/figures?period=30d"`, "!The journey ends at")
	h.shows(h.ask("owner", "GET", "/journeys/buying/figures?period=30d", nil), 303)
}

// The page in both languages, at a desk in light and on a phone in the dark.
// The pictures go where REGIA_SHOTS says.
func TestAliveInABrowser(t *testing.T) {
	h := newHouse(t)
	h.keep(buying())
	h.people()
	server := httptest.NewServer(h.site)
	t.Cleanup(server.Close)
	ctx := testkit.Browser(t)
	for _, language := range []string{"it", "en"} {
		testkit.SignIn(t, ctx, server.URL, "role=owner-"+language)
		for i, page := range []string{"/journeys/buying", "/journeys/buying/people?what=felt&at=receiving-the-parcel&dimension=emotional&evidence=stated", "/journeys/buying?from=2020-01-01&to=2020-02-01"} {
			testkit.Look(t, ctx, "alive-"+strconv.Itoa(i), server.URL+page, language, func() {
				if drawn := testkit.Tell[int](t, ctx, `document.querySelectorAll("svg.lived .feel-point").length`); i == 0 && drawn == 0 {
					t.Errorf("the curve has no points")
				}
			})
		}
	}
}
