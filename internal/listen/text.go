package listen

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plain gives the text of a piece of HTML: what a reader would see, with line
// breaks where blocks end, and quoted blocks as lines that begin with ">". It
// walks over the tokens, so nothing nested can make it deep; what is hidden,
// scripts and styles are left out.
func plain(markup string) string {
	var w writer
	z := html.NewTokenizer(strings.NewReader(markup))
	z.SetMaxBuf(maxToken)
	skip := 0 // elements without text that are open
	for {
		switch z.Next() {
		case html.ErrorToken:
			return w.String() // the end, or a token that is too long
		case html.TextToken:
			if skip == 0 {
				w.text(string(z.Text()))
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if silent(a) {
				skip++
			}
			w.open(a)
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			w.open(atom.Lookup(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if silent(a) && skip > 0 {
				skip--
			}
			w.shut(a)
		}
	}
}

// maxToken is the longest piece of HTML between two tags, in bytes.
const maxToken = 4 << 20

func silent(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Template, atom.Noscript, atom.Svg, atom.Object:
		return true
	}
	return false
}

func block(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Table, atom.Tr, atom.Ul, atom.Ol, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Blockquote, atom.Pre, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dl, atom.Dt, atom.Dd, atom.Form:
		return true
	}
	return false
}

// writer joins pieces of text into lines.
type writer struct {
	out   strings.Builder
	line  strings.Builder
	quote int
	blank int // empty lines at the end
}

func (w *writer) text(s string) {
	words := strings.Fields(s)
	if len(words) == 0 {
		if s != "" && w.line.Len() > 0 {
			w.space()
		}
		return
	}
	if strings.ContainsAny(s[:1], " \t\r\n") {
		w.space()
	}
	w.line.WriteString(strings.Join(words, " "))
	if strings.ContainsAny(s[len(s)-1:], " \t\r\n") {
		w.space()
	}
}

func (w *writer) space() {
	if t := w.line.String(); t != "" && !strings.HasSuffix(t, " ") {
		w.line.WriteByte(' ')
	}
}

// maxQuote is how many levels of quoting are told apart.
const maxQuote = 20

func (w *writer) open(a atom.Atom) {
	switch {
	case a == atom.Br:
		w.end(true)
	case a == atom.Hr || block(a):
		w.end(false)
	case a == atom.Td || a == atom.Th:
		w.space()
	}
	if a == atom.Blockquote && w.quote < maxQuote {
		w.quote++
	}
}

func (w *writer) shut(a atom.Atom) {
	if block(a) {
		w.end(false)
	}
	if a == atom.P || a == atom.Ul || a == atom.Ol || a == atom.Table {
		w.gap()
	}
	if a == atom.Blockquote && w.quote > 0 {
		w.quote--
	}
}

// end closes the line. An empty one is written only where somebody broke it.
func (w *writer) end(broken bool) {
	text := strings.TrimSpace(w.line.String())
	w.line.Reset()
	if text == "" {
		if broken {
			w.gap()
		}
		return
	}
	if w.out.Len() > 0 {
		w.out.WriteByte('\n')
	}
	if w.quote > 0 {
		w.out.WriteString(strings.Repeat(">", w.quote) + " ")
	}
	w.out.WriteString(text)
	w.blank = 0
}

func (w *writer) gap() {
	if w.out.Len() > 0 && w.blank == 0 {
		w.out.WriteByte('\n')
		w.blank = 1
	}
}

func (w *writer) String() string {
	w.end(false)
	return strings.TrimSpace(w.out.String())
}

// looksLikeHTML tells whether a text is HTML: feeds do not always say.
func looksLikeHTML(s string) bool {
	i := strings.IndexByte(s, '<')
	for ; i >= 0 && i+1 < len(s); i++ {
		c := s[i+1]
		if c == '/' || c == '!' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return strings.IndexByte(s[i:], '>') > 0
		}
		next := strings.IndexByte(s[i+1:], '<')
		if next < 0 {
			break
		}
		i += next
	}
	return strings.Contains(s, "&") && strings.Contains(s, ";")
}

// readable gives what somebody wrote, whether it is HTML or plain.
func readable(s string) string {
	if looksLikeHTML(s) {
		return plain(s)
	}
	return s
}
