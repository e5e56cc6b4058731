package ledger

import (
	"context"
	"maps"
	"sync/atomic"

	"regia/internal/experience"
)

// layout remembers which parts there are and which overrides, so that a reader
// need not ask: the two questions take longer than a person's rows. A reader
// that looks before and after its question knows whether the layout it went by
// held all the while, for everybody or for the one person it asked about.
type layout struct {
	version atomic.Int64 // odd: a change is being committed
	moves   atomic.Int64 // odd: moves are being committed, that change nothing but overrides
	moving  atomic.Pointer[moving]
	known   atomic.Pointer[knownLayout]
}

// moving is whom the moves concern that are being committed, or were last.
type moving struct {
	number  int64 // layout.moves meanwhile
	persons map[experience.ID]bool
}

// glance is a look at the layout.
type glance struct {
	version, moves int64
	known          *knownLayout // nil: ask
}

// knownLayout is never changed: whoever has one may read it.
type knownLayout struct {
	parts []part
	rules map[experience.ID]map[rowKey]override // under both persons of a rule
	count int                                   // of rules
}

// maxRemembered is how many overrides are remembered; where more wait to be
// folded, readers ask, until they are.
const maxRemembered = 5_000

// ruleChange is what a commit changes about overrides.
type ruleChange struct{ gone, come map[rowKey]override }

// concerned gives the persons of the rules that come or go.
func concerned(changes []ruleChange) map[experience.ID]bool {
	persons := map[experience.ID]bool{}
	for _, c := range changes {
		for _, rules := range []map[rowKey]override{c.gone, c.come} {
			for key, o := range rules {
				persons[key.was], persons[o.person] = true, true
			}
		}
	}
	return persons
}

// look looks at the layout.
func (l *layout) look() glance {
	g := glance{version: l.version.Load(), moves: l.moves.Load()}
	if g.version%2 == 0 {
		g.known = l.known.Load()
	}
	return g
}

// lookFor is look for who asks about one person.
func (l *layout) lookFor(person experience.ID) glance {
	g := l.look()
	if g.moves%2 != 0 && l.moving.Load().persons[person] {
		g.known = nil
	}
	return g
}

// held tells whether nothing changed since a glance.
func (l *layout) held(g glance) bool {
	return g.version%2 == 0 && g.moves%2 == 0 && l.version.Load() == g.version && l.moves.Load() == g.moves
}

// heldFor tells whether nothing changed for a person since lookFor.
func (l *layout) heldFor(g glance, person experience.ID) bool {
	last, now := l.moving.Load(), l.moves.Load()
	switch {
	case g.version%2 != 0 || l.version.Load() != g.version:
		return false
	case now == g.moves, g.moves%2 != 0 && now == g.moves+1: // at most those that lookFor saw
		return true
	}
	// One commit since, or a part of it.
	return g.moves%2 == 0 && now <= g.moves+2 && last != nil && last.number == g.moves+1 && !last.persons[person]
}

// concerning gives the rules by which rows come to a person, or go from them.
func (k *knownLayout) concerning(person experience.ID) map[rowKey]override { return k.rules[person] }

// change runs commit, which changes the layout, and remembers the new one.
func (l *layout) change(ctx context.Context, q queryer, commit func() error) error {
	l.version.Add(1)
	defer l.version.Add(1)
	err := commit()
	l.remember(ctx, q)
	return err
}

// move runs commit, which changes the overrides of persons and nothing else.
func (l *layout) move(ctx context.Context, q queryer, changes []ruleChange, commit func() error) error {
	number := l.moves.Load() + 1 // there is one writer
	l.moving.Store(&moving{number, concerned(changes)})
	l.moves.Store(number)
	defer l.moves.Store(number + 1)
	if err := commit(); err != nil {
		l.remember(ctx, q)
		return err
	}
	l.known.Store(l.known.Load().after(changes))
	return nil
}

// remember reads the layout. Where that fails readers will ask by themselves.
func (l *layout) remember(ctx context.Context, q queryer) { l.known.Store(readLayout(ctx, q)) }

func readLayout(ctx context.Context, q queryer) *knownLayout {
	parts, err := listParts(ctx, q)
	if err != nil {
		return nil
	}
	rows, err := overrides(ctx, q, `TRUE LIMIT $1`, maxRemembered+1)
	if err != nil || len(rows) > maxRemembered {
		return nil
	}
	none := &knownLayout{parts: parts}
	return none.after([]ruleChange{{come: rows}})
}

// after gives the layout with some rules changed; nil where that is too many, or
// where the layout is not known.
func (k *knownLayout) after(changes []ruleChange) *knownLayout {
	if k == nil {
		return nil
	}
	next := &knownLayout{parts: k.parts, rules: maps.Clone(k.rules), count: k.count}
	if next.rules == nil {
		next.rules = map[experience.ID]map[rowKey]override{}
	}
	own := map[experience.ID]bool{} // whose rules are a copy already
	of := func(person experience.ID) map[rowKey]override {
		if !own[person] {
			own[person] = true
			if next.rules[person] = maps.Clone(next.rules[person]); next.rules[person] == nil {
				next.rules[person] = map[rowKey]override{}
			}
		}
		return next.rules[person]
	}
	for _, c := range changes {
		for key, o := range c.gone {
			delete(of(key.was), key)
			delete(of(o.person), key)
		}
		for key, o := range c.come {
			of(key.was)[key], of(o.person)[key] = o, o
		}
		next.count += len(c.come) - len(c.gone)
	}
	for person := range own {
		if len(next.rules[person]) == 0 {
			delete(next.rules, person)
		}
	}
	if next.count > maxRemembered {
		return nil
	}
	return next
}
