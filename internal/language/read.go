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
	"sync"
	"unicode/utf8"
)

//go:embed weights
var weightFiles embed.FS

// Reader reads texts, one at a time: it keeps the memory it needs. Fork makes
// another for another goroutine.
type Reader struct {
	models map[string]*Model
	tree   *Tree
	eye    *eye
}

// NewReader opens the models that are part of Regia. The table of each, 1 to 3 MB, is
// unpacked once it is needed: not all are, for texts of one language.
func NewReader() (*Reader, error) {
	r := &Reader{models: map[string]*Model{}, tree: ownTree(), eye: newEye()}
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
	file, err := weightFiles.Open(path.Join("weights", name)) // in the program itself: there is nothing to close
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	m, err := readCard(file)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	m.table = sync.OnceValue(func() []int8 {
		table, err := m.readTable(file)
		if err != nil {
			panic(err) // it is part of the program
		}
		return table
	})
	return m, nil
}

// Fork gives a reader of the same models, for another goroutine.
func (r *Reader) Fork() *Reader { return &Reader{r.models, r.tree, newEye()} }

// With gives a reader that tells the topics of a tree; nil is Regia's own.
func (r *Reader) With(tree *Tree) *Reader {
	if tree == nil {
		tree = ownTree()
	}
	return &Reader{r.models, tree, newEye()}
}

// Topics gives the keys of the topics that are told.
func (r *Reader) Topics() []string { return r.tree.Keys() }

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
	return strings.Join(append(parts, r.tree.version()), ", ")
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
	hashed := r.eye.hash(list, not)
	out.Language = r.models["language"].best(vector{hashed: hashed})
	language := usual(out.Language)
	out.Said = r.said(&passage{text: text, list: list, negated: not, language: language}, hashed)
	spans := Sentences(text)
	for _, s := range spans {
		said := out.Said
		if len(spans) > 1 {
			part := within(list, s)
			said = nothing()
			if worded(part) {
				not := negated(part)
				said = r.said(&passage{text: text, list: part, negated: not, language: language}, r.eye.hash(part, not))
			}
		}
		out.Sentences = append(out.Sentences, Sentence{s.Start, s.End, said})
	}
	if len(spans) > 1 {
		out.Impacts = gathered(out.Sentences)
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
	return language, r.models["sentiment"].best(r.eye.glance(hashed, list, not, usual(language)))
}

// usual gives the language a text is read in: where that is a mere guess, which
// a word or two often are, Italian.
func usual(language Told) string {
	if language.Abstained {
		return "it"
	}
	return language.Label
}

// said tells what can be told of a passage.
func (r *Reader) said(p *passage, hashed []feature) Said {
	out := nothing()
	p.seen = r.eye.sign(hashed, p.list, p.negated, p.language)
	p.cues = r.eye.cues
	odds := r.models["sentiment"].confidences(p.seen)
	out.Sentiment = r.models["sentiment"].told(odds)
	p.mood = float64(odds[2] - odds[0])
	if m := r.of("emotions", p.language); m != nil {
		out.Emotions = p.emotions(m)
	}
	out.Topics = r.topics(p)
	out.Urgency, out.Effort = r.grade(p, "urgency"), r.grade(p, "effort")
	out.Politeness, out.Actionability = r.grade(p, "politeness"), r.grade(p, "actionability")
	out.Signals, out.Impacts = p.signalled(), p.impacts()
	return out
}

// of gives the model of a name for a language; nil where there is none. That of
// sentiment is for all.
func (r *Reader) of(name, language string) *Model {
	if language != "it" && name != "sentiment" {
		name += "-" + language
	}
	return r.models[name]
}

// grade tells a place on a scale; nil where no model can.
func (r *Reader) grade(p *passage, name string) *Grade {
	m := r.of(name, p.language)
	if m == nil {
		return nil
	}
	t := m.best(p.seen)
	n, err := strconv.Atoi(t.Label)
	if err != nil {
		return nil // no model of ours
	}
	return &Grade{n, t.Confidence, t.Abstained}
}

func nothing() Said {
	return Said{Emotions: []Emotion{}, Topics: []Told{}, Signals: []Signal{}, Impacts: []Impact{}}
}

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
		if t.kind == word || t.kind == hashtag || t.kind == symbol || t.kind == face {
			return true
		}
	}
	return false
}

// best gives the likeliest label.
func (m *Model) best(v vector) Told { return m.told(m.confidences(v)) }

func (m *Model) told(confidences []float32) Told {
	k := m.tell(confidences)[0]
	return Told{Label: m.label(k), Confidence: float64(confidences[k]), Abstained: confidences[k] < m.sure}
}
