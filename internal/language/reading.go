package language

import "regia/internal/experience"

// Reading is what a text says: as a whole, and sentence by sentence.
type Reading struct {
	Language Told `json:"language"` // empty label: there is not a word in it
	Said
	Sentences []Sentence `json:"sentences"`
	// Cut says that the text is longer than MaxText: the rest was not read.
	Cut bool `json:"cut,omitempty"`
}

// Sentence is a piece of a text: the bytes from Start up to End. Sentences
// stand in order, do not overlap, and leave nothing out but white space.
type Sentence struct {
	Start int `json:"start"`
	End   int `json:"end"`
	Said
}

// Said is what is told of a text or a sentence. All of it is inferred. What no
// model can tell in the text's language is nil.
type Said struct {
	Sentiment Told `json:"sentiment"` // of Sentiments
	// Emotions of Emotions, the likeliest first; none where nothing is sure enough.
	Emotions []Emotion `json:"emotions"`
	// Topics of Topics, the likeliest first; none where nothing is sure enough.
	Topics []Told `json:"topics"`
	// Urgency goes from 0, none, to 3: now, or somebody may come to harm.
	Urgency *Grade `json:"urgency"`
	// Effort goes from 0, none, to 2, much: what it cost the person.
	Effort *Grade `json:"effort"`
	// Politeness goes from -2, an insult, to 2, warm.
	Politeness *Grade `json:"politeness"`
	// Actionability is 1 where somebody should do something, else 0.
	Actionability *Grade `json:"actionability"`
	// Signals are words that somebody may want to act on: danger, insult, praise,
	// return-again, leave, recommend, advise-against, complain, legal.
	Signals []Signal `json:"signals"`
	// Impacts are the dimensions that words of the text speak of.
	Impacts []Impact `json:"impacts"`
}

// Told is a label, and how sure it is: of 100 texts told with 0.8, about 80 are
// told rightly (on texts of the kind that the model learnt from).
type Told struct {
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
	// Abstained says that this is a mere guess, not to be counted: the model is
	// less sure than its card asks for.
	Abstained bool `json:"abstained,omitempty"`
}

// Grade is a place on a scale.
type Grade struct {
	Value      int     `json:"value"`
	Confidence float64 `json:"confidence"`
	Abstained  bool    `json:"abstained,omitempty"`
}

// Emotion is something felt, one of Plutchik's eight.
type Emotion struct {
	Label      string  `json:"label"`
	Intensity  int     `json:"intensity"` // 1 hint … 5 overwhelming
	Confidence float64 `json:"confidence"`
}

// Signal is something said outright, with the words that say it.
type Signal struct {
	Label string   `json:"label"`
	Words []string `json:"words"`
}

// Impact is what an experience did to somebody in one dimension.
type Impact struct {
	Dimension experience.Dimension `json:"dimension"`
	Value     float64              `json:"value"` // -1 … 1
	Words     []string             `json:"words"` // that say so, as written
}

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// Limits of what is read of one text. What a person writes by hand is shorter.
const (
	MaxText      = 64 << 10 // bytes
	maxSentences = 200      // further ones are one
)
