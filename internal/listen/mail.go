package listen

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/textproto"
	"golang.org/x/text/encoding/charmap"
)

// Bounds of what is read of a letter: it is a stranger's.
const (
	maxLetter      = 24 << 20  // bytes; what follows is not read
	maxHeaderBytes = 256 << 10 // of its head
	maxFieldLine   = 16 << 10  // of a line of it
	maxLevels      = 12        // parts within parts
	maxParts       = 200       // of all levels
	maxPartText    = 1 << 20   // bytes of a part that is read as text
	maxAttachments = 50        // that are named
	maxAddresses   = 8 << 10   // bytes of a field of addresses
	maxRaw         = 1 << 20   // bytes that are kept as they came
)

// Why something of a letter was not read. The event says so in "limits".
const (
	limitSize   = "size"
	limitHeader = "header"
	limitDepth  = "depth"
	limitParts  = "parts"
	limitText   = "text"
	limitBroken = "broken" // the parts do not end as they should
)

// letter is a mail, as far as it is of use.
type letter struct {
	header     message.Header
	id         string // Message-ID, without brackets; "" = it has none
	subject    string
	from, name string // address in lower case, and the name beside it
	date       time.Time
	body       string // as its writer sent it, as plain text
	parts      []attachment
	status     []byte // of a delivery status notification
	limits     []string
	raw        []byte // the beginning of it, as it came
}

// isReport tells whether a server or a provider reports on a letter sent before.
func (l *letter) isReport() bool {
	kind, _, _ := l.header.ContentType()
	return l.status != nil || strings.EqualFold(kind, "multipart/report")
}

// attachment is a part that is named and measured, and never opened.
type attachment struct {
	Name  string `json:"name,omitempty"`
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

// text is what was found to read: the plain one and that of HTML.
type text struct{ plain, html string }

func (t text) or(more text) text {
	if strings.TrimSpace(more.plain) != "" {
		t.plain = more.plain
	}
	if strings.TrimSpace(more.html) != "" {
		t.html = more.html
	}
	return t
}

func (t text) and(more text) text {
	join := func(a, b string) string {
		if strings.TrimSpace(a) == "" || strings.TrimSpace(b) == "" {
			return a + b
		}
		return a + "\n\n" + b
	}
	// A part in one form only stands for both, so that nothing is missing in either.
	if more.plain == "" && more.html != "" && t.plain != "" {
		more.plain = plain(more.html)
	}
	return text{join(t.plain, more.plain), join(t.html, more.html)}
}

// readLetter reads a mail. It never fails: what cannot be read is missing, and
// limits says why.
func readLetter(r io.Reader) letter {
	l := letter{}
	bounded := &io.LimitedReader{R: r, N: maxLetter}
	var raw beginning
	in := bufio.NewReaderSize(io.TeeReader(bounded, &raw), maxFieldLine)
	l.readHead(in)
	w := walker{letter: &l}
	e, _ := message.New(l.header, in) // an unknown encoding or charset is read as it is
	t := w.walk(e, 0)
	l.body = clean(t.plain)
	if l.body == "" {
		l.body = clean(plain(t.html))
	}
	if len(l.body) > maxPartText {
		l.body = cut(l.body, maxPartText)
		l.limit(limitText)
	}
	_, _ = io.Copy(io.Discard, in) // what a broken part left
	if bounded.N <= 0 {
		l.limit(limitSize)
	}
	if l.isReport() {
		l.raw = raw
	}
	return l
}

// beginning keeps the first bytes of what is written to it.
type beginning []byte

// Write keeps what there is room for. It never fails.
func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), maxRaw-len(*b))]...)
	return len(p), nil
}

func (l *letter) limit(why string) {
	if !slices.Contains(l.limits, why) {
		l.limits = append(l.limits, why)
	}
}

// readHead reads the fields, leaving out lines that are none. A head without
// end is read on, and forgotten.
func (l *letter) readHead(in *bufio.Reader) {
	var kept bytes.Buffer
	dropped := true // the field above was left out, and what continues it goes with it
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // the line's bytes are overwritten by what follows: they are not looked at
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
			l.limit(limitHeader)
			if dropped = true; err != nil {
				break
			}
			continue
		}
		trimmed := bytes.TrimRight(line, "\r\n")
		if len(trimmed) == 0 {
			break // the end of the head, or of everything
		}
		continued := trimmed[0] == ' ' || trimmed[0] == '\t'
		switch {
		case kept.Len()+len(trimmed) > maxHeaderBytes:
			l.limit(limitHeader)
			dropped = true
		case continued && !dropped, !continued && isField(trimmed):
			kept.Write(trimmed)
			kept.WriteString("\r\n")
			dropped = false
		default:
			dropped = true
		}
		if err != nil {
			break
		}
	}
	kept.WriteString("\r\n")
	h, _ := textproto.ReadHeader(bufio.NewReader(&kept)) // only fields are in it
	l.header = message.Header{Header: h}
	l.fields()
}

// isField tells whether a line is a field's: a name of printable characters,
// and a colon.
func isField(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 100 {
		return false
	}
	for _, c := range line[:i] {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// fields reads what the head says.
func (l *letter) fields() {
	l.subject = strings.Join(strings.Fields(headerText(l.header.Get("Subject"))), " ")
	l.id = strings.Trim(strings.TrimSpace(l.header.Get("Message-Id")), "<>")
	for _, field := range []string{"From", "Sender"} {
		if l.from, l.name = firstAddress(l.header.Get(field)); l.from != "" {
			break
		}
	}
	if t, err := mail.ParseDate(strings.TrimSpace(l.header.Get("Date"))); err == nil {
		l.date = t.UTC()
	}
}

// headerText decodes the words of a field (RFC 2047).
func headerText(raw string) string {
	d := mime.WordDecoder{CharsetReader: charset.Reader}
	out, err := d.DecodeHeader(raw)
	if err != nil {
		out = raw
	}
	return clean(legible([]byte(out)))
}

// firstAddress gives the first address of a field, in lower case, and the name
// beside it; "" where there is none.
func firstAddress(raw string) (address, name string) {
	raw = cut(raw, maxAddresses)
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: charset.Reader}}
	if list, err := p.ParseList(raw); err == nil && len(list) > 0 {
		return strings.ToLower(list[0].Address), clean(list[0].Name)
	}
	// As programs write it that never read the standard: find what is in brackets.
	text := headerText(raw)
	inner := text
	if i, j := strings.LastIndexByte(text, '<'), strings.LastIndexByte(text, '>'); i >= 0 && j > i {
		inner, name = text[i+1:j], strings.Trim(strings.TrimSpace(text[:i]), `"'`)
	}
	inner = strings.TrimSpace(inner)
	if strings.Count(inner, "@") != 1 || strings.ContainsAny(inner, " \t,;<>()") {
		return "", ""
	}
	return strings.ToLower(inner), name
}

// legible gives the text of bytes that say in no charset they are: UTF-8 where
// they are that, else Windows's Western one.
func legible(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// walker walks over the parts of a letter.
type walker struct {
	*letter
	parts int
}

// walk gives what there is to read in a part.
func (w *walker) walk(e *message.Entity, level int) text {
	kind, params, _ := e.Header.ContentType()
	disposition, _, _ := e.Header.ContentDisposition()
	kind = strings.ToLower(kind)
	switch {
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		return w.several(e, kind, level)
	case kind == "message/delivery-status" || kind == "message/global-delivery-status":
		w.status = w.read(e.Body)
	case strings.EqualFold(disposition, "attachment"), kind != "text/plain" && kind != "text/html" && kind != "text":
		w.attach(e, kind)
	case kind == "text/html":
		return text{html: legible(w.read(e.Body))}
	default:
		return text{plain: legible(w.read(e.Body))}
	}
	return text{}
}

// several walks over the parts of a part.
func (w *walker) several(e *message.Entity, kind string, level int) (t text) {
	if level >= maxLevels {
		w.limit(limitDepth)
		return t
	}
	parts := e.MultipartReader()
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return t
		}
		if p == nil {
			w.limit(limitBroken)
			return t
		}
		if w.parts++; w.parts > maxParts {
			w.limit(limitParts)
			return t
		}
		found := w.walk(p, level+1)
		if kind == "multipart/alternative" {
			t = t.or(found)
		} else {
			t = t.and(found)
		}
	}
}

// read reads a part's text, up to the bound.
func (w *walker) read(r io.Reader) []byte {
	b, err := io.ReadAll(io.LimitReader(r, maxPartText+1))
	if err != nil {
		w.limit(limitBroken)
	}
	if len(b) > maxPartText {
		w.limit(limitText)
		b = []byte(cut(string(b[:maxPartText]), maxPartText))
		_, _ = io.Copy(io.Discard, r) // the letter's bound ends it
	}
	return b
}

// attach names and measures a part. What is in it nobody looks at.
func (w *walker) attach(e *message.Entity, kind string) {
	n, err := io.Copy(io.Discard, e.Body)
	if err != nil {
		w.limit(limitBroken)
	}
	if len(w.letter.parts) >= maxAttachments {
		w.limit(limitParts)
		return
	}
	_, params, _ := e.Header.ContentDisposition()
	name := params["filename"]
	if name == "" {
		_, params, _ = e.Header.ContentType()
		name = params["name"]
	}
	w.letter.parts = append(w.letter.parts, attachment{Name: cut(headerText(name), 200), Type: cut(clean(kind), 100), Bytes: n})
}
