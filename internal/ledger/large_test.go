package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// One visitor with far more text than the memory DuckDB may take: compaction
// goes through, keeps every row, and the timeline still reads.
func TestOnePersonWithMuchText(t *testing.T) {
	l, err := ledger.Open(t.Context(), ledger.Options{Path: filepath.Join(t.TempDir(), "l.duckdb"), HotLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	text := json.RawMessage(fmt.Sprintf(`{"note":%q}`, strings.Repeat("molto testo ", 2500)))
	const batches, each = 50, 200 // 340 MB
	n := 0
	for k := range batches {
		var rows []experience.Interaction
		for range each {
			n++
			r := row(fmt.Sprintf("m%d", n), "s", "p", n)
			r.Properties, r.Context = text, text
			if n%2 == 0 {
				r.Context = nil
			}
			rows = append(rows, r)
		}
		if err := l.Append(t.Context(), ledger.Batch{Before: position(k), After: position(k + 1), Rows: rows}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.CompactAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	var count int
	if err := l.QueryRow(context.Background(), `SELECT count(*) FROM interactions`).Scan(&count); err != nil || count != n {
		t.Fatalf("%d rows after compaction, want %d (%v)", count, n, err)
	}
	items, _, err := l.Timeline(t.Context(), ledger.TimelineQuery{Person: row("m", "s", "p", 1).Person, Limit: 100})
	if err != nil || len(items) != 100 {
		t.Fatalf("%d on the timeline: %v", len(items), err)
	}
}

// A compaction that is stopped anywhere leaves no table behind, and no row out.
func TestStoppedCompactionLeavesNothing(t *testing.T) {
	b := newBook(t, "DuckDB")
	var rows []experience.Interaction
	for n := range 3000 {
		rows = append(rows, row(fmt.Sprintf("m%d", n), fmt.Sprint("s", n%300), fmt.Sprint("p", n%300), n))
	}
	b.rows(rows...)
	for patience := time.Millisecond; ; patience *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := b.CompactAll(ctx)
		cancel()
		left := b.ask(`SELECT count(*) FROM duckdb_tables() WHERE regexp_matches(table_name, '^(hot|cold|nobody)_') AND table_name NOT IN (SELECT name FROM parts)`)
		if fmt.Sprint(left) != "[0]" {
			t.Fatalf("%v tables were left after %v", left, patience)
		}
		if n := b.ask(`SELECT count(*) FROM interactions`); fmt.Sprint(n) != "[3000]" {
			t.Fatalf("%v rows after %v", n, patience)
		}
		if err == nil {
			return
		}
	}
}

func position(k int) experience.Position {
	if k == 0 {
		return experience.Position{}
	}
	return at(uint64(k))
}
