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

// Activities are the names that a course met, by their numbers; which stand for
// nothing where no activity has them.
type Activities struct {
	Names []string
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
	a, err := b.activities(ctx, c.Scope, "")
	if err != nil {
		return nil, err
	}
	w := wanted{code: b.marks(c.Marks), texts: []ledger.Text{a.text}, words: a.words, ids: c.Single}
	var events []Happening
	err = one(ctx, b, c.Scope, w, func(s ledger.Case) error {
		events = events[:0]
		for i, e := range s.Events {
			h := Happening{At: e.At, Marks: uint64(e.Code) >> 1, Activity: e.Texts[0]}
			if c.Single {
				h.ID = s.IDs[i]
			}
			events = append(events, h)
		}
		return f(s.Name(), events)
	})
	return &Activities{Names: a.words.All()}, err
}

// marks gives SQL for the set of marks that an interaction carries, twice and
// one more; 0 for what is left out.
func (b *builder) marks(marks [][]Match) string {
	sum := []string{"CASE WHEN kind IN ('identify', 'alias', 'group') THEN 0 ELSE 1 END"}
	carried := []string{"FALSE"}
	for i, list := range marks {
		any := make([]string, len(list))
		for k, m := range list {
			any[k] = b.match(m)
		}
		if len(any) > 0 {
			is := "(" + strings.Join(any, " OR ") + ")"
			carried = append(carried, is)
			sum = append(sum, fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", is, int64(2)<<i))
		}
	}
	return "CASE WHEN kind IN ('identify', 'alias', 'group') AND (" + strings.Join(carried, " OR ") + ") THEN 1 ELSE 0 END + " + strings.Join(sum, " + ")
}
