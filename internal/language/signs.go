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
	lastGood // the last word that is either decides more than its number
	lastBad
	goodOnBalance
	badOnBalance
	goodFaces
	badFaces
	exclaims
	asks
	trails // …
	length
	firstCue // then one a cue, and one a topic
)

const (
	signs     = 64
	firstSign = 1<<bits - signs
	// loudness is how much signs weigh beside the hashed features, whose vector
	// has length one. Of 0.1 to 1, 0.2 and 0.5 were as good in cross-validation.
	loudness = 0.3
	// turned is what is left of a word behind a negation: "not good" is less bad
	// than "bad".
	turned = -0.7
)

// signsOf gives what of the signs a text has, in order.
func signsOf(into []feature, n *[signs]float32, list []token, negated []bool, words *lexicon) []feature {
	last, strength := float32(0), float32(1)
	for i, t := range list {
		switch t.kind {
		case word, hashtag:
			n[length-firstSign]++
			p := words.polarity(t.text)
			if p != 0 {
				p *= strength
				if negated[i] {
					p *= turned
				}
				n[goodWords-firstSign] += max(0, p)
				n[badWords-firstSign] += max(0, -p)
				last = p
			}
			strength = 1
			if strengtheners[t.text] {
				strength = 1.5
			} else if weakeners[t.text] {
				strength = 0.5
			}
		case punctuation, symbol:
			readFace(n, t.text)
		}
	}
	balance := n[goodWords-firstSign] - n[badWords-firstSign]
	n[lastGood-firstSign], n[lastBad-firstSign] = max(0, last), max(0, -last)
	n[goodOnBalance-firstSign], n[badOnBalance-firstSign] = max(0, balance), max(0, -balance)
	for k, v := range n {
		if v > 0 {
			into = append(into, feature{uint32(firstSign + k), loudness * float32(math.Sqrt(float64(v)))})
		}
	}
	return into
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

const (
	happy   = "😀😁😂😃😄😅😆😉😊😋😍😘😗😎😻💕💖💗💙💚💛💜❤♥👍👏🎉🙏💪🔝✨😇🤗☺🥰🤩😌🙌👌⭐🌟💯"
	unhappy = "😒😔😞😟😠😡😢😣😤😥😩😪😫😭😱💔👎😕🙁☹😑😐🤬🤮😖😰😳🤦🙄🤢😨😿💩😓😾"
)

// readFace counts what punctuation and emoji say.
func readFace(n *[signs]float32, s string) {
	add := func(sign int, yes bool) {
		if yes {
			n[sign-firstSign]++
		}
	}
	add(exclaims, strings.Contains(s, "!"))
	add(asks, strings.Contains(s, "?"))
	add(trails, strings.Contains(s, "..") || s == "…")
	eyes := strings.ContainsAny(s, ":;=")
	add(goodFaces, eyes && strings.ContainsAny(s, ")*") || strings.Contains(happy, s))
	add(badFaces, eyes && strings.ContainsAny(s, "(/|") || strings.Contains(unhappy, s))
}
