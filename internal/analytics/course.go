package analytics

import (
	"context"
	"fmt"
	"strings"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// MaxMarks is how many marks a course can tell apart: the bits of a number that
// both engines keep exactly.
const MaxMarks = 62

// Course asks what happened in each case, seen against marks: the steps of a
// journey, the promises it makes. An interaction carries each mark of which it
// matches any Match. What people do not do themselves (identify, alias, group)
// is left out where it carries none.
type Course struct {
	Scope
	Marks [][]Match
	// Single tells each interaction's id too, which makes the question slower.
	Single bool
}

// Happening is one interaction of a case.
type Happening struct {
	At       int64         // microseconds since 1970
	Marks    uint64        // bit i: it carries Marks[i]
	Activity int32         // the number of what it is called, as Activities has it
	ID       experience.ID // with Single
}

// Activities are the names that a course met, numbered as they came.
type Activities struct {
	Names  []string
	number map[string]int32
}

func (a *Activities) of(name string) int32 {
	n, known := a.number[name]
	if !known {
		n = int32(len(a.Names))
		name = strings.Clone(name) // it is a piece of a row
		a.Names = append(a.Names, name)
		a.number[name] = n
	}
	return n
}

func (c Course) check() error {
	if len(c.Marks) > MaxMarks {
		return experience.Errorf(experience.Invalid, "a course tells at most %d steps and promises apart", MaxMarks)
	}
	for _, any := range c.Marks {
		for _, m := range any {
			if err := m.check(); err != nil {
				return err
			}
		}
	}
	return c.Scope.check()
}

// Walk calls f with each case and what happened in it, in order; the slice may
// not be kept. It gives the names that the activities' numbers stand for.
func (c Course) Walk(ctx context.Context, l *ledger.Ledger, f func(name string, events []Happening) error) (*Activities, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	b := &builder{ledger: l}
	names := &Activities{number: map[string]int32{}}
	w := wanted{code: b.marks(c.Marks), value: b.activity("")}
	if c.Single {
		w.value = "CAST(id AS TEXT) || " + w.value
	}
	var events []Happening
	err := b.sequences(ctx, c.Scope, w, func(s Sequence) error {
		events = events[:0]
		for _, e := range s.Events {
			h := Happening{At: e.At, Marks: uint64(e.Code)}
			if c.Single {
				if len(e.Value) < textID {
					return fmt.Errorf("a sequence of the ledger has no id where one was asked for")
				}
				var err error
				if h.ID, err = experience.ParseID(e.Value[:textID]); err != nil {
					return err
				}
				e.Value = e.Value[textID:]
			}
			h.Activity = names.of(e.Value)
			events = append(events, h)
		}
		return f(s.Case, events)
	})
	return names, err
}

// textID is how long an id is as text.
const textID = 36

// marks gives SQL for the set of marks that an interaction carries; NULL for
// what is left out.
func (b *builder) marks(marks [][]Match) string {
	sum := []string{"0"}
	for i, list := range marks {
		any := make([]string, len(list))
		for k, m := range list {
			any[k] = b.match(m)
		}
		if len(any) > 0 {
			sum = append(sum, fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", strings.Join(any, " OR "), int64(1)<<i))
		}
	}
	return "nullif(" + strings.Join(sum, " + ") + ", CASE WHEN kind IN ('identify', 'alias', 'group') THEN 0 ELSE -1 END)"
}
