package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

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
		s, err := b.Compact(t.Context(), ledger.Beside{})
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
	if most != 7 {
		t.Errorf("at most %d runs at a time, want 7: eight are joined", most)
	}
	_, err = b.CompactAll(t.Context())
	b.check(err)
	if k := parts(); k["warm"] != 0 || k["sealed"] != 0 || k["nobody"] != 1 {
		t.Errorf("after all, parts %v", k)
	}
}

// While much arrives, rows are sorted but not settled; what arrives while runs
// are settled is sorted meanwhile; and between any two pieces of work there is a pause.
func TestCompactionGivesWay(t *testing.T) {
	b := newBook(t, "DuckDB")
	all, busy := 0, true
	more := func(n int) {
		var rows []experience.Interaction
		for range n {
			rows = append(rows, row(fmt.Sprint(all), fmt.Sprint("s", all%90), fmt.Sprint("p", all%90), all))
			all++
		}
		b.rows(rows...)
	}
	kinds := func() string {
		return fmt.Sprint(b.ask(`SELECT kind || ' ' || count(*) FROM parts GROUP BY kind ORDER BY kind`))
	}
	pauses, late := 0, 0
	beside := ledger.Beside{Busy: func() bool { return busy }, Pause: func(context.Context, time.Duration) {
		if pauses++; late > 0 {
			late--
			more(hotLimit)
		}
	}}
	more(partRows)
	_, err := b.Compact(t.Context(), beside)
	b.check(err)
	if got := kinds(); got != "[hot 1 warm 1]" || pauses < 5 {
		t.Fatalf("while much arrives, parts %s after %d pauses", got, pauses)
	}
	busy, late = false, 3
	_, err = b.Compact(t.Context(), beside)
	b.check(err)
	if got := kinds(); got != "[cold 3 hot 1 warm 3]" {
		t.Errorf("then, with rows that arrived meanwhile, parts %s", got)
	}
	o, err := b.Order(t.Context())
	b.check(err)
	if o.Unsorted != 0 || o.Sorted != int64(all) || o.Written != int64(all+partRows) {
		t.Errorf("of %d rows, %+v", all, o)
	}
	if got := b.ask(`SELECT count(*), count(DISTINCT id) FROM interactions`); got[0] != fmt.Sprintf("%d|%d", all, all) {
		t.Errorf("%v of %d rows", got, all)
	}
}

// What a flood leaves is set aside while it arrives, in pieces that are sorted
// one after the other, and all of it is on its people's timelines all the while.
func TestFloodIsSetAside(t *testing.T) {
	b := newBook(t, "DuckDB")
	const people, pieces = 7, 6
	for k := range pieces {
		var rows []experience.Interaction
		for n := range hotLimit {
			rows = append(rows, row(fmt.Sprint(k, " ", n), fmt.Sprint("s", n%people), fmt.Sprint("p", n%people), k*hotLimit+n))
		}
		b.rows(rows...)
	}
	kinds := func() string {
		return fmt.Sprint(b.ask(`SELECT kind || ' ' || count(*) FROM parts GROUP BY kind ORDER BY kind`))
	}
	told := func() {
		t.Helper()
		items, _, err := b.Timeline(t.Context(), ledger.TimelineQuery{Person: id("p3"), Limit: 1000})
		b.check(err)
		if len(items) != pieces*3 { // 3, 10 and 17 of each 20
			t.Errorf("%d rows on a timeline, want %d; parts %s", len(items), pieces*3, kinds())
		}
	}
	if got := kinds(); got != "[hot 1 sealed 5]" {
		t.Errorf("after the flood, parts %s", got)
	}
	told()
	b.reopen()
	told()
	least := pieces
	_, err := b.Compact(t.Context(), ledger.Beside{Pause: func(context.Context, time.Duration) {
		told()
		o, err := b.Order(t.Context())
		b.check(err)
		least = min(least, int(o.Unsorted)/hotLimit)
	}})
	b.check(err)
	if got := kinds(); got != "[hot 1 warm 6]" || least > 1 {
		t.Errorf("sorted, parts %s; at least %d pieces lay unsorted at a time", got, least)
	}
	told()
	if got := b.ask(`SELECT count(*), count(DISTINCT id) FROM interactions`); got[0] != fmt.Sprintf("%d|%d", pieces*hotLimit, pieces*hotLimit) {
		t.Errorf("%v of %d rows", got, pieces*hotLimit)
	}
	findings, err := b.Verify(t.Context())
	b.check(err)
	for _, f := range findings {
		if !f.OK {
			t.Errorf("%+v", f)
		}
	}
}

// What is not sorted is told, and so sorted in time, also while more people were
// joined than a reader remembers.
func TestOrderIsToldWhilePeopleAreJoined(t *testing.T) {
	b := newBook(t, "DuckDB")
	b.rows(row("1", "s1", "p1", 1), row("2", "s2", "p2", 2))
	moves := make([]ledger.Move, 6_000)
	for k := range moves {
		moves[k] = move(int64(k+1), fmt.Sprint("s", k), fmt.Sprint("p", k), fmt.Sprint("q", k))
	}
	b.append(ledger.Batch{Moves: moves})
	o, err := b.Order(t.Context())
	b.check(err)
	if o.Unsorted != 2 {
		t.Errorf("of 2 rows %d are told to be unsorted", o.Unsorted)
	}
}

// Runs whose rows have all been taken back, the last while it was being sorted,
// are dropped: there is nothing in them to be sorted, today or ever.
func TestEmptyRunsGo(t *testing.T) {
	b := newBook(t, "DuckDB")
	const runs = 8
	var imports []experience.ID
	beside := ledger.Beside{Pause: func(context.Context, time.Duration) {
		if len(imports) == runs {
			b.append(ledger.Batch{Forget: imports})
			imports = nil
		}
	}}
	for k := range runs {
		var rows []experience.Interaction
		for n := range hotLimit {
			rows = append(rows, importedRow(fmt.Sprint(k, " ", n), fmt.Sprint("s", n), fmt.Sprint("p", n), fmt.Sprint("import ", k), n))
		}
		b.rows(rows...)
		imports = append(imports, id(fmt.Sprint("import ", k)))
		_, err := b.Compact(t.Context(), beside)
		b.check(err)
	}
	if got := b.ask(`SELECT (SELECT count(*) FROM interactions), (SELECT count(*) FROM parts WHERE kind <> 'hot')`); imports != nil || got[0] != "0|0" {
		t.Errorf("rows|parts beside the hot one: %v", got)
	}
}
