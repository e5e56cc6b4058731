package analytics

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
)

func randomFunnel(t *rapid.T) Funnel {
	f := Funnel{Scope: randomScope(t), Window: rapid.SampledFrom([]Window{"", "3h", "24h", "2d"}).Draw(t, "window")}
	for range rapid.IntRange(1, 4).Draw(t, "steps") {
		f.Steps = append(f.Steps, randomMatch(t))
	}
	if rapid.IntRange(0, 2).Draw(t, "exclude") == 0 {
		f.Exclude = []Match{randomMatch(t)}
	}
	switch rapid.IntRange(0, 3).Draw(t, "sort") {
	case 0:
		f.AnyOrder = true
	case 1:
		f.Hold = "touchpoint"
	}
	if rapid.IntRange(0, 3).Draw(t, "by") == 0 {
		f.By = "properties.colour"
	}
	return f
}

// referenceFunnel tries every way through, one interaction after the other.
func referenceFunnel(f Funnel, rows []experience.Interaction) (reached []int64, by map[string]int64) {
	reached, by = make([]int64, len(f.Steps)), map[string]int64{}
	for _, events := range referenceCases(f.Scope, rows) {
		held := map[string][]experience.Interaction{"": events}
		if f.Hold != "" {
			held = map[string][]experience.Interaction{}
			for _, e := range events {
				if v := referenceField(e, f.Hold); v != "" {
					held[v] = append(held[v], e)
				}
			}
		}
		depth := 0
		for _, events := range held {
			for start := range events {
				if f.AnyOrder {
					depth = max(depth, referenceAnyOrder(f, events[start:]))
				} else if !excluded(f, events[start]) && referenceMatch(f.Steps[0], events[start]) {
					depth = max(depth, referenceDeeper(f, events[start+1:], events[start].Time, 1))
				}
			}
		}
		for k := range depth {
			reached[k]++
		}
	}
	return reached, by
}

func excluded(f Funnel, e experience.Interaction) bool {
	return slices.ContainsFunc(f.Exclude, func(m Match) bool { return referenceMatch(m, e) })
}

func within(f Funnel, from, to time.Time) bool {
	limit, _ := f.Window.Duration()
	return limit == 0 || to.Sub(from) <= limit
}

// referenceDeeper takes a step with each interaction that can be one.
func referenceDeeper(f Funnel, events []experience.Interaction, start time.Time, taken int) int {
	best := taken
	if taken == len(f.Steps) {
		return best
	}
	for i, e := range events {
		if excluded(f, e) || !within(f, start, e.Time) {
			break
		}
		if referenceMatch(f.Steps[taken], e) {
			best = max(best, referenceDeeper(f, events[i+1:], start, taken+1))
		}
	}
	return best
}

func referenceAnyOrder(f Funnel, events []experience.Interaction) int {
	taken := map[int]bool{}
	for _, e := range events {
		if excluded(f, e) || !within(f, events[0].Time, e.Time) {
			break
		}
		for k, m := range f.Steps {
			if referenceMatch(m, e) {
				taken[k] = true
			}
		}
	}
	return len(taken)
}

func TestFunnelAgreesWithTryingEveryWay(t *testing.T) {
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		f := randomFunnel(t)
		got, err := f.Ask(context.Background(), l)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := referenceFunnel(f, rows)
		var groups int64
		for i, s := range got.Steps {
			if s.Count != want[i] {
				t.Fatalf("step %d of %+v: %d, but trying every way gives %d", i+1, f, s.Count, want[i])
			}
			people, err := f.People(context.Background(), l, FunnelPlace{Step: i + 1}, Page{Limit: 1000})
			if err != nil || int64(len(people.Names)) != s.Count {
				t.Fatalf("step %d counts %d, and %d are behind it (%v)", i+1, s.Count, len(people.Names), err)
			}
		}
		for _, g := range got.Groups {
			groups += g.Steps[0].Count
		}
		if f.By != "" && groups != got.Steps[0].Count {
			t.Fatalf("the groups hold %d cases, all together %d", groups, got.Steps[0].Count)
		}
	})
}

func at(names string, hours ...int) []Event {
	events := make([]Event, len(names))
	for i, n := range names {
		events[i] = Event{At: int64(hours[i]) * time.Hour.Microseconds(), Arrived: int64(i), Code: 1 << (n - 'a')}
		if n == 'x' {
			events[i].Code = 1 << maxSteps
		}
	}
	return events
}

func TestWays(t *testing.T) {
	three := []Match{{Event: "a"}, {Event: "b"}, {Event: "c"}}
	day := Window("24h")
	for _, c := range []struct {
		name   string
		funnel Funnel
		events []Event
		want   [][]int64 // hours of each way
	}{
		{"straight through", Funnel{Steps: three}, at("abc", 0, 1, 2), [][]int64{{0, 1, 2}}},
		{"the later start counts", Funnel{Steps: three}, at("aabc", 0, 5, 6, 7), [][]int64{{5, 6, 7}}},
		{"too late for the first start, not for the second", Funnel{Steps: three, Window: day}, at("aabc", 0, 20, 23, 40), [][]int64{{20, 23, 40}}},
		{"the deepest way counts, not the latest", Funnel{Steps: three, Window: day}, at("abca", 0, 1, 2, 90), [][]int64{{0, 1, 2}}},
		{"a window that is just long enough", Funnel{Steps: three[:2], Window: day}, at("ab", 0, 24), [][]int64{{0, 24}}},
		{"a window that is just too short", Funnel{Steps: three[:2], Window: day}, at("ab", 0, 25), [][]int64{{0}}},
		{"what is excluded ends the way", Funnel{Steps: three}, at("abxc", 0, 1, 2, 3), [][]int64{{0, 1}}},
		{"in any order", Funnel{Steps: three, AnyOrder: true}, at("cba", 0, 1, 2), [][]int64{{0, 1, 2}}},
		{"every way", Funnel{Steps: three[:2], Totals: true}, at("abab", 0, 1, 2, 3), [][]int64{{0, 1}, {2, 3}}},
		{"every way, one left behind", Funnel{Steps: three[:2], Totals: true}, at("aab", 0, 1, 2), [][]int64{{0}, {1, 2}}},
		{"nothing begins", Funnel{Steps: three}, at("bc", 0, 1), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got [][]int64
			for _, w := range c.funnel.ways(c.events) {
				var hours []int64
				for _, at := range w.Times {
					hours = append(hours, at/time.Hour.Microseconds())
				}
				got = append(got, hours)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Whatever the log, totals count at least as many as deepest ways, and every
// first step once.
func TestTotalsCountEveryStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		seed := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var events []Event
		starts := 0
		for i := range n {
			code := int64(1) << seed.IntN(3)
			if code == 1 {
				starts++
			}
			events = append(events, Event{At: int64(i) * time.Hour.Microseconds(), Code: code})
		}
		f := Funnel{Steps: []Match{{Event: "a"}, {Event: "b"}, {Event: "c"}}, Totals: true}
		ways := f.ways(events)
		if len(ways) != starts {
			t.Fatalf("%d starts gave %d ways", starts, len(ways))
		}
	})
}
