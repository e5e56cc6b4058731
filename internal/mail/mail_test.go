package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-smtp"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// bothEngines runs one test on both engines of the registry.
func bothEngines(t *testing.T, f func(t *testing.T, book Book)) {
	t.Run("sqlite", func(t *testing.T) { f(t, openBook(t, false)) })
	t.Run("postgres", func(t *testing.T) { f(t, openBook(t, true)) })
}

func TestAMailArrivesSignedOverEachProtection(t *testing.T) {
	for _, how := range []Security{StartTLS, TLS, Plain} {
		t.Run(string(how), func(t *testing.T) {
			s := serve(t, how)
			s.password = "geheim"
			p := newPost(t, openBook(t, false), s, how)
			settings, err := p.Settings(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			settings.User, settings.Password = "regia", "geheim"
			p.save(settings)
			id := p.put("anna@cliente.example")
			p.deliver()
			got := s.messages()
			if len(got) != 1 {
				t.Fatalf("%d mails arrived, trouble: %+v", len(got), p.Trouble())
			}
			if want := "rimbalzi+" + p.token(id) + "@negozio.example"; got[0].from != want || got[0].to != "anna@cliente.example" {
				t.Errorf("from %s to %s, want from %s", got[0].from, got[0].to, want)
			}
			if slices.Contains(s.secure, how == Plain) {
				t.Errorf("signed in over TLS: %v", s.secure)
			}
			checkMail(t, p, got[0].raw)
			checkSignature(t, settings, got[0].raw)
			if len(p.told) != 1 || p.told[0].Fate != Sent {
				t.Errorf("told %+v", p.told)
			}
		})
	}
}

func checkMail(t *testing.T, p *post, raw []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var words mime.WordDecoder
	from, err := words.DecodeHeader(m.Header.Get("From"))
	if err != nil || !strings.Contains(from, "Negozio È Bello") {
		t.Errorf("From: %q %v", from, err)
	}
	if subject, err := words.DecodeHeader(m.Header.Get("Subject")); err != nil || subject != "Com'è andata?" {
		t.Errorf("Subject: %q %v", subject, err)
	}
	for name, want := range map[string]string{
		"List-Unsubscribe": "<https://regia.example/u/x>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated",
		"Date": noon.Format(time.RFC1123Z),
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if _, ok := p.tokenIn(m.Header.Get("Message-ID")); !ok {
		t.Errorf("Message-ID: %q has no token", m.Header.Get("Message-ID"))
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{"text/plain; charset=utf-8|Città e perché", "text/html; charset=utf-8|<p>Città</p>"} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Type") + "|" + strings.TrimSpace(string(body)); got != want {
			t.Errorf("a part is %q, want %q", got, want)
		}
	}
}

// checkSignature verifies as a receiver does, the record standing for DNS: and
// that who touches the way to unsubscribe, or adds one, breaks it.
func checkSignature(t *testing.T, s Settings, raw []byte) {
	t.Helper()
	verify := func(raw []byte) error {
		checks, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
			name, text, err := s.Record()
			if domain != name {
				return nil, errors.New("asked for " + domain + ", the record is " + name)
			}
			return []string{text}, err
		}})
		if err != nil || len(checks) != 1 {
			t.Fatalf("%d signatures, %v", len(checks), err)
		}
		return checks[0].Err
	}
	if err := verify(raw); err != nil {
		t.Errorf("the signature does not hold: %v", err)
	}
	for _, changed := range [][]byte{
		bytes.Replace(raw, []byte("/u/x"), []byte("/u/y"), 1), bytes.Replace(raw, []byte("Subject:"), []byte("Reply-To: x@y.example\r\nSubject:"), 1),
	} {
		if verify(changed) == nil {
			t.Error("a changed mail passes for signed")
		}
	}
}

func TestAServerThatIsNotTheOneIsNotTalkedTo(t *testing.T) {
	stranger := serve(t, StartTLS) // trusted by nobody below
	bare := serve(t, Plain)        // knows no STARTTLS
	for name, c := range map[string]struct {
		server *server
		how    Security
	}{"another's certificate": {stranger, StartTLS}, "no STARTTLS": {bare, StartTLS}, "no TLS at all": {bare, TLS}} {
		t.Run(name, func(t *testing.T) {
			known := serve(t, StartTLS)
			known.port = c.server.port
			p := newPost(t, openBook(t, false), known, c.how)
			p.put("anna@cliente.example")
			p.deliver()
			if len(c.server.messages()) != 0 || p.Trouble() == nil || len(p.told) != 0 {
				t.Errorf("%d mails went, trouble %+v, told %+v", len(c.server.messages()), p.Trouble(), p.told)
			}
			if f, err := p.Figures(t.Context()); err != nil || f.Waiting != 1 {
				t.Errorf("%d wait, %v", f.Waiting, err)
			}
		})
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	good := Settings{Host: "smtp.example.it", Port: 587, Security: StartTLS, From: "ciao@example.it"}
	if _, err := good.checked(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Settings){
		"plain elsewhere": func(s *Settings) { s.Security = Plain }, "port": func(s *Settings) { s.Port = 0 }, "from": func(s *Settings) { s.From = "ciao" },
		"host": func(s *Settings) { s.Host = "smtp.example.it/x" }, "lines": func(s *Settings) { s.User = "a\r\nb" }, "bounces": func(s *Settings) { s.Bounces = "x" },
		"no place for a token": func(s *Settings) { s.Bounces = "unindirizzomoltolungoperirimbalzi@example.it" },
	} {
		s := good
		change(&s)
		if _, err := s.checked(); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThePasswordGoesToNoOtherServer(t *testing.T) {
	p := newPost(t, openBook(t, false), serve(t, Plain), Plain)
	s := Settings{Host: "smtp.example.it", Port: 587, Security: StartTLS, From: "ciao@example.it", User: "regia", Password: "geheim"}
	p.save(s)
	s.Password, s.Port = "", 2525
	p.save(s)
	if got, err := p.Settings(t.Context()); err != nil || got.Password != "geheim" || got.Port != 2525 {
		t.Errorf("the password was not kept: %v %v", got.Port, err)
	}
	s.Host = "smtp.evil.example"
	if err := p.Save(t.Context(), s); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("another server got the password: %v", err)
	}
}

func TestWhatAServerSaysIsUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		rcpt, data *smtp.SMTPError
		fate       Fate // "" = it waits
		suppressed Suppression
	}{
		"nobody there":      {rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, fate: Failed, suppressed: Bounced},
		"without fine code": {rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "no such user"}, fate: Failed, suppressed: Bounced},
		"mailbox full":      {rcpt: &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "full"}, fate: Failed},
		"not liked":         {data: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "spam"}, fate: Failed},
		"greylisted":        {rcpt: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}},
		"busy":              {data: &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "no space"}},
		"hangs up":          {data: &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "bye"}},
	} {
		t.Run(name, func(t *testing.T) {
			bothEngines(t, func(t *testing.T, book Book) {
				s := serve(t, Plain)
				no := func(e *smtp.SMTPError) func(string) error {
					return func(to string) error {
						if e == nil || to != "anna@cliente.example" {
							return nil
						}
						return e
					}
				}
				s.rcpt, s.data = no(c.rcpt), no(c.data)
				p := newPost(t, book, s, Plain)
				p.put("anna@cliente.example")
				p.put("bruno@cliente.example")
				p.deliver()
				if got := s.messages(); len(got) != 1 || got[0].to != "bruno@cliente.example" {
					t.Errorf("arrived: %+v", got)
				}
				if why := p.suppressed("Anna@Cliente.example"); why != c.suppressed {
					t.Errorf("suppressed: %q, want %q", why, c.suppressed)
				}
				if failed := slices.ContainsFunc(p.told, func(o Outcome) bool { return o.Fate == Failed }); failed != (c.fate == Failed) {
					t.Errorf("told %+v", p.told)
				}
				s.rcpt, s.data = nil, nil
				p.deliver() // at once: too early
				if n := len(s.messages()); n != 1 {
					t.Errorf("tried again at once: %d arrived", n)
				}
				p.now = p.now.Add(time.Minute)
				p.deliver()
				if n, want := len(s.messages()), map[bool]int{true: 1, false: 2}[c.fate == Failed]; n != want {
					t.Errorf("%d arrived in the end, want %d", n, want)
				}
			})
		})
	}
}

func TestAnAddressThatTakesNoMailIsNotWrittenTo(t *testing.T) {
	s := serve(t, Plain)
	s.rcpt = func(string) error {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	p := newPost(t, openBook(t, false), s, Plain)
	for range 3 {
		p.put("anna@cliente.example")
	}
	p.deliver()
	if len(p.told) != 3 || p.suppressed("anna@cliente.example") != Bounced {
		t.Errorf("told %+v", p.told)
	}
	again := func() error {
		return p.Book.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			_, err := p.Put(ctx, tx, Message{To: "anna@cliente.example", Subject: "x", Text: "y"})
			return err
		})
	}
	if err := again(); experience.CodeOf(err) != experience.Conflict {
		t.Errorf("it is queued again: %v", err)
	}
	if was, err := p.Allow(t.Context(), "anna@cliente.example"); !was || err != nil {
		t.Errorf("allowed: %v %v", was, err)
	}
	if err := again(); err != nil {
		t.Errorf("it is still suppressed: %v", err)
	}
}

func TestWhatIsTooLateIsNotSent(t *testing.T) {
	s := serve(t, Plain)
	p := newPost(t, openBook(t, false), s, Plain)
	p.put("anna@cliente.example")
	p.now = p.now.Add(usualUntil)
	p.deliver()
	if len(s.messages()) != 0 || len(p.told) != 1 || p.told[0].Fate != Failed {
		t.Errorf("told %+v", p.told)
	}
}

// crashing is a book that a killed process no longer writes to.
type crashing struct {
	Book
	left int // writes until it is killed; below zero: it lives
}

var errKilled = errors.New("killed")

func (c *crashing) Write(ctx context.Context, f func(context.Context, registry.Tx) error) error {
	if c.left == 0 {
		return errKilled
	}
	c.left--
	return c.Book.Write(ctx, f)
}

// However often the process is killed, wherever: every message arrives, and
// twice only where the kill came between the server's yes and its being kept.
func TestAKillLosesNoMail(t *testing.T) {
	s := serve(t, Plain)
	book := openBook(t, false)
	rapid.Check(t, func(rt *rapid.T) {
		s.mu.Lock()
		s.took = nil
		s.mu.Unlock()
		c := &crashing{Book: book, left: -1}
		p := newPost(t, c, s, Plain)
		sent := map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(rt, "mails") {
			id := p.put("x" + experience.NewID().String() + "@cliente.example")
			sent[p.token(id)] = true
		}
		kills := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 4).Draw(rt, "kills")
		for _, k := range kills {
			c.left = k
			if _, err := p.Deliver(t.Context()); err != nil && !errors.Is(err, errKilled) {
				rt.Fatal(err)
			}
			p.now = p.now.Add(lease + time.Minute) // the next process comes later
		}
		c.left = -1
		for more := true; more; {
			var err error
			if more, err = p.Deliver(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		arrived := map[string]int{}
		for _, m := range s.messages() {
			arrived[strings.TrimSuffix(strings.TrimPrefix(m.from, "rimbalzi+"), "@negozio.example")]++
		}
		twice := 0
		for token := range sent {
			if arrived[token] == 0 {
				rt.Fatalf("a mail never arrived after kills at %v", kills)
			}
			twice += arrived[token] - 1
		}
		if twice > len(kills) {
			rt.Fatalf("%d mails too many after %d kills", twice, len(kills))
		}
	})
}

func TestNobodyWritesHeadersOfTheirOwn(t *testing.T) {
	o := &Outbox{key: []byte("key")}
	fresh, err := NewDKIM()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Auto-Submitted", "Content-Type", "Date", "Dkim-Signature", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-Id", "Mime-Version", "Subject", "To"}
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a\r\nBcc: x@y.example", "a\nBcc: x@y.example", "=?utf-8?q?a=0D=0ABcc:_x?=", "a\u2028Bcc: x", "\\\ufeff", `"\è" <x@y.example>,`, strings.Repeat("è", 500)}))
	rapid.Check(t, func(rt *rapid.T) {
		m, err := Message{To: "a@b.example", Name: text.Draw(rt, "name"), Subject: "x" + text.Draw(rt, "subject"), Text: "x" + text.Draw(rt, "text"), HTML: text.Draw(rt, "html"), Unsubscribe: "https://regia.example/u/x"}.checked()
		if err != nil {
			rt.Fatal(err)
		}
		s := Settings{From: "ciao@negozio.example", FromName: text.Draw(rt, "from"), DKIM: fresh}
		raw, err := s.compose(m, envelope{experience.NewID(), o.token(experience.NewID()), noon})
		if err != nil {
			rt.Fatal(err)
		}
		read, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			rt.Fatalf("%v in %q", err, raw)
		}
		var names []string
		for name, values := range read.Header {
			names = append(names, name)
			if len(values) != 1 {
				rt.Fatalf("%s: %q", name, values)
			}
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			rt.Fatalf("headers are %q", names)
		}
		if list, err := read.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != "a@b.example" {
			rt.Fatalf("To: %q %v", read.Header.Get("To"), err)
		}
	})
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, text := range []string{"", "anna", "anna@", "a@b@c.example", "a b\r\nRCPT TO:<x@y.example>", "a@b.example\r\nBcc: x", "<a@b.example>", `"a b"@c.example`, "à@b.example", "a,b@c.example", strings.Repeat("a", 65) + "@b.example"} {
		if got, err := Address(text); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("%q passes as %q", text, got)
		}
	}
	if got, err := Address(" Anna.Rossi+x@Caffè.Example "); err != nil || got != "anna.rossi+x@xn--caff-8oa.example" {
		t.Errorf("%q %v", got, err)
	}
}
