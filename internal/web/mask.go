package web

import (
	"strings"
	"unicode/utf8"
)

// Mask hides a name, an e-mail address or a number from who may not read it:
// the first letter stays, so that two people can still be told apart by eye,
// the length does not.
func Mask(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	words := strings.Fields(s)
	if strings.Contains(s, "@") || strings.IndexFunc(s, isDigit) >= 0 {
		words = words[:1]
	}
	for i, w := range words {
		first, _ := utf8.DecodeRuneInString(w)
		if isDigit(first) || first == '+' {
			words[i] = "•••"
			continue
		}
		words[i] = string(first) + "•••"
	}
	return strings.Join(words, " ")
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
