package stats

import "regia/internal/experience"

// Tally counts the answers on one scale, and gives the figure by which that
// scale is told.
type Tally struct {
	Scale experience.Scale
	// Parts are the answers by verdict: poor, fair, good; of a Net Promoter
	// Score detractors, passives and promoters.
	Parts  [3]int64
	scores Running
}

// Add takes an answer in, in the scale's units. Whether it lies on the scale is
// for the caller to know.
func (t *Tally) Add(score float64) {
	t.Parts[t.Scale.Verdict(score)+1]++
	t.scores.Add(score)
}

// N is how many answers were counted.
func (t *Tally) N() int64 { return t.scores.N() }

// Figure is the figure of the scale's measure, in its units, with the interval
// that belongs to it: see NPS, Share and Mean.
func (t *Tally) Figure() Interval {
	switch t.Scale.Measure {
	case experience.NetPromoter:
		return NPS(t.Parts[2], t.Parts[1], t.Parts[0])
	case experience.TopBox:
		return Share(t.Parts[2], t.N())
	}
	return t.scores.Interval().Within(t.Scale.Low, t.Scale.High)
}

// Minus gives how much the figure is above that of other people, on the same
// scale, and how sure that is.
func (t *Tally) Minus(other *Tally) Difference {
	switch t.Scale.Measure {
	case experience.NetPromoter:
		return DiffNPS(t.Parts[2], t.Parts[1], t.Parts[0], other.Parts[2], other.Parts[1], other.Parts[0])
	case experience.TopBox:
		return DiffShares(t.Parts[2], t.N(), other.Parts[2], other.N())
	}
	return t.scores.Minus(other.scores)
}
