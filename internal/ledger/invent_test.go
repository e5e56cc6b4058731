package ledger_test

import (
	"slices"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// What is invented reads like what was woven, and in DuckDB is sorted already.
func TestInvent(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		until := day0.Add(time.Hour)
		told := int64(0)
		people, err := b.Invent(t.Context(), 20_000, until, func(done int64) { told = done })
		b.check(err)
		if people != 1000 || told != people {
			t.Fatalf("%d people, %d told, want 1000", people, told)
		}
		rows := 0
		for n := range people {
			items, next, err := b.Timeline(t.Context(), ledger.TimelineQuery{Person: ledger.Invented(n), Limit: 1000, Whole: true})
			b.check(err)
			rows += len(items)
			latestFirst := slices.IsSortedFunc(items, func(x, y experience.Interaction) int { return y.Time.Compare(x.Time) })
			if len(items) == 0 || items[0].Time.After(until) || !latestFirst || len(items[0].Properties) < 100 || len(items[0].Context) < 200 || next != "" && len(items) < 1000 {
				t.Fatalf("the timeline of person %d: %d rows, latest first %v", n, len(items), latestFirst)
			}
		}
		if head, err := b.Head(t.Context()); err != nil || head.Rows < int64(rows) || rows < 10_000 || head.Rows > 30_000 {
			t.Errorf("%d rows on first pages, %d in all, want about 20,000 (%v)", rows, head.Rows, err)
		}
		if b.Engine() == "DuckDB" {
			if out := b.ask(`SELECT count(*) FROM (SELECT lag(person_id) OVER r AS p, person_id, lag(time) OVER r AS t, time FROM cold_1 WINDOW r AS (ORDER BY rowid))
				WHERE p > person_id OR p = person_id AND t > time`); out[0] != "0" {
				t.Errorf("%s rows are out of order", out[0])
			}
		}
		b.rows(row("later", "s", "p", 1))
		if _, err := b.Invent(t.Context(), 100, until, func(int64) {}); experience.CodeOf(err) != experience.Conflict {
			t.Errorf("a ledger with rows was filled: %v", err)
		}
	})
}
