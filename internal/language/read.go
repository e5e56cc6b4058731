package language

import (
	"cmp"
	"embed"
	"fmt"
	"path"
	"slices"
)

//go:embed weights
var weightFiles embed.FS

// Reading is what a text says.
type Reading struct {
	Language  Told `json:"language"`
	Sentiment Told `json:"sentiment"`
	// Topics of Topics, the likeliest first; none where the text is not Italian,
	// or nothing is sure enough.
	Topics []Told `json:"topics"`
}

// Told is a label, and how sure it is: of 100 texts told with 0.8, about 80 are
// told rightly (on texts of the kind that the model learnt from).
type Told struct {
	Label      string  `json:"label"`
	Confidence float64 `json:"confidence"`
}

// Reader reads texts, one at a time: it keeps the memory it needs.
type Reader struct {
	language, sentiment, topics *Model
	eye                         *eye
}

// NewReader opens the models that are part of Regia.
func NewReader() (*Reader, error) {
	r := &Reader{eye: newEye()}
	for name, into := range map[string]**Model{"language": &r.language, "sentiment": &r.sentiment, "topics": &r.topics} {
		m, err := openModel(name)
		if err != nil {
			return nil, err
		}
		*into = m
	}
	return r, nil
}

func openModel(name string) (*Model, error) {
	f, err := weightFiles.Open(path.Join("weights", name+".model"))
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	defer f.Close()
	return ReadModel(f)
}

// Cards tells what the models are.
func (r *Reader) Cards() []Card { return []Card{r.language.Card, r.sentiment.Card, r.topics.Card} }

// Read reads a text. One without a letter is told in no language, with nothing
// felt: both labels are empty.
func (r *Reader) Read(text string) Reading {
	list := tokens(text)
	not := negated(list)
	if !worded(list) {
		return Reading{Topics: []Told{}}
	}
	hashed := r.eye.hash(list, not)
	out := Reading{Language: r.language.best(vector{hashed: hashed}), Topics: []Told{}}
	seen := r.eye.sign(hashed, list, not, out.Language.Label)
	out.Sentiment = r.sentiment.best(seen)
	if out.Language.Label == "it" {
		out.Topics = r.topics.several(seen)
	}
	return out
}

func worded(list []token) bool {
	for _, t := range list {
		if t.kind == word || t.kind == hashtag || t.kind == symbol {
			return true
		}
	}
	return false
}

// best gives the likeliest label.
func (m *Model) best(v vector) Told {
	c := m.confidences(v)
	k := m.tell(c)[0]
	return Told{m.Labels[k], float64(c[k])}
}

// several gives the labels that are sure enough, the likeliest first.
func (m *Model) several(v vector) []Told {
	c := m.confidences(v)
	out := []Told{}
	for _, k := range m.tell(c) {
		out = append(out, Told{m.Labels[k], float64(c[k])})
	}
	slices.SortStableFunc(out, func(a, b Told) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}
