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

// topics tells what a passage is about. The model decides on the topics that it
// knows; a phrase that surely means one is enough for it to be told unless the
// model is sure of the contrary. On topics that only the company has, and in
// languages without a model, rules decide alone.
func (r *Reader) topics(p *passage) []Told {
	m := r.of("topics", p.language)
	strong, weak := r.ruled(p)
	sure := map[string]float64{}
	if m != nil {
		for k, c := range m.confidences(p.seen) {
			key := m.label(k)
			if c >= m.from(k) || strong[key] && c >= m.from(k)*doubted {
				sure[key] = float64(c)
			}
		}
	}
	for _, key := range r.tree.keys {
		known := m != nil && slices.Contains(m.Labels, key)
		switch n := weak[key]; {
		case known:
		case strong[key]:
			sure[key] = surely
		case n >= 2:
			sure[key] = twoWords
		case n == 1 && len(strong) == 0:
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

// ruled gives the topics that phrases surely mean, and how many words speak for each.
func (r *Reader) ruled(p *passage) (strong map[string]bool, weak map[string]int) {
	b := r.tree.books[p.language]
	if b == nil {
		return nil, nil
	}
	strong, weak = map[string]bool{}, map[string]int{}
	hits := r.eye.topics
	if r.tree != ownTree() {
		hits = b.find(nil, p.list)
	}
	for _, h := range hits {
		if h.says%2 == 0 {
			strong[r.tree.keys[h.says/2]] = true
		} else {
			weak[r.tree.keys[h.says/2]]++
		}
	}
	return strong, weak
}

func (t *Tree) has(key string) bool { _, ok := t.parent[key]; return ok }
