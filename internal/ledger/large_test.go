package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

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

func position(k int) experience.Position {
	if k == 0 {
		return experience.Position{}
	}
	return at(uint64(k))
}
