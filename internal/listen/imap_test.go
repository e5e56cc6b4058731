package listen

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"regia/internal/testkit"
)

func numbered(n int) string {
	return crlf(fmt.Sprintf("Message-ID: <%d@b.it>\nFrom: Anna <anna%d@b.it>\nDate: Thu, 12 Nov 2026 10:00:00 +0000\nSubject: n. %d\n\nTesto %d\n", n, n, n, n))
}

func mailboxOf(s *testkit.MailServer, security Security) Config {
	c := Config{Mailbox: s.User, Address: s.TLS, Security: security}
	if security != TLS {
		c.Address = s.Plain
	}
	return c
}

func TestRealMailbox(t *testing.T) {
	s := testkit.Dovecot(t)
	everyEngine(t, func(t *testing.T, h *house) {
		h.room.Roots = s.Roots
		before := s.Letters()
		for n := range 45 {
			s.Deliver(numbered(before + n))
		}
		s.Deliver(crlf("From: Info <INFO@negozio.it>\nSubject: nostra\n\nnostra\n"))
		p := h.look(h.post(Mailbox, mailboxOf(s, TLS), s.Password).ID)
		if p.Health.Fault != "" || p.Health.Heard != int64(len(h.door.all())) || p.Health.Heard < 45 || p.Health.LeftOut < 1 {
			t.Fatalf("%+v", p.Health)
		}
		heard := p.Health.Heard
		// Nothing new, then three more; the numbers change, and nothing is heard again.
		p = h.look(p.ID)
		for n := range 3 {
			s.Deliver(numbered(before + 1000 + n))
		}
		if p = h.look(p.ID); p.Health.Heard != heard+3 {
			t.Errorf("three more: %+v", p.Health)
		}
		told := h.door.told
		position := p.position
		s.Forget()
		s.Deliver(numbered(before + 2000))
		if p = h.look(p.ID); p.Health.Heard != heard+4 || h.door.told != told+1 || p.position == position {
			t.Errorf("numbered anew: %+v, told %d times after %d", p.Health, h.door.told, told)
		}
		if s.Seen() != 0 {
			t.Errorf("%d letters were marked", s.Seen())
		}
		item := h.door.all()[0]
		if got := properties(t, item); item.Event != "Email Received" || !strings.HasPrefix(got["text"].(string), "Testo ") || item.Identifiers[0].Kind != "email" || got["mailbox"] != s.User {
			t.Errorf("%+v %v", item, got)
		}
	})
}

func TestMailboxThatDoesNotOpen(t *testing.T) {
	s := testkit.Dovecot(t)
	h := newHouse(t, "SQLite")
	h.room.Roots = s.Roots
	look := func(c Config, password string) Post {
		p := h.look(h.post(Mailbox, c, password).ID)
		if err := h.room.remove(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := look(mailboxOf(s, StartTLS), s.Password); p.Health.Fault != "" {
		t.Errorf("STARTTLS: %+v", p.Health)
	}
	if p := look(mailboxOf(s, Plain), s.Password); p.Health.Fault != "" {
		t.Errorf("in the clear, in one's own network: %+v", p.Health)
	}
	if p := look(mailboxOf(s, TLS), "wrong"); p.Health.Fault != "login" || p.Health.NextLook.Sub(h.now()) < time.Hour {
		t.Errorf("a wrong password: %+v", p.Health)
	}
	folder := mailboxOf(s, TLS)
	folder.Folder = "Nowhere"
	if p := look(folder, s.Password); p.Health.Fault != "folder" {
		t.Errorf("no such folder: %+v", p.Health)
	}
	mixed := mailboxOf(s, TLS)
	mixed.Address = s.Plain
	if p := look(mixed, s.Password); p.Health.Fault != "tls" {
		t.Errorf("TLS where there is none: %+v", p.Health)
	}
	h.room.Roots = x509.NewCertPool()
	for _, security := range []Security{TLS, StartTLS} {
		if p := look(mailboxOf(s, security), s.Password); p.Health.Fault != "certificate" {
			t.Errorf("nobody vouches for it, by %s: %+v", security, p.Health)
		}
	}
	h.room.Own = nil
	if p := look(mailboxOf(s, TLS), s.Password); p.Health.Fault != "private" {
		t.Errorf("an inner network: %+v", p.Health)
	}
	// The password is nowhere to be seen.
	h.room.Own = loopback
	id := h.post(Mailbox, mailboxOf(s, TLS), "unique-pass-word").ID
	for _, page := range []string{homePath, postPath(id), "/api/v1/listening-posts", "/api/v1/listening-posts/" + id} {
		if strings.Contains(h.get(page, "owner"), "unique-pass-word") {
			t.Errorf("%s shows the password", page)
		}
	}
}

// memoryServer is go-imap's server in memory, whose sessions a test may bend.
func memoryServer(t *testing.T, bend func(imapserver.Session) imapserver.Session) (address string, user *imapmemserver.User) {
	t.Helper()
	store := imapmemserver.New()
	user = imapmemserver.NewUser("u", "p")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	store.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		InsecureAuth: true, Caps: imap.CapSet{imap.CapIMAP4rev1: {}},
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return bend(store.NewSession()), nil, nil
		},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }() // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String(), user
}

// broken is a session whose connection breaks after some fetches.
type broken struct {
	imapserver.Session
	left *int
}

func (b broken) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	if *b.left--; *b.left < 0 {
		return errors.New("the server broke down")
	}
	return b.Session.Fetch(w, set, o)
}

// A look that breaks off goes on where it was: nothing lost, nothing told twice.
func TestMailboxIsResumed(t *testing.T) {
	left := 2
	address, user := memoryServer(t, func(s imapserver.Session) imapserver.Session { return broken{s, &left} })
	for n := range 100 {
		if _, err := user.Append("INBOX", literal{strings.NewReader(numbered(n))}, &imap.AppendOptions{Time: now}); err != nil {
			t.Fatal(err)
		}
	}
	h := newHouse(t, "SQLite")
	id := h.post(Mailbox, Config{Mailbox: "info@negozio.it", User: "u", Address: address, Security: Plain}, "p").ID
	if p := h.look(id); p.Health.Fault == "" || p.Health.Heard != 2*mailStep {
		t.Errorf("broken off: %+v", p.Health)
	}
	left = 100
	if p := h.look(id); p.Health.Fault != "" || p.Health.Heard != 100 || h.door.told != 100 {
		t.Errorf("resumed: %+v, told %d times", p.Health, h.door.told)
	}
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// script is a server that says what it is told to, whatever it is asked.
func script(t *testing.T, answer func(tag, command string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1] hello\r\n")
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					tag, command, _ := strings.Cut(lines.Text(), " ")
					says := answer(tag, command)
					if _, err := fmt.Fprint(conn, says); err != nil || strings.HasPrefix(says, "* BYE") {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Servers that speak no sense, and some that mean harm.
func TestOddServers(t *testing.T) {
	usual := func(tag, command string) string {
		switch {
		case strings.HasPrefix(command, "EXAMINE"):
			return "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 3] x\r\n" + tag + " OK [READ-ONLY] done\r\n"
		case strings.HasPrefix(command, "UID SEARCH"):
			return "* SEARCH 1 2\r\n" + tag + " OK done\r\n"
		case strings.HasPrefix(command, "SELECT"):
			t.Error("the mailbox is opened to be changed")
		case strings.HasPrefix(command, "UID FETCH") && strings.Contains(command, "BODY[]"):
			t.Error("letters are fetched in the way that marks them as read")
		}
		return tag + " OK done\r\n"
	}
	only := func(verb, says string) func(tag, command string) string {
		return func(tag, command string) string {
			if strings.HasPrefix(command, verb) {
				return strings.ReplaceAll(says, "TAG", tag)
			}
			return usual(tag, command)
		}
	}
	body := numbered(1)
	whole := func(uid int) string {
		return fmt.Sprintf("* %d FETCH (UID %d INTERNALDATE \"12-Nov-2026 10:00:00 +0000\" RFC822.SIZE %d BODY[]<0> {%d}\r\n%s)\r\n", uid, uid, len(body), len(body), strings.Replace(body, "<1@", fmt.Sprintf("<%d@", uid), 1))
	}
	for name, c := range map[string]struct {
		answer func(tag, command string) string
		fault  string
		heard  int64
	}{
		"sound":              {only("UID FETCH", whole(1)+whole(2)+"TAG OK done\r\n"), "", 2},
		"one was deleted":    {only("UID FETCH", whole(2)+"TAG OK done\r\n"), "", 1},
		"unasked for":        {only("UID FETCH", "* 9 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n"+whole(1)+whole(2)+"* 1 EXPUNGE\r\nTAG OK done\r\n"), "", 2},
		"no numbers":         {only("UID FETCH", "* 1 FETCH (BODY[]<0> {5}\r\nhello)\r\n* 1 FETCH (UID 1)\r\nTAG OK done\r\n"), "protocol", 0},
		"nested":             {only("UID FETCH", "* 1 FETCH (UID 1 BODYSTRUCTURE "+strings.Repeat("(", 1<<20)), "bomb", 0},
		"a line without end": {only("LOGIN", "* OK "+strings.Repeat("x", 5<<20)), "bomb", 0},
		"rubbish":            {only("LOGIN", "\x00\xff\r\n((((\r\n"), "protocol", 0},
		"goodbye":            {only("LOGIN", "* BYE too many connections\r\n"), "unreachable", 0},
		"silence":            {only("LOGIN", ""), "time", 0},
		"busy":               {only("LOGIN", "TAG NO [UNAVAILABLE] later\r\n"), "unreachable", 0},
	} {
		h := newHouse(t, "SQLite")
		h.room.silence = time.Second
		p := h.look(h.post(Mailbox, Config{Mailbox: "info@negozio.it", Address: script(t, c.answer), Security: Plain}, "p").ID)
		if p.Health.Fault != c.fault || p.Health.Heard != c.heard {
			t.Errorf("%s: %+v, want %q", name, p.Health, c.fault)
		}
	}
}

// What servers report goes to whoever sent the mail, if it was Regia's own.
func TestReportsAreHandedOn(t *testing.T) {
	h := newHouse(t, "SQLite")
	var got []string
	h.room.Report = func(_ context.Context, raw []byte) (bool, error) {
		got = append(got, string(raw))
		return strings.Contains(string(raw), "ours"), nil
	}
	id := h.post(Archive, Config{Mailbox: "info@negozio.it"}, "").ID
	report := func(to string) string {
		return "From x@y.it Thu Nov 12 10:00:00 2026\nFrom: mailer-daemon@mx.it\nTo: " + to + "\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: rfc822; a@b.it\nAction: failed\n\n--x--\n\n"
	}
	h.upload(postPath(id)+"/file", report("ours@negozio.it")+report("other@negozio.it")+archiveOf(1, "z"))
	if p := h.read(id); p.Health.Heard != 2 || p.Health.LeftOut != 1 || len(got) != 2 || !strings.HasPrefix(got[0], "From: mailer-daemon") {
		t.Errorf("%+v, %d reports", p.Health, len(got))
	}
}
