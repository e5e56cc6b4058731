package analytics

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
)

// What happened in each case comes as it lies in the record, whatever engine
// keeps it.
func TestCourseAgreesWithReadingEachCase(t *testing.T) {
	everyEngine(t, func(t *rapid.T, l *ledger.Ledger, rows []experience.Interaction) {
		c := Course{Scope: randomScope(t), Single: rapid.Bool().Draw(t, "single")}
		for range rapid.IntRange(0, 4).Draw(t, "marks") {
			var any []Match
			for range rapid.IntRange(0, 2).Draw(t, "matches") {
				any = append(any, randomMatch(t))
			}
			c.Marks = append(c.Marks, any)
		}
		want := referenceCases(c.Scope, rows)
		got := map[string][]Happening{}
		names, err := c.Walk(context.Background(), l, func(name string, events []Happening) error {
			got[name] = slices.Clone(events)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d cases, want %d", len(got), len(want))
		}
		for name, events := range want {
			if len(got[name]) != len(events) {
				t.Fatalf("case %s has %d interactions, want %d", name, len(got[name]), len(events))
			}
			for i, e := range events {
				h := got[name][i]
				var marks uint64
				for k, any := range c.Marks {
					if slices.ContainsFunc(any, func(m Match) bool { return referenceMatch(m, e) }) {
						marks |= 1 << k
					}
				}
				id := experience.ID{}
				if c.Single {
					id = e.ID
				}
				if h.At != e.Time.UnixMicro() || h.Marks != marks || names.Names[h.Activity] != e.Name || h.ID != id {
					t.Fatalf("case %s, interaction %d: %+v (%s), want marks %b of %+v", name, i, h, names.Names[h.Activity], marks, e)
				}
			}
		}
	})
}

// What only says who somebody is stands in no course, unless a step means it.
func TestCourseLeavesOutWhatPeopleDoNotDo(t *testing.T) {
	l := books.Ledger(t)
	var rows []experience.Interaction
	for i, kind := range []experience.Kind{experience.Identify, experience.Track, experience.Alias, experience.Group} {
		rows = append(rows, experience.Interaction{ID: experience.HashID(nil, strconv.Itoa(i)), MessageID: strconv.Itoa(i), Source: "web", Kind: kind,
			Time: beginning, ReceivedAt: beginning, Person: experience.HashID(nil, "person")})
	}
	books.Fill(t, l, rows)
	for _, c := range []struct {
		marks [][]Match
		want  int
	}{{nil, 1}, {[][]Match{{{Kind: experience.Identify}}}, 2}} {
		count := 0
		if _, err := (Course{Marks: c.marks}).Walk(context.Background(), l, func(_ string, events []Happening) error {
			count += len(events)
			return nil
		}); err != nil || count != c.want {
			t.Errorf("marks %v: %d interactions, want %d (%v)", c.marks, count, c.want, err)
		}
	}
}

func TestCourseRefusesMoreMarksThanANumberHolds(t *testing.T) {
	c := Course{Marks: make([][]Match, MaxMarks+1)}
	if _, err := c.Walk(context.Background(), nil, nil); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("%d marks give %v", len(c.Marks), err)
	}
}

// happenings makes a case: each number is a set of marks, 0 an unknown thing.
func happenings(marks []uint64) []Happening {
	events := make([]Happening, len(marks))
	for i, m := range marks {
		events[i] = Happening{At: int64(i), Marks: m, Activity: int32(m)}
		if m == 0 {
			events[i].Activity = int32(100 + i%2)
		}
	}
	return events
}

// referencePaired is the longest common subsequence, by trying.
func referencePaired(trace []uint64, design []int) int {
	if len(trace) == 0 || len(design) == 0 {
		return 0
	}
	best := max(referencePaired(trace[1:], design), referencePaired(trace, design[1:]))
	if trace[0]&(1<<design[0]) != 0 {
		best = max(best, 1+referencePaired(trace[1:], design[1:]))
	}
	return best
}

// Cases held against a design cost what trying every alignment says, and their
// differences add up to that cost: whatever stands alone costs one, and what
// happened at another place two.
func TestConformanceAgreesWithTryingEveryAlignment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		design := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 5).Draw(t, "design")
		traces := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint64Range(0, 31), 1, 7), 1, 12).Draw(t, "traces")
		c := NewConformance(design)
		var of int
		for _, m := range design {
			of |= 1 << m
		}
		cost, most, sum, fitting := 0, 0, 0.0, int64(0)
		knownCost, knownMost := 0, 0
		inCases := map[int]int64{}
		for _, trace := range traces {
			a := c.Add(happenings(trace))
			paired := referencePaired(trace, design)
			k := len(trace) + len(design) - 2*paired
			known := 0
			for _, m := range trace {
				if m&uint64(of) != 0 {
					known++
				}
			}
			cost, most, sum = cost+k, most+len(trace)+len(design), sum+1-float64(k)/float64(len(trace)+len(design))
			knownCost, knownMost = knownCost+known+len(design)-2*paired, knownMost+known+len(design)
			if k == 0 {
				fitting++
			}
			if want := 1 - float64(k)/float64(len(trace)+len(design)); a.Fitness != want || a.Fits != (k == 0) {
				t.Fatalf("%b against %v: %+v, want fitness %v", trace, design, a, want)
			}
			if len(slices.Compact(slices.Sorted(slices.Values(a.Found)))) != len(a.Found) {
				t.Fatalf("differences twice: %v", a.Found)
			}
			for _, at := range a.Found {
				inCases[at]++
			}
		}
		all, known := c.Alignment(), c.KnownAlignment()
		if far(all.Fitness, 1-float64(cost)/float64(most)) || far(all.AverageFitness, sum/float64(len(traces))) || all.Fitting != fitting {
			t.Fatalf("%+v, want cost %d of %d, sum %v, %d fitting", all, cost, most, sum, fitting)
		}
		if far(known.Fitness, 1-float64(knownCost)/float64(knownMost)) {
			t.Fatalf("%+v, want cost %d of %d", known, knownCost, knownMost)
		}
		found := 0
		for i, d := range c.Differences() {
			if d.Cases != inCases[i] {
				t.Fatalf("%+v is in %d cases", d, inCases[i])
			}
			found += int(d.Events)
			if d.Kind == OutOfOrder {
				found += int(d.Events)
			}
		}
		if found != cost {
			t.Fatalf("the differences cost %d, the alignments %d", found, cost)
		}
		order := c.MostFrequent()
		if !slices.IsSortedFunc(order, func(a, b int) int { return int(c.Differences()[b].Cases - c.Differences()[a].Cases) }) {
			t.Fatalf("not the most frequent first: %v of %+v", order, c.Differences())
		}
	})
}

// far tells whether two shares differ by more than rounding.
func far(a, b float64) bool { return math.Abs(a-b) > 1e-12 }

func TestDifferencesHaveNames(t *testing.T) {
	const a, b, c, x = 1, 2, 4, 0
	for _, one := range []struct {
		name  string
		trace []uint64
		want  map[Difference]int64
	}{
		{"as designed", []uint64{a, b, c}, map[Difference]int64{}},
		{"skipped", []uint64{a, c}, map[Difference]int64{{Skipped, 1, 0}: 1}},
		{"repeated", []uint64{a, b, b, b, c}, map[Difference]int64{{Repeated, 1, 0}: 2}},
		{"out of order", []uint64{b, a, c}, map[Difference]int64{{OutOfOrder, 1, 0}: 1}},
		{"unknown", []uint64{a, b, c, x}, map[Difference]int64{{Unknown, -1, 101}: 1}},
		{"nothing of it", []uint64{x}, map[Difference]int64{{Unknown, -1, 100}: 1, {Skipped, 0, 0}: 1, {Skipped, 1, 0}: 1, {Skipped, 2, 0}: 1}},
		{"one thing that is two steps", []uint64{a | b, b, c}, map[Difference]int64{}},
	} {
		held := NewConformance([]int{0, 1, 2})
		held.Add(happenings(one.trace))
		got := map[Difference]int64{}
		for _, d := range held.Differences() {
			got[d.Difference] = d.Events
		}
		if !maps.Equal(got, one.want) {
			t.Errorf("%s: %v, want %v", one.name, got, one.want)
		}
	}
}
