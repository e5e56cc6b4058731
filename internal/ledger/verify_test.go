package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// verifiable is a ledger with rows of every sort in every sort of part.
func verifiable(b *book) {
	var rows []experience.Interaction
	for i := range 3000 {
		p := fmt.Sprint("p", i%300)
		if i%300 == 0 {
			p = ""
		}
		r := row(fmt.Sprint(i), fmt.Sprint("s", i%300), p, i)
		if i%3 == 0 {
			r.Imported, r.Import = true, id("import")
		}
		rows = append(rows, r)
	}
	b.rows(rows[:2000]...)
	_, err := b.CompactAll(context.Background())
	b.check(err)
	b.rows(rows[2000:2100]...)
	_, err = b.Compact(context.Background(), ledger.Beside{})
	b.check(err)
	b.append(ledger.Batch{Rows: rows[2100:], Moves: []ledger.Move{move(1, "s5", "p5", "p6"), move(2, "s7", "p7", "p8"), move(3, "s7", "p8", "p9")}})
	again := rows[1] // the same message once more, after more than a day
	again.ReceivedAt = again.ReceivedAt.Add(25 * 60 * 60 * 1e9)
	b.rows(again)
}

func wrong(t *testing.T, findings []ledger.Finding, err error) string {
	t.Helper()
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, f := range findings {
		if !f.OK {
			out = append(out, f.Name+": "+f.Found)
		}
	}
	return strings.Join(out, "; ")
}

func TestVerify(t *testing.T) {
	cases := []struct {
		name, sabotage, want string // in DuckDB; want is part of what is said
		both                 bool
	}{
		{"all is well", `UPDATE head SET hash = hash`, "", true},
		{"a row lost", `DELETE FROM %s WHERE message_id = '3'`, "known again: 1 rows", false},
		{"a row twice", `INSERT INTO %s SELECT * FROM %s WHERE message_id = '3'`, "each interaction once: 1 rows", false},
		{"an imported row twice, a year apart", `INSERT INTO %s SELECT * REPLACE (received_at + INTERVAL 1 YEAR AS received_at) FROM %s WHERE message_id = '3'`, "each interaction once: 1 rows", false},
		{"a sighting lost", `DELETE FROM seen WHERE forever`, "known again: 1000 rows", true},
		{"a row in another's range", `UPDATE %s SET person_id = 'ffffffff-ffff-8fff-bfff-ffffffffffff' WHERE message_id = '3'`, "belong into another", false},
		{"rows out of order", `UPDATE %s SET time = time + INTERVAL 1 YEAR WHERE message_id = '3'`, "out of order", false},
		{"ranges that overlap", `UPDATE parts SET high = NULL WHERE kind = 'cold'`, "overlap or leave a gap", false},
		{"two hot parts", `INSERT INTO parts SELECT name, 'hot', NULL, NULL FROM parts WHERE kind = 'warm'`, "2 hot", false},
		{"an override to nowhere", `INSERT INTO overrides SELECT 9, subject, person_id, was FROM overrides LIMIT 1`, "lead astray", false},
	}
	everyEngine(t, func(t *testing.T, b *book) {
		for _, c := range cases {
			if b.Engine() != "DuckDB" && !c.both {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				b := newBook(t, b.Engine())
				verifiable(b)
				findings, err := b.Verify(t.Context())
				if got := wrong(t, findings, err); got != "" {
					t.Fatalf("before: %s", got)
				}
				statement := c.sabotage
				if strings.Contains(statement, "%s") {
					statement = strings.ReplaceAll(statement, "%s", coldPartOf(b, "3"))
				}
				b.check(ledger.Sabotage(b.Ledger, statement))
				findings, err = b.Verify(t.Context())
				if got := wrong(t, findings, err); c.want == "" && got != "" || !strings.Contains(got, c.want) {
					t.Errorf("%s: said %q, want %q", statement, got, c.want)
				}
			})
		}
	})
}

// coldPartOf names the cold part that holds a message.
func coldPartOf(b *book, message string) string {
	for _, p := range b.ask(`SELECT name FROM parts WHERE kind = 'cold'`) {
		if b.ask(`SELECT count(*) FROM `+p+` WHERE message_id = $1`, message)[0] == "1" {
			return p
		}
	}
	return ""
}

func TestOwnersAndKept(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		verifiable(b)
		owners := map[experience.ID]experience.ID{}
		rows := int64(0)
		b.check(b.Owners(t.Context(), func(owned []ledger.Owned) error {
			for _, o := range owned {
				owners[o.Subject] = o.Person
				rows += o.Rows
			}
			return nil
		}))
		want := map[experience.ID]experience.ID{}
		for i := range 300 {
			want[id(fmt.Sprint("s", i))] = id(fmt.Sprint("p", i))
		}
		want[id("s0")], want[id("s5")], want[id("s7")] = experience.ID{}, id("p6"), id("p9")
		if diff := cmp.Diff(want, owners); diff != "" || rows != 3001 {
			t.Errorf("%d rows: %s", rows, diff)
		}
		never, early, repeated, other := row("never", "s", "p", 1), row("4", "s", "p", 4), row("4", "s", "p", 4), row("4", "s", "p", 4)
		early.ReceivedAt = early.ReceivedAt.Add(-100 * 60 * 60 * 1e9)
		repeated.ReceivedAt = repeated.ReceivedAt.Add(24 * 60 * 60 * 1e9)
		other.ReceivedAt = repeated.ReceivedAt.Add(1000)
		imported := importedRow("3", "s", "p", "another import", 10_000_000)
		kept, err := b.Kept(t.Context(), []experience.Interaction{row("4", "s", "p", 4), never, early, repeated, other, imported})
		b.check(err)
		if diff := cmp.Diff([]bool{true, false, true, true, false, true}, kept); diff != "" {
			t.Error(diff)
		}
	})
}
