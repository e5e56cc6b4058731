package driver

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stats"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// What is told is read as senders write it; nothing that is no answer becomes one.
func TestItems(t *testing.T) {
	r := newReader(nil)
	for _, c := range []struct{ name, usual, properties, want string }{
		{"flat", "", `{"scale":"nps","score":9}`, " nps 9 lead"},
		{"as text", "", `{"scale":"NPS","score":"9"}`, " nps 9 lead"},
		{"a review", "stars", `{"rating":4,"text":"bello"}`, " stars 4 lead"},
		{"out of ten", "stars", `{"score":8,"out_of":10}`, " stars/10 8 lead"},
		{"off the scale", "", `{"scale":"nps","score":11}`, ""},
		{"no scale", "", `{"score":4}`, ""},
		{"no score", "stars", `{"text":"bello"}`, ""},
		{"not JSON", "", `{`, ""},
		{"listed", "", `{"question":"q1","scale":"nps","score":9,"answers":[{"question":"q1","type":"nps","scale":"nps","score":9},{"question":"q2","scale":"csat","score":4},
			{"question":"q3","scale":"csat","score":2},{"question":"q4","type":"text"},{"question":"q5","scale":"ces","score":99}]}`, "q1 nps 9 lead|q2 csat 4 lead|q3 csat 2"},
		{"the main one beside the list", "", `{"scale":"nps","score":3,"answers":[{"question":"q2","scale":"csat","score":4}]}`, "q2 csat 4 lead| nps 3 lead"},
		{"the main one without its name", "", `{"scale":"nps","score":9,"answers":[{"question":"q1","scale":"nps","score":9}]}`, "q1 nps 9 lead"},
		{"answers that are none", "", `{"scale":"nps","score":9,"answers":"many"}`, " nps 9 lead"},
	} {
		var x told
		x.parse([]byte(c.properties))
		var got []string
		for _, i := range r.items(&x, c.usual) {
			text := fmt.Sprintf("%s %s %v", i.Question, i.Scale.Key, i.Score)
			if i.Lead {
				text += " lead"
			}
			got = append(got, text)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

// An asking is answered by the invitation that both name, or by the next answer
// of the same person to the same survey; each answer answers one.
func TestMatch(t *testing.T) {
	ask := func(at int64, n int, survey, invitation string) Asked {
		return Asked{Person: person(n), At: at, Survey: survey, Invitation: invitation}
	}
	b := &book{
		asked: []Asked{ask(1, 1, "a", "i1"), ask(2, 2, "a", ""), ask(3, 3, "a", ""), ask(4, 2, "a", ""), ask(5, 4, "a", "i4"), ask(6, 5, "a", "i5")},
		responses: []Response{
			{At: 3, Survey: "a", Person: person(2)}, // answers the asking of 2
			{At: 7, Survey: "a", Invitation: "i1"},
			{At: 8, Survey: "b", Person: person(3)},  // another survey
			{At: 9, Survey: "a", Person: person(4)},  // asked by an invitation that it does not name
			{At: 10, Survey: "a", Person: person(2)}, // answers the asking of 4
			{At: 11, Survey: "a", Person: person(2)}, // answers nothing
			{At: 12, Survey: "a", Invitation: "forged", Person: person(5)},
		},
	}
	b.match(map[string]bool{"i5": true})
	want := []bool{true, true, false, true, false, false}
	for i, a := range b.asked {
		if a.Answered != want[i] || a.Bounced != (i == 5) {
			t.Errorf("asking %d: %+v", i, a)
		}
	}
}

func TestFiguresOnBothEngines(t *testing.T) {
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		h := houseOn(t, l).year()
		b, err := h.room.book(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		q := Question{Scale: "nps", From: now.AddDate(0, 0, -365), To: now, Only: map[Axis]string{}}
		k, err := h.room.keysOf(t.Context(), b, q, ByStage, "trait:city")
		if err != nil {
			t.Fatal(err)
		}
		all := b.figures(q, k, "")
		if len(all) != 1 {
			t.Fatalf("%+v", all)
		}
		f := all[0]
		// By hand: 60 % less 20 %; with three answers more 60.75/103 − 20.75/103.
		p, d := 60.75/103, 20.75/103
		half := 1.959964 * math.Sqrt((p+d-(p-d)*(p-d))/103)
		near(t, "the score", f.Interval.Value, 40, 1e-9)
		near(t, "its lower end", f.Interval.Low, 100*(p-d-half), 1e-3)
		near(t, "its upper end", f.Interval.High, 100*(p-d+half), 1e-3)
		near(t, "the score before", f.Before.Value, -10, 1e-9)
		near(t, "the change", f.Change.Value, 50, 1e-9)
		if !f.Clear || f.People != 100 || f.Parts != [3]int64{20, 20, 60} {
			t.Errorf("%+v", f)
		}
		for _, by := range []Axis{ByStage, "trait:city"} {
			two := b.figures(q, k, by)
			if len(two) != 2 || two[0].Interval.N != 50 || two[1].Interval.N != 50 {
				t.Errorf("by %s: %+v", by, two)
			}
		}
		csat := Question{Scale: "csat", From: q.From, To: q.To}
		if f := b.figures(csat, k, ByShop); len(f) != 1 || f[0].Key != "Parma" || f[0].Interval.N != 60 {
			t.Errorf("satisfaction by shop: %+v", f)
		}
		if f := b.figures(csat, k, ByChannel); len(f) != 2 || f[0].Key != "email" && f[0].Key != "sms" {
			t.Errorf("satisfaction by channel: %+v", f)
		}
		if list := b.behind(q, k, -1); len(list) != 20 || list[0].Item.Score != 3 {
			t.Errorf("%d detractors", len(list))
		}
	})
}

// Whatever people answered, what is told apart adds up to what is told together.
func TestFiguresAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale, _ := experience.ScaleNamed(rapid.SampledFrom([]string{"nps", "csat", "stars"}).Draw(t, "scale"), "")
		b := &book{}
		n := rapid.IntRange(1, 60).Draw(t, "n")
		var sum float64
		for i := range n {
			score := scale.Low + float64(rapid.IntRange(0, int(scale.High-scale.Low)).Draw(t, "score"))
			sum += score
			b.responses = append(b.responses, Response{At: int64(i), Person: person(i % 7), Shop: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "shop"),
				Items: []Item{{Scale: &scale, Score: score, Lead: true}}})
		}
		k := keys{ByShop: func(r *Response, _ *Item) string { return r.Shop }}
		q := Question{Scale: scale.Key, From: time.UnixMicro(0), To: time.UnixMicro(int64(n))}
		all := b.figures(q, k, "")[0]
		var count int64
		var parts [3]int64
		for _, f := range b.figures(q, k, ByShop) {
			count += f.Interval.N
			for i := range parts {
				parts[i] += f.Parts[i]
			}
			if !(f.Interval.Low <= f.Interval.High) && !f.Interval.TooFew() {
				t.Fatalf("%+v", f)
			}
		}
		if count != int64(n) || parts != all.Parts || all.People != int64(min(n, 7)) {
			t.Fatalf("%d answers, %v, against %+v", count, parts, all)
		}
		if scale.Measure == experience.Mean && n > 1 && math.Abs(all.Interval.Value-sum/float64(n)) > 1e-9 {
			t.Fatalf("the mean is %v, want %v", all.Interval.Value, sum/float64(n))
		}
	})
}

func TestWhoIsSilent(t *testing.T) {
	h := newHouse(t).year()
	b, err := h.room.book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.room.silence(t.Context(), b, now.AddDate(0, 0, -60), now, now, "")
	if err != nil {
		t.Fatal(err)
	}
	// The 50 odd ones and the ten tens answered.
	if got.Asked != 100 || got.Bounced != 1 || got.Waiting != 1 || got.All != stats.Share(60, 100) || len(got.Rates) != 2 {
		t.Errorf("%+v", got)
	}
	found := map[string]Contrast{}
	for _, c := range got.Contrast {
		found[c.What+" "+c.Key] = c
	}
	if c := found["stage repeat"]; !c.Clear || c.Answered.Value != 50./60 || c.Silent.Value != 0 {
		t.Errorf("who bought again: %+v", c)
	}
	if c := found["channel email"]; c.Clear || c.Answered.N != 60 {
		t.Errorf("by e-mail: %+v", c)
	}
	if c := found["spent "]; !c.Clear || math.Abs(c.Less.Value-50*50./60) > 1e-9 {
		t.Errorf("spent: %+v", c)
	}
}

var keyShown = regexp.MustCompile(`\b(opinion|driver)\.[a-z]+[a-z.-]*`)

func TestOpinionsInWords(t *testing.T) {
	h := newHouse(t).year()
	wants(t, h.get(opinionsPath+"?scale=nps", "owner"), "NPS is <strong", "+40</strong>", "+23 to +54", "more than chance", "n = 100 answers, 100 people", "Promoters (9-10)",
		"Delivery", "60% of those asked answer", "Missing most", "stage repeat")
	wants(t, h.get(opinionsPath+"?scale=stars", "owner"), "too few answers to tell a figure (n = 1)")
	for _, language := range []string{"it", "en"} {
		for _, page := range []string{"", "?scale=csat&by=shop", "?scale=stars", "?by=stage&period=all", "?by=trait:city&period=30d", "?by=survey&shop=Parma", "/people?scale=nps&part=worst&touchpoint=delivery", "/people?scale=stars"} {
			if body := h.get(opinionsPath+page, "owner-"+language); keyShown.MatchString(body) {
				t.Errorf("%s in %s shows the key %s", page, language, keyShown.FindString(body))
			}
		}
	}
	if body := h.get(opinionsPath, "viewer"); strings.Contains(body, "/people?") {
		t.Error("a viewer is led to the people behind a number")
	}
	if w := h.ask(opinionsPath+"/people", "viewer"); w.Code != http.StatusForbidden {
		t.Errorf("a viewer sees who answered: %d", w.Code)
	}
}

func TestNothingSaidTeaches(t *testing.T) {
	wants(t, newHouse(t).get(opinionsPath, "owner"), "Nobody has said what they think yet", "Survey Answered", "Import answers")
}

func TestOpinionsAPI(t *testing.T) {
	h := newHouse(t).year()
	var got struct {
		Scale   OpinionScale
		Scales  []OpinionScale
		Figures []OpinionFigure
	}
	h.api("/api/v1/opinions?scale=nps&by=touchpoint&from=2025-11-23T00:00:00Z", &got)
	if len(got.Scales) != 3 || got.Scale.Scale != "nps" || len(got.Figures) != 1 || *got.Figures[0].Value != 40 || got.Figures[0].Key != "delivery" {
		t.Errorf("%+v", got)
	}
	h.api("/api/v1/opinions?scale=stars", &got)
	if f := got.Figures[0]; !f.TooFew || f.Value != nil || f.N != 1 {
		t.Errorf("one star: %+v", f)
	}
	var people struct {
		Total int
		Items []OpinionPerson
	}
	h.api("/api/v1/opinions/people?scale=nps&part=worst&limit=7&from=2025-11-23T00:00:00Z", &people)
	if people.Total != 20 || len(people.Items) != 7 {
		t.Errorf("%d detractors, %d listed", people.Total, len(people.Items))
	}
	var responses struct{ Asked, Bounced, Waiting int64 }
	h.api("/api/v1/opinions/responses", &responses)
	if responses.Asked != 100 {
		t.Errorf("%+v", responses)
	}
	for _, bad := range []string{"?scale=mood", "?by=colour", "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"} {
		if w := h.ask("/api/v1/opinions"+bad, "owner"); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}
