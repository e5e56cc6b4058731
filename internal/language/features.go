package language

import (
	"math"
	"slices"
	"unicode/utf8"
)

// bits of a feature's number: features are hashed (Weinberger et al. 2009,
// "Feature hashing for large scale multitask learning"), so that a model is a
// table of fixed size and knows words it has never seen by their pieces.
const bits = 18

// gram is how long the pieces of words are that count as features.
const shortestGram, longestGram = 2, 5

// hashes gives the features of tokens: words, pairs of words, pieces of words,
// how it is written, and words that stand in the reach of a negation. A feature
// that occurs twice stands twice.
func hashes(into []uint32, list []token, negated []bool) []uint32 {
	into = into[:0]
	before := uint64(0)
	for k, t := range list {
		whole := hash(offset, 'w', t.text)
		into = append(into, fold(whole))
		if k > 0 {
			into = append(into, fold(hash(before^0x5bd1e995, 'b', t.text)))
		}
		before = whole
		if negated[k] {
			into = append(into, fold(hash(offset, 'n', t.text)))
		}
		if t.loud {
			into = append(into, fold(hash(offset, 's', "loud")))
		}
		if t.drawn {
			into = append(into, fold(hash(offset, 's', "drawn")))
		}
		if t.kind == word || t.kind == hashtag {
			into = grams(into, t.text)
		}
	}
	return into
}

// grams adds the pieces of a word, its ends marked.
func grams(into []uint32, text string) []uint32 {
	var buffer [128]byte
	s := append(buffer[:0], '_')
	s = append(s, text[:min(len(text), 100)]...)
	s = append(s, '_')
	for i := 0; i < len(s); {
		h, n := hash(offset, 'g', ""), 0
		for j := i; j < len(s) && n < longestGram; n++ {
			_, size := utf8.DecodeRune(s[j:])
			for ; size > 0; size-- {
				h = (h ^ uint64(s[j])) * prime
				j++
			}
			if n+1 >= shortestGram {
				into = append(into, fold(h))
			}
		}
		_, size := utf8.DecodeRune(s[i:])
		i += size
	}
	return into
}

// FNV-1a, 64 bits.
const (
	offset uint64 = 14695981039346656037
	prime  uint64 = 1099511628211
)

func hash(h uint64, kind byte, s string) uint64 {
	h = (h ^ uint64(kind)) * prime
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime
	}
	return h
}

// fold gives a feature's place in the table: anywhere but where the signs are.
func fold(h uint64) uint32 { return uint32((h * 0x9E3779B97F4A7C15) >> 32 * firstSign >> 32) }

// feature is one coordinate of a text.
type feature struct {
	at    uint32
	value float32
}

// count turns features into how often each occurs, in order.
func count(into []feature, list []uint32) []feature {
	slices.Sort(list)
	into = into[:0]
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && list[j] == list[i] {
			j++
		}
		into = append(into, feature{list[i], float32(1 + math.Log(float64(j-i)))})
		i = j
	}
	return into
}
