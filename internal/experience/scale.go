package experience

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Scale is a way to ask for a score. Answers of different scales are never
// averaged in their own units, and in the common one of Value only where that
// is said. Two scales are the same if they are equal (==), which is so exactly
// if their keys are.
type Scale struct {
	Key       string    // "stars"; with another best answer than usual "stars/10"
	Low, High float64   // the worst and the best answer, both of them answers
	Dimension Dimension // what of experience it tells of, unless the question says otherwise
	Measure   Measure   // how its answers become one figure
	boxes     float64   // TopBox: how far below High an answer may be and still count
}

// Measure is how the answers on a scale become one figure.
type Measure string

// The measures.
const (
	NetPromoter Measure = "nps"   // promoters less detractors, −100 to 100 (Reichheld 2003)
	TopBox      Measure = "share" // the part that gave one of the best answers, 0 to 1
	Mean        Measure = "mean"  // in the scale's own points
)

// The keys of the scales there are.
const (
	NPS     = "nps"     // 0 to 10: would you recommend us (Reichheld 2003)
	CSAT    = "csat"    // 1 to 5: how satisfied; its figure is the share of the two best
	CES     = "ces"     // 1 to 7, 7 = it was easy (Dixon, Freeman and Toman 2010, and the company's own second version of it)
	Stars   = "stars"   // 1 to 5
	Smiley  = "smiley"  // 1 to 5, faces
	Agree   = "agree"   // 1 = not true at all to 7 = wholly true; which dimension a statement is of, the question says
	Thumb   = "thumb"   // 0 or 1: down or up
	Percent = "percent" // 0 to 100
)

var scales = [...]Scale{
	{NPS, 0, 10, Emotional, NetPromoter, 0},
	{CSAT, 1, 5, Emotional, TopBox, 1},
	{CES, 1, 7, Cognitive, Mean, 0},
	{Stars, 1, 5, Emotional, Mean, 0},
	{Smiley, 1, 5, Emotional, TopBox, 1},
	{Agree, 1, 7, Emotional, Mean, 0},
	{Thumb, 0, 1, Emotional, TopBox, 0},
	{Percent, 0, 100, Emotional, Mean, 0},
}

// Scales lists the scales as they usually are, in the order pages show them.
func Scales() []Scale { return slices.Clone(scales[:]) }

// mostBest is the best answer that a scale may have.
const mostBest = 1000

// ScaleNamed finds a scale by its key, in whatever case. outOf, where it is not
// "", is its best answer: "stars" out of "10" is the scale "stars/10", which is
// not "stars". A Net Promoter Score exists of 0 to 10 alone, so "nps/5" has a
// mean. False, and never a guess, for a name that is unknown, and for a best
// answer that is no number above the worst one up to 1000, or not the one that
// the key says.
func ScaleNamed(name, outOf string) (Scale, bool) {
	name, top, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "/")
	i := slices.IndexFunc(scales[:], func(s Scale) bool { return s.Key == name })
	if i < 0 {
		return Scale{}, false
	}
	s := scales[i]
	if outOf == "" {
		outOf = top
	}
	given, ok := s.best(outOf)
	said, fits := s.best(top)
	if !ok || !fits || top != "" && said != given {
		return Scale{}, false
	}
	if given != s.High {
		s.High = given
		s.Key += "/" + strconv.FormatFloat(given, 'f', -1, 64)
		if s.Measure == NetPromoter {
			s.Measure = Mean
		}
	}
	return s, true
}

// best reads what may be the scale's best answer; "" is the usual one.
func (s Scale) best(text string) (float64, bool) {
	if text == "" {
		return s.High, true
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && v > s.Low && v <= mostBest
}

// Name is the key without the best answer: "stars" of "stars/10".
func (s Scale) Name() string {
	name, _, _ := strings.Cut(s.Key, "/")
	return name
}

// Usual tells whether the scale ends where one of its name usually does.
func (s Scale) Usual() bool { return !strings.Contains(s.Key, "/") }

// Holds tells whether a score lies on the scale.
func (s Scale) Holds(score float64) bool { return score >= s.Low && score <= s.High }

// Value brings a score into [-1, 1]: v = 2 (score − low) / (high − low) − 1. So
// the middle of every scale is 0 and its ends are −1 and 1; no scale is bent.
// False for what lies outside of the scale.
func (s Scale) Value(score float64) (float64, bool) {
	if !s.Holds(score) {
		return 0, false
	}
	return 2*(score-s.Low)/(s.High-s.Low) - 1, true
}

// Score is the inverse of Value.
func (s Scale) Score(value float64) float64 { return s.Low + (value+1)*(s.High-s.Low)/2 }

// Verdict is on which side of its scale an answer is.
type Verdict int

// The verdicts. Of a Net Promoter Score they are detractors, passives and
// promoters.
const (
	Poor Verdict = -1
	Fair Verdict = 0
	Good Verdict = 1
)

// A net promoter score's ends (Reichheld 2003).
const (
	detractorTo  = 6
	promoterFrom = 9
)

// PoorTo is the best answer that still is poor: of a net promoter score a
// detractor's, of any other scale the end of its lowest quarter, 2 of 5.
func (s Scale) PoorTo() float64 {
	if s.Measure == NetPromoter {
		return detractorTo
	}
	return s.Low + (s.High-s.Low)/4
}

// GoodFrom is the worst answer that already is good: a promoter's; of any other
// scale the beginning of its best quarter, 4 of 5, and where its figure is a
// share, not below its best boxes.
func (s Scale) GoodFrom() float64 {
	switch s.Measure {
	case NetPromoter:
		return promoterFrom
	case TopBox:
		return max(s.High-s.boxes, s.High-(s.High-s.Low)/4)
	}
	return s.High - (s.High-s.Low)/4
}

// Verdict tells how good an answer is.
func (s Scale) Verdict(score float64) Verdict {
	switch {
	case score >= s.GoodFrom():
		return Good
	case score <= s.PoorTo():
		return Poor
	}
	return Fair
}

// SurveyAnswered is the event of an answer to a survey, which may be one of
// several questions.
const SurveyAnswered = "Survey Answered"

// answerScales are the events in which people say what they think, with the
// scale they are on; "" where the event itself must name one.
var answerScales = map[string]string{
	SurveyAnswered:          "",
	"Survey Response":       "",
	"Review Posted":         Stars,
	"Product Reviewed":      Stars,
	"Help Article Rated":    Thumb,
	"Chat Rated":            CSAT,
	"Live Chat Rated":       CSAT,
	"Shop Rated":            Stars,
	"Smiley Button Pressed": Smiley,
}

// AnswerEvents lists the events in which people say what they think on a scale,
// by name.
func AnswerEvents() []string { return slices.Sorted(maps.Keys(answerScales)) }

// AnswerScale gives the key of the scale on which an event's score is unless the
// event names another; "" = it must name one. False for events that hold no
// answer.
func AnswerScale(event string) (key string, ok bool) {
	key, ok = answerScales[event]
	return key, ok
}
