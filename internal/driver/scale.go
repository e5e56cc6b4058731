package driver

import (
	"slices"
	"strconv"
	"strings"

	"regia/internal/stats"
)

// Measure is how the answers on a scale become one figure.
type Measure string

// The measures.
const (
	NetPromoter Measure = "nps"   // promoters less detractors, −100 to 100 (Reichheld 2003)
	TopBox      Measure = "share" // the part that gave one of the best answers, 0 to 1
	Mean        Measure = "mean"  // in the scale's own points
)

// Scale is a way to ask. Answers of different scales are never counted
// together.
type Scale struct {
	Key       string
	Low, High float64 // the worst and the best answer
	Measure   Measure
	Top       float64 // TopBox: from which answer on it counts
}

// known are the scales that have a name. Satisfaction is told by the two best
// boxes; effort, 7 = it was easy, by the mean (Dixon, Freeman and Toman 2010,
// and the company's own second version of it), and so are stars.
func known() []Scale {
	return []Scale{
		{"nps", 0, 10, NetPromoter, 0},
		{"csat", 1, 5, TopBox, 4},
		{"ces", 1, 7, Mean, 0},
		{"agree", 1, 7, Mean, 0}, // how true a statement is
		{"stars", 1, 5, Mean, 0},
		{"smiley", 1, 5, TopBox, 4},
		{"thumb", 0, 1, TopBox, 1},
		{"percent", 0, 100, Mean, 0},
	}
}

// scaleNamed finds a scale; outOf, where it is given, is its best answer.
// Where that is another than usual the scale is another, and so is its key:
// stars/10 are not stars. A Net Promoter Score exists of 0 to 10 alone.
func scaleNamed(name, outOf string) (Scale, bool) {
	name, top, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "/")
	if outOf == "" {
		outOf = top
	}
	list := known()
	i := slices.IndexFunc(list, func(s Scale) bool { return s.Key == name })
	if i < 0 {
		return Scale{}, false
	}
	s := list[i]
	if outOf == "" {
		return s, true
	}
	high, err := strconv.ParseFloat(outOf, 64)
	if err != nil || high <= s.Low || high > 1000 {
		return Scale{}, false
	}
	if high != s.High {
		s.Top += high - s.High
		s.High = high
		s.Key += "/" + strconv.FormatFloat(high, 'f', -1, 64)
		if s.Measure == NetPromoter {
			s.Measure = Mean
		}
	}
	return s, true
}

// holds tells whether a score can be an answer.
func (s Scale) holds(score float64) bool { return score >= s.Low && score <= s.High }

// Promoters and detractors, of 0 to 10.
const (
	promoterFrom = 9
	detractorTo  = 6
)

// part says on which side an answer is: 1 is content (a promoter, one of the
// best boxes), −1 is not (a detractor), 0 is between. Of means the ends are a
// quarter of the scale each.
func (s Scale) part(score float64) int {
	switch s.Measure {
	case NetPromoter:
		switch {
		case score >= promoterFrom:
			return 1
		case score <= detractorTo:
			return -1
		}
		return 0
	case TopBox:
		switch {
		case score >= s.Top:
			return 1
		case score < (s.Low+s.High)/2:
			return -1
		}
		return 0
	}
	switch place := (score - s.Low) / (s.High - s.Low); {
	case place >= 0.75:
		return 1
	case place <= 0.25:
		return -1
	}
	return 0
}

// tally counts answers on one scale.
type tally struct {
	scale  Scale
	parts  [3]int64 // detractors, between, promoters
	scores stats.Running
}

func (t *tally) add(score float64) {
	t.parts[t.scale.part(score)+1]++
	t.scores.Add(score)
}

func (t *tally) n() int64 { return t.scores.N() }

// figure is the scale's own figure, with its interval.
func (t *tally) figure() stats.Interval {
	switch t.scale.Measure {
	case NetPromoter:
		return stats.NPS(t.parts[2], t.parts[1], t.parts[0])
	case TopBox:
		return stats.Share(t.parts[2], t.n())
	}
	return t.scores.Interval().Within(t.scale.Low, t.scale.High)
}

// less gives how much the figure is above that of other people, and how sure
// that is.
func (t *tally) less(other *tally) stats.Difference {
	switch t.scale.Measure {
	case NetPromoter:
		return stats.DiffNPS(t.parts[2], t.parts[1], t.parts[0], other.parts[2], other.parts[1], other.parts[0])
	case TopBox:
		return stats.DiffShares(t.parts[2], t.n(), other.parts[2], other.n())
	}
	return t.scores.Minus(other.scores)
}
