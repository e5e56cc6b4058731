package survey

import (
	"cmp"
	"slices"
	"strconv"

	"regia/internal/experience"
)

// Type is the way a question is asked.
type Type string

// The types. Those named like a scale are answered by a whole number on it.
const (
	NPS      Type = experience.NPS
	CSAT     Type = experience.CSAT
	CES      Type = experience.CES
	Stars    Type = experience.Stars
	Smiley   Type = experience.Smiley
	Single   Type = "single"   // one of the choices
	Multiple Type = "multiple" // any of the choices
	Matrix   Type = "matrix"   // several items on one scale of agreement, which ends at Points
	OpenText Type = "text"
)

// Types lists the types in the order the editor shows them.
var Types = []Type{NPS, CSAT, CES, Stars, Smiley, Single, Multiple, Matrix, OpenText}

// Scored tells whether one answer is one score.
func (t Type) Scored() bool {
	switch t {
	case NPS, CSAT, CES, Stars, Smiley:
		return true
	}
	return false
}

// Chosen tells whether answers are choices.
func (t Type) Chosen() bool { return t == Single || t == Multiple }

// known tells whether t is one of Types.
func (t Type) known() bool { return slices.Contains(Types, t) }

// scale is what a question's scores are on: of a matrix how true its items are.
// The zero scale where there are none.
func (q *Question) scale() experience.Scale {
	name, outOf := "", ""
	switch {
	case q.Type.Scored():
		name = string(q.Type)
	case q.Type == Matrix && q.Points == 0:
		name = experience.Agree
	case q.Type == Matrix:
		name, outOf = experience.Agree, strconv.Itoa(q.Points)
	}
	s, _ := experience.ScaleNamed(name, outOf)
	return s
}

// Range gives the worst and the best score of a question, in the units of its
// scale; 0, 0 where it has none.
func (q *Question) Range() (low, high int) {
	s := q.scale()
	return int(s.Low), int(s.High)
}

// Scale is the key of the scale of a question's scores: "nps", "agree/5"; ""
// where there is none. Scores of two scales are never put together.
func (q *Question) Scale() string { return q.scale().Key }

// dimension is what of experience the question's answers tell of.
func (q *Question) dimension() experience.Dimension { return cmp.Or(q.Dimension, q.scale().Dimension) }
