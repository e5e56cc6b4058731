package impact

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

var catalogue = NewPlaces([]Touchpoint{
	{Key: "site", Name: Text{"Sito", "Site"}, Channel: experience.Web, Stage: experience.Purchase, Department: "marketing"},
	{Key: "phone", Name: Text{"Telefono", "Phone"}, Channel: experience.Phone, Stage: experience.Care, Department: "care"},
})

// random is a picture of random stories, kept in memory without a ledger.
func random(t *rapid.T) *Picture {
	b := book(t)
	p := &Picture{AsOf: monday.AddDate(0, 0, 60), pack: &pack{}}
	for n := range rapid.IntRange(0, 6).Draw(t, "people") {
		p.take(b, experience.HashID(nil, "person", strconv.Itoa(n)), sorted(story(t)))
	}
	p.pack.close()
	p.known = latest(p.known, mostKnown)
	p.weigh(b, nil)
	return p
}

// Figures are what one gets by gathering impressions by hand, and their
// interval that of people's means weighted by how many.
func TestFigures(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := random(t)
		for i := range p.Book.Weights {
			p.Book.Weights[i].Error = 0 // the doubt about weights has a test of its own
		}
		q := Question{From: monday.AddDate(0, 0, 2), To: monday.AddDate(0, 0, 28)}
		q.By = rapid.SampledFrom([][]Axis{nil, {ByTouchpoint}, {ByStage, ByMonth}, {ByDimension}, {ByWhy, ByChannel}, {ByDepartment, ByDimension}}).Draw(t, "by")
		if rapid.Bool().Draw(t, "only") {
			q.Only = map[Axis]string{ByStage: string(experience.Care)}
		}
		want := map[string]map[experience.ID][]float64{}
		err := p.Impressions(context.Background(), q.From, q.To, func(x experience.Impression) error {
			if q.Only[ByStage] != "" && catalogue.on(ByStage, x.Touchpoint) != q.Only[ByStage] {
				return nil
			}
			sums := map[string][]float64{}
			for _, i := range x.Impacts {
				key := string(i.Evidence)
				for _, a := range q.By {
					key += "|" + axisOf(a, x, i, rome)
				}
				sums[key] = append(sums[key], i.Value)
			}
			for key, values := range sums {
				if want[key] == nil {
					want[key] = map[experience.ID][]float64{}
				}
				want[key][x.Person] = append(want[key][x.Person], stats.Mean(values).Value)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		figures := p.Figures(q, catalogue, rome)
		if len(figures) != len(want) {
			t.Fatalf("%d figures, want %d", len(figures), len(want))
		}
		for _, f := range figures {
			key := string(f.Evidence)
			for _, a := range q.By {
				key += "|" + f.Keys[a]
			}
			var means, counts []float64
			for _, values := range want[key] {
				means, counts = append(means, stats.Mean(values).Value), append(counts, float64(len(values)))
			}
			m := stats.WeightedMean(means, counts).Within(-1, 1)
			if math.Abs(f.Value-m.Value) > 1e-9 || math.Abs(f.Low-m.Low) > 1e-6 || math.Abs(f.High-m.High) > 1e-6 || f.People != int64(len(means)) {
				t.Fatalf("%s is %+v of %d people, want %+v of %d", key, f.Estimate, f.People, m, len(means))
			}
		}
		checkBehind(t, p, q, rome)
	})
}

// Many people to whom the same happened say nothing more about its weight.
func TestIntervalHoldsTheDoubtAboutWeights(t *testing.T) {
	b := book(t)
	p := &Picture{AsOf: monday.AddDate(0, 0, 60), pack: &pack{}}
	for n := range 400 {
		p.take(b, experience.HashID(nil, "person", strconv.Itoa(n)), []Moment{happening(1, "Order Completed", "order", strconv.Itoa(n))})
	}
	p.pack.close()
	p.weigh(b, nil)
	f := p.Figures(Question{}, catalogue, time.UTC)[0]
	if math.Abs(f.Value-0.2) > 1e-6 || math.Abs(f.High-f.Value-1.96*0.1) > 1e-3 {
		t.Errorf("the figure is %+v, want 0.2 ± 1.96·0.1", f.Estimate)
	}
}

func axisOf(a Axis, x experience.Impression, i experience.Impact, zone *time.Location) string {
	switch a {
	case ByMonth:
		return x.Time.In(zone).Format("2006-01")
	case ByDimension:
		return string(i.Dimension)
	case ByWhy:
		return i.Why
	}
	return catalogue.on(a, x.Touchpoint)
}

// checkBehind: the people behind a figure are all of them, in order, and their
// means make the figure.
func checkBehind(t *rapid.T, p *Picture, q Question, zone *time.Location) {
	q.By, q.Evidence = nil, experience.Inferred
	best := rapid.Bool().Draw(t, "best")
	list, all := p.Behind(q, catalogue, zone, best, 1000)
	var sum, n float64
	for i, x := range list {
		sum, n = sum+x.Value*float64(x.N), n+float64(x.N)
		if i > 0 && (best && x.Value > list[i-1].Value || !best && x.Value < list[i-1].Value) {
			t.Fatal("people are not in order")
		}
	}
	figures := p.Figures(q, catalogue, zone)
	if len(figures) == 0 != (all == 0) {
		t.Fatalf("%d figures, %d people", len(figures), all)
	}
	if all > 0 && (math.Abs(figures[0].Value-sum/n) > 1e-9 || figures[0].People != int64(all) || figures[0].N != int64(n)) {
		t.Fatalf("the people behind make %v of %d, the figure is %+v", sum/n, all, figures[0])
	}
}

func scale(key string) experience.Scale {
	s, _ := experience.ScaleNamed(key, "")
	return s
}

// answering makes answers of people to whom rules did what truth says.
func answering(b *Book, truth map[string]float64, n int, noise float64) []Known {
	chance := rand.New(rand.NewPCG(7, 9))
	var out []Known
	for i := range n {
		s, base := scale([]string{experience.Stars, experience.NPS, experience.CSAT}[i%3]), []float64{0.5, 0.2, 0.6}[i%3]
		k := Known{Interaction: experience.HashID(nil, strconv.Itoa(i)), Time: monday.Add(time.Duration(i) * time.Hour), Scale: s}
		value := base
		for key, weight := range truth {
			rule, _ := b.rule(key)
			if chance.Float64() < 0.3 {
				strength := float64(1 + chance.IntN(3))
				k.before = append(k.before, feature{uint16(rule), float32(strength), float32(strength)})
				value += weight * strength
			}
		}
		k.Value = value + noise*chance.NormFloat64()
		k.Score = s.Score(k.Value)
		out = append(out, k)
	}
	return out
}

// Fitting finds the weights by which answers were made, within its own error;
// with few answers the designer's weights stand.
func TestFitRecoversTheTruth(t *testing.T) {
	truth := map[string]float64{"late-delivery": -0.2, "complaint": -0.35, "case-solved": 0.1, "waiting": 0}
	b := book(t).with(nil)
	f := b.fit(answering(b, truth, 4000, 0.25))
	for key, want := range truth {
		i, _ := b.rule(key)
		w := b.Weights[i]
		if !w.Fitted || w.Error <= 0 || math.Abs(w.Value-want) > 4*w.Error || w.Error > 0.02 {
			t.Errorf("%s weighs %+v, want %v", key, w, want)
		}
	}
	for i, r := range b.Rules {
		if _, in := truth[r.Key]; !in && (b.Weights[i].Fitted || b.Weights[i].Value != r.Weight) {
			t.Errorf("%s never fired, and weighs %+v", r.Key, b.Weights[i])
		}
	}
	if math.Abs(f.Sigma-0.25) > 0.02 {
		t.Errorf("the noise is %v, want 0.25", f.Sigma)
	}
	for _, s := range f.Scales {
		want := map[string]float64{"stars": 0.5, "nps": 0.2, "csat": 0.6}[s.Scale.Key]
		if math.Abs(s.Base-want) > 0.03 {
			t.Errorf("on %s people answer %v, want %v", s.Scale.Key, s.Base, want)
		}
	}
	if h := f.HoldOut; h.Learned != 3000 || h.Tried != 1000 || h.Explained < 0.4 || h.Error >= h.MeanError {
		t.Errorf("the hold-out is %+v", h)
	}
	few := book(t).with(nil)
	few.fit(answering(few, truth, 30, 0.25))
	for i, r := range few.Rules {
		if w := few.Weights[i]; w.N < experience.TooFew && w.Value != r.Weight {
			t.Errorf("%s weighs %v after %d answers", r.Key, w.Value, w.N)
		}
	}
}

// Nothing but noise is not foretold.
func TestHoldOutDoesNotFlatter(t *testing.T) {
	b := book(t).with(nil)
	f := b.fit(answering(b, map[string]float64{"late-delivery": 0, "complaint": 0, "waiting": 0}, 2000, 0.3))
	if f.HoldOut.Explained > 0.02 {
		t.Errorf("of nothing %v is foretold", f.HoldOut.Explained)
	}
}

// What goes with answers is found, with its direction, and what does not is not.
func TestInfluences(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 5))
	b := book(t)
	stars := scale(experience.Stars)
	p := &Picture{Book: b.with(nil)}
	complaint, _ := b.rule("complaint")
	for i := range 600 {
		late := float64(chance.IntN(14) - 4)
		k := Known{Scale: stars, Time: monday, Score: math.Max(1, math.Min(5, math.Round(4.5-0.3*math.Max(0, late)+0.5*chance.NormFloat64()))), After: Delivery{Known: true, DaysLate: late}}
		if i%2 == 0 {
			k.after = []feature{{uint16(complaint), 1, 1}}
		}
		p.known = append(p.known, k)
	}
	found := p.Influences(stars)
	if len(found) != 2 || found[0].Measure != delivery || found[0].Share < 0.5 || found[1].Share > 0.02 {
		t.Fatalf("%+v", found)
	}
	levels := found[0].Levels
	if names := fmt.Sprint(levels[0].Key, levels[1].Key, levels[2].Key, levels[3].Key); names != "earlylate-3late-7late" {
		t.Errorf("the levels are %s", names)
	}
	if !slices.IsSortedFunc(levels, func(a, b Level) int { return cmp.Compare(b.Value, a.Value) }) {
		t.Errorf("later is not worse: %+v", levels)
	}
}

// A ledger that is read in slices gives the same as one that is read at once.
func TestSlices(t *testing.T) {
	l := books.Ledger(t)
	var rows []experience.Interaction
	for n := range 300 {
		m := happening(float64(n%50)/10, "Order Completed", "order", strconv.Itoa(n))
		m.ID = experience.HashID(nil, "row", strconv.Itoa(n))
		rows = append(rows, row(m, experience.HashID(nil, "person", strconv.Itoa(n%40))))
	}
	books.Fill(t, l, rows)
	read := func(slice int64) (people map[experience.ID]int) {
		people = map[experience.ID]int{}
		r := newReader(l, book(t), nil)
		r.slice = slice
		if err := r.everybody(t.Context(), func(person experience.ID, moments []Moment) error {
			people[person] += len(moments)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return people
	}
	whole, cut := read(1000), read(25)
	if len(whole) != 40 || fmt.Sprint(whole) != fmt.Sprint(cut) {
		t.Errorf("in slices: %v, at once: %v", cut, whole)
	}
}
