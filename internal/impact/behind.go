package impact

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
)

// Touched is a person behind a figure.
type Touched struct {
	Person experience.ID
	Value  float64 // the mean of what is asked for
	N      int64
	Last   time.Time
	Why    string // of the impact that was worst, or best
}

// Behind gives the people behind a figure of one kind of evidence, those it was
// worst for first (or best), and how many there are. Who nobody knows is not
// among them.
func (p *Picture) Behind(q Question, places Places, zone *time.Location, best bool, limit int) (list []Touched, all int) {
	q.By = nil
	t := p.tally(q, places, zone)
	sign := 1.0
	if best {
		sign = -1
	}
	var one []group
	for _, at := range p.pack.people {
		if at.person.IsZero() {
			continue
		}
		x, extreme := Touched{Person: at.person}, math.Inf(1)
		p.pack.each(at, func(e *entry) {
			if one = t.count(one[:0], e); len(one) == 0 {
				return
			}
			x.N++
			x.Value += one[0].sum
			x.Last = time.UnixMicro(e.at).UTC()
			if v := sign * one[0].sum; v <= extreme {
				extreme, x.Why = v, t.why(e, sign)
			}
		})
		if x.N > 0 {
			x.Value /= float64(x.N)
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b Touched) int {
		return cmp.Or(cmp.Compare(sign*a.Value, sign*b.Value), cmp.Compare(b.N, a.N), b.Last.Compare(a.Last), strings.Compare(a.Person.String(), b.Person.String()))
	})
	return list[:min(len(list), limit)], len(list)
}

// why names the impact of an entry that is asked for and the lowest, times sign.
func (t *tally) why(e *entry, sign float64) string {
	why, extreme := "", math.Inf(1)
	for _, k := range e.marks {
		if i, ok := t.asked(k); ok && sign*i.Value < extreme {
			why, extreme = i.Why, sign*i.Value
		}
	}
	return why
}
