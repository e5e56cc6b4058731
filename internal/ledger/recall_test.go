package ledger

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"regia/internal/experience"
)

func recallRow(n int) experience.Interaction {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return experience.Interaction{ID: experience.HashID([]byte("recall"), fmt.Sprint(n)), Source: "s", Kind: experience.Track, Time: at, ReceivedAt: at}
}

// What was remembered is known for ever, through all tables; of what was not,
// next to nothing.
func TestRecallKnowsItsIDs(t *testing.T) {
	const n = 300_000
	var r recall
	rows := make([]experience.Interaction, n)
	for i := range rows {
		rows[i] = recallRow(i)
	}
	if got := r.maybe(rows[:5]); len(got) != 5 {
		t.Errorf("before all is loaded %d of 5 are looked up", len(got))
	}
	r.remember(len(rows), func(i int) *experience.ID { return &rows[i].ID })
	r.ready = true
	if len(r.ids) < 3 {
		t.Fatalf("%d tables", len(r.ids))
	}
	if got := r.maybe(rows); len(got) != n {
		t.Errorf("%d of %d are known", len(got), n)
	}
	strangers := make([]experience.Interaction, n)
	for i := range strangers {
		strangers[i] = recallRow(n + i)
	}
	if got := r.maybe(strangers); len(got) > 5 {
		t.Errorf("%d strangers are taken for known", len(got))
	}
}

// A ledger that was opened again knows what it had seen, whoever is first: the
// loading, or those who write meanwhile.
func TestRecallIsLoaded(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "l.duckdb")}
	ctx := context.Background()
	var head experience.Position
	next := 0
	for round := range 4 {
		l, err := Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		d := l.engine.(*duck)
		for range 3 {
			var rows []experience.Interaction
			for range 1000 {
				rows = append(rows, recallRow(next))
				next++
			}
			after := experience.Position{Sequence: head.Sequence + 1, Hash: fmt.Sprint(next)}
			if err := l.Append(ctx, Batch{Before: head, After: after, Rows: rows}); err != nil {
				t.Fatal(err)
			}
			head = after
			if round%2 == 1 {
				d.mending.work.Wait()
			}
			old := make([]experience.Interaction, 0, next+10)
			for i := range next + 10 {
				old = append(old, recallRow(i))
			}
			fresh, err := l.Fresh(ctx, old)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range fresh {
				if f != (i >= next) {
					t.Fatalf("round %d: row %d of %d is fresh: %v", round, i, next, f)
				}
			}
		}
		d.mending.work.Wait()
		if d.recall.mu.RLock(); !d.recall.ready || d.recall.ids.size() != next {
			t.Errorf("round %d: ready %v, %d remembered of %d", round, d.recall.ready, d.recall.ids.size(), next)
		}
		d.recall.mu.RUnlock()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
