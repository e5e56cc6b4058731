package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"

	"regia/internal/experience"
)

// nothing answers no question: what is remembered is none of this test's.
type nothing struct{}

func (nothing) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errors.New("nothing is asked here")
}

// Who asked about one person goes by what they saw, unless that person moved.
func TestHeldForOnePerson(t *testing.T) {
	ctx := context.Background()
	anna, bruno := experience.NewID(), experience.NewID()
	done := func() error { return nil }
	move := func(l *layout, who experience.ID, commit func() error) {
		rule := map[rowKey]override{{subject: who, was: who}: {person: experience.NewID()}}
		_ = l.move(ctx, nothing{}, []ruleChange{{come: rule}}, commit)
	}
	for _, c := range []struct {
		name              string
		before, meanwhile func(l *layout)
		forAnna, forAll   bool
	}{
		{"nothing happens", nil, func(*layout) {}, true, true},
		{"she moves", nil, func(l *layout) { move(l, anna, done) }, false, false},
		{"another moves", nil, func(l *layout) { move(l, bruno, done) }, true, false},
		{"another moves, twice", nil, func(l *layout) { move(l, bruno, done); move(l, bruno, done) }, false, false},
		{"another moves, then she", nil, func(l *layout) { move(l, bruno, done); move(l, anna, done) }, false, false},
		{"parts change", nil, func(l *layout) { _ = l.change(ctx, nothing{}, done) }, false, false},
		{"she moved before", func(l *layout) { move(l, anna, done) }, func(*layout) {}, true, true},
	} {
		var l layout
		if c.before != nil {
			c.before(&l)
		}
		l.known.Store(&knownLayout{})
		one, all := l.lookFor(anna), l.look()
		if one.known == nil {
			t.Errorf("%s: nothing is known", c.name)
		}
		c.meanwhile(&l)
		if got := l.heldFor(one, anna); got != c.forAnna {
			t.Errorf("%s: held for her %v", c.name, got)
		}
		if got := l.held(all); got != c.forAll {
			t.Errorf("%s: held for all %v", c.name, got)
		}
	}
	// While a commit is under way, those it concerns ask, and others need not.
	var l layout
	l.known.Store(&knownLayout{})
	asked := l.lookFor(bruno)
	move(&l, anna, func() error {
		if l.lookFor(anna).known != nil {
			t.Error("she goes by what is about to change")
		}
		other := l.lookFor(bruno)
		if other.known == nil || !l.heldFor(other, bruno) || !l.heldFor(asked, bruno) {
			t.Error("somebody else waits for her")
		}
		if l.held(l.look()) {
			t.Error("who asks about everybody does not notice")
		}
		return nil
	})
}

// After any moves what is remembered is what would be read.
func TestMovesAreRemembered(t *testing.T) {
	l, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "l.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := l.engine.(*duck)
	id := func(kind string, n int) experience.ID { return experience.HashID([]byte(kind), fmt.Sprint(n)) }
	random := rand.New(rand.NewPCG(1, 2))
	now := map[int]int{} // whose each subject is
	keys := func() map[rowKey]bool {
		all := map[rowKey]bool{}
		for _, rules := range d.layout.known.Load().rules {
			for k := range rules {
				all[k] = true
			}
		}
		return all
	}
	number, came, went := int64(0), 0, 0
	for round := range 200 {
		var moves []Move
		for range 1 + random.IntN(8) {
			subject, to := random.IntN(12), random.IntN(4)
			number++
			moves = append(moves, Move{Number: number, Subject: id("s", subject), Was: id("p", now[subject]), Person: id("p", to)})
			now[subject] = to
		}
		at := func(n int) experience.Position { return experience.Position{Sequence: uint64(n), Hash: fmt.Sprint(n)} }
		before := at(round)
		if round == 0 {
			before = experience.Position{}
		}
		was := keys()
		if err := l.Append(t.Context(), Batch{Before: before, After: at(round + 1), Moves: moves}); err != nil {
			t.Fatal(err)
		}
		got, want := d.layout.known.Load(), readLayout(t.Context(), d.writer)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("after %v there is remembered\n%v, and in the table\n%v", moves, got, want)
		}
		is := keys()
		for k := range is {
			if !was[k] {
				came++
			}
			delete(was, k)
		}
		went += len(was)
	}
	if came == 0 || went == 0 {
		t.Errorf("%d rules came and %d went: nothing was tried", came, went)
	}
	var many knownLayout
	rules := map[rowKey]override{}
	for i := range maxRemembered + 1 {
		rules[rowKey{id("s", i), id("p", 1)}] = override{1, id("p", 2)}
	}
	if many.after([]ruleChange{{come: rules}}) != nil {
		t.Error("more is remembered than may be")
	}
}
