package ledger_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

func TestMoves(t *testing.T) {
	const persons = `SELECT message_id, person_id::TEXT FROM interactions ORDER BY time`
	type step struct {
		moves []ledger.Move
		rows  []experience.Interaction
		want  map[string]string // message -> person
	}
	cases := map[string][]step{
		"a chain in one batch": {{
			moves: []ledger.Move{move(1, "s", "A", "B"), move(2, "s", "B", "C")},
			want:  map[string]string{"0": "C", "other": "A"},
		}},
		"a chain over batches, with rows cached under each": {
			{moves: []ledger.Move{move(1, "s", "A", "B")}, want: map[string]string{"0": "B", "other": "A"}},
			{rows: []experience.Interaction{row("1", "s", "B", 1)}, want: map[string]string{"0": "B", "other": "A", "1": "B"}},
			{moves: []ledger.Move{move(2, "s", "B", "C")}, want: map[string]string{"0": "C", "other": "A", "1": "C"}},
			{rows: []experience.Interaction{row("2", "s", "C", 2)}, want: map[string]string{"0": "C", "other": "A", "1": "C", "2": "C"}},
			{moves: []ledger.Move{move(3, "s", "C", "A")}, want: map[string]string{"0": "A", "other": "A", "1": "A", "2": "A"}},
		},
		"done, undone and done again": {
			{moves: []ledger.Move{move(1, "s", "A", "B")}, want: map[string]string{"0": "B", "other": "A"}},
			{moves: []ledger.Move{move(2, "s", "B", "A")}, rows: []experience.Interaction{row("1", "s", "A", 1)}, want: map[string]string{"0": "A", "other": "A", "1": "A"}},
			{moves: []ledger.Move{move(3, "s", "A", "B")}, want: map[string]string{"0": "B", "other": "A", "1": "B"}},
		},
		"to nobody and back": {
			{moves: []ledger.Move{move(1, "s", "A", "")}, want: map[string]string{"0": "", "other": "A"}},
			{moves: []ledger.Move{move(2, "s", "", "B")}, want: map[string]string{"0": "B", "other": "A"}},
		},
		"those applied already are skipped": {
			{moves: []ledger.Move{move(5, "s", "A", "B")}, want: map[string]string{"0": "B", "other": "A"}},
			{moves: []ledger.Move{move(4, "s", "B", "X"), move(5, "s", "B", "Y")}, want: map[string]string{"0": "B", "other": "A"}},
		},
		"rows of the same batch": {{
			rows:  []experience.Interaction{row("1", "s", "A", 1), row("2", "s", "B", 2), row("3", "t", "A", 3)},
			moves: []ledger.Move{move(1, "s", "A", "B"), move(2, "s", "B", "B")},
			want:  map[string]string{"0": "B", "other": "A", "1": "B", "2": "B", "3": "A"},
		}},
	}
	everyEngine(t, func(t *testing.T, b *book) {
		for name, steps := range cases {
			for _, compacting := range []bool{false, true} {
				b := newBook(t, b.Engine())
				b.rows(row("0", "s", "A", 0), row("other", "other", "A", 10))
				for i, s := range steps {
					if compacting {
						_, err := b.CompactAll(context.Background())
						b.check(err)
					}
					b.append(ledger.Batch{Rows: s.rows, Moves: s.moves})
					var want []string
					for m, p := range s.want {
						want = append(want, m+"|"+printed(p))
					}
					if diff := cmp.Diff(sorted(want), sorted(b.ask(persons))); diff != "" {
						t.Errorf("%s, compacting %v, step %d: %s", name, compacting, i, diff)
					}
				}
			}
		}
	})
}

func printed(person string) string {
	if person == "" {
		return "<nil>"
	}
	return id(person).String()
}

func TestTimelinePages(t *testing.T) {
	ctx := context.Background()
	everyEngine(t, func(t *testing.T, b *book) {
		again := row("m3", "s", "P", 0) // sent again two days later: the same id and time
		again.ReceivedAt = again.ReceivedAt.AddDate(0, 0, 2)
		staff := row("staff", "s", "P", 3)
		staff.Flags = experience.FlagStaff
		b.rows(row("m1", "s", "P", 0), row("m2", "s", "P", 0), row("m3", "s", "P", 0), again, row("m5", "s", "P", 1), staff,
			row("other", "o", "O", 0), row("nobody", "", "", 0))
		for limit := 1; limit <= 7; limit++ {
			var got []string
			q := ledger.TimelineQuery{Person: id("P"), Limit: limit}
			for {
				items, next, err := b.Timeline(ctx, q)
				b.check(err)
				for _, r := range items {
					got = append(got, r.MessageID+r.ReceivedAt.Format(" 2"))
				}
				if q.Before = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff([]string{"m1 1", "m2 1", "m3 1", "m3 3", "m5 1"}, sorted(got)); diff != "" || got[0] != "m5 1" {
				t.Errorf("limit %d: %v: %s", limit, got, diff)
			}
		}
		cases := map[string]struct {
			q    ledger.TimelineQuery
			want int
			code experience.Code
		}{
			"with staff":       {ledger.TimelineQuery{Person: id("P"), IncludeFlagged: true}, 6, ""},
			"before a moment":  {ledger.TimelineQuery{Person: id("P"), Before: day0.Format("2006-01-02T15:04:05Z07:00")}, 0, ""},
			"a later moment":   {ledger.TimelineQuery{Person: id("P"), Before: "2026-03-01T10:00:01+01:00"}, 4, ""},
			"nobody":           {ledger.TimelineQuery{}, 0, ""},
			"somebody unknown": {ledger.TimelineQuery{Person: id("?")}, 0, ""},
			"a bad cursor":     {ledger.TimelineQuery{Person: id("P"), Before: "yesterday"}, 0, experience.Invalid},
		}
		for name, c := range cases {
			items, next, err := b.Timeline(ctx, c.q)
			if len(items) != c.want || next != "" || experience.CodeOf(err) != c.code {
				t.Errorf("%s: %d items, next %q, %v; want %d items, code %q", name, len(items), next, err, c.want, c.code)
			}
		}
	})
}

func TestTimelineOfManyMerged(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		var batch ledger.Batch
		for i := range 200 { // more than a timeline lists one by one
			s := string(rune('a' + i))
			batch.Rows = append(batch.Rows, row(s, s, "was "+s, i))
			batch.Moves = append(batch.Moves, move(int64(i+1), s, "was "+s, "P"))
		}
		b.append(batch)
		items, next, err := b.Timeline(context.Background(), ledger.TimelineQuery{Person: id("P"), Limit: 150})
		b.check(err)
		if len(items) != 150 || next == "" || items[0].Person != id("P") || items[0].MessageID != batch.Rows[199].MessageID {
			t.Fatalf("%d items, next %q", len(items), next)
		}
	})
}
