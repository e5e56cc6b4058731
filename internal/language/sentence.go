package language

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words whose full stop does not end a sentence. After those of trailing it
// does where the next word begins with a capital.
var (
	shortened = wordSet(`sig sigg sigra dott dottssa dr drssa ing avv prof profssa geom rag gent egr spett art pag pagg n nr num tel fig vol
		rif cap min max sped ss int p s v mr mrs ms st no vs dept approx est jr fr m mme mlle bd av env str hr z u d evtl ggf inkl zzgl
		sra srta ud uds dra núm pág vgl bsp geb tägl ca`)
	trailing = wordSet(`ecc etc usw inc ltd corp tél mq kg km cm eur gg`)
	ordinal  = wordSet(`am der den dem vom zum bis`) // what in German comes before a day
)

// Sentences cuts a text into sentences, for people who write quickly: a line
// break ends one unless the text plainly runs on; a full stop ends one unless
// it belongs to a number, an abbreviation, an initial or an address; what
// follows an ellipsis in lower case belongs to it; emoji go with what they come
// after. White space between sentences belongs to none.
func Sentences(text string) []Span {
	var out []Span
	for from := 0; from < len(text); {
		from += wordEnd(text[from:], unicode.IsSpace)
		if from == len(text) {
			break
		}
		end := from + sentenceEnd(text[from:])
		if stop := from + len(strings.TrimRightFunc(text[from:end], unicode.IsSpace)); len(out) == maxSentences-1 {
			out = append(out, Span{from, from + len(strings.TrimRightFunc(text[from:], unicode.IsSpace))})
			break
		} else {
			out = append(out, Span{from, stop})
		}
		from = end
	}
	return out
}

// sentenceEnd gives where the first sentence of s ends. White space may follow.
func sentenceEnd(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		next := i + n
		switch {
		case r == '\n' && breaks(s[:i], s[next:]):
			return i
		case ends(r):
			next = i + wordEnd(s[i:], func(r rune) bool { return ends(r) || closes(r) })
			if next = afterEmoji(s, next); stops(s[:i], s[i:next], s[next:]) {
				return next
			}
		case isEmoji(r):
			next = afterEmoji(s, i)
			if begins(strings.TrimLeft(s[next:], " ")) && strings.HasPrefix(s[next:], " ") {
				return next
			}
		}
		i = next
	}
	return len(s)
}

func ends(r rune) bool   { return strings.ContainsRune(".!?…", r) }
func closes(r rune) bool { return strings.ContainsRune(`"'”’»)]`, r) }

// isEmoji holds for pictures and for what joins them.
func isEmoji(r rune) bool {
	return r >= 0x1F000 && r < 0x20000 || r >= 0x2600 && r < 0x27C0 || r == 0xFE0F || r == 0x200D || r == '⭐'
}

// afterEmoji skips emoji, and blanks before and between them.
func afterEmoji(s string, at int) int {
	for i := at; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !isEmoji(r) && r != ' ' {
			break
		}
		i += n
		if r != ' ' {
			at = i
		}
	}
	return at
}

// breaks says whether a line break between two pieces ends a sentence: unless
// the next line goes on in lower case, and is no item of a list.
func breaks(before, after string) bool {
	line := strings.TrimLeft(after, " \t")
	r, _ := utf8.DecodeRuneInString(line)
	if !unicode.IsLower(r) || len(before) == 0 {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRightFunc(before, unicode.IsSpace))
	return ends(last) || last == ':' || last == ';'
}

// stops says whether a run of marks (. ! ? …) between two pieces ends a sentence.
func stops(before, marks, after string) bool {
	if after == "" {
		return true
	}
	if !unicode.IsSpace(firstRune(after)) {
		return glued(before, marks, after)
	}
	rest := strings.TrimLeftFunc(after, unicode.IsSpace)
	switch {
	case strings.ContainsAny(marks, "!?"):
		return !strings.ContainsAny(marks, `"”»)`) || !unicode.IsLower(firstRune(rest))
	case strings.HasPrefix(marks, "…") || strings.HasPrefix(marks, ".."):
		return !unicode.IsLower(firstRune(rest))
	}
	return !abbreviates(before, rest)
}

// glued says whether marks end a sentence though no space follows, as where
// somebody forgot it: "arrivato tardi.Che peccato". Addresses and numbers do not.
func glued(before, marks, after string) bool {
	last := lastWord(before)
	next, n := utf8.DecodeRuneInString(after)
	second := firstRune(after[n:])
	return unicode.IsUpper(next) && unicode.IsLower(second) && utf8.RuneCountInString(last) > 2 && !strings.ContainsAny(last, ".@/:") &&
		allLetters(last) && !strings.HasPrefix(last, "www") && !strings.ContainsAny(marks, ")]")
}

// abbreviates says whether the full stop after before does not end a sentence.
func abbreviates(before, rest string) bool {
	last := strings.TrimLeft(lastWord(before), `("'«“[-`)
	folded := strings.ToLower(last)
	plain := strings.NewReplacer(".", "", "'", "").Replace(folded)
	next := firstRune(rest)
	switch {
	case trailing[plain] || strings.Contains(last, ".") && !strings.ContainsAny(last, "@/0123456789"):
		return !unicode.IsUpper(next) && !isEmoji(next)
	case shortened[plain]:
		return true
	case utf8.RuneCountInString(last) == 1 && unicode.IsUpper(firstRune(last)):
		return true // an initial
	case isNumber(last):
		// the number of a list's item; or one in its order, as in German: "am 3. Mai"
		alone := strings.TrimSpace(strings.TrimSuffix(before, last))
		return alone == "" || len(last) <= 2 && (unicode.IsLower(next) || ordinal[strings.ToLower(lastWord(alone))])
	}
	return false
}

func isNumber(s string) bool {
	return s != "" && wordEnd(s, unicode.IsDigit) == len(s)
}

func allLetters(s string) bool { return s != "" && wordEnd(s, inWord) == len(s) }

// lastWord gives what stands after the last white space.
func lastWord(s string) string {
	return s[strings.LastIndexFunc(s, unicode.IsSpace)+1:]
}

// begins says whether s starts like a sentence.
func begins(s string) bool { return s != "" && unicode.IsUpper(firstRune(s)) }
