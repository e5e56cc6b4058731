package language

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// hinted is which part of the confidence that is usually asked for is enough
// where a word speaks of an emotion: films, which models learnt from, say less
// plainly what they feel than customers do.
const hinted = 0.75

// emotions gives the emotions that a model is sure enough of.
func (p *passage) emotions(m *Model) []Emotion {
	c := m.confidences(p.seen)
	boost := p.boost()
	out := []Emotion{}
	for k, sure := range c {
		from := m.from(k)
		if p.speaks(k) {
			from *= hinted
		}
		if k < len(m.Labels) && sure >= from {
			over := float64((sure - from) / (1 - from))
			out = append(out, Emotion{m.label(k), max(1, min(5, 1+int(math.Round(4*over))+boost)), float64(sure)})
		}
	}
	slices.SortStableFunc(out, func(a, b Emotion) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

// speaks says whether a word of the passage speaks of an emotion.
func (p *passage) speaks(emotion int) bool {
	return slices.ContainsFunc(p.cues, func(h hit) bool { return h.says == emotion && p.counts(h) })
}

// boost is by how much a passage is louder than others, -1 … 2: capitals, marks
// of exclamation, drawn letters, strengtheners, superlatives; or softer.
func (p *passage) boost() int {
	loud, soft := 0, 0
	for _, t := range p.list {
		switch {
		case t.loud && t.end-t.start > 2, t.drawn && t.kind == word, t.kind == punctuation && strings.Contains(t.text, "!!"):
			loud++
		case t.kind == word && (strengtheners[t.text] || strings.Contains(t.text, "issim")):
			loud++
		case t.kind == word && weakeners[t.text]:
			soft++
		}
	}
	if loud == 0 && soft > 0 {
		return -1
	}
	return min(2, loud)
}
