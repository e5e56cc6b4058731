package demo

import (
	"fmt"
	"strings"
)

// phrasebook holds sentences by what they are about. In a sentence {a|b} is a
// choice, <x> a fact, <o> the ending that agrees with who speaks, [key] a
// sentence of another entry. An entry "key/sort" takes the place of "key" when
// the facts name that sort of thing, so that nobody chips a tablecloth.
type phrasebook map[string][]string

// facts are what a sentence may mention; sortOf chooses among entries.
type facts map[string]string

const sortOf = "/"

func (b phrasebook) entry(key string, f facts) []string {
	if own := b[key+"/"+f[sortOf]]; len(own) > 0 {
		return own
	}
	return b[key]
}

// words says something in somebody's language; nil speaks Italian. A subject
// the book does not know is a mistake in the book, and a test finds it.
func (w *world) words(p *person, key string, f facts) string {
	book, ending := w.books["it"], "a"
	if p != nil && p.english {
		book = w.books["en"]
	}
	if p != nil && p.man {
		ending = "o"
	}
	t := &talk{w: w, book: book, ending: ending, facts: f}
	t.about(key)
	return capitals(t.String())
}

// talk is one text being put together.
type talk struct {
	strings.Builder
	w      *world
	book   phrasebook
	ending string
	facts  facts
}

func (t *talk) about(key string) {
	if sentences := t.book.entry(key, t.facts); len(sentences) > 0 {
		t.say(pick(t.w, sentences))
	}
}

func (t *talk) say(s string) {
	for {
		i := strings.IndexAny(s, "{<[")
		if i < 0 {
			t.WriteString(s)
			return
		}
		t.WriteString(s[:i])
		end := i + strings.IndexByte(s[i:], map[byte]byte{'{': '}', '<': '>', '[': ']'}[s[i]])
		inside := s[i+1 : end]
		switch {
		case s[i] == '{':
			t.say(pick(t.w, strings.Split(inside, "|")))
		case s[i] == '[':
			t.about(inside)
		case inside == "o":
			t.WriteString(t.ending)
		default:
			t.WriteString(t.facts[inside])
		}
		s = s[end+1:]
	}
}

// capitals begins every sentence with one: a fact may have come first.
func capitals(s string) string {
	b, first := []byte(s), true
	for i, c := range b {
		switch {
		case first && c >= 'a' && c <= 'z':
			b[i] = c - 'a' + 'A'
			first = false
		case c == ' ':
		case c == '.' || c == '?':
			first = i+1 < len(b) && b[i+1] == ' '
		default:
			first = false
		}
	}
	return string(b)
}

// facts of a product.
func (p *product) facts() facts {
	return facts{"prodotto": strings.ToLower(p.name[:1]) + p.name[1:], sortOf: p.group.sort}
}

// facts of a complaint, for its sentences.
func (c complaint) facts() facts {
	f := facts{}
	if c.order != nil {
		f = c.order.lines[0].facts()
	}
	f["addetto"] = c.clerk
	if c.shop != nil {
		f["citta"] = c.shop.city
	}
	if o := c.order; o != nil {
		f["ordine"] = o.id
		f["giorni"] = days(o.delay, o.p.english)
	}
	return f
}

// topicFacts are the facts for an answer, which depends on what was complained of.
func (c complaint) topicFacts() facts {
	f := c.facts()
	f[sortOf] = c.topic
	return f
}

// days writes a number of days.
func days(n int, english bool) string {
	switch {
	case english && n == 1:
		return "a day"
	case english:
		return fmt.Sprintf("%d days", n)
	case n == 1:
		return "un giorno"
	}
	return fmt.Sprintf("%d giorni", n)
}
