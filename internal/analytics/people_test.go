package analytics

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
)

// all is more than a random log has cases.
const all = 1000

// as tells whether a list of people is as long as the number shown says, and in
// order without repetitions.
func as(t *rapid.T, what string, n int64) func(Behind, error) {
	t.Helper()
	return func(b Behind, err error) {
		t.Helper()
		list := b.Names
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if int64(len(list)) != n || b.Total != n || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Fatalf("%s says %d, and behind it are %v", what, n, list)
		}
	}
}

func TestPeopleBehindFunnels(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		f := randomFunnel(t)
		f.By = rapid.SampledFrom([]string{"", "properties.colour", "properties.n", "traits.hair"}).Draw(t, "by")
		if f.By == "traits.hair" {
			f.Case = ""
		}
		f.Traits = func(context.Context, string) (map[experience.ID]string, error) {
			return map[experience.ID]string{experience.HashID(nil, "person", "1"): "red", experience.HashID(nil, "person", "2"): "grey"}, nil
		}
		a, err := f.Ask(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range a.Steps {
			as(t, "a step", s.Count)(f.People(ctx, l, FunnelPlace{Step: i + 1}, Page{Limit: all}))
			lost := s.Count
			if i+1 < len(a.Steps) {
				lost -= a.Steps[i+1].Count
			}
			as(t, "those who stop", lost)(f.People(ctx, l, FunnelPlace{Step: i + 1, Dropped: true}, Page{Limit: all}))
			for _, g := range a.Groups {
				place := FunnelPlace{Step: i + 1, Other: g.Other}
				if !g.Other {
					place.Group = &g.Value
				}
				as(t, "a group", g.Steps[i].Count)(f.People(ctx, l, place, Page{Limit: all}))
			}
		}
	})
}

func TestPeopleBehindPaths(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		p := Paths{
			Scope: randomScope(t), Anchor: randomMatch(t), Before: rapid.Bool().Draw(t, "before"), Steps: 3, Top: 2,
			By:       rapid.SampledFrom([]string{"", "touchpoint", "properties.n"}).Draw(t, "by"),
			Collapse: rapid.Bool().Draw(t, "collapse"), Window: rapid.SampledFrom([]Window{"", "1d"}).Draw(t, "window"),
		}
		a, err := p.Ask(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		thing := func(level, node int) *PathThing {
			n := a.Levels[level].Nodes[node]
			return &PathThing{Activity: n.Activity, Other: n.Other}
		}
		as(t, "all", a.Cases)(p.People(ctx, l, PathsPlace{}, Page{Limit: all}))
		for i, level := range a.Levels {
			for k, n := range level.Nodes {
				as(t, "a node", n.Cases)(p.People(ctx, l, PathsPlace{Level: i, Node: thing(i, k)}, Page{Limit: all}))
			}
			if i < p.Steps {
				as(t, "an end", level.Ended)(p.People(ctx, l, PathsPlace{Level: i, Ended: true}, Page{Limit: all}))
			}
		}
		for _, link := range a.Links {
			as(t, "a link", link.Cases)(p.People(ctx, l, PathsPlace{Level: link.Level, Node: thing(link.Level, link.From), Next: thing(link.Level+1, link.To)}, Page{Limit: all}))
		}
	})
}

func TestPeopleBehindRetention(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		r := Retention{
			Scope: randomScope(t), Start: randomMatch(t), Return: randomMatch(t), Periods: 4,
			Unit: rapid.SampledFrom([]Unit{Day, Week, Month}).Draw(t, "unit"), OnOrAfter: rapid.Bool().Draw(t, "on or after"),
		}
		a, err := r.Ask(ctx, l, rome)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range append(a.Cohorts, a.All) {
			as(t, "a cohort", c.Cases)(r.People(ctx, l, rome, RetentionPlace{Start: c.Start}, Page{Limit: all}))
			for k, kept := range c.Returned {
				as(t, "who came back", kept.Cases)(r.People(ctx, l, rome, RetentionPlace{Start: c.Start, Period: k + 1}, Page{Limit: all}))
				as(t, "who did not", kept.Of-kept.Cases)(r.People(ctx, l, rome, RetentionPlace{Start: c.Start, Period: k + 1, Lost: true}, Page{Limit: all}))
			}
		}
	})
}

func TestPeopleBehindTrends(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		q := Trend{Scope: randomScope(t), What: randomMatch(t), Measure: Cases, Unit: rapid.SampledFrom([]Unit{Hour, Day, Week, Month}).Draw(t, "unit"),
			By: rapid.SampledFrom([]string{"", "touchpoint", "visit", "properties.n"}).Draw(t, "by")}
		a, err := q.Ask(ctx, l, rome)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range a.Series {
			as(t, "a series", s.Total)(q.People(ctx, l, rome, TrendPlace{Value: &s.Value}, Page{Limit: all}))
			for i, n := range s.Counts {
				if n > 0 || i%7 == 0 { // hours are many
					as(t, "a point", n)(q.People(ctx, l, rome, TrendPlace{At: a.Times[i], Value: &s.Value}, Page{Limit: all}))
				}
			}
		}
	})
}

func TestPeopleBehindProcesses(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		p := Process{Scope: randomScope(t), Design: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "never"}), 0, 4).Draw(t, "design")}
		a, err := p.Ask(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(n int64, at ProcessPlace) {
			t.Helper()
			as(t, at.Of, n)(p.People(ctx, l, at, Page{Limit: all}))
			at.Without = true
			as(t, "without "+at.Of, a.Cases-n)(p.People(ctx, l, at, Page{Limit: all}))
		}
		ask(a.Cases, ProcessPlace{Of: AllCases})
		ask(a.Rework, ProcessPlace{Of: OfRework})
		ask(a.SelfLoops, ProcessPlace{Of: OfLoop})
		for _, n := range a.Graph.Nodes {
			for of, count := range map[string]int64{OfActivity: n.Cases, OfFirst: n.First, OfLast: n.Last, OfRework: n.Rework} {
				ask(count, ProcessPlace{Of: of, Activity: n.Activity})
			}
		}
		for _, e := range a.Graph.Edges {
			ask(e.Cases, ProcessPlace{Of: OfEdge, Activity: e.From, To: e.To})
		}
		for _, v := range a.TopVariants {
			ask(v.Cases, ProcessPlace{Of: OfVariant, Variant: v.Activities})
		}
		if len(p.Design) > 0 {
			ask(a.Fitting, ProcessPlace{Of: OfDesign})
		}
		for _, d := range a.Deviations {
			ask(d.Cases, d.Place())
		}
	})
}

// What many values have no series of their own for is one, and has its people.
func TestPeopleBehindTheRest(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, _ []experience.Interaction) {
		var rows []experience.Interaction
		for i := range 40 {
			name := string(rune('a' + i%20))
			rows = append(rows, experience.Interaction{ID: experience.HashID(nil, "row", name, string(rune('0'+i))), Name: name, Kind: experience.Track,
				Time: beginning.Add(time.Duration(i) * time.Hour), ReceivedAt: beginning, Person: experience.HashID(nil, "person", string(rune('0'+i%7)))})
		}
		books.Fill(t, l, rows)
		q := Trend{Measure: Cases, By: "event"}
		a, err := q.Ask(ctx, l, rome)
		if err != nil || len(a.Series) != maxSeries+1 || !a.Series[maxSeries].Other {
			t.Fatalf("%d series (%v)", len(a.Series), err)
		}
		for i, n := range a.Series[maxSeries].Counts {
			as(t, "the rest", n)(q.People(ctx, l, rome, TrendPlace{At: a.Times[i], Other: true}, Page{Limit: all}))
		}
	})
}
