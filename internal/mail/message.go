package mail

import (
	"bytes"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"regia/internal/experience"
)

// Limits of a message.
const (
	maxSubject = 200       // characters
	maxBody    = 256 << 10 // bytes of the text, and of the HTML
	maxName    = 100       // characters of a display name
	maxLocal   = 64        // bytes before the @ (RFC 5321, 4.5.3.1.1)
)

// Message is one mail to one address.
type Message struct {
	To      string // an address, nothing else
	Name    string // of the reader; may be empty
	Subject string
	Text    string // plain text
	HTML    string // may be empty
	// Unsubscribe is an address that takes RFC 8058's POST, offered as such where it
	// is one of https; "" = nobody can unsubscribe from this kind.
	Unsubscribe string
	// Reference says whose message it is, to whom its fate is told: "invite:…".
	Reference string
	// Until is when it is no longer worth sending; zero: three days after it was queued.
	Until time.Time
}

// Address normalises an e-mail address as SMTP without extensions takes it: a
// domain of other letters becomes ASCII (IDNA). Invalid when it is none.
func Address(text string) (string, error) {
	wrong := experience.Errorf(experience.Invalid, "mail.error.address")
	id, ok := experience.NewIdentifier(experience.EmailID, text, "")
	if !ok {
		return "", wrong
	}
	local, domain, _ := strings.Cut(id.Value, "@")
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || len(local) > maxLocal {
		return "", wrong
	}
	address := local + "@" + domain
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" || strings.ContainsFunc(address, notPlain) {
		return "", wrong
	}
	return address, nil
}

// notPlain are characters that no address needs and that could end a line, or
// stand for something in a header.
func notPlain(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>"(),;:\[]`, r) }

// line makes one line of what people or records say: it cannot begin another
// header.
func line(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\u2028' || r == '\u2029'
	}), " ")
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return text
}

// checked gives m as it can be sent.
func (m Message) checked() (Message, error) {
	var err error
	if m.To, err = Address(m.To); err != nil {
		return m, err
	}
	m.Name, m.Subject = line(m.Name, maxName), line(m.Subject, maxSubject)
	m.Text, m.HTML = strings.ToValidUTF8(m.Text, ""), strings.ToValidUTF8(m.HTML, "")
	switch {
	case m.Subject == "" || strings.TrimSpace(m.Text) == "":
		return m, experience.Errorf(experience.Invalid, "mail.error.empty")
	case len(m.Text) > maxBody || len(m.HTML) > maxBody:
		return m, experience.Errorf(experience.TooLarge, "mail.error.large")
	}
	if m.Unsubscribe != "" {
		u, err := url.Parse(m.Unsubscribe)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.ContainsFunc(m.Unsubscribe, notPlainURL) {
			return m, experience.Errorf(experience.Invalid, "mail.error.unsubscribe")
		}
	}
	return m, nil
}

func notPlainURL(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' || r == '"' }

// envelope is what a message needs besides itself to be written.
type envelope struct {
	id    experience.ID
	token string    // of id, signed
	at    time.Time // when it was queued
}

// compose writes the message: the same bytes whenever it is tried again.
func (s Settings) compose(m Message, e envelope) ([]byte, error) {
	var out bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&out, "%s: %s\r\n", name, value) }
	header("From", address(s.FromName, s.From))
	header("To", address(m.Name, m.To))
	if s.ReplyTo != "" {
		header("Reply-To", address("", s.ReplyTo))
	}
	header("Subject", fold(mime.QEncoding.Encode("utf-8", m.Subject)))
	header("Date", e.at.UTC().Format(time.RFC1123Z))
	header("Message-ID", "<"+e.token+"@"+domainOf(s.From)+">")
	if m.Unsubscribe != "" {
		header("List-Unsubscribe", "<"+m.Unsubscribe+">")
		if strings.HasPrefix(strings.ToLower(m.Unsubscribe), "https:") { // RFC 8058, 3.1: by HTTPS, or not at all
			header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		}
	}
	header("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies
	header("MIME-Version", "1.0")
	parts := multipart.NewWriter(&out)
	if err := parts.SetBoundary("regia-" + e.id.String()); err != nil {
		return nil, err
	}
	header("Content-Type", `multipart/alternative; boundary="`+parts.Boundary()+`"`)
	out.WriteString("\r\n")
	for _, p := range []struct{ kind, body string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		if p.body == "" {
			continue
		}
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {p.kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		if err != nil {
			return nil, err
		}
		q := quotedprintable.NewWriter(w)
		if _, err := q.Write([]byte(p.body)); err != nil {
			return nil, err
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return s.sign(out.Bytes())
}

// address writes a name and an address as a header has them.
func address(name, addr string) string {
	if name = line(name, maxName); name == "" {
		return "<" + addr + ">"
	}
	if encoded := mime.BEncoding.Encode("utf-8", name); encoded != name {
		return fold(encoded + " <" + addr + ">") // mail.Address writes some of these, such as a backslash, so that nobody can read them
	}
	return (&mail.Address{Name: name, Address: addr}).String()
}

// fold breaks between encoded words, each of which is a line long.
func fold(text string) string { return strings.ReplaceAll(text, "?= =?", "?=\r\n =?") }

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
