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

// people gives the first names of the cases that are wanted, after one, in order.
func people(ctx context.Context, b *builder, s Scope, w wanted, after string, limit int, wants func(ledger.Case) (bool, error)) ([]string, error) {
	lists, err := gather(ctx, b, s, w, func() *first { return &first{after: after, limit: limit, list: []string{}} }, func(f *first, c ledger.Case) error {
		ok, err := wants(c)
		if ok {
			f.add(c.Name())
		}
		return err
	})
	if err != nil {
		return []string{}, err
	}
	for _, f := range lists[1:] {
		for _, name := range f.list {
			lists[0].add(name)
		}
	}
	return lists[0].list, nil
}
