package impact

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
)

// Scale is a way to ask. Answers of different scales are never averaged in
// their own units, and in the common one only where that is said.
type Scale struct {
	Key       string
	Low, High float64 // the worst and the best answer
	Dimension experience.Dimension
}

// scales that are known by name. Net promoter: Reichheld 2003; customer effort,
// 7 = it was easy: Dixon, Freeman and Toman 2010, and the company's own second
// version of it.
var scales = []Scale{
	{"stars", 1, 5, experience.Emotional},
	{"nps", 0, 10, experience.Emotional},
	{"csat", 1, 5, experience.Emotional},
	{"ces", 1, 7, experience.Cognitive},
	{"smiley", 1, 5, experience.Emotional},
	{"agree", 1, 7, experience.Emotional}, // how true a statement is; which dimension it is of, the question says
	{"thumb", 0, 1, experience.Emotional},
	{"percent", 0, 100, experience.Emotional},
}

// scaleNamed finds a scale; outOf, when it is given, is its best answer, and
// becomes part of its key where that is another than usual: stars/10 are not
// stars.
func scaleNamed(name, outOf string) (Scale, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	name, top, _ := strings.Cut(name, "/")
	if outOf == "" {
		outOf = top
	}
	i := slices.IndexFunc(scales, func(s Scale) bool { return s.Key == name })
	if i < 0 {
		return Scale{}, false
	}
	s := scales[i]
	if outOf == "" {
		return s, true
	}
	high, err := strconv.ParseFloat(outOf, 64)
	if err != nil || high <= s.Low || high > 1000 {
		return Scale{}, false
	}
	if high != s.High {
		s.High = high
		s.Key += "/" + strconv.FormatFloat(high, 'f', -1, 64)
	}
	return s, true
}

// Value brings an answer into [-1, 1]: v = 2 (score − low) / (high − low) − 1.
// So the middle of every scale is 0 and its ends are −1 and 1; no scale is
// bent. False for what lies outside of the scale.
func (s Scale) Value(score float64) (float64, bool) {
	if score < s.Low || score > s.High {
		return 0, false
	}
	return 2*(score-s.Low)/(s.High-s.Low) - 1, true
}

// Score is the inverse of Value.
func (s Scale) Score(value float64) float64 { return s.Low + (value+1)*(s.High-s.Low)/2 }

// answerEvents are the events in which people say what they think, with the
// scale they are on unless they say another.
var answerEvents = map[string]string{
	surveyAnswered:          "",
	"Survey Response":       "",
	"Review Posted":         "stars",
	"Product Reviewed":      "stars",
	"Help Article Rated":    "thumb",
	"Chat Rated":            "csat",
	"Live Chat Rated":       "csat",
	"Shop Rated":            "stars",
	"Smiley Button Pressed": "smiley",
}

// surveyAnswered is the event of an answer to a survey of several questions.
const surveyAnswered = "Survey Answered"

// answer is what a moment states.
type answer struct {
	scale     Scale
	score     float64 // in the scale's units
	value     float64 // in [-1, 1]
	dimension experience.Dimension
}

// stated reads what a moment says, if it says anything.
func (m *Moment) stated() (a answer, ok bool) {
	usual, ok := answerEvents[m.Name]
	if !ok {
		return a, false
	}
	name := m.facts[factScale]
	if name == "" {
		name = usual
	}
	if a.scale, ok = scaleNamed(name, m.facts[factOutOf]); !ok {
		return a, false
	}
	if a.score, ok = m.number(factScore); !ok {
		if a.score, ok = m.number(factRating); !ok {
			return a, false
		}
	}
	a.dimension = a.scale.Dimension
	if d := experience.Dimension(strings.ToLower(m.facts[factDimension])); slices.Contains(experience.Dimensions, d) {
		a.dimension = d
	}
	a.value, ok = a.scale.Value(a.score)
	return a, ok
}

// states reads all that a moment says, one answer a dimension at most: the main
// one, and of a survey with several questions one for each other dimension, the
// mean of its scores on the scale that comes first there.
func (m *Moment) states() (all []answer) {
	main, ok := m.stated()
	if ok {
		all = append(all, main)
	}
	if m.Name != surveyAnswered || m.facts[factAnswers] == "" {
		return all
	}
	var said []struct {
		Scale     string
		OutOf     json.Number `json:"out_of"`
		Score     *float64
		Dimension experience.Dimension
	}
	if json.Unmarshal([]byte(m.facts[factAnswers]), &said) != nil {
		return all // in a form of somebody else's
	}
	for _, d := range experience.Dimensions {
		if ok && d == main.dimension {
			continue
		}
		var a answer
		n := 0.0
		for _, x := range said {
			if x.Score == nil || x.Dimension != d {
				continue
			}
			scale, known := scaleNamed(x.Scale, x.OutOf.String())
			if _, fits := scale.Value(*x.Score); !known || !fits || n > 0 && scale.Key != a.scale.Key {
				continue
			}
			a.scale, a.dimension = scale, d
			a.score += *x.Score
			n++
		}
		if n > 0 {
			a.score /= n
			a.value, _ = a.scale.Value(a.score)
			all = append(all, a)
		}
	}
	return all
}
