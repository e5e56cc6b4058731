package language

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed lexicon
var lexicons embed.FS

// lexicon says how good or bad words are by themselves, and which words turn or
// strengthen those that follow.
type lexicon struct {
	whole    map[string]float32
	begins   map[string]float32 // entries that end in *
	shortest int                // of begins, in bytes
}

func readLexicon(language string) (*lexicon, error) {
	l := &lexicon{whole: map[string]float32{}, begins: map[string]float32{}, shortest: 100}
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
		n, err := strconv.Atoi(fields[0])
		if err != nil {
			return l, fmt.Errorf("lexicon %s: %w", language, err)
		}
		for _, w := range fields[1:] {
			if stem, ok := strings.CutSuffix(w, "*"); ok {
				l.begins[stem] = float32(n)
				l.shortest = min(l.shortest, len(stem))
			} else {
				l.whole[w] = float32(n)
			}
		}
	}
	return l, nil
}

// polarity gives how good or bad a word is, from -3 to 3; 0 for most.
func (l *lexicon) polarity(word string) float32 {
	if p, ok := l.whole[word]; ok {
		return p
	}
	for n := len(word); n >= l.shortest; n-- {
		if n < len(word) && !utf8.RuneStart(word[n]) {
			continue
		}
		if p, ok := l.begins[word[:n]]; ok {
			return p
		}
	}
	return 0
}
