package journey

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stats"
	"regia/internal/testkit/books"
)

// few is small in tests, so that small random logs have figures too.
const few = 2

func same(a, b float64) bool { return math.Abs(a-b) < 1e-5 }

// The figures of random maps over random logs are those that following each
// case by itself gives, whatever engine keeps the log.
func TestFiguresAgreeWithFollowingEachCase(t *testing.T) {
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		rapid.Check(t, func(t *rapid.T) {
			rows, m := world(t), randomMap(t)
			felt := randomImpressions(t, rows)
			p := Period{Now: beginning.AddDate(0, 0, 61)}
			if rapid.Bool().Draw(t, "limited") {
				p.From, p.To = beginning.AddDate(0, 0, 10), beginning.AddDate(0, 0, 50)
			}
			books.Fill(t, l, rows)
			living := &Living{Ledger: l, Impressions: felt, few: few}
			got, err := living.Figures(context.Background(), m, p)
			if err != nil {
				t.Fatal(err)
			}
			r := newReference(m, p, rows, felt)
			if len(r.steps) == 0 {
				if got.Cases != 0 || len(got.Steps) != len(m.Steps()) {
					t.Fatalf("a map that the record cannot show has figures: %+v", got)
				}
				return
			}
			checkWhole(t, r, got)
			checkFlows(t, r, got)
			checkPromises(t, r, got)
			checkFelt(t, r, got)
			checkDeviations(t, r, got)
			checkBehind(t, r, living, got)
		})
	})
}

func checkWhole(t *rapid.T, r reference, got JourneyFigures) {
	var interactions, cost, most int64
	fitness := 0.0
	states := map[string]int64{}
	for _, events := range r.cases {
		n, steps := int64(len(events)), int64(len(r.steps))
		c := n + steps - 2*int64(paired(r, events, r.steps))
		interactions, cost, most = interactions+n, cost+c, most+n+steps
		fitness += 1 - float64(c)/float64(n+steps)
	}
	for _, w := range r.whereabouts(few) {
		states[w[1]]++
	}
	if got.Cases != int64(len(r.cases)) || got.Interactions != interactions {
		t.Fatalf("%d cases with %d interactions, want %d with %d", got.Cases, got.Interactions, len(r.cases), interactions)
	}
	if got.Finished != states["finished"] || got.Here != states["here"] || got.Stopped != states["stopped"] || got.Outside != states["outside"] {
		t.Fatalf("%d finished, %d here, %d stopped; want %v", got.Finished, got.Here, got.Stopped, states)
	}
	if most > 0 && (!same(got.Alignment.Fitness, 1-float64(cost)/float64(most)) || !same(got.Alignment.AverageFitness, fitness/float64(len(r.cases)))) {
		t.Fatalf("%+v, want cost %d of %d, sum %v", got.Alignment, cost, most, fitness)
	}
}

func checkFlows(t *rapid.T, r reference, got JourneyFigures) {
	where := r.whereabouts(few)
	check := func(id string, f Flow, order []string) {
		var cases, interactions, here, stopped int64
		for name, events := range r.cases {
			came := false
			for _, e := range events {
				if r.happened(id, e) {
					came, interactions = true, interactions+1
				}
			}
			if came {
				cases++
			}
			if w := where[name]; slices.ContainsFunc(r.in(id), func(s Step) bool { return s.ID == w[0] }) {
				switch w[1] {
				case "here":
					here++
				case "stopped":
					stopped++
				}
			}
		}
		if f.Cases != cases || f.Interactions != interactions || f.Here != here || f.Stopped != stopped {
			t.Fatalf("%s: %+v, want %d cases, %d interactions, %d here, %d stopped", id, f, cases, interactions, here, stopped)
		}
		i := slices.Index(order, id)
		if i <= 0 {
			if f.FromBefore != nil || f.FromFirst != nil {
				t.Fatalf("%s is the first and comes from somewhere: %+v", id, f)
			}
			return
		}
		for from, p := range map[string]*Passage{order[i-1]: f.FromBefore, order[0]: f.FromFirst} {
			of, went, took := r.passage(from, id)
			if p == nil || p.Of != of || p.Went != went || (p.Share == nil) != (of < few) {
				t.Fatalf("from %s to %s: %+v, want %d of %d", from, id, p, went, of)
			}
			if went > 0 && (!same(p.Median, referenceQuantile(took, 0.5)) || !same(p.Slow, referenceQuantile(took, 0.9))) {
				t.Fatalf("from %s to %s: %+v, took %v", from, id, p, took)
			}
		}
	}
	for _, s := range got.Steps {
		if s.Bound != slices.Contains(r.places(false), s.ID) {
			t.Fatalf("%s: bound %v", s.ID, s.Bound)
		}
		if s.Bound {
			check(s.ID, s.Flow, r.places(false))
			if !same(s.Wait, r.wait(s.ID, few).Seconds()) {
				t.Fatalf("%s waits %v, want %v", s.ID, s.Wait, r.wait(s.ID, few))
			}
		}
	}
	for _, s := range got.Stages {
		if slices.Contains(r.places(true), s.ID) {
			check(s.ID, s.Flow, r.places(true))
		}
	}
}

func checkPromises(t *rapid.T, r reference, got JourneyFigures) {
	for _, s := range got.Steps {
		step, _ := r.m.Step(s.ID)
		if !s.Bound || step.Expectation == nil {
			continue
		}
		if step.Expectation.Measure != nil {
			of, kept := int64(0), int64(0)
			for _, events := range r.cases {
				for _, e := range events {
					if is(step, e) && !slices.Contains(e.Properties, 'u') { // null
						of++
						if slices.Contains(e.Properties, '-') {
							kept++
						}
					}
				}
			}
			if len(s.Promises) != 1 || !s.Promises[0].Measure || s.Promises[0].Of != of || s.Promises[0].Kept != kept {
				t.Fatalf("%s: %+v, want %d of %d", s.ID, s.Promises, kept, of)
			}
			continue
		}
		from := r.m.ExpectedFrom(s.ID)
		if !slices.Contains(r.places(false), from) {
			if len(s.Promises) != 0 {
				t.Fatalf("%s: %+v, though nobody sees where its time begins", s.ID, s.Promises)
			}
			continue
		}
		of, kept, missing, _ := r.promise(step)
		if p := s.Promises[0]; p.Of != of || p.Kept != kept || p.Missing != missing || p.From != from {
			t.Fatalf("%s: %+v, want %d of %d kept, %d missing", s.ID, p, kept, of, missing)
		}
	}
}

func checkFelt(t *rapid.T, r reference, got JourneyFigures) {
	check := func(id string, list []Felt) {
		for _, d := range experience.Dimensions {
			for _, e := range heard {
				want := stats.Mean(sorted(r.values(d, e, id)))
				i := slices.IndexFunc(list, func(f Felt) bool { return f.Dimension == d && f.Evidence == e })
				if i < 0 {
					if want.N > 0 {
						t.Fatalf("%s %s %s is absent, want %+v", id, d, e, want)
					}
					continue
				}
				f := list[i]
				if f.N != want.N || (f.Mean == nil) != (want.N < few) {
					t.Fatalf("%s: %+v, want %+v", id, f, want)
				}
				if f.Mean != nil && (!same(f.Mean.Value, want.Value) || !same(f.Mean.Low, max(-1, want.Low)) || f.Mean.Evidence != e) {
					t.Fatalf("%s: %+v, want %+v", id, f.Mean, want)
				}
			}
		}
	}
	for _, s := range got.Steps {
		check(s.ID, s.Felt)
	}
	for _, s := range got.Stages {
		check(s.ID, s.Felt)
	}
}

func sorted(values map[string]float64) []float64 {
	var list []float64
	for _, v := range values {
		list = append(list, v)
	}
	slices.Sort(list)
	return list
}

// checkDeviations holds what the deviations cost against taking the cases
// behind them, one by one.
func checkDeviations(t *rapid.T, r reference, got JourneyFigures) {
	for _, d := range got.Deviations {
		if d.Cases > got.Cases || d.Interactions < d.Cases {
			t.Fatalf("%+v of %d cases", d, got.Cases)
		}
		if d.Kind == analytics.Unknown {
			var cases, interactions int64
			for _, events := range r.cases {
				n := int64(0)
				for _, e := range events {
					if r.at(e) == "" && e.Name == d.Activity {
						n++
					}
				}
				interactions += n
				if n > 0 {
					cases++
				}
			}
			if d.Cases != cases || d.Interactions != interactions {
				t.Fatalf("%+v, want %d times in %d cases", d, interactions, cases)
			}
		}
	}
}

// checkBehind lists those behind numbers: as many as the numbers say, and those
// that following each case gives.
func checkBehind(t *rapid.T, r reference, l *Living, got JourneyFigures) {
	list := func(s Selection) []MapCase {
		cases, err := l.Behind(context.Background(), r.m, r.p, s)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		return cases
	}
	where := r.whereabouts(few)
	s := got.Steps[slices.IndexFunc(got.Steps, func(s StepFigures) bool { return s.Bound })]
	for what, want := range map[string]int64{reached: s.Cases, here: s.Here, stopped: s.Stopped} {
		cases := list(Selection{What: what, At: s.ID})
		if int64(len(cases)) != want {
			t.Fatalf("%d cases %s at %s, want %d", len(cases), what, s.ID, want)
		}
		for _, c := range cases {
			if w := where[c.Case]; what != reached && w != [2]string{s.ID, what} || c.Step != w[0] {
				t.Fatalf("%+v is %s at %s, but it is %v", c, what, s.ID, w)
			}
		}
	}
	if cases := list(Selection{What: finished}); int64(len(cases)) != got.Finished {
		t.Fatalf("%d finished, want %d", len(cases), got.Finished)
	}
	for _, s := range got.Steps {
		if s.FromBefore != nil {
			if cases := list(Selection{What: lost, At: s.ID}); int64(len(cases)) != s.FromBefore.Of-s.FromBefore.Went {
				t.Fatalf("%d lost before %s, want %+v", len(cases), s.ID, s.FromBefore)
			}
		}
		for _, k := range s.Promises {
			if step, _ := r.m.Step(s.ID); !k.Measure {
				cases := list(Selection{What: broken, At: s.ID})
				if _, _, _, want := r.promise(step); len(cases) != len(want) {
					t.Fatalf("%d were let down at %s, want %v", len(cases), s.ID, want)
				}
			}
		}
		for _, f := range s.Felt {
			cases := list(Selection{What: known, At: s.ID, Dimension: f.Dimension, Evidence: f.Evidence})
			want := r.values(f.Dimension, f.Evidence, s.ID)
			if len(cases) != len(want) || int64(len(cases)) != f.N {
				t.Fatalf("%d behind %+v, want %v", len(cases), f, want)
			}
			for _, c := range cases {
				if !same(*c.Value, want[c.Case]) {
					t.Fatalf("%+v, want %v", c, want[c.Case])
				}
			}
		}
	}
	for _, d := range got.Deviations {
		if d.Kind != analytics.Unknown && rapid.IntRange(0, 3).Draw(t, "look") > 0 {
			continue
		}
		cases := list(Selection{What: deviates, Kind: d.Kind, At: d.Step, Activity: d.Activity})
		if int64(len(cases)) != d.Cases {
			t.Fatalf("%d behind %+v", len(cases), d)
		}
		checkCosts(t, r, d, cases)
	}
}

// checkCosts compares those behind a deviation with all others.
func checkCosts(t *rapid.T, r reference, d MapDeviation, cases []MapCase) {
	for _, c := range d.Costs {
		var with, without []float64
		for name, v := range r.values(c.Dimension, c.Evidence, "") {
			if slices.ContainsFunc(cases, func(b MapCase) bool { return b.Case == name }) {
				with = append(with, v)
			} else {
				without = append(without, v)
			}
		}
		if c.With != int64(len(with)) || c.Without != int64(len(without)) || (c.Difference == nil) != (len(with) < few || len(without) < few) {
			t.Fatalf("%+v: %+v, want %v against %v", d, c, with, without)
		}
		if c.Difference != nil {
			if want := stats.DiffMeans(with, without); !same(c.Difference.Value, want.Value) || math.Abs(c.Difference.Low-want.Low) > 1e-3 {
				t.Fatalf("%+v: %+v, want %+v", d, c.Difference, want)
			}
		}
	}
}

// A map's conversions are those of a funnel of the same steps.
func TestPassagesAgreeWithFunnels(t *testing.T) {
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		rapid.Check(t, func(t *rapid.T) {
			rows := world(t)
			books.Fill(t, l, rows)
			m := Map{Key: "m", Name: "M", Stages: []Stage{{ID: "s", Name: "S", Steps: []Step{
				{ID: "one", Name: "One", Match: []analytics.Match{{Event: "a"}}}, {ID: "two", Name: "Two", Match: []analytics.Match{{Event: "b"}}},
			}}}}
			got, err := (&Living{Ledger: l}).Figures(context.Background(), m, Period{Now: beginning.AddDate(0, 0, 61)})
			if err != nil {
				t.Fatal(err)
			}
			funnel, err := analytics.Funnel{Steps: []analytics.Match{{Event: "a"}, {Event: "b"}}}.Ask(context.Background(), l)
			if err != nil {
				t.Fatal(err)
			}
			p := got.Steps[1].FromBefore
			if p.Of != funnel.Steps[0].Count || p.Went != funnel.Steps[1].Count || math.Abs(p.Median-funnel.Steps[1].Median) > 0.1 {
				t.Fatalf("%+v, but the funnel says %+v", p, funnel.Steps)
			}
		})
	})
}

// Somebody is on the way for as long as nine of ten need to go on, and then
// gone.
func TestWhoTakesLongerThanNineOfTenIsGone(t *testing.T) {
	const n = 40
	tl := newTally(&plan{steps: 2, places: []place{{id: "a", marks: 1, stage: 2, before: -1}, {id: "b", marks: 2, stage: 2}, {id: "s", marks: 3, before: -1}}, all: 3},
		beginning.AddDate(0, 0, 100))
	day := (24 * time.Hour).Microseconds()
	at := beginning.UnixMicro()
	for i := range int64(n) { // the slowest need 20 days, nine of ten less than 19
		tl.add("goes on", []analytics.Happening{{At: at, Marks: 1}, {At: at + (i+1)*day/2, Marks: 2}})
	}
	tl.add("waits", []analytics.Happening{{At: at + 82*day, Marks: 1}})
	tl.add("is gone", []analytics.Happening{{At: at + 81*day, Marks: 1}})
	flows, waits := tl.flows()
	if want := time.Duration(18.05 * float64(24*time.Hour)); waits[0] != want || waits[1] != usualWait {
		t.Fatalf("waits %v, want %v and %v", waits, want, usualWait)
	}
	if flows[0].Here != 1 || flows[0].Stopped != 1 || flows[2].Here != 1 || flows[2].Stopped != 1 {
		t.Fatalf("%+v", flows)
	}
}

func TestMapsWithMoreThanCanBeToldApartAreRefused(t *testing.T) {
	m := Map{Stages: []Stage{{ID: "s", Name: "S"}}}
	for range analytics.MaxMarks + 1 {
		m.Stages[0].Steps = append(m.Stages[0].Steps, Step{ID: "x", Name: "X", Match: []analytics.Match{{Event: "a"}}})
	}
	if _, err := (&Living{}).Figures(context.Background(), m, Period{}); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("got %v", err)
	}
}
