package voice

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
)

// VoiceLabels are what is told of a text. All of it is inferred, unless a person
// put it right.
type VoiceLabels struct {
	Language   VoiceLabel     `json:"language"`
	Sentiment  VoiceLabel     `json:"sentiment"`
	Topics     []VoiceLabel   `json:"topics"`
	Emotions   []VoiceEmotion `json:"emotions"`
	Urgency    *VoiceGrade    `json:"urgency"`
	Effort     *VoiceGrade    `json:"effort"`
	Politeness *VoiceGrade    `json:"politeness"`
	Actionable *VoiceGrade    `json:"actionable"`
	Impacts    []VoiceImpact  `json:"impacts"`
	Signals    []string       `json:"signals" doc:"Said outright: danger, insult, praise, return-again, leave, recommend, advise-against, complain, legal"`
	Sentences  []VoicePiece   `json:"sentences"`
}

// VoiceLabel is what something is called, and how sure that is, 0 to 1.
type VoiceLabel struct {
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
	// Guess: surer than nothing, but too unsure to be counted.
	Guess bool `json:"guess,omitempty"`
	Hand  bool `json:"by_hand,omitempty" doc:"Somebody put it right"`
}

// VoiceGrade is a place on a scale: urgency 0 to 3, effort 0 to 2, politeness -2 to 2,
// actionable 0 or 1.
type VoiceGrade struct {
	Value      int     `json:"value"`
	Confidence float64 `json:"confidence"`
	Guess      bool    `json:"guess,omitempty"`
	Hand       bool    `json:"by_hand,omitempty" doc:"Somebody put it right"`
}

// VoiceEmotion is something felt.
type VoiceEmotion struct {
	Label      string  `json:"label"`
	Intensity  int     `json:"intensity" doc:"1 hint to 5 overwhelming"`
	Confidence float64 `json:"confidence"`
}

// VoiceImpact is what an experience did in one dimension, by the words of the text.
type VoiceImpact struct {
	Dimension experience.Dimension `json:"dimension"`
	Value     float64              `json:"value" minimum:"-1" maximum:"1"`
}

// VoicePiece is a sentence: its bytes from Start up to End, and how it feels.
type VoicePiece struct {
	Start     int    `json:"start"`
	End       int    `json:"end"`
	Sentiment string `json:"sentiment"`
}

// The labels of a sentiment.
const (
	negative = "negative"
	neutral  = "neutral"
	positive = "positive"
)

func sentiments() []string { return []string{negative, neutral, positive} }

func (g *VoiceGrade) value() int {
	if g == nil || g.Guess {
		return unknown
	}
	return g.Value
}

// counted is a label as columns have it: a mere guess counts as none.
func (l VoiceLabel) counted() string {
	if l.Guess {
		return ""
	}
	return l.Label
}

func (l VoiceLabels) encode() (string, error) {
	raw, err := json.Marshal(l)
	return string(raw), err
}

func decodeLabels(text string) (VoiceLabels, error) {
	var l VoiceLabels
	if text == "" {
		return l, nil
	}
	err := json.Unmarshal([]byte(text), &l)
	return l, err
}

// Aspects of a text that a person may put right.
const (
	aspectSentiment = "sentiment"
	aspectTopic     = "topic"
	aspectUrgency   = "urgency"
	aspectLanguage  = "language"
)

// corrected gives labels with what people put right; the models' own stay as
// they are.
func (l VoiceLabels) corrected(list []Correction) VoiceLabels {
	l.Topics = slices.Clone(l.Topics)
	for _, c := range list {
		switch c.Aspect {
		case aspectSentiment:
			l.Sentiment = VoiceLabel{Label: c.Value, Confidence: 1, Hand: true}
		case aspectLanguage:
			l.Language = VoiceLabel{Label: c.Value, Confidence: 1, Hand: true}
		case aspectUrgency:
			n, _ := strconv.Atoi(c.Value) // checked when it was made
			l.Urgency = &VoiceGrade{Value: n, Confidence: 1, Hand: true}
		case aspectTopic:
			topic := strings.TrimLeft(c.Value, "+-")
			l.Topics = slices.DeleteFunc(l.Topics, func(x VoiceLabel) bool { return x.Label == topic })
			if strings.HasPrefix(c.Value, "+") {
				l.Topics = append(l.Topics, VoiceLabel{Label: topic, Confidence: 1, Hand: true})
			}
		}
	}
	return l
}

// topicKey tells whether a text can be the key of a topic: of Regia's own or the
// company's.
func topicKey(s string) bool {
	return s != "" && len(s) <= 60 && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '/' || c == '_')
	})
}

// says gives what labels tell about an aspect, as a correction writes it.
func (l VoiceLabels) says(aspect, value string) string {
	switch aspect {
	case aspectSentiment:
		return l.Sentiment.Label
	case aspectLanguage:
		return l.Language.Label
	case aspectUrgency:
		if l.Urgency == nil {
			return ""
		}
		return strconv.Itoa(l.Urgency.Value)
	}
	topic := strings.TrimLeft(value, "+-")
	if slices.ContainsFunc(l.Topics, func(x VoiceLabel) bool { return x.Label == topic }) {
		return "+" + topic
	}
	return "-" + topic
}
