package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
)

// server is a mail server that takes what it is sent, and says no as it is told.
type server struct {
	mu       sync.Mutex
	took     []taken
	rcpt     func(to string) error
	data     func(to string) error // once the message was read
	password string                // "" = it asks for none
	secure   []bool                // whether each sign-in came over TLS
	port     int
	trust    *tls.Config // what a client needs to know the server
}

type taken struct {
	from, to string
	raw      []byte
}

func (s *server) messages() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]taken(nil), s.took...)
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &visit{server: s, secure: secure}, nil
}

type visit struct {
	server   *server
	secure   bool
	admitted bool
	from, to string
}

func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		v.server.mu.Lock()
		defer v.server.mu.Unlock()
		v.server.secure = append(v.server.secure, v.secure)
		if user != "regia" || password != v.server.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password"}
		}
		v.admitted = true
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if v.server.password != "" && !v.admitted {
		return smtp.ErrAuthRequired
	}
	v.from = from
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	if v.server.rcpt != nil {
		return v.server.rcpt(to)
	}
	return nil
}

func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if v.server.data != nil {
		if err := v.server.data(v.to); err != nil {
			return err
		}
	}
	v.server.mu.Lock()
	defer v.server.mu.Unlock()
	v.server.took = append(v.server.took, taken{v.from, v.to, raw})
	return nil
}

func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

// serve runs a server for one test, in the given way.
func serve(t testing.TB, how Security) *server {
	t.Helper()
	s := &server{}
	certificate, pool := certify(t)
	s.trust = &tls.Config{RootCAs: pool}
	x := smtp.NewServer(s)
	x.Domain, x.AllowInsecureAuth, x.EnableSMTPUTF8 = "localhost", how == Plain, false
	if how != Plain {
		x.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if how == TLS {
		l = tls.NewListener(l, x.TLSConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = x.Serve(l) // it ends with Close
	}()
	t.Cleanup(func() {
		_ = x.Close()
		<-done
	})
	return s
}

func certify(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// post is an Outbox at a moment, with what it told of its messages.
type post struct {
	*Outbox
	t    testing.TB
	now  time.Time
	told []Outcome
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func openBook(t testing.TB, postgres bool) *registry.DB {
	t.Helper()
	o := registry.Options{Path: filepath.Join(t.TempDir(), "r.db")}
	if postgres {
		o = registry.Options{URL: testkit.Postgres(t)}
	}
	db, err := registry.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newPost(t testing.TB, book Book, s *server, how Security) *post {
	t.Helper()
	p := &post{t: t, now: noon}
	var err error
	p.Outbox, err = New(t.Context(), Options{Book: book, Clock: func() time.Time { return p.now }, TLS: s.trust})
	if err != nil {
		t.Fatal(err)
	}
	p.Listen("test", func(_ context.Context, _ registry.Tx, _ string, o Outcome) error {
		p.told = append(p.told, o)
		return nil
	})
	p.save(Settings{Host: "localhost", Port: s.port, Security: how, From: "ciao@negozio.example", FromName: "Negozio È Bello", Bounces: "rimbalzi@negozio.example"})
	return p
}

func (p *post) save(s Settings) {
	p.t.Helper()
	if err := p.Save(p.t.Context(), s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) put(to string) experience.ID {
	p.t.Helper()
	var id experience.ID
	err := p.Book.Write(p.t.Context(), func(ctx context.Context, tx registry.Tx) (err error) {
		id, err = p.Put(ctx, tx, Message{
			To: to, Name: "Anna", Subject: "Com'è andata?", Text: "Città e perché\n", HTML: "<p>Città</p>", Unsubscribe: "https://regia.example/u/x", Reference: "test:" + to,
		})
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *post) deliver() {
	p.t.Helper()
	if _, err := p.Deliver(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) suppressed(to string) Suppression {
	p.t.Helper()
	var why Suppression
	err := p.Book.Read(p.t.Context(), func(ctx context.Context, tx registry.Tx) (err error) {
		why, err = p.Suppressed(ctx, tx, to)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return why
}

// lines makes a mail of lines, as they travel.
func lines(text string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimLeft(text, "\n"), "\n", "\r\n"))
}
