package lifecycle

import (
	"context"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/testkit/books"
)

// What was true at a moment is told with what came next; orders that were taken
// back before do not count, and what came after has no part in it.
func TestMoments(t *testing.T) {
	books.Each(t, func(t *testing.T, l *ledger.Ledger, book *registry.DB) {
		r := on(l, book)
		r.Company = func(context.Context) experience.Company {
			return experience.Company{TimeZone: "Europe/Rome", Currency: "EUR"}
		}
		h := &house{room: r}
		h.did(1, 400, "Product Viewed", "site", "")
		h.did(1, 300, "Order Completed", "site", "a")
		h.did(1, 200, "Order Completed", "site", "b")
		h.did(1, 190, "Order Cancelled", "site", "b")
		h.did(1, 100, "Order Completed", "site", "c")
		h.did(2, 50, "Product Viewed", "site", "")
		books.Fill(t, l, h.rows)
		r.Clock = func() time.Time { return now }
		ago := func(n, days int) Moment { return Moment{person(n), now.AddDate(0, 0, -days)} }
		got, err := r.Moments(t.Context(), []Moment{ago(1, 500), ago(1, 350), ago(1, 290), ago(1, 195), ago(1, 150), ago(1, 99), ago(2, 10), ago(3, 10)})
		if err != nil {
			t.Fatal(err)
		}
		next := func(days int) int64 { return now.Add(-time.Duration(days) * 24 * time.Hour).UnixMicro() }
		want := []Then{
			{},
			{Known: true, Stage: Prospect, Next: next(300)},
			{Known: true, Stage: New, Orders: 1, Spent: 5000, Next: next(200)},
			{Known: true, Stage: Repeat, Orders: 2, Spent: 10000, Next: next(100)},
			{Known: true, Stage: Active, Orders: 1, Spent: 5000, Next: next(100)},
			{Known: true, Stage: Repeat, Orders: 2, Spent: 10000},
			{Known: true, Stage: Prospect},
			{},
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("moment %d: %+v, want %+v", i, got[i], want[i])
			}
		}
	})
}
