package ledger

import (
	"context"
	"database/sql"
	"errors"
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
		_ = l.move(ctx, nothing{}, map[experience.ID]bool{who: true}, commit)
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
