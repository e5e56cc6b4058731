package survey

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"regia/internal/experience"
)

// MaxText is how many characters of an open answer are kept; the rest is cut,
// and whoever wrote it is told.
const MaxText = 5000

// Answer is what somebody answered to one question. Which of the fields there
// are depends on the question's type; none of them: it was passed over.
type Answer struct {
	Score  *int           `json:"score,omitempty"`  // nps, csat, ces, stars, smiley
	Choice []string       `json:"choice,omitempty"` // keys of choices
	Items  map[string]int `json:"items,omitempty"`  // of a matrix: key of the item, score
	Text   string         `json:"text,omitempty"`
}

// Answers are what somebody answered so far, by the key of the question.
type Answers map[string]Answer

// Empty tells whether nothing was answered.
func (a Answer) Empty() bool {
	return a.Score == nil && len(a.Choice) == 0 && len(a.Items) == 0 && a.Text == ""
}

// with gives a copy in which more was answered; what is answered anew counts
// as it was answered last, also where it was taken back.
func (a Answers) with(more Answers) Answers {
	out := maps.Clone(a)
	if out == nil {
		out = Answers{}
	}
	for key, x := range more {
		if x.Empty() {
			delete(out, key)
			continue
		}
		out[key] = x
	}
	return out
}

// read checks an answer against its question. Texts are cut at MaxText
// characters, which cut tells; anything else that does not fit is Invalid.
func (q *Question) read(a Answer) (out Answer, cut bool, err error) {
	low, high := q.Range()
	switch {
	case q.Type.Scored():
		if a.Score != nil && (*a.Score < low || *a.Score > high) {
			return out, false, errAnswer
		}
		out.Score = a.Score
	case q.Type.Chosen():
		for _, key := range a.Choice {
			if !slices.ContainsFunc(q.Choices, func(c Choice) bool { return c.Key == key }) {
				return out, false, errAnswer
			}
		}
		for _, c := range q.Choices { // in the order they are asked, each once
			if slices.Contains(a.Choice, c.Key) {
				out.Choice = append(out.Choice, c.Key)
			}
		}
		if q.Type == Single && len(out.Choice) > 1 {
			return Answer{}, false, errAnswer
		}
	case q.Type == Matrix:
		for key, score := range a.Items {
			if score < low || score > high || !slices.ContainsFunc(q.Items, func(c Choice) bool { return c.Key == key }) {
				return out, false, errAnswer
			}
		}
		out.Items = maps.Clone(a.Items)
	default:
		out.Text, cut = tidy(a.Text)
	}
	return out, cut, nil
}

var errAnswer = experience.Errorf(experience.Invalid, "survey.error.answer")

// missing tells whether a required question was not wholly answered.
func (q *Question) missing(a Answer) bool {
	if !q.Required {
		return false
	}
	if q.Type == Matrix {
		return len(a.Items) < len(q.Items)
	}
	return a.Empty()
}

// tidy makes a text fit to be kept: valid, without control characters, at most
// MaxText characters long.
func tidy(text string) (out string, cut bool) {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text))
	if utf8.RuneCountInString(text) <= MaxText {
		return text, false
	}
	return strings.TrimSpace(string([]rune(text)[:MaxText])), true
}

// holds tells whether an answer fulfils a rule. A question that was not
// answered fulfils none.
func (r Rule) holds(a Answer) bool {
	switch r.Op {
	case AtLeast, AtMost:
		value, err := strconv.Atoi(r.Value)
		if err != nil || a.Score == nil {
			return false
		}
		return r.Op == AtLeast && *a.Score >= value || r.Op == AtMost && *a.Score <= value
	case Is:
		return a.Score != nil && strconv.Itoa(*a.Score) == r.Value || len(a.Choice) == 1 && a.Choice[0] == r.Value
	case Contains:
		return slices.Contains(a.Choice, r.Value) ||
			a.Text != "" && r.Value != "" && strings.Contains(strings.ToLower(a.Text), strings.ToLower(r.Value))
	}
	return false
}
