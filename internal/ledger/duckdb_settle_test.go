package ledger_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"regia/internal/ledger"
)

// A question that is given up leaves nothing behind that keeps the file open:
// opening it again would wait for that for ever.
func TestQuestionsGivenUpLeaveNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.duckdb")
	for round := range 12 {
		opened := make(chan *ledger.Ledger, 1)
		go func() {
			l, err := ledger.Open(context.Background(), ledger.Options{Path: path})
			if err != nil {
				t.Error(err)
			}
			opened <- l
		}()
		var l *ledger.Ledger
		select {
		case l = <-opened:
		case <-time.After(30 * time.Second):
			t.Fatalf("round %d: the file cannot be opened again", round)
		}
		if l == nil {
			return
		}
		asked := make(chan struct{})
		for i := range 8 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(50+100*i+7*round)*time.Microsecond)
			go func() {
				defer func() { cancel(); asked <- struct{}{} }()
				rows, err := l.Query(ctx, `SELECT person_id, count(*) FROM interactions GROUP BY 1`)
				if err == nil {
					_ = rows.Close() // it may have been given up meanwhile
				}
			}()
		}
		for range 8 {
			<-asked
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
