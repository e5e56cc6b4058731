package analytics

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// referencePiece cuts time by the clock of Rome, one day after the other.
func referencePiece(unit Unit, at time.Time) time.Time {
	at = at.In(rome)
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, rome)
	switch unit {
	case Week:
		for day.Weekday() != time.Monday {
			day = day.AddDate(0, 0, -1)
		}
	case Month:
		day = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, rome)
	}
	return day
}

func referenceNext(unit Unit, start time.Time, n int) time.Time {
	switch unit {
	case Week:
		return start.AddDate(0, 0, 7*n)
	case Month:
		return start.AddDate(0, n, 0)
	}
	return start.AddDate(0, 0, n)
}

func TestRetentionAgreesWithLookingAtEachPerson(t *testing.T) {
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		r := Retention{
			Scope: randomScope(t), Start: randomMatch(t), Return: randomMatch(t), Periods: 6,
			Unit: rapid.SampledFrom([]Unit{Day, Week, Month}).Draw(t, "unit"), OnOrAfter: rapid.Bool().Draw(t, "on or after"),
		}
		got, err := r.Ask(context.Background(), l, rome)
		if err != nil {
			t.Fatal(err)
		}
		want := map[time.Time][]int64{}
		for _, events := range referenceCases(r.Scope, rows) {
			first := slices.IndexFunc(events, func(e experience.Interaction) bool { return referenceMatch(r.Start, e) })
			if first < 0 {
				continue
			}
			start := referencePiece(r.Unit, events[first].Time)
			if want[start] == nil {
				want[start] = make([]int64, r.Periods+1)
			}
			want[start][0]++
			for k := 1; k <= r.Periods; k++ {
				from, to := referenceNext(r.Unit, start, k), referenceNext(r.Unit, start, k+1)
				if slices.ContainsFunc(events, func(e experience.Interaction) bool {
					return referenceMatch(r.Return, e) && !e.Time.Before(from) && (r.OnOrAfter || e.Time.Before(to))
				}) {
					want[start][k]++
				}
			}
		}
		if len(got.Cohorts) != len(want) {
			t.Fatalf("%d cohorts, want %d", len(got.Cohorts), len(want))
		}
		for _, c := range got.Cohorts {
			counts := []int64{c.Cases}
			for _, k := range c.Returned {
				counts = append(counts, k.Cases)
			}
			if !slices.Equal(counts, want[c.Start.In(rome)]) {
				t.Fatalf("of %s: %v, want %v (%+v)", c.Start, counts, want[c.Start.In(rome)], r)
			}
		}
	})
}

func TestTrendAgreesWithCounting(t *testing.T) {
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		q := Trend{
			Scope: randomScope(t), What: randomMatch(t), Unit: rapid.SampledFrom([]Unit{Day, Week, Month}).Draw(t, "unit"),
			Measure: rapid.SampledFrom([]Measure{Interactions, Cases, Revenue}).Draw(t, "measure"),
			By:      rapid.SampledFrom([]string{"", "touchpoint"}).Draw(t, "by"),
		}
		got, err := q.Ask(context.Background(), l, rome)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]map[time.Time]int64{}
		seen := map[string]bool{}
		add := func(value string, at time.Time, n int64) {
			if want[value] == nil {
				want[value] = map[time.Time]int64{}
			}
			want[value][at] += n
		}
		value := func(r experience.Interaction) string {
			if q.By == "" {
				return ""
			}
			return r.Touchpoint
		}
		if q.Measure == Cases {
			for name, events := range referenceCases(q.Scope, rows) {
				for _, r := range events {
					at := referencePiece(q.Unit, r.Time)
					if key := name + value(r) + at.String(); referenceMatch(q.What, r) && !seen[key] {
						seen[key] = true
						add(value(r), at, 1)
					}
				}
			}
		} else {
			for _, r := range rows {
				if referenceCounts(q.Scope, r) && referenceMatch(q.What, r) {
					switch at := referencePiece(q.Unit, r.Time); {
					case q.Measure == Interactions:
						add(value(r), at, 1)
					case r.Currency != "":
						add(value(r), at, r.Revenue)
					}
				}
			}
		}
		if len(got.Series) != len(want) {
			t.Fatalf("%d series, want %d: %+v", len(got.Series), len(want), got)
		}
		for _, s := range got.Series {
			counts := map[time.Time]int64{}
			for i, n := range s.Counts {
				if n != 0 {
					counts[got.Times[i].In(rome)] = n
				}
			}
			if !reflect.DeepEqual(counts, want[s.Value]) {
				t.Fatalf("series %q: %v, want %v (%+v)", s.Value, counts, want[s.Value], q)
			}
		}
	})
}

func TestProcessAgreesWithReadingEachCase(t *testing.T) {
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		p := Process{Scope: randomScope(t), Design: []string{"a", "b", "c"}}
		got, err := p.Ask(context.Background(), l)
		if err != nil {
			t.Fatal(err)
		}
		var want ProcessAnswer
		variants, edges, cost, most := map[string]int{}, map[string]int64{}, 0, 0
		activities := map[string]bool{}
		for _, events := range referenceCases(p.Scope, rows) {
			want.Cases++
			var trace []string
			again := map[string]int{}
			for i, e := range events {
				want.Events++
				trace = append(trace, e.Name)
				activities[e.Name] = true
				again[e.Name]++
				if i > 0 {
					want.Pairs++
					edges[events[i-1].Name+">"+e.Name]++
				}
			}
			if len(again) < len(trace) {
				want.Rework++
			}
			if len(again) == 3 && slices.Equal(trace, p.Design) {
				want.Fitting++
			}
			variants[join(trace)]++
			cost += referenceEdits(trace, p.Design)
			most += len(trace) + len(p.Design)
		}
		want.Activities, want.Variants, want.Edges = int64(len(activities)), int64(len(variants)), int64(len(edges))
		if most > 0 {
			want.Fitness = 1 - float64(cost)/float64(most)
		}
		if got.Cases != want.Cases || got.Events != want.Events || got.Pairs != want.Pairs || got.Rework != want.Rework || got.Activities != want.Activities ||
			got.Variants != want.Variants || got.Edges != want.Edges || got.Fitting != want.Fitting || got.Fitness != want.Fitness {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		for _, e := range got.Graph.Edges {
			if edges[e.From+">"+e.To] != e.Count {
				t.Fatalf("%s follows %s %d times, want %d", e.To, e.From, e.Count, edges[e.From+">"+e.To])
			}
		}
		for _, v := range got.TopVariants {
			if int64(variants[join(v.Activities)]) != v.Cases {
				t.Fatalf("variant %v has %d cases, want %d", v.Activities, v.Cases, variants[join(v.Activities)])
			}
		}
	})
}

func join(trace []string) string {
	out := ""
	for _, s := range trace {
		out += s + ">"
	}
	return out
}

// referenceEdits is the edit distance without substitution, by trying.
func referenceEdits(a, b []string) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a) + len(b)
	case a[0] == b[0]:
		return referenceEdits(a[1:], b[1:])
	}
	return 1 + min(referenceEdits(a[1:], b), referenceEdits(a, b[1:]))
}

func TestPathsAgreeWithFollowingEachCase(t *testing.T) {
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		p := Paths{
			Scope: randomScope(t), Anchor: Match{Event: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "anchor")}, Before: rapid.Bool().Draw(t, "before"),
			Steps: 3, Top: 2, Collapse: rapid.Bool().Draw(t, "collapse"), Window: rapid.SampledFrom([]Window{"", "1d"}).Draw(t, "window"),
		}
		got, err := p.Ask(context.Background(), l)
		if err != nil {
			t.Fatal(err)
		}
		limit, _ := p.Window.Duration()
		var cases int64
		levels := make([]map[string]int64, p.Steps+1)
		for i := range levels {
			levels[i] = map[string]int64{}
		}
		for _, events := range referenceCases(p.Scope, rows) {
			anchor := slices.IndexFunc(events, func(e experience.Interaction) bool { return referenceMatch(p.Anchor, e) })
			if anchor < 0 {
				continue
			}
			cases++
			path := slices.Clone(events[anchor:])
			if p.Before {
				path = slices.Clone(events[:anchor+1])
				slices.Reverse(path)
			}
			level, last := 0, ""
			for _, e := range path {
				if gap := e.Time.Sub(path[0].Time).Abs(); limit != 0 && gap > limit || level > p.Steps {
					break
				}
				if p.Collapse && e.Name == last {
					continue
				}
				levels[level][e.Name]++
				level, last = level+1, e.Name
			}
		}
		if got.Cases != cases {
			t.Fatalf("%d cases, want %d", got.Cases, cases)
		}
		for i, level := range got.Levels {
			var all, want int64
			for _, n := range level.Nodes {
				all += n.Cases
				if !n.Other && levels[i][n.Activity] != n.Cases {
					t.Fatalf("level %d: %s has %d cases, want %d (%+v)", i, n.Activity, n.Cases, levels[i][n.Activity], p)
				}
			}
			for _, n := range levels[i] {
				want += n
			}
			var next int64
			for _, link := range got.Links {
				if link.Level == i {
					next += link.Cases
				}
			}
			if all != want || i < p.Steps && all != next+level.Ended {
				t.Fatalf("level %d holds %d cases, want %d, of which %d go on and %d end", i, all, want, next, level.Ended)
			}
		}
	})
}

func TestCalendarNumbersItsPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-5e9, 5e9).Draw(t, "at"), 0)
		for _, unit := range []Unit{Day, Week, Month} {
			c := calendar{unit, rome}
			n := c.number(at)
			if !c.start(n).Equal(referencePiece(unit, at)) {
				t.Fatalf("%s %d of %s begins %s, want %s", unit, n, at.In(rome), c.start(n), referencePiece(unit, at))
			}
		}
	})
}
