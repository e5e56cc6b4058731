package lifecycle

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
)

// Stages, movement, purchases and lists are what the slow reference counts, on
// both engines.
func TestFiguresAgainstReference(t *testing.T) {
	everyEngine(t, func(t *rapid.T, r *Room, rows []experience.Interaction) {
		ctx := context.Background()
		rules := randomRules(t)
		e, err := r.extent(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.reckon(ctx, e, Version{Rules: rules})
		if err != nil {
			t.Fatal(err)
		}
		if e.unreached {
			return
		}
		want, _ := r.blank(ctx, e, Version{Rules: rules})
		for person, list := range referencePeople(r, rows, e.at) {
			referenceMoves(want, list, rules)
			referenceBuys(want, list)
			h := historyOf(t, r, e, person)
			if since, is := time.UnixMicro(h.since(rules, e.at.UnixMicro())), referenceStage(list, rules, e.at); referenceStage(list, rules, since) != is ||
				since.After(list[0].Time) && referenceStage(list, rules, since.Add(-time.Microsecond)) == is {
				t.Fatalf("since %s at %s, but a moment before %q", since.UTC(), is, referenceStage(list, rules, since.Add(-time.Microsecond)))
			}
		}
		if d := cmp.Diff(want.counts, got.counts); d != "" {
			t.Errorf("stages (-want +got): %s", d)
		}
		if d := cmp.Diff(want.flows, got.flows); d != "" {
			t.Errorf("flows (-want +got): %s", d)
		}
		if d := cmp.Diff(want.bought(), got.bought()); d != "" {
			t.Errorf("purchases (-want +got): %s", d)
		}
		for i, sum := range got.counts {
			if i > 0 {
				before, into := got.counts[i-1], got.flows[i]
				for s := range stageCount {
					out, in := int64(0), int64(0)
					for o := range stageCount + 1 {
						out, in = out+into[s][o], in+into[o][s]
					}
					if out != before[s] || in != sum[s] {
						t.Fatalf("month %d, %s: %d were there and %d left or stayed, %d are and %d came or stayed", i, Stages[s], before[s], out, sum[s], in)
					}
				}
			}
		}
	})
}

func historyOf(t *rapid.T, r *Room, e extent, person experience.ID) *history {
	var out history
	err := r.each(context.Background(), query{upTo: e.at, person: person}, func(h *history) error {
		out = history{person: h.person, first: h.first, orders: slices.Clone(h.orders), praises: slices.Clone(h.praises)}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

func referenceMoves(want *report, list []experience.Interaction, rules Rules) {
	was := absent
	for i, end := range want.ends {
		is := absent
		if s := referenceStage(list, rules, time.UnixMicro(end)); s != "" {
			is = s.place()
			want.counts[i][is]++
		}
		if i > 0 {
			want.flows[i][was][is]++
		}
		was = is
	}
}

func referenceBuys(want *report, list []experience.Interaction) {
	var times []time.Time
	var first pastOrder
	for _, o := range referenceOrders(list) {
		if !o.void.IsZero() {
			want.purchases.void++
			continue
		}
		if times = append(times, o.placed); len(times) == 1 {
			first = o
		}
	}
	if len(times) == 0 {
		return
	}
	soon, place := false, map[string]experience.Channel{"site": experience.Web, "shop": experience.Shop}[first.touchpoint]
	if place == "" && first.source == "till" {
		place = experience.Shop
	}
	if len(times) > 1 {
		wait := times[1].Sub(times[0])
		soon = wait < 90*24*time.Hour
		want.second.came[int(wait.Hours()/24)]++
	} else {
		want.second.ongoing[int(want.at.Sub(times[0]).Hours()/24)]++
	}
	want.second.n++
	number := monthNumber(times[0].UnixMicro(), rome)
	if want.cohorts[number] == nil {
		want.cohorts[number] = &cohort{}
	}
	for _, into := range []*tries{&want.all, &want.cohorts[number].tries, counted(want.touchpoints, first.touchpoint), counted(want.channels, place)} {
		into.buyers++
		if len(times) >= 2 {
			into.again++
		}
		if len(times) >= 3 {
			into.third++
		}
	}
	if soon {
		want.cohorts[number].soon++
	}
}

// Everybody has exactly one stage, whatever the facts and the rules are.
func TestEverybodyHasOneStage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := randomRules(t)
		if err := rules.Check(); err != nil {
			t.Fatal(err)
		}
		at := beginning.UnixMicro()
		f := Facts{Orders: rapid.IntRange(0, 9).Draw(t, "orders"), First: at - rapid.Int64Range(0, days(900)).Draw(t, "first")}
		f.Last = rapid.Int64Range(f.First, at).Draw(t, "last")
		f.Praised = rapid.SampledFrom([]int64{0, at - days(10), at - days(800)}).Draw(t, "praised")
		s := rules.Stage(f, at)
		if !s.Known() || (s == Prospect) != (f.Orders == 0) {
			t.Fatalf("%+v is at stage %q", f, s)
		}
		// Nobody gets younger: without news a relationship only ever cools down.
		order := map[Stage]int{Prospect: 0, Fan: 1, Repeat: 2, New: 3, Active: 4, Dormant: 5, Lost: 6}
		if later := rules.Stage(f, at+rapid.Int64Range(0, days(900)).Draw(t, "later")); order[later] < order[s] {
			t.Fatalf("%+v goes from %q to %q by waiting", f, s, later)
		}
	})
}
