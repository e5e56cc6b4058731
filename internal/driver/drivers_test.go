package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// rate adds answers of so many people to a survey with three questions beside
// the main one. Delivery counts for most of the score, kindness for a part,
// the third for nothing.
func (h *house) rate(n int, effect float64) *house {
	h.t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		delivery, kindness, site := float64(1+r.IntN(5)), float64(1+r.IntN(5)), float64(1+r.IntN(5))
		score := math.Round(math.Max(0, math.Min(10, 7+effect*(1.2*(delivery-3)+0.6*(kindness-3))+1.5*r.NormFloat64())))
		h.said(i, 100+float64(i%200), "Survey Answered", fmt.Sprintf(`{"survey":"tutto","scale":"nps","score":%v,"question":"recommend","answers":[
			{"question":"recommend","scale":"nps","score":%v},{"question":"delivery","scale":"csat","score":%v},{"question":"kindness","scale":"csat","score":%v},{"question":"site","scale":"ces","score":%v}]}`,
			score, score, delivery, kindness, site))
	}
	return h.weave()
}

func (h *house) drivers(o Outcome) Analysis {
	h.t.Helper()
	b, err := h.room.book(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	o.From, o.To = now.AddDate(-2, 0, 0), now
	a, err := h.room.analysis(h.t.Context(), b, o)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func nps(kind Kind) Outcome { return Outcome{Question: Question{Scale: "nps"}, Kind: kind} }

func TestDriversOfRatings(t *testing.T) {
	h := newHouse(t).rate(400, 1)
	a := h.drivers(nps(""))
	if a.Kind != Rated || a.Refused != "" || a.N != 400 || a.People != 400 || a.Survey != "tutto" || len(a.Drivers) != 3 {
		t.Fatalf("%+v", a)
	}
	var sum float64
	for i, key := range []string{"delivery", "kindness", "site"} {
		d := a.Drivers[i]
		sum += d.Weight.Weight.Value
		if d.Key != key || d.Direction() != []int{1, 1, 0}[i] {
			t.Errorf("place %d: %s, direction %d", i+1, d.Key, d.Direction())
		}
	}
	near(t, "the sum of weights", sum, a.R2.Value, 1e-9)
	// What was put in is found: 1.2 of 10 for one point, within what 400 can tell.
	if s := a.Drivers[0].Weight.Slope; s.Low > 1.2 || s.High < 1 || s.Value < 1 || s.Value > 1.3 {
		t.Errorf("one point of delivery is worth %+v", s)
	}
	// The slope for NPS by another way: means of people alike in the others
	// cannot be had for all, but the drivers are independent here, so that the
	// simple regression is near.
	b, _ := h.room.book(t.Context())
	k, _ := h.room.keysOf(t.Context(), b, Question{Scale: "nps"})
	o := nps(Rated)
	o.From, o.To = now.AddDate(-2, 0, 0), now
	m := b.rated(o.Question, k, "tutto")
	j := slices.IndexFunc(m.columns, func(c column) bool { return c.key == "delivery" })
	var sx, sy, sxx, sxy, n float64
	for _, s := range m.samples {
		x, y := s.x[j], 100*float64(m.scale.Verdict(s.score))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	simple := (sxy - sx*sy/n) / (sxx - sx*sx/n)
	if got := a.Drivers[0].NPS; got == nil || math.Abs(got.Value-simple) > 3 || got.Low > simple || got.High < simple {
		t.Errorf("one point of delivery is worth %+v points of NPS, by itself %v", got, simple)
	}
	if a.Drivers[2].Corner != Enough && a.Drivers[2].Corner != Later {
		t.Errorf("the site is in the corner %s", a.Drivers[2].Corner)
	}
	near(t, "how well delivery goes", a.Drivers[0].Performance.Value, 0.5, 0.06)
	// Every third person buys again, whatever they said.
	if a.Again.N == 0 || a.Again.Point == nil || a.Again.Point.Low > 0 || a.Again.Point.High < 0 || math.Abs(a.Again.All.Value-1./3) > 0.02 {
		t.Errorf("%+v", a.Again)
	}
	if a.Drivers[0].Again == nil || a.Drivers[0].Again.Low > 0 || a.Drivers[0].Again.High < 0 {
		t.Errorf("who buys again by delivery: %+v", a.Drivers[0].Again)
	}
	if again := h.drivers(nps(Rated)); fmt.Sprintf("%+v", again.Drivers[0].Weight) != fmt.Sprintf("%+v", a.Drivers[0].Weight) {
		t.Error("asked again, the answer is another")
	}
}

// past is what happened before answers: late by the score, another thing that
// is the same, one that is rare, and one that has nothing to do with it.
type past struct{ book *book }

func (p past) Before(context.Context) ([]Passage, func(experience.ID) ([]float64, bool), error) {
	list := []Passage{{Key: "late", Name: map[string]string{"en": "Late delivery", "it": "Consegna in ritardo"}, Unit: map[string]string{"en": "per day late", "it": "per giorno di ritardo"}},
		{Key: "late-too"}, {Key: "rare"}, {Key: "contact"}, {Key: "never"}}
	at := map[experience.ID][]float64{}
	r := rand.New(rand.NewPCG(3, 3))
	for i, one := range p.book.responses {
		late, rare, contact := 0.0, 0.0, float64(r.IntN(2))
		if len(one.Items) > 0 && one.Items[0].Score < 6+2*r.Float64() {
			late = 1 + float64(r.IntN(3))
		}
		if i < 4 {
			rare = 1
		}
		at[one.ID] = []float64{late, 2 * late, rare, contact, 0}
	}
	return list, func(id experience.ID) ([]float64, bool) { x, ok := at[id]; return x, ok }, nil
}

func TestDriversOfWhatHappened(t *testing.T) {
	h := newHouse(t).rate(300, 1)
	b, err := h.room.book(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.room.Past = past{b}
	a := h.drivers(nps(Lived))
	if a.Refused != "" || len(a.Drivers) != 2 || a.Drivers[0].Key != "late" || a.Drivers[0].Direction() != -1 || a.Drivers[0].Corner != Act {
		t.Fatalf("%+v", a)
	}
	why := map[string]string{}
	for _, x := range a.Left {
		why[x.Key] = x.Why
	}
	if len(why) != 2 || why["late-too"] != theSame || why["rare"] != tooRare {
		t.Errorf("left out: %v", why)
	}
	spared := a.N - a.Drivers[0].N
	if a.Drivers[0].Performance != stats.Share(spared, a.N) {
		t.Errorf("spared a delay: %+v", a.Drivers[0].Performance)
	}
	page := h.get(driversPath+"?of=lived&period=all", "owner")
	wants(t, page, "Late delivery</strong> matters most", "↓ ", "per day late", "Best to begin here: Late delivery", "Nothing can be said of 2 reasons", "almost always", "no proof")
}

// topics reads "delivery" in bad answers, and "staff" in every second.
type topics struct{ book *book }

func (p topics) Topics(_ context.Context, answers []experience.ID) (map[experience.ID][]string, error) {
	out := map[experience.ID][]string{}
	for i, id := range answers {
		out[id] = nil
		at := slices.IndexFunc(p.book.responses, func(r Response) bool { return r.ID == id })
		if s := p.book.responses[at].Items[0].Score; s <= 5 || i%7 == 0 {
			out[id] = append(out[id], "delivery")
		}
		if i%2 == 0 {
			out[id] = append(out[id], "staff")
		}
	}
	return out, nil
}

func (topics) TopicName(_ *web.Locale, topic string) string { return "topic " + topic }

func TestDriversOfTexts(t *testing.T) {
	h := newHouse(t).rate(200, 1)
	if a := h.drivers(nps(Written)); a.Refused != refusedTopics {
		t.Errorf("without a reader of texts: %q", a.Refused)
	}
	b, _ := h.room.book(t.Context())
	h.room.Topics = topics{b}
	a := h.drivers(nps(Written))
	if a.Refused != "" || len(a.Drivers) != 2 || a.Drivers[0].Key != "delivery" || a.Drivers[0].Direction() != -1 {
		t.Fatalf("%+v", a)
	}
	wants(t, h.get(driversPath+"?of=said&period=all", "owner"), "topic delivery</strong>", "it is written about")
}

// Where there is too little, nothing is ranked, and the page says why.
func TestDriversRefuse(t *testing.T) {
	for _, c := range []struct {
		name   string
		make   func(h *house)
		why    string
		answer string
	}{
		{"nothing", func(h *house) {}, refusedNothing, "It takes a survey that asks"},
		{"no reasons", func(h *house) { h.year() }, refusedNothing, "about single things"},
		{"few", func(h *house) { h.rate(60, 1) }, refusedFew, "there are 60"},
		{"noise", func(h *house) { h.rate(120, 0) }, refusedNoise, "no more than chance would"},
		{"alike", func(h *house) {
			for i := range 150 {
				h.said(i, 100, "Survey Answered", fmt.Sprintf(`{"survey":"a","scale":"nps","score":%d,"answers":[{"question":"x","scale":"csat","score":%d},{"question":"y","scale":"csat","score":%d}]}`, i%11, 1+i%5, 1+i%5))
			}
			h.weave()
		}, refusedSingle, "fewer than two reasons"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			c.make(h)
			a := h.drivers(nps(Rated))
			if a.Refused != c.why || len(a.Drivers) != 0 {
				t.Errorf("%q with %d drivers", a.Refused, len(a.Drivers))
			}
			wants(t, h.get(driversPath+"?of=rated&scale=nps&period=all", "owner"), "What matters most cannot be told yet", c.answer)
			if body := h.get(driversPath, "viewer-it"); keyShown.MatchString(strings.ReplaceAll(body, "/voice/", "")) {
				t.Errorf("shows the key %s", keyShown.FindString(body))
			}
		})
	}
}

func TestDriversAPIAndWords(t *testing.T) {
	h := newHouse(t).rate(400, 1)
	var got struct {
		Of      Kind
		Refused string
		R2      *DriverEstimate
		Drivers []DriverFigure
		Again   DriverAgain
	}
	h.api("/api/v1/drivers", &got)
	if got.Of != Rated || got.R2 == nil || len(got.Drivers) != 3 || got.Drivers[0].NPS == nil || len(got.Again.Scores) == 0 {
		t.Errorf("%+v", got)
	}
	for _, scale := range []string{"ces", "mood"} {
		if w := h.ask("/api/v1/drivers?scale="+scale, "owner"); w.Code != 400 {
			t.Errorf("drivers of %s: %d %s", scale, w.Code, w.Body)
		}
	}
	for _, language := range []string{"it", "en"} {
		body := h.get(driversPath, "owner-"+language)
		if keyShown.MatchString(body) {
			t.Errorf("in %s shows the key %s", language, keyShown.FindString(body))
		}
		wants(t, body, `class="quadrants"`, "delivery</strong>")
	}
	if _, err := json.Marshal(h.drivers(nps(Rated)).told().Body); err != nil {
		t.Error(err)
	}
}
