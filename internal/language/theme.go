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
	maxThemeWords   = 25    // of one text: of longer ones the beginning says it
	fewestTexts     = 3     // that make a theme
	fewToCompare    = 20    // texts: among fewer no word is too common
	mostCommon      = 0.3   // words that stand in more of the texts than this tell nothing apart
	leastRarity     = 4.5   // words that everybody uses tell nothing: of a text in forty, in Regia's corpora
	alongside       = 0.5   // of a theme's texts have a word that belongs to it
	longestTheme    = 6     // words
	wordsForATheme  = 2     // that a text must have
	leastDependence = 0.2   // of two words on each other, from 0 to 1
)

// wordPair is two stems by their numbers, the smaller first.
type wordPair [2]int32

// themer finds themes. Stems are numbered in the order of the alphabet.
type themer struct {
	stems   []string
	written []map[string]int // how each is written how often
	texts   [][]int32        // the telling stems of each text, in order
	open    []bool           // texts that belong to no theme yet
	left    float64          // how many are open
	single  []float64        // of open texts, those that have a stem
	pairs   map[wordPair]float64
}

// Themes suggests what texts that no topic fits may be about: pairs of rare
// words that stand together more often than chance would have it (normalized
// pointwise mutual information, Bouma 2009), the most frequent first, each with
// the words that go along. The same texts give the same themes.
func (r *Reader) Themes(ctx context.Context, texts []string) ([]Theme, error) {
	t := r.themer(texts[:min(len(texts), maxThemeTexts)])
	if err := t.count(ctx); err != nil {
		return nil, err
	}
	themes := []Theme{}
	for len(themes) < maxThemes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pair, found := t.strongest()
		if !found {
			break
		}
		themes = append(themes, t.take(t.companions(pair)))
	}
	slices.SortStableFunc(themes, func(a, b Theme) int { return cmp.Compare(len(b.Texts), len(a.Texts)) })
	return themes, nil
}

// ThemeIndex finds the themes that texts fit.
type ThemeIndex struct{ by map[string][]int } // by stem: the themes' numbers

// IndexThemes makes an index of themes.
func IndexThemes(themes []Theme) ThemeIndex {
	x := ThemeIndex{map[string][]int{}}
	for k, t := range themes {
		for _, w := range t.Words {
			if s := stem(w); !slices.Contains(x.by[s], k) {
				x.by[s] = append(x.by[s], k)
			}
		}
	}
	return x
}

// Of gives the numbers of the themes that a text fits, in order: it has two of
// their words, however they end.
func (x ThemeIndex) Of(text string) []int {
	if len(x.by) == 0 {
		return nil
	}
	seen, shared := map[string]bool{}, map[int]int{}
	var out []int
	for _, t := range tokens(beginning(text)) {
		if t.kind != word {
			continue
		}
		s := stem(t.text)
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, k := range x.by[s] {
			if shared[k]++; shared[k] == wordsForATheme {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Pattern writes a word as a topic's rules have it, so that it is found however
// it ends.
func Pattern(word string) string {
	if s := stem(word); len(s) > 4 && strings.HasPrefix(plain(word), s) {
		return s + "*"
	}
	return word
}

// themer gathers the telling words of texts.
func (r *Reader) themer(texts []string) *themer {
	var sets []map[string]bool
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
	maps.DeleteFunc(in, func(_ string, n int) bool { return n < fewestTexts || n > most })
	t := &themer{stems: slices.Sorted(maps.Keys(in)), open: make([]bool, len(texts)), pairs: map[wordPair]float64{}}
	number := map[string]int32{}
	for k, s := range t.stems {
		number[s] = int32(k)
		t.written = append(t.written, written[s])
	}
	t.single = make([]float64, len(t.stems))
	for _, set := range sets {
		var list []int32
		for s := range set {
			if k, ok := number[s]; ok {
				list = append(list, k)
			}
		}
		slices.Sort(list)
		t.texts = append(t.texts, list)
	}
	return t
}

// rare says whether a word is not one that everybody uses.
func (r *Reader) rare(text string) bool {
	m := r.models["sentiment"]
	rarity := uint8(m.table()[int(fold(hash(offset, 'w', text)))*m.row()])
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

// count opens all texts.
func (t *themer) count(ctx context.Context) error {
	for i := range t.texts {
		if i%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		t.open[i] = true
		t.weigh(i, 1)
	}
	return nil
}

// weigh counts a text in, or out again.
func (t *themer) weigh(text int, by float64) {
	t.left += by
	words := t.texts[text]
	for k, a := range words {
		t.single[a] += by
		for _, b := range words[k+1:] {
			t.pairs[wordPair{a, b}] += by
		}
	}
}

// strongest gives the pair of words that stands together most tellingly in open
// texts.
func (t *themer) strongest() (wordPair, bool) {
	best, most := wordPair{}, 0.0
	for p, n := range t.pairs {
		if n < fewestTexts {
			continue
		}
		dependence := 1.0
		if n < t.left {
			dependence = math.Log(n*t.left/(t.single[p[0]]*t.single[p[1]])) / -math.Log(n/t.left)
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
func (t *themer) companions(pair wordPair) []int32 {
	with, texts := map[int32]float64{}, 0.0
	for i, words := range t.texts {
		if t.open[i] && shared(words, pair[:]) == len(pair) {
			texts++
			for _, w := range words {
				with[w]++
			}
		}
	}
	maps.DeleteFunc(with, func(_ int32, n float64) bool { return n < alongside*texts })
	words := slices.SortedFunc(maps.Keys(with), func(a, b int32) int {
		return cmp.Or(cmp.Compare(with[b], with[a]), cmp.Compare(a, b))
	})
	return words[:min(len(words), longestTheme)]
}

// take makes a theme of some words: the open texts that have two of them are
// its own.
func (t *themer) take(words []int32) Theme {
	theme := Theme{Texts: []int{}}
	has := map[int]int{}
	for i, set := range t.texts {
		if n := shared(set, words); t.open[i] && n >= wordsForATheme {
			theme.Texts = append(theme.Texts, i)
			has[i], t.open[i] = n, false
			t.weigh(i, -1)
		}
	}
	slices.SortStableFunc(theme.Texts, func(a, b int) int { return cmp.Compare(has[b], has[a]) })
	for _, w := range words {
		theme.Words = append(theme.Words, mostly(t.written[w]))
	}
	return theme
}

// shared counts the words that are among others.
func shared(set, words []int32) int {
	n := 0
	for _, w := range words {
		if slices.Contains(set, w) {
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
