package ledger_test

import (
	"fmt"
	"testing"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Recent rows are sorted into runs while they are few beside the settled ones,
// and every row is on its person's timeline all the way.
func TestRuns(t *testing.T) {
	b := newBook(t, "DuckDB")
	const people = 50
	all := 0
	more := func(n int) {
		var rows []experience.Interaction
		for range n {
			p := all % people
			who := fmt.Sprint("p", p)
			if p == 0 {
				who = "" // nobody
			}
			rows = append(rows, row(fmt.Sprint(all), fmt.Sprint("s", p), who, all))
			all++
		}
		b.rows(rows...)
	}
	parts := func() (kinds map[string]int) {
		kinds = map[string]int{}
		for _, k := range b.ask(`SELECT kind FROM parts`) {
			kinds[k]++
		}
		return kinds
	}
	more(1000)
	_, err := b.CompactAll(t.Context())
	b.check(err)
	most := 0
	for range 12 {
		more(hotLimit + 1)
		s, err := b.Compact(t.Context())
		b.check(err)
		if s.Rows < hotLimit {
			t.Fatalf("a compaction sorted %d rows", s.Rows)
		}
		most = max(most, parts()["warm"])
		b.append(ledger.Batch{Moves: []ledger.Move{move(int64(all), "s7", "p7", "p8"), move(int64(all)+1, "s7", "p8", "p7")}})
		for p := 1; p < people; p += 7 {
			items, _, err := b.Timeline(t.Context(), ledger.TimelineQuery{Person: id(fmt.Sprint("p", p)), Limit: 1000})
			b.check(err)
			if want := (all + people - 1 - p) / people; len(items) != want {
				t.Fatalf("%d rows on the timeline of p%d, want %d of %d; parts %v", len(items), p, want, all, parts())
			}
		}
	}
	if most < 2 || most > 4 {
		t.Errorf("at most %d runs at a time, want a few", most)
	}
	_, err = b.CompactAll(t.Context())
	b.check(err)
	if k := parts(); k["warm"] != 0 || k["sealed"] != 0 || k["nobody"] != 1 {
		t.Errorf("after all, parts %v", k)
	}
}
