package language

import (
	"cmp"
	"slices"
)

// How sure rules are: a phrase that always means a topic; words that speak for
// it, by how many there are, where no model decides.
const (
	surely   = 0.9
	oneWord  = 0.45
	twoWords = 0.6
)

// About tells what a text is about, as Read does, without the rest of it.
func (r *Reader) About(text string) []Told {
	text = beginning(text)
	list := tokens(text)
	if !worded(list) {
		return []Told{}
	}
	not := negated(list)
	hashed := r.eye.hash(list, not)
	p := &passage{text: text, list: list, negated: not, language: usual(r.models["language"].best(vector{hashed: hashed}))}
	p.seen = r.eye.sign(hashed, list, not, p.language)
	return r.topics(p)
}

// topics tells what a passage is about. The model decides on the topics that it
// knows; a phrase that surely means one is enough for it to be told unless the
// model is sure of the contrary. What a company itself added goes further: a
// phrase that it says surely means a topic always gives it, a word that it says
// speaks for one does what else a phrase does. On topics that only the company
// has, and in languages without a model, rules decide alone.
func (r *Reader) topics(p *passage) []Told {
	m := r.of("topics", p.language)
	by := r.ruled(p)
	sure := map[string]float64{}
	if m != nil {
		for k, c := range m.confidences(p.seen) {
			key, near := m.label(k), c >= m.from(k)*doubted
			if c >= m.from(k) || by.strong[key] && near {
				sure[key] = float64(c)
			}
			if by.spoken[key] && near {
				sure[key] = max(float64(c), oneWord)
			}
		}
	}
	for _, key := range r.tree.keys {
		known := m != nil && slices.Contains(m.Labels, key)
		switch n := by.weak[key]; {
		case by.always[key]:
			sure[key] = max(sure[key], surely)
		case known:
		case by.strong[key]:
			sure[key] = surely
		case n >= 2:
			sure[key] = twoWords
		case n == 1 && len(by.strong) == 0:
			sure[key] = oneWord
		}
		if up := r.tree.parent[key]; up != "" && sure[key] > 0 {
			sure[up] = max(sure[up], sure[key])
		}
	}
	out := []Told{}
	for key, c := range sure {
		if r.tree.has(key) || m != nil && m.layer != nil && slices.Contains(m.layer.extra, key) {
			out = append(out, Told{Label: key, Confidence: c})
		}
	}
	slices.SortFunc(out, func(a, b Told) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Label, b.Label))
	})
	return out
}

// doubted is which part of the confidence that is usually asked for is enough
// where a phrase surely means a topic.
const doubted = 0.5

// ruling is what rules say of a passage, by topic.
type ruling struct {
	strong map[string]bool // a phrase surely means it
	weak   map[string]int  // how many words speak for it
	always map[string]bool // ... by what the company added to a topic of Regia's own
	spoken map[string]bool
}

// ruled looks for the tree's phrases in a passage.
func (r *Reader) ruled(p *passage) (by ruling) {
	if b := r.tree.books[p.language]; b != nil {
		by.strong, by.weak = map[string]bool{}, map[string]int{}
		hits := r.eye.topics
		if r.tree != ownTree() {
			hits = b.find(nil, p.list)
		}
		for _, h := range hits {
			if h.says%2 == 0 {
				by.strong[r.tree.keys[h.says/2]] = true
			} else {
				by.weak[r.tree.keys[h.says/2]]++
			}
		}
	}
	if b := r.tree.added[p.language]; b != nil {
		by.always, by.spoken = map[string]bool{}, map[string]bool{}
		for _, h := range b.find(nil, p.list) {
			if key := r.tree.keys[h.says/2]; h.says%2 == 0 {
				by.always[key] = true
			} else {
				by.spoken[key] = true
				if by.weak == nil {
					by.weak = map[string]int{}
				}
				by.weak[key]++
			}
		}
	}
	return by
}

func (t *Tree) has(key string) bool { _, ok := t.parent[key]; return ok }
