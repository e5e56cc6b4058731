package language

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed cues
var cueFiles embed.FS

// cueNames are what words can speak of, besides topics: the emotions first.
var cueNames = append(slices.Clone(Emotions), "urgent", "danger", "effort", "ease", "thanks", "praise", "rude", "insult",
	"return-again", "leave", "recommend", "advise-against", "complain", "legal", "clear", "unclear", "look", "feel", "smell", "taste", "sound")

// book finds words and phrases in texts, and says what they speak of.
type book struct {
	whole    map[string][]phrase // by the first word
	begins   map[string][]phrase // by the beginning of the first word
	shortest int                 // of begins, in bytes
}

// phrase is one entry of a book.
type phrase struct {
	rest []piece // after the first word
	says int
}

type piece struct {
	text   string
	begins bool
}

// piecesOf cuts a phrase as texts are cut, without accents.
func piecesOf(phrase string) []piece {
	var pieces []piece
	for w := range strings.FieldsSeq(phrase) {
		w, begins := strings.CutSuffix(w, "*")
		list := tokens(w)
		for i, t := range list {
			pieces = append(pieces, piece{plain(t.text), begins && i == len(list)-1})
		}
	}
	return pieces
}

// matches says whether a word, without accents, is meant by a piece.
func (p piece) matches(word string) bool {
	return word == p.text || p.begins && strings.HasPrefix(word, p.text)
}

// hit is a phrase found: the tokens from first up to end.
type hit struct{ says, first, end int }

func newBook() *book {
	return &book{whole: map[string][]phrase{}, begins: map[string][]phrase{}, shortest: 100}
}

// add takes up a phrase, in which a word that ends in * stands for all that
// begin so.
func (b *book) add(text string, says int) error {
	pieces := piecesOf(text)
	if len(pieces) == 0 {
		return fmt.Errorf("there is no word in %q", text)
	}
	p := phrase{pieces[1:], says}
	if first := pieces[0]; first.begins {
		b.begins[first.text] = append(b.begins[first.text], p)
		b.shortest = min(b.shortest, len(first.text))
	} else {
		b.whole[first.text] = append(b.whole[first.text], p)
	}
	return nil
}

// find gives the phrases in tokens, in order. Where several of one meaning
// begin at one word, the longest counts.
func (b *book) find(into []hit, list []token) []hit {
	into = into[:0]
	for k, t := range list {
		if t.kind != word && t.kind != hashtag && t.kind != number {
			continue
		}
		text := plain(t.text)
		into = match(into, b.whole[text], list, k)
		for n := b.shortest; n <= len(text); n++ {
			if here, ok := b.begins[text[:n]]; ok {
				into = match(into, here, list, k)
			}
		}
	}
	return into
}

func match(into []hit, phrases []phrase, list []token, at int) []hit {
next:
	for _, p := range phrases {
		end := at + 1 + len(p.rest)
		if end > len(list) {
			continue
		}
		for i, q := range p.rest {
			if !q.matches(plain(list[at+1+i].text)) {
				continue next
			}
		}
		for i := len(into) - 1; i >= 0 && into[i].first == at; i-- {
			if into[i].says == p.says {
				into[i].end = max(into[i].end, end)
				continue next
			}
		}
		into = append(into, hit{p.says, at, end})
	}
	return into
}

// plain takes the accents off: many write without.
func plain(s string) string {
	for i := range len(s) {
		if s[i] >= 128 {
			return accents().Replace(s)
		}
	}
	return s
}

var accents = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer("à", "a", "á", "a", "è", "e", "é", "e", "ì", "i", "í", "i", "ò", "o", "ó", "o", "ù", "u", "ú", "u", "’", "'",
		"â", "a", "ä", "a", "ê", "e", "ë", "e", "î", "i", "ï", "i", "ô", "o", "ö", "o", "û", "u", "ü", "u", "ç", "c", "ñ", "n", "ß", "ss")
})

// cueBooks are the books of cues by language. They are read once and never change.
var cueBooks = sync.OnceValue(func() map[string]*book {
	out := map[string]*book{}
	for _, language := range Languages {
		b, err := readCues(language)
		if err != nil {
			panic(err) // they are part of the program, and a test reads them
		}
		out[language] = b
	}
	return out
})

func readCues(language string) (*book, error) {
	raw, err := cueFiles.ReadFile("cues/" + language + ".txt")
	if err != nil {
		return nil, err
	}
	b := newBook()
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Fields(line)
		says := slices.Index(cueNames, fields[0])
		if says < 0 {
			return nil, fmt.Errorf("cues %s: there is no cue %q", language, fields[0])
		}
		for _, f := range fields[1:] {
			if err := b.add(strings.ReplaceAll(f, "_", " "), says); err != nil {
				return nil, fmt.Errorf("cues %s: %w", language, err)
			}
		}
	}
	return b, nil
}
