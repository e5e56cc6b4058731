package language

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead: whatever somebody writes, reading it ends, and what is said of
// sentences lies within the text.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"", "Ciao.", "Non sono per niente soddisfatto!!! 😡 Il pacco è arrivato rotto, e nessuno risponde...", "\x00\xff\xfe", strings.Repeat("!?", 500),
		strings.Repeat("a", 5000), "İstanbul ǅ ß ﬁ", "\u202eevil\u2066", "👩‍👩‍👧‍👦🏳️‍🌈", "non non non non non", "5/5 *****", "a\u0301\u0301\u0301\u0301", strings.Repeat("non molto ", 300),
	} {
		f.Add(text)
	}
	r, err := NewReader()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range r.Read(text).Sentences {
			if s.Start < 0 || s.End > len(text) || s.Start >= s.End || utf8.ValidString(text) && !utf8.ValidString(text[s.Start:s.End]) {
				t.Fatalf("a sentence from %d to %d of %d bytes", s.Start, s.End, len(text))
			}
		}
	})
}
