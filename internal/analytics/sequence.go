package analytics

import (
	"context"

	"regia/internal/ledger"
)

// Event is one thing in a sequence: when it happened, what it is (a code, often
// a set of bits), and the texts asked for.
type Event = ledger.Event

// wanted is what sequences are to hold.
type wanted struct {
	code  string        // SQL of a BIGINT: 0 leaves the interaction out
	texts []ledger.Text // at most two
	where string        // a further condition, "" for none
	words *ledger.Words
	ids   bool
}

// hands is how many look at sequences at the same time: the two threads that
// the ledger's engine has.
const hands = 2

// walk gives the cases of a scope to visitors.
func (b *builder) walk(ctx context.Context, s Scope, w wanted, visitors []ledger.Visitor) error {
	walk := ledger.Walk{Where: b.counted(s), Code: w.code, Texts: w.texts, IDs: w.ids}
	if w.where != "" {
		walk.Where += " AND " + w.where
	}
	if s.Case != "" && s.Case != "person" {
		walk.Case = "CAST(" + b.caseOf(s) + " AS TEXT)"
	}
	walk.Args = b.args
	if w.words == nil {
		w.words = ledger.NewWords()
	}
	return b.ledger.Walk(ctx, walk, w.words, visitors)
}

// one has a single visitor see all cases, one after the other.
func one(ctx context.Context, b *builder, s Scope, w wanted, visit ledger.Visitor) error {
	return b.walk(ctx, s, w, []ledger.Visitor{visit})
}

// gather goes through the sequences of a scope with a few tallies, each of
// which sees some of the cases, and gives all of them.
func gather[T any](ctx context.Context, b *builder, s Scope, w wanted, fresh func() T, add func(T, ledger.Case) error) ([]T, error) {
	tallies, visitors := make([]T, hands), make([]ledger.Visitor, hands)
	for i := range visitors {
		t := fresh()
		tallies[i], visitors[i] = t, func(c ledger.Case) error { return add(t, c) }
	}
	return tallies, b.walk(ctx, s, w, visitors)
}

// Behind are the cases behind a number: a page of their names, and how many
// they are.
type Behind struct {
	Names []string // in order
	Total int64    // with those of all other pages
}

// Page says which of the names are wanted: those after one, at most so many.
type Page struct {
	After string
	Limit int
}

// people gives the cases that are wanted.
func people(ctx context.Context, b *builder, s Scope, w wanted, page Page, wants func(ledger.Case) (bool, error)) (Behind, error) {
	type tally struct {
		first
		total int64
	}
	tallies, err := gather(ctx, b, s, w, func() *tally { return &tally{first: first{after: page.After, limit: page.Limit, list: []string{}}} }, func(t *tally, c ledger.Case) error {
		ok, err := wants(c)
		if ok {
			t.total++
			t.add(c.Name())
		}
		return err
	})
	if err != nil {
		return Behind{}, err
	}
	all := tallies[0]
	for _, t := range tallies[1:] {
		all.total += t.total
		for _, name := range t.list {
			all.add(name)
		}
	}
	return Behind{all.list, all.total}, nil
}
