package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// A ledger that opens its file again keeps every row, takes new ones, and tells
// those who ask meanwhile that they may come back.
func TestOpenedAgainAfterAFault(t *testing.T) {
	b := newBook(t, "DuckDB")
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, _, err := b.Timeline(ctx, ledger.TimelineQuery{Person: id("p")}); err != nil && ctx.Err() == nil && experience.CodeOf(err) != experience.Unavailable {
					t.Errorf("a reader was told %v", err)
					return
				}
			}
		})
	}
	for n := range 5 {
		b.rows(row(fmt.Sprint(n), "s", "p", n))
		if n == 2 {
			_, err := b.CompactAll(t.Context())
			b.check(err)
		}
		ledger.Mend(b.Ledger)
	}
	stop()
	readers.Wait()
	items, _, err := b.Timeline(t.Context(), ledger.TimelineQuery{Person: id("p")})
	b.check(err)
	if len(items) != 5 {
		t.Errorf("%d rows, want 5", len(items))
	}
	findings, err := b.Verify(t.Context())
	if got := wrong(t, findings, err); got != "" {
		t.Error(got)
	}
}
