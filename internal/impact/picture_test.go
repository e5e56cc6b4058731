package impact

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
)

// row is a moment as the ledger has it.
func row(m Moment, person experience.ID) experience.Interaction {
	properties := map[string]any{"colour": "red"}
	for f, text := range m.facts {
		if text == "" {
			continue
		}
		properties[factNames[f]] = text
		if n, err := strconv.Atoi(text); err == nil && n%2 == 0 {
			properties[factNames[f]] = n // numbers come as numbers and as texts
		}
	}
	raw, err := json.Marshal(properties)
	if err != nil {
		panic(err)
	}
	return experience.Interaction{
		ID: m.ID, MessageID: m.ID.String(), Source: "web", Kind: m.Kind, Name: m.Name, Time: m.Time, ReceivedAt: m.Time, Person: person,
		Touchpoint: m.Touchpoint, OrderID: m.Order, Properties: raw,
	}
}

// The picture is what one gets by telling each person's story by itself.
func TestPictureIsEverybodysStory(t *testing.T) {
	assumed := []Assumption{
		{Touchpoint: "phone", Impacts: map[experience.Dimension]float64{experience.Emotional: -0.25, experience.Cognitive: 0.5}, Why: "map, call"},
		{Event: "Shop Visited", Impacts: map[experience.Dimension]float64{experience.Sensory: 0.75}, Why: "map, shop"},
	}
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		rapid.Check(t, func(t *rapid.T) { checkEverybodysStory(t, l, assumed) })
	})
}

func checkEverybodysStory(t *rapid.T, l *ledger.Ledger, assumed []Assumption) {
	stories := map[experience.ID][]Moment{}
	var rows []experience.Interaction
	for n := range rapid.IntRange(0, 4).Draw(t, "people") {
		person := experience.ID{} // nobody known
		if n > 0 {
			person = experience.HashID(nil, "person", strconv.Itoa(n))
		}
		for i, m := range story(t) {
			m.ID = experience.HashID(nil, "row", strconv.Itoa(n), strconv.Itoa(i))
			x := row(m, person)
			rows = append(rows, x)
			if rapid.IntRange(0, 9).Draw(t, "bot") == 0 {
				rows[len(rows)-1].Flags = experience.FlagBot
				continue
			}
			key := person
			if person.IsZero() {
				key = m.ID // each by itself
			}
			stories[key] = append(stories[key], m)
		}
	}
	books.Fill(t, l, rows)
	now := monday.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "now"))
	p, err := Draw(context.Background(), l, nil, assumed, now)
	if err != nil {
		t.Fatal(err)
	}
	from, to := monday.AddDate(0, 0, 3), monday.AddDate(0, 0, 25)
	var want []string
	for key, moments := range stories {
		person := key
		if moments[0].ID == key {
			person = experience.ID{}
		}
		told := p.Book.Tell(person, moments, assumed, now)
		for _, x := range told {
			if !x.Time.Before(from) && x.Time.Before(to) {
				want = append(want, fmt.Sprint(x))
			}
		}
		if !person.IsZero() {
			if got := p.Curve(person); fmt.Sprint(got) != fmt.Sprint(told) {
				t.Fatalf("the curve is\n%v, want\n%v", got, told)
			}
			checkScores(t, p, person, told)
		}
	}
	var got []string
	var last experience.Impression
	err = p.Impressions(context.Background(), from, to, func(x experience.Impression) error {
		if x.Person.String() < last.Person.String() || x.Person == last.Person && !x.Person.IsZero() && x.Time.Before(last.Time) {
			t.Fatal("impressions are not by person and time")
		}
		last = x
		got = append(got, fmt.Sprint(x))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("the picture has\n%v, want\n%v", got, want)
	}
}

// checkScores reckons a person's score again, from what was told.
func checkScores(t *rapid.T, p *Picture, person experience.ID, told []experience.Impression) {
	best := experience.Evidence("")
	for _, e := range []experience.Evidence{experience.Inferred, experience.Stated} {
		var list []felt
		for _, x := range told {
			sum, n := 0.0, 0.0
			for _, i := range x.Impacts {
				if i.Evidence == e {
					sum, n = sum+i.Value, n+1
				}
			}
			if n > 0 {
				list = append(list, felt{x.Time, sum / n})
			}
		}
		want, ok := scoreOf(list, usualSpread, e)
		got, has := p.Score(person, e)
		if ok != has || math.Abs(got.Value-want.Value) > 1e-9 || got.N != want.N {
			t.Fatalf("the score is %+v, want %+v", got, want)
		}
		if ok {
			best = e
		}
	}
	if got := p.Scores([]experience.ID{person})[person]; got.Evidence != best {
		t.Fatalf("the score rests on what is %s, want %s", got.Evidence, best)
	}
}

// A weight by hand, or a rule switched off, shows without reading what happened
// again.
func TestWeightsByHandNeedNoReading(t *testing.T) {
	l := books.Ledger(t)
	anna := experience.HashID(nil, "anna")
	books.Fill(t, l, []experience.Interaction{row(happening(0, "Order Delivered", "order", "1", "delay_days", "2"), anna), row(happening(1, "Referral Sent"), anna)})
	p, err := Draw(t.Context(), l, nil, nil, monday.Add(48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	half := -0.5
	for _, c := range []struct {
		hands map[string]Hand
		want  []float64
	}{
		{nil, []float64{-0.24, 0.6}},
		{map[string]Hand{"late-delivery": {Weight: &half}}, []float64{-1, 0.6}},
		{map[string]Hand{"late-delivery": {Off: true}}, []float64{0.6}},
	} {
		var got []float64
		for _, x := range p.Weighed(c.hands).Curve(anna) {
			got = append(got, math.Round(x.Impacts[0].Value*1e6)/1e6)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("with %v it tells %v, want %v", c.hands, got, c.want)
		}
	}
}
