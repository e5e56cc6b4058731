package language

import (
	"math"
	"slices"

	"regia/internal/experience"
)

// leaning is what a cue says of a dimension, from -1 to 1.
type leaning struct {
	dimension experience.Dimension
	value     float64
}

// leanings tell what cues say of an experience's impact. Those of the senses
// say that a sense is spoken of: how good it was, the sentiment says. The
// emotional dimension is the sentiment itself.
var leanings = map[string]leaning{
	"clear": {experience.Cognitive, 1}, "ease": {experience.Cognitive, 1},
	"unclear": {experience.Cognitive, -1}, "effort": {experience.Cognitive, -0.7},
	"return-again": {experience.Behavioural, 0.8}, "recommend": {experience.Behavioural, 1},
	"leave": {experience.Behavioural, -1}, "advise-against": {experience.Behavioural, -1},
	"legal": {experience.Behavioural, -0.8}, "complain": {experience.Behavioural, -0.5},
	"look": {experience.Sensory, 0}, "feel": {experience.Sensory, 0}, "smell": {experience.Sensory, 0},
	"taste": {experience.Sensory, 0}, "sound": {experience.Sensory, 0},
}

// signals are the cues that are told as such: somebody may want to act on them.
var signals = []string{"danger", "insult", "praise", "return-again", "leave", "recommend", "advise-against", "complain", "legal"}

// passage is a text or a sentence on its way through the models.
type passage struct {
	text     string
	list     []token
	negated  []bool
	language string
	seen     vector
	cues     []hit
	mood     float64 // how likelier positive than negative, -1 … 1
}

// counts says whether a cue holds: a negated one does not, unless the negation
// is part of it.
func (p *passage) counts(h hit) bool { return !p.negated[h.first] }

// words gives what a hit is written as.
func (p *passage) words(h hit) string { return p.text[p.list[h.first].start:p.list[h.end-1].end] }

// signalled gives the signals in a passage, each once, with their words.
func (p *passage) signalled() []Signal {
	out := []Signal{}
	for _, h := range p.cues {
		name := cueNames[h.says]
		if !p.counts(h) || !slices.Contains(signals, name) {
			continue
		}
		k := slices.IndexFunc(out, func(s Signal) bool { return s.Label == name })
		if k < 0 {
			k = len(out)
			out = append(out, Signal{Label: name})
		}
		out[k].Words = append(out[k].Words, p.words(h))
	}
	return out
}

// impacts gives the dimensions that a passage speaks of: the mean of what its
// words say, and for the emotional one, the sentiment.
func (p *passage) impacts() []Impact {
	sums, found := map[experience.Dimension]float64{}, map[experience.Dimension][]string{}
	for _, h := range p.cues {
		l, speaks := leanings[cueNames[h.says]]
		if !speaks {
			continue
		}
		value := l.value
		switch {
		case l.dimension == experience.Sensory:
			value = p.mood
		case !p.counts(h):
			value *= turned
		}
		sums[l.dimension] += value
		found[l.dimension] = append(found[l.dimension], p.words(h))
	}
	out := []Impact{}
	for _, d := range experience.Dimensions {
		switch words := found[d]; {
		case d == experience.Emotional && math.Abs(p.mood) >= leastMood:
			out = append(out, Impact{d, round(p.mood), p.moody()})
		case words != nil:
			out = append(out, Impact{d, round(sums[d] / float64(len(words))), unique(words)})
		}
	}
	return out
}

// moody gives the words that are good, or bad, by themselves, as the passage is
// on the whole, and those of its emotions.
func (p *passage) moody() []string {
	out := []string{}
	lexicon := lexiconOf(p.language)
	for k, t := range p.list {
		felt := slices.ContainsFunc(p.cues, func(h hit) bool { return h.first == k && h.says < len(Emotions) && p.counts(h) })
		way := float64(lexicon.polarity(t.text)) * p.mood
		if p.negated[k] {
			way = -way
		}
		if t.kind == word && (way > 0 || felt && way == 0) {
			out = append(out, p.text[t.start:t.end])
		}
	}
	return unique(out)
}

func unique(words []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(words, func(w string) bool {
		twice := seen[w]
		seen[w] = true
		return twice
	})
}

// leastMood is from which mood on, either way, something is felt.
const leastMood = 0.15

func round(x float64) float64 { return math.Round(x*100) / 100 }

// gathered gives the impacts of a text from those of its sentences: the mean of
// those that speak of a dimension.
func gathered(sentences []Sentence) []Impact {
	out := []Impact{}
	for _, d := range experience.Dimensions {
		sum, n, words := 0.0, 0.0, []string{}
		for _, s := range sentences {
			for _, i := range s.Impacts {
				if i.Dimension == d {
					sum += i.Value
					n++
					words = append(words, i.Words...)
				}
			}
		}
		if n > 0 && (d != experience.Emotional || math.Abs(sum/n) >= leastMood) {
			out = append(out, Impact{d, round(sum / n), unique(words)})
		}
	}
	return out
}
