package survey

import (
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
)

// Words are one wording in several languages, by language: "it", "en".
type Words map[string]string

// In gives the wording in a language, and where there is none the one in the
// first of Languages that there is.
func (w Words) In(language string) string {
	if text := w[language]; text != "" {
		return text
	}
	for _, l := range Languages {
		if text := w[l]; text != "" {
			return text
		}
	}
	return ""
}

// Languages lists the languages that a survey may speak.
var Languages = []string{"it", "en", "fr", "de", "es"}

// Status says whether a survey may be answered.
type Status string

// The statuses.
const (
	Draft  Status = "draft"  // never published
	Open   Status = "open"   // may be answered
	Closed Status = "closed" // may no longer be answered
)

// Survey is what is asked, in all its wordings. Published, it never changes:
// the next publication is another version.
type Survey struct {
	Key       string     `json:"key" yaml:"key"`             // in addresses and in the log
	Name      Words      `json:"name" yaml:"name"`           // for the company's own people
	Languages []string   `json:"languages" yaml:"languages"` // the first is spoken to those whose language is not among them
	About     string     `json:"about,omitempty" yaml:"about"`
	Staff     bool       `json:"staff,omitempty" yaml:"staff"` // asks the company's own people: counted nowhere among customers, and nobody's
	Title     Words      `json:"title,omitempty" yaml:"title"` // above the first question
	Intro     Words      `json:"intro,omitempty" yaml:"intro"`
	Questions []Question `json:"questions" yaml:"questions"`
	Thanks    Words      `json:"thanks,omitempty" yaml:"thanks"` // "" = the usual ones
	Theme     Theme      `json:"theme" yaml:"theme"`
	Next      int        `json:"next,omitempty" yaml:"-"` // number of the next new question: keys are never used again
}

// Theme is how the public pages look.
type Theme struct {
	Accent string `json:"accent,omitempty" yaml:"accent" doc:"Colour of buttons and of what is chosen, #rrggbb; empty is Regia's petrol"`
	Logo   string `json:"logo,omitempty" yaml:"logo" maxLength:"60" doc:"The name on top of the page; empty is the company's"`
}

// Question is one thing asked. Its key stays the same from version to version.
type Question struct {
	Key       string               `json:"key" yaml:"key"`
	Type      Type                 `json:"type" yaml:"type" enum:"nps,csat,ces,stars,smiley,single,multiple,matrix,text"`
	Text      Words                `json:"text" yaml:"text"`
	Help      Words                `json:"help,omitempty" yaml:"help"`
	Required  bool                 `json:"required,omitempty" yaml:"required"`
	Low       Words                `json:"low,omitempty" yaml:"low" doc:"What the lowest answer of a scale means; empty is the usual wording"`
	High      Words                `json:"high,omitempty" yaml:"high"`
	Choices   []Choice             `json:"choices,omitempty" yaml:"choices" doc:"Of single and multiple"`
	Items     []Choice             `json:"items,omitempty" yaml:"items" doc:"Of a matrix: what is rated, each on the same scale"`
	Points    int                  `json:"points,omitempty" yaml:"points" doc:"Of a matrix: the best answer, 5 or 7; the worst is 1"`
	Dimension experience.Dimension `json:"dimension,omitempty" yaml:"dimension" doc:"Of experience, that the answer tells of; empty is the scale's own"`
	Joined    bool                 `json:"joined,omitempty" yaml:"joined" doc:"Stands on the page of the question before"`
	Rules     []Rule               `json:"rules,omitempty" yaml:"rules" doc:"Where to go after this question; the first that holds wins, and otherwise it goes on"`
}

// Choice is one of the answers of a single or multiple question, or one item
// of a matrix.
type Choice struct {
	Key  string `json:"key" yaml:"key"`
	Text Words  `json:"text" yaml:"text"`
}

// Rule is a branch: where to go after a question when an answer is such.
type Rule struct {
	Question string `json:"question,omitempty" yaml:"question" doc:"Whose answer decides: this question's (empty), or one before it"`
	Op       Op     `json:"op" yaml:"op" enum:"is,at_least,at_most,contains"`
	Value    string `json:"value" yaml:"value" doc:"A score, the key of a choice, or a piece of text"`
	Go       string `json:"go" yaml:"go" doc:"Key of a later question, or end"`
}

// Op compares an answer with the value of a rule.
type Op string

// The comparisons.
const (
	Is       Op = "is"       // the score, or the choice
	AtLeast  Op = "at_least" // the score
	AtMost   Op = "at_most"
	Contains Op = "contains" // the choice is among them, or the text holds it in any case
)

// Ops lists the comparisons in the order the editor shows them.
var Ops = []Op{Is, AtLeast, AtMost, Contains}

// End is where a rule goes to end the survey.
const End = "end"

// Version is a survey as it was published.
type Version struct {
	Survey
	Number int
	MadeBy string
	MadeAt time.Time
}

// Record is what is known of a survey apart from its versions.
type Record struct {
	Draft     Survey // what is being worked on
	Status    Status
	Version   int // published last; 0 = never
	ChangedBy string
	ChangedAt time.Time
	CreatedAt time.Time
}

// question finds a question by its key, -1 where there is none.
func (s *Survey) question(key string) int {
	return slices.IndexFunc(s.Questions, func(q Question) bool { return q.Key == key })
}

// language chooses the language to speak to somebody who asked for some, in
// the order of their liking.
func (s *Survey) language(wanted ...string) string {
	for _, w := range wanted {
		base, _, _ := strings.Cut(strings.ToLower(w), "-")
		if slices.Contains(s.Languages, base) {
			return base
		}
	}
	if len(s.Languages) == 0 {
		return Languages[0]
	}
	return s.Languages[0]
}
