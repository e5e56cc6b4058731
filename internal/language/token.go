package language

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token is made of.
type tokenKind uint8

const (
	word tokenKind = iota
	number
	punctuation
	symbol // emoji and whatever is neither letter nor punctuation
	face   // :-)
	address
	mention
	hashtag
)

// token is a piece of a text, folded so that ways of writing the same count as
// one: lower case, at most two of a letter in a row, one name for all numbers,
// addresses and mentions.
type token struct {
	text       string
	kind       tokenKind
	loud       bool // written in capitals, two letters or more
	drawn      bool // a letter three times or more: "beeeello"
	start, end int  // bytes of the text
}

// tokens cuts a text. Apostrophes end a word in languages that elide
// ("l'ordine"), and stand in it otherwise ("don't").
func tokens(text string) []token {
	out := make([]token, 0, len(text)/5+1)
	for i := 0; i < len(text); {
		if f, n := faceAt(text, i); n > 0 {
			out = append(out, token{text: f, kind: face, drawn: n > len(f)+1, start: i, end: i + n})
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r) || r == utf8.RuneError || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
			i += n
		case isAddress(text[i:]):
			end := i + wordEnd(text[i:], func(r rune) bool { return !unicode.IsSpace(r) })
			out = append(out, token{text: "http", kind: address, start: i, end: end})
			i = end
		case unicode.IsLetter(r):
			end := i + wordEnd(text[i:], inWord)
			out = appendWord(out, text, i, end)
			i = end
		case unicode.IsDigit(r):
			end := i + wordEnd(text[i:], func(r rune) bool {
				return unicode.IsDigit(r) || unicode.IsLetter(r) || r == '.' || r == ',' || r == ':'
			})
			end = i + len(strings.TrimRight(text[i:end], ".,:"))
			out = append(out, token{text: "0", kind: number, start: i, end: end})
			i = end
		case (r == '@' || r == '#') && i+n < len(text) && inName(firstRune(text[i+n:])):
			end := i + n + wordEnd(text[i+n:], inName)
			t := token{text: "@user", kind: mention, start: i, end: end}
			if r == '#' {
				t.kind, t.text = hashtag, strings.ToLower(text[i+n:end])
			}
			out = append(out, t)
			i = end
		case unicode.IsPunct(r) || r < 128:
			end := i + wordEnd(text[i:], func(r rune) bool {
				return r < 128 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) && r != '@' && r != '#'
			})
			end = max(end, i+n)
			out = append(out, token{text: squeeze(text[i:end]), kind: punctuation, drawn: end-i > 2, start: i, end: end})
			i = end
		default:
			out = append(out, token{text: text[i : i+n], kind: symbol, start: i, end: i + n})
			i += n
		}
	}
	return out
}

func appendWord(out []token, text string, start, end int) []token {
	for start < end {
		stop := end
		if k := strings.IndexAny(text[start:end], "'’"); k >= 0 && k <= 5 {
			after := start + k + len(apostrophe(text[start+k:]))
			if short := text[after:end]; short != "t" && short != "s" && short != "re" && short != "ve" && short != "ll" && short != "m" && short != "d" && short != "" {
				stop = after // l', dell', qu', j' …
			}
		}
		raw := text[start:stop]
		folded := strings.ReplaceAll(strings.ToLower(raw), "’", "'")
		short := squeeze(folded)
		out = append(out, token{
			text: short, kind: word, start: start, end: stop, drawn: len(short) < len(folded),
			loud: stop-start > 1 && strings.ToUpper(raw) == raw && folded != raw,
		})
		start = stop
	}
	return out
}

func apostrophe(s string) string {
	if s[0] == '\'' {
		return "'"
	}
	return "’"
}

func isAddress(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "www.") || strings.HasPrefix(s, "http")
}

func inName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.Is(unicode.Mn, r) || r == '\'' || r == '’'
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// wordEnd gives how many bytes at the beginning of s hold.
func wordEnd(s string, holds func(rune) bool) int {
	for i, r := range s {
		if !holds(r) {
			return i
		}
	}
	return len(s)
}

// squeeze leaves at most two of a rune in a row.
func squeeze(s string) string {
	run, drawn := 0, false
	var last rune
	for _, r := range s {
		if r == last {
			run++
			drawn = drawn || run > 2
		} else {
			last, run = r, 1
		}
	}
	if !drawn {
		return s
	}
	var b strings.Builder
	run, last = 0, 0
	for _, r := range s {
		if r == last {
			run++
		} else {
			last, run = r, 1
		}
		if run <= 2 {
			b.WriteRune(r)
		}
	}
	return b.String()
}
