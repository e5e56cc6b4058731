package impact

import (
	"encoding/json"
	"slices"
	"strings"

	"regia/internal/experience"
)

// answer is what a moment states.
type answer struct {
	scale     experience.Scale
	score     float64 // in the scale's units
	value     float64 // in [-1, 1]
	dimension experience.Dimension
}

// stated reads what a moment says, if it says anything.
func (m *Moment) stated() (a answer, ok bool) {
	usual, ok := experience.AnswerScale(m.Name)
	if !ok {
		return a, false
	}
	name := m.facts[factScale]
	if name == "" {
		name = usual
	}
	if a.scale, ok = experience.ScaleNamed(name, m.facts[factOutOf]); !ok {
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
	if m.Name != experience.SurveyAnswered || m.facts[factAnswers] == "" {
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
			scale, known := experience.ScaleNamed(x.Scale, x.OutOf.String())
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
