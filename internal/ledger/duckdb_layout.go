package ledger

import (
	"context"
	"sync/atomic"

	"regia/internal/experience"
)

// layout remembers which parts there are and which overrides, so that a reader
// need not ask: the two questions take longer than a person's rows. A reader
// that looks at the version before and after its question knows whether the
// layout it went by held all the while.
type layout struct {
	version atomic.Int64 // odd: a change is being committed
	known   atomic.Pointer[knownLayout]
}

type knownLayout struct {
	parts []part
	rules map[experience.ID]map[rowKey]override // under both persons of a rule
}

// maxRemembered is how many overrides are remembered; where more wait to be
// folded, readers ask.
const maxRemembered = 5_000

// read gives what is remembered, nil where that is nothing.
func (l *layout) read() (*knownLayout, int64) {
	version := l.version.Load()
	if version%2 != 0 {
		return nil, version
	}
	return l.known.Load(), version
}

func (l *layout) is(version int64) bool { return l.version.Load() == version }

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

// remember reads the layout. Where that fails readers will ask by themselves.
func (l *layout) remember(ctx context.Context, q queryer) {
	l.known.Store(nil)
	parts, err := listParts(ctx, q)
	if err != nil {
		return
	}
	rows, err := overrides(ctx, q, `TRUE LIMIT $1`, maxRemembered+1)
	if err != nil || len(rows) > maxRemembered {
		return
	}
	k := &knownLayout{parts: parts, rules: map[experience.ID]map[rowKey]override{}}
	for key, o := range rows {
		for _, person := range []experience.ID{key.was, o.person} {
			if k.rules[person] == nil {
				k.rules[person] = map[rowKey]override{}
			}
			k.rules[person][key] = o
		}
	}
	l.known.Store(k)
}
