package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/stream"
)

// TestReplayReadsAsBefore: the machine dies between the two commits, and the
// company's country is changed before it is up again. What the registry has
// learnt stands, so the rows must carry the people it learnt of.
func TestReplayReadsAsBefore(t *testing.T) {
	books(t, func(t *testing.T, open func(testing.TB) (*registry.DB, *ledger.Ledger)) {
		db, book := open(t)
		ctx := context.Background()
		raw, err := json.Marshal(experience.Event{MessageID: "m1", Kind: experience.Identify, Time: start, Traits: json.RawMessage(`{"phone":"06 1234 5678"}`)})
		check(t, err)
		block := stream.Block{Position: experience.Position{Sequence: 1, Hash: "one"}, Records: []experience.Record{{Source: "till", ReceivedAt: start, Event: raw}}}
		weaveIt := func(dies bool) error {
			l := &crashing{Ledger: book}
			w := weaver(t, db, l)
			check(t, w.Refresh(ctx))
			l.before = dies
			head, err := book.Head(ctx)
			check(t, err)
			return w.Weave(ctx, head, []stream.Block{block})
		}
		if err := weaveIt(true); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		company, err := db.Company(ctx)
		check(t, err)
		company.Region = "DE"
		check(t, db.SaveCompany(ctx, company))
		check(t, weaveIt(false))
		var person string
		check(t, book.QueryRow(ctx, `SELECT coalesce(person_id::TEXT, 'nobody') FROM interactions`).Scan(&person))
		var known int
		check(t, db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
			id, err := experience.ParseID(person)
			if err != nil {
				return err
			}
			return tx.QueryRow(ctx, `SELECT count(*) FROM people WHERE id = $1`, id[:]).Scan(&known)
		}))
		if known != 1 {
			t.Errorf("the interaction is of %s, whom the registry does not know", person)
		}
	})
}
