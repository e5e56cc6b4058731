package language

import (
	"bufio"
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed lexicon
var lexicons embed.FS

// manners are ways of speaking that words give away: reporting, mocking or
// complaining, speaking of oneself, speaking to somebody.
var manners = []string{"report", "mock", "self", "other"}

// lexicon says how good or bad words and phrases are by themselves, and which
// manner of speaking they give away.
type lexicon struct {
	whole    map[string]sense
	begins   map[string]sense    // entries that end in *
	shortest int                 // of begins, in bytes
	phrases  map[string][]saying // by their first word, the longest first
}

// sense is what a word or phrase says.
type sense struct {
	polarity float32 // from -3 to 3; 0 for most
	manners  uint8   // one bit for each of manners
}

// saying is a phrase after its first word.
type saying struct {
	rest []piece
	sense
}

func readLexicon(language string) (*lexicon, error) {
	l := &lexicon{whole: map[string]sense{}, begins: map[string]sense{}, shortest: 100, phrases: map[string][]saying{}}
	raw, err := lexicons.ReadFile("lexicon/" + language + ".txt")
	if err != nil {
		return l, err
	}
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Fields(line)
		var says sense
		if k := slices.Index(manners, fields[0]); k >= 0 {
			says.manners = 1 << k
		} else if n, err := strconv.Atoi(fields[0]); err != nil {
			return l, fmt.Errorf("lexicon %s: %w", language, err)
		} else {
			says.polarity = float32(n)
		}
		for _, entry := range fields[1:] {
			l.add(entry, says)
		}
	}
	for _, list := range l.phrases {
		slices.SortStableFunc(list, func(a, b saying) int { return cmp.Compare(len(b.rest), len(a.rest)) })
	}
	return l, nil
}

// add takes up an entry; one that is there already gets what it says, too.
func (l *lexicon) add(entry string, says sense) {
	pieces := piecesOf(strings.ReplaceAll(entry, "_", " "))
	first := pieces[0]
	switch {
	case len(pieces) > 1:
		l.phrases[first.text] = append(l.phrases[first.text], saying{pieces[1:], says})
	case first.begins:
		l.begins[first.text] = l.begins[first.text].and(says)
		l.shortest = min(l.shortest, len(first.text))
	default:
		l.whole[first.text] = l.whole[first.text].and(says)
	}
}

// and joins two senses; the polarity that is there stands.
func (s sense) and(other sense) sense {
	return sense{cmp.Or(s.polarity, other.polarity), s.manners | other.manners}
}

// at gives what the phrase says that begins at a token, or else the word there,
// and how many tokens it has.
func (l *lexicon) at(list []token, k int) (sense, int) {
	first := plain(list[k].text)
	word := l.sense(first)
next:
	for _, p := range l.phrases[first] {
		if k+len(p.rest) >= len(list) {
			continue
		}
		for i, q := range p.rest {
			if !q.matches(plain(list[k+1+i].text)) {
				continue next
			}
		}
		return p.and(word), 1 + len(p.rest)
	}
	return word, 1
}

// sense gives what a word says, without accents: its polarity by the longest
// entry that fits, its manners by all.
func (l *lexicon) sense(word string) sense {
	s := l.whole[word]
	for n := len(word); n >= l.shortest; n-- {
		if n == len(word) || utf8.RuneStart(word[n]) {
			if b, ok := l.begins[word[:n]]; ok {
				s = s.and(b)
			}
		}
	}
	return s
}

// polarity gives how good or bad a word is, from -3 to 3; 0 for most.
func (l *lexicon) polarity(word string) float32 { return l.sense(plain(word)).polarity }
