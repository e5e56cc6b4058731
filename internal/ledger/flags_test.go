package ledger_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// A ledger written before there were records has them marked, in every part,
// and belonging to no touchpoint.
func TestOldRecordsAreMarked(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		is := func(name string, n int, change func(*experience.Interaction)) experience.Interaction {
			r := row(name, "s", "p", n)
			r.Touchpoint = "profile"
			change(&r)
			return r
		}
		identify := func(r *experience.Interaction) { r.Kind, r.Name = experience.Identify, "" }
		rows := []experience.Interaction{
			is("a contact", 1, func(*experience.Interaction) {}),
			is("an imported contact", 2, func(r *experience.Interaction) { r.Imported = true }),
			is("said live", 3, identify),
			is("from a file", 4, func(r *experience.Interaction) { identify(r); r.Imported = true }),
			is("a bot from a file", 5, func(r *experience.Interaction) { identify(r); r.Imported, r.Flags = true, experience.FlagBot }),
			is("a decision", 6, func(r *experience.Interaction) { r.Source, r.Name = "regia", "Identity Decision" }),
			is("another's decision", 7, func(r *experience.Interaction) { r.Name = "Identity Decision" }),
		}
		b.rows(rows...)
		_, err := b.CompactAll(context.Background())
		b.check(err)
		late := is("from a file, later", 8, func(r *experience.Interaction) { identify(r); r.Imported = true })
		b.rows(late)
		versions := "schema_version"
		if strings.HasSuffix(t.Name(), "PostgreSQL") {
			versions = "ledger_version"
		}
		b.check(ledger.Sabotage(b.Ledger, `DELETE FROM `+versions+` WHERE version > 4`))
		b.reopen()
		want := []string{
			"a bot from a file|5|", "a contact|0|profile", "a decision|4|", "an imported contact|0|profile", "another's decision|0|profile",
			"from a file|4|", "from a file, later|4|", "said live|0|profile",
		}
		if diff := cmp.Diff(want, b.ask(`SELECT message_id, flags, touchpoint FROM interactions ORDER BY message_id COLLATE "C"`)); diff != "" {
			t.Error(diff)
		}
	})
}

// Whatever the catalogue says, a record belongs to no touchpoint.
func TestRecordsBelongToNoTouchpoint(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		record := row("a record", "s", "p", 1)
		record.Flags = experience.FlagRecord
		b.rows(record, row("a contact", "s", "p", 2))
		b.append(ledger.Batch{Retouch: &ledger.Retouch{Catalogue: 1, Bindings: []experience.Binding{{ID: "all", Touchpoint: "shop"}}}})
		if diff := cmp.Diff([]string{"a contact|shop", "a record|"}, b.ask(`SELECT message_id, touchpoint FROM interactions ORDER BY 1`)); diff != "" {
			t.Error(diff)
		}
	})
}
