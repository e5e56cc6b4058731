package language

import (
	"slices"
	"sync"
)

// vector is a text as features.
type vector struct{ hashed, signs []feature }

func (v vector) copy() vector { return vector{slices.Clone(v.hashed), slices.Clone(v.signs)} }

// eye turns texts into vectors. It keeps the memory it needs; one at a time may
// look through it.
type eye struct {
	numbers []uint32
	seen    vector
	cues    []hit // of the text last signed
	topics  []hit // by Regia's own tree
}

func newEye() *eye { return &eye{} }

// see gives a text's vector, which is the eye's and stands until the next.
func (e *eye) see(text, language string) vector {
	list := tokens(text)
	not := negated(list)
	return e.sign(e.hash(list, not), list, not, language)
}

// hash gives the features that are the same in every language.
func (e *eye) hash(list []token, not []bool) []feature {
	e.numbers = hashes(e.numbers, list, not)
	e.seen.hashed = count(e.seen.hashed, e.numbers)
	return e.seen.hashed
}

// sign adds the signs, by a language's lexicon, cues and topics.
func (e *eye) sign(hashed []feature, list []token, not []bool, language string) vector {
	var n [signs]float32
	e.cues, e.topics = e.cues[:0], e.topics[:0]
	if b := cueBooks()[language]; b != nil {
		e.cues = b.find(e.cues, list)
		countCues(&n, e.cues, not)
	}
	if b := ownTree().books[language]; b != nil {
		e.topics = b.find(e.topics, list)
		countTopics(&n, e.topics)
	}
	e.seen.signs = signsOf(e.seen.signs[:0], &n, list, not, lexiconOf(language))
	return vector{hashed, e.seen.signs}
}

// glance adds the signs without cues and topics: all that some models need.
func (e *eye) glance(hashed []feature, list []token, not []bool, language string) vector {
	var n [signs]float32
	e.seen.signs = signsOf(e.seen.signs[:0], &n, list, not, lexiconOf(language))
	return vector{hashed, e.seen.signs}
}

// lexiconOf gives a language's lexicon; Italian's for a language that has none.
// They are read once and never change.
func lexiconOf(language string) *lexicon {
	all := allLexicons()
	if l := all[language]; l != nil {
		return l
	}
	return all["it"]
}

var allLexicons = sync.OnceValue(func() map[string]*lexicon {
	all := map[string]*lexicon{}
	for _, language := range Languages {
		l, err := readLexicon(language)
		if err != nil {
			panic(err) // they are part of the program, and a test reads them
		}
		all[language] = l
	}
	return all
})
