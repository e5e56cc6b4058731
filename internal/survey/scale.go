package survey

import (
	"slices"
	"strconv"

	"regia/internal/experience"
)

// Type is the way a question is asked.
type Type string

// The types. Those with a scale are answered by a whole number on it.
const (
	NPS      Type = "nps"      // 0 to 10: would you recommend us (Reichheld 2003)
	CSAT     Type = "csat"     // 1 to 5: how satisfied
	CES      Type = "ces"      // 1 to 7, 7 = it was easy (Dixon, Freeman and Toman 2010)
	Stars    Type = "stars"    // 1 to 5
	Smiley   Type = "smiley"   // 1 to 5
	Single   Type = "single"   // one of the choices
	Multiple Type = "multiple" // any of the choices
	Matrix   Type = "matrix"   // several items on one scale of agreement, 1 to Points
	OpenText Type = "text"
)

// Types lists the types in the order the editor shows them.
var Types = []Type{NPS, CSAT, CES, Stars, Smiley, Single, Multiple, Matrix, OpenText}

// Agree is the scale of a matrix: 1 = not at all, 7 = wholly; one that ends
// elsewhere says so: agree/5.
const Agree = "agree"

// agreePoints is where Agree ends unless it says otherwise.
const agreePoints = 7

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

// Range gives the worst and the best score of a question, in the units of its
// scale; 0, 0 where it has none.
func (q *Question) Range() (low, high int) {
	switch q.Type {
	case NPS:
		return 0, 10
	case CES:
		return 1, 7
	case CSAT, Stars, Smiley:
		return 1, 5
	case Matrix:
		return 1, q.points()
	}
	return 0, 0
}

func (q *Question) points() int {
	if q.Points == 0 {
		return agreePoints
	}
	return q.Points
}

// Scale names the scale of a question's scores, as the log and room impact
// have it: "nps", "agree/5"; "" where there is none. Scores of two scales are
// never put together.
func (q *Question) Scale() string {
	switch {
	case q.Type.Scored():
		return string(q.Type)
	case q.Type == Matrix && q.points() == agreePoints:
		return Agree
	case q.Type == Matrix:
		return Agree + "/" + strconv.Itoa(q.points())
	}
	return ""
}

// dimension is what of experience the question's answers tell of.
func (q *Question) dimension() experience.Dimension {
	switch {
	case q.Dimension != "":
		return q.Dimension
	case q.Type == CES:
		return experience.Cognitive
	case q.Scale() != "":
		return experience.Emotional
	}
	return ""
}
