package language

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed weights
var weightFiles embed.FS

// Reader reads texts, one at a time: it keeps the memory it needs. Fork makes
// another for another goroutine.
type Reader struct {
	models map[string]*Model
	eye    *eye
}

// NewReader opens the models that are part of Regia.
func NewReader() (*Reader, error) {
	r := &Reader{models: map[string]*Model{}, eye: newEye()}
	files, err := fs.ReadDir(weightFiles, "weights")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		m, err := openModel(f.Name())
		if err != nil {
			return nil, err
		}
		r.models[m.Name] = m
	}
	for _, needed := range []string{"language", "sentiment", "topics"} {
		if r.models[needed] == nil {
			return nil, fmt.Errorf("there is no model %s", needed)
		}
	}
	return r, nil
}

func openModel(name string) (*Model, error) {
	f, err := weightFiles.Open(path.Join("weights", name))
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	defer f.Close()
	return ReadModel(f)
}

// Fork gives a reader of the same models, for another goroutine.
func (r *Reader) Fork() *Reader { return &Reader{models: r.models, eye: newEye()} }

// Version names the models that this reader reads with: where it differs, texts
// may be told otherwise.
func (r *Reader) Version() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.models)) {
		m := r.models[name]
		part := name + " " + strconv.Itoa(m.Card.Version)
		if m.layer != nil {
			part += fmt.Sprintf("+%08x", m.layer.digest)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// Cards tells what the models are.
func (r *Reader) Cards() []Card {
	var out []Card
	for _, m := range r.models {
		out = append(out, m.Card)
	}
	slices.SortFunc(out, func(a, b Card) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Read reads a text. One without a word is told in no language, with nothing
// felt: both labels are empty, and there is no sentence in it.
func (r *Reader) Read(text string) Reading {
	text, was := beginning(text), len(text)
	out := Reading{Said: nothing(), Sentences: []Sentence{}, Cut: len(text) < was}
	list := tokens(text)
	if !worded(list) {
		return out
	}
	not := negated(list)
	out.Language = r.models["language"].best(vector{hashed: r.eye.hash(list, not)})
	out.Said = r.said(list, not, out.Language.Label)
	spans := Sentences(text)
	for _, s := range spans {
		said := out.Said
		if len(spans) > 1 {
			part := within(list, s)
			said = r.said(part, negated(part), out.Language.Label)
		}
		out.Sentences = append(out.Sentences, Sentence{s.Start, s.End, said})
	}
	return out
}

// Feel tells language and sentiment alone, which is faster.
func (r *Reader) Feel(text string) (language, sentiment Told) {
	list := tokens(beginning(text))
	if !worded(list) {
		return Told{}, Told{}
	}
	not := negated(list)
	hashed := r.eye.hash(list, not)
	language = r.models["language"].best(vector{hashed: hashed})
	return language, r.models["sentiment"].best(r.eye.sign(hashed, list, not, language.Label))
}

// said tells what can be told of tokens.
func (r *Reader) said(list []token, not []bool, language string) Said {
	out := nothing()
	if !worded(list) {
		return out
	}
	v := r.eye.sign(r.eye.hash(list, not), list, not, language)
	out.Sentiment = r.models["sentiment"].best(v)
	if language == "it" {
		out.Topics = r.models["topics"].several(v)
	}
	return out
}

func nothing() Said { return Said{Emotions: []Emotion{}, Topics: []Told{}, Impacts: []Impact{}} }

// beginning cuts a text at MaxText, between letters.
func beginning(text string) string {
	if len(text) <= MaxText {
		return text
	}
	end := MaxText
	for end > MaxText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// within gives the tokens of a span.
func within(list []token, s Span) []token {
	at := func(byte int) int {
		k, _ := slices.BinarySearchFunc(list, byte, func(t token, at int) int { return cmp.Compare(t.start, at) })
		return k
	}
	return list[at(s.Start):at(s.End)]
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
	return Told{Label: m.label(k), Confidence: float64(c[k]), Abstained: c[k] < m.sure}
}

// several gives the labels that are sure enough, the likeliest first.
func (m *Model) several(v vector) []Told {
	c := m.confidences(v)
	out := []Told{}
	for _, k := range m.tell(c) {
		out = append(out, Told{Label: m.label(k), Confidence: float64(c[k])})
	}
	slices.SortStableFunc(out, func(a, b Told) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}
