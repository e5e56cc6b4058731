package language

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
)

// Theme is something that several texts seem to be about: a suggestion, for a
// person to name or to throw away.
type Theme struct {
	Words []string `json:"words"` // that they have in common, the most frequent first, as mostly written
	Texts []int    `json:"texts"` // numbers of the texts, those with most of the words first
}

// How themes are found.
const (
	maxThemes       = 10
	maxThemeTexts   = 10000 // further ones are left aside
	maxThemeWords   = 40    // of one text
	fewestTexts     = 3     // that make a theme
	fewToCompare    = 20    // texts: among fewer no word is too common
	mostCommon      = 0.3   // words that stand in more of the texts than this tell nothing apart
	leastRarity     = 4.5   // words that everybody uses tell nothing: of a text in forty, in Regia's corpora
	alongside       = 0.5   // of a theme's texts have a word that belongs to it
	longestTheme    = 6     // words
	wordsForATheme  = 2     // that a text must have
	leastDependence = 0.2   // of two words on each other, from 0 to 1
)

// wordPair is two stems, in order.
type wordPair [2]string

// Themes suggests what texts that no topic fits may be about: pairs of rare
// words that stand together more often than chance would have it (normalized
// pointwise mutual information, Bouma 2009), the most frequent first, each with
// the words that go along. The same texts give the same themes.
func (r *Reader) Themes(ctx context.Context, texts []string) ([]Theme, error) {
	texts = texts[:min(len(texts), maxThemeTexts)]
	stems, written := r.stems(texts)
	open := make([]bool, len(texts))
	for i := range open {
		open[i] = true
	}
	themes := []Theme{}
	for len(themes) < maxThemes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pair, found := strongest(stems, open)
		if !found {
			break
		}
		words := companions(stems, open, pair)
		theme := Theme{Texts: []int{}}
		shared := map[int]int{}
		for i, set := range stems {
			if n := common(set, words); open[i] && n >= wordsForATheme {
				theme.Texts = append(theme.Texts, i)
				shared[i], open[i] = n, false
			}
		}
		slices.SortStableFunc(theme.Texts, func(a, b int) int { return cmp.Compare(shared[b], shared[a]) })
		for _, w := range words {
			theme.Words = append(theme.Words, mostly(written[w]))
		}
		themes = append(themes, theme)
	}
	slices.SortStableFunc(themes, func(a, b Theme) int { return cmp.Compare(len(b.Texts), len(a.Texts)) })
	return themes, nil
}

// stems gives the telling words of each text, and how each is written how often.
func (r *Reader) stems(texts []string) (sets []map[string]bool, written map[string]map[string]int) {
	written, in := map[string]map[string]int{}, map[string]int{}
	for _, text := range texts {
		set := map[string]bool{}
		for _, t := range tokens(beginning(text)) {
			if t.kind != word || len(set) >= maxThemeWords || len(t.text) < 4 || !r.rare(t.text) {
				continue
			}
			s := stem(t.text)
			if !set[s] {
				set[s] = true
				in[s]++
			}
			if written[s] == nil {
				written[s] = map[string]int{}
			}
			written[s][t.text]++
		}
		sets = append(sets, set)
	}
	most := max(fewToCompare, int(mostCommon*float64(len(texts))))
	for _, set := range sets {
		maps.DeleteFunc(set, func(s string, _ bool) bool { return in[s] < fewestTexts || in[s] > most })
	}
	return sets, written
}

// rare says whether a word is not one that everybody uses.
func (r *Reader) rare(text string) bool {
	m := r.models["sentiment"]
	rarity := uint8(m.table[int(fold(hash(offset, 'w', text)))*m.row()])
	return rarity == 0 || float64(rarity)*rarityUnit >= leastRarity
}

// stem takes off what differs between one and many.
func stem(s string) string {
	s = plain(s)
	if t := strings.TrimRight(s, "aeios"); len(t) >= 4 {
		return t
	}
	return s
}

// strongest gives the pair of words that stands together most tellingly in open
// texts.
func strongest(sets []map[string]bool, open []bool) (wordPair, bool) {
	single, pairs, texts := map[string]float64{}, map[wordPair]float64{}, 0.0
	for i, set := range sets {
		if !open[i] {
			continue
		}
		texts++
		words := slices.Sorted(maps.Keys(set))
		for k, a := range words {
			single[a]++
			for _, b := range words[k+1:] {
				pairs[wordPair{a, b}]++
			}
		}
	}
	best, most := wordPair{}, 0.0
	for p, n := range pairs {
		if n < fewestTexts {
			continue
		}
		dependence := 1.0
		if n < texts {
			dependence = math.Log(n*texts/(single[p[0]]*single[p[1]])) / -math.Log(n/texts)
		}
		if dependence < leastDependence {
			continue
		}
		if s := n * dependence; s > most || s == most && slices.Compare(p[:], best[:]) < 0 {
			best, most = p, s
		}
	}
	return best, most > 0
}

// companions gives a pair's words and those that mostly stand with it.
func companions(sets []map[string]bool, open []bool, pair wordPair) []string {
	with, texts := map[string]float64{}, 0.0
	for i, set := range sets {
		if open[i] && set[pair[0]] && set[pair[1]] {
			texts++
			for w := range set {
				with[w]++
			}
		}
	}
	maps.DeleteFunc(with, func(_ string, n float64) bool { return n < alongside*texts })
	words := slices.SortedFunc(maps.Keys(with), func(a, b string) int {
		return cmp.Or(cmp.Compare(with[b], with[a]), cmp.Compare(a, b))
	})
	return words[:min(len(words), longestTheme)]
}

func common(set map[string]bool, words []string) int {
	n := 0
	for _, w := range words {
		if set[w] {
			n++
		}
	}
	return n
}

// mostly gives the way a word is written most often.
func mostly(ways map[string]int) string {
	best := ""
	for _, w := range slices.Sorted(maps.Keys(ways)) {
		if ways[w] > ways[best] {
			best = w
		}
	}
	return best
}
