package language

import (
	"math"
	"slices"
	"strings"
)

// signs are features counted by hand. They stand at the end of the table, where
// no hashed feature goes.
const (
	goodWords = firstSign + iota
	badWords
	bestWord // the strongest of each
	worstWord
	firstGood // the first and the last word that is either
	firstBad
	lastGood
	lastBad
	goodOnBalance
	badOnBalance
	goodAndBad // the smaller of both
	neither
	goodFaces
	badFaces
	exclaims
	asks
	trails // …
	length
	addressed    // mentions of somebody
	answers      // it begins with one
	linked       // addresses of pages
	endsInLink   // it ends with one
	tagged       // hashtags
	numbered     // numbers
	quoted       // quotation marks
	announces    // a colon among the first words
	loudWords    // words in capitals
	drawnWords   // words drawn out
	endsExcited  // it ends with marks of exclamation
	endsAsking   // ... with marks of question
	endsTrailing // ... with dots
	firstManner  // one for each of manners
	firstCue     = firstManner + 4
)

const (
	signs     = 128
	firstSign = 1<<bits - signs
	// loudness is how much signs weigh beside the hashed features, whose vector
	// has length one.
	loudness = 0.3
	// turned is what is left of a word behind a negation: "not good" is less bad
	// than "bad".
	turned = -0.7
)

// signsOf gives what of the signs a text has, in order.
func signsOf(into []feature, n *[signs]float32, list []token, negated []bool, words *lexicon) []feature {
	add := func(sign int, by float32) { n[sign-firstSign] += by }
	var first, last, best, worst float32
	strength, covered := float32(1), 0 // covered: up to where a phrase has spoken
	for i, t := range list {
		countStyle(n, t, i)
		if t.kind != word && t.kind != hashtag || i < covered {
			continue
		}
		says, wide := words.at(list, i)
		covered = i + wide
		for k := range manners {
			if says.manners>>k&1 > 0 {
				add(firstManner+k, 1)
			}
		}
		if p := says.polarity * strength; p != 0 {
			if negated[i] {
				p *= turned
			}
			add(goodWords, max(0, p))
			add(badWords, max(0, -p))
			best, worst, last = max(best, p), min(worst, p), p
			if first == 0 {
				first = p
			}
		}
		strength = 1
		if strengtheners[t.text] {
			strength = 1.5
		} else if weakeners[t.text] {
			strength = 0.5
		}
	}
	countEnd(n, list)
	good, bad := n[goodWords-firstSign], n[badWords-firstSign]
	add(bestWord, best)
	add(worstWord, -worst)
	add(firstGood, max(0, first))
	add(firstBad, max(0, -first))
	add(lastGood, max(0, last))
	add(lastBad, max(0, -last))
	add(goodOnBalance, max(0, good-bad))
	add(badOnBalance, max(0, bad-good))
	add(goodAndBad, min(good, bad))
	if good == 0 && bad == 0 {
		add(neither, 1)
	}
	for k, v := range n {
		if v > 0 {
			into = append(into, feature{uint32(firstSign + k), loudness * float32(math.Sqrt(float64(v)))})
		}
	}
	return into
}

// countStyle counts how the token that stands at a place is written.
func countStyle(n *[signs]float32, t token, at int) {
	add := func(sign int, yes bool) {
		if yes {
			n[sign-firstSign]++
		}
	}
	add(loudWords, t.loud && t.end-t.start > 2)
	switch t.kind {
	case word:
		add(length, true)
		add(drawnWords, t.drawn)
	case hashtag:
		add(length, true)
		add(tagged, true)
	case mention:
		add(addressed, true)
		add(answers, at == 0)
	case address:
		add(linked, true)
	case number:
		add(numbered, true)
	case face:
		add(goodFaces, goodFace(t.text))
		add(badFaces, !goodFace(t.text))
	case symbol:
		add(goodFaces, strings.Contains(happy, t.text))
		add(badFaces, strings.Contains(unhappy, t.text))
		add(quoted, strings.ContainsAny(t.text, "“”«»"))
		add(trails, t.text == "…")
	case punctuation:
		add(exclaims, strings.Contains(t.text, "!"))
		add(asks, strings.Contains(t.text, "?"))
		add(trails, strings.Contains(t.text, "..") || t.text == "…")
		add(quoted, strings.ContainsAny(t.text, `"“”«»`))
		add(announces, t.text == ":" && at > 0 && at < 6)
	}
}

// countEnd counts how a text ends.
func countEnd(n *[signs]float32, list []token) {
	if len(list) == 0 {
		return
	}
	switch last := list[len(list)-1]; {
	case last.kind == address:
		n[endsInLink-firstSign]++
	case strings.Contains(last.text, "!"):
		n[endsExcited-firstSign]++
	case strings.Contains(last.text, "?"):
		n[endsAsking-firstSign]++
	case strings.HasSuffix(last.text, "..") || last.text == "…":
		n[endsTrailing-firstSign]++
	}
}

// countCues adds what cues say. A negated one says nothing, unless the negation
// is part of it ("non mi aspettavo").
func countCues(n *[signs]float32, cues []hit, negated []bool) {
	for _, c := range cues {
		if !negated[c.first] {
			n[firstCue-firstSign+c.says]++
		}
	}
}

// countTopics adds what the words of Regia's own topics say.
func countTopics(n *[signs]float32, topics []hit) {
	tree := ownTree()
	for _, h := range topics {
		key := tree.keys[h.says/2]
		if up := tree.parent[key]; up != "" {
			key = up
		}
		at := firstCue - firstSign + len(cueNames) + slices.Index(Topics, key)
		if h.says%2 == 0 {
			n[at]++
		}
		n[at]++
	}
}
