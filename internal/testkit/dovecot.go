package testkit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// MailServer is a Dovecot of the test's own, on loopback ports: a real IMAP
// server with one user.
type MailServer struct {
	Plain    string // host:port, with STARTTLS
	TLS      string // host:port
	User     string
	Password string
	Roots    *x509.CertPool // vouches for it

	t       testing.TB
	maildir string
	owner   *user.User
	letters int
	forgot  int
}

// Dovecot starts a mail server that ends with the test. It is that of Debian's
// package dovecot-imapd (2.3).
func Dovecot(t testing.TB) *MailServer {
	t.Helper()
	program := "/usr/sbin/dovecot"
	if path, err := exec.LookPath("dovecot"); err == nil {
		program = path
	}
	if _, err := os.Stat(program); err != nil {
		Missing(t, "no Dovecot here (scripts/need-dovecot.sh installs it)")
	}
	dir, err := os.MkdirTemp("", "regia-dovecot-") // short: it has sockets in it
	if err != nil {
		t.Fatal(err)
	}
	s := &MailServer{User: "info@negozio.it", Password: `s3cret "quoted\`, t: t, owner: mailOwner(t)}
	s.maildir = filepath.Join(dir, "home", "Maildir")
	for _, d := range []string{"run", "state", "home/Maildir/new", "home/Maildir/cur", "home/Maildir/tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.own(filepath.Join(dir, "home"))
	s.certify(dir)
	plain, secure := mailPort(t), mailPort(t)
	s.Plain, s.TLS = net.JoinHostPort("127.0.0.1", plain), net.JoinHostPort("127.0.0.1", secure)
	write(t, filepath.Join(dir, "users"), s.User+":{PLAIN}"+s.Password+"::::::\n")
	write(t, filepath.Join(dir, "dovecot.conf"), s.config(dir, plain, secure))
	s.start(program, dir)
	return s
}

// mailOwner is whose mail it is: oneself, but Dovecot serves no root's.
func mailOwner(t testing.TB) *user.User {
	t.Helper()
	u, err := user.Current()
	if err == nil && u.Uid == "0" {
		u, err = user.Lookup("mail")
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// own gives a folder and what is in it to whose mail it is.
func (s *MailServer) own(path string) {
	s.t.Helper()
	uid, _ := strconv.Atoi(s.owner.Uid) // numbers, on the systems that have Dovecot
	gid, _ := strconv.Atoi(s.owner.Gid)
	err := filepath.Walk(path, func(p string, _ os.FileInfo, err error) error {
		if err == nil {
			err = os.Chown(p, uid, gid)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *MailServer) config(dir, plain, secure string) string {
	users := ""
	if os.Getuid() != 0 {
		users = "default_internal_user = " + s.owner.Username + "\ndefault_login_user = " + s.owner.Username + "\ndefault_internal_group = " + s.owner.Gid + "\n"
	}
	return users + strings.NewReplacer("DIR", dir, "PLAIN", plain, "SECURE", secure, "UID", s.owner.Uid, "GID", s.owner.Gid).Replace(`
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = DIR/users
}
userdb {
  driver = static
  args = uid=UID gid=GID home=DIR/home
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PLAIN
  }
  inet_listener imaps {
    port = SECURE
    ssl = yes
  }
}
service anvil {
  chroot =
}
`)
}

// certify makes a certificate for the loopback address.
func (s *MailServer) certify(dir string) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Dovecot under test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		s.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	write(s.t, filepath.Join(dir, "cert.pem"), string(text))
	write(s.t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	s.Roots = x509.NewCertPool()
	s.Roots.AppendCertsFromPEM(text)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // Dovecot's own users read them
		t.Fatal(err)
	}
}

func mailPort(t testing.TB) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

func (s *MailServer) start(program, dir string) {
	s.t.Helper()
	var said bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it ends its own processes
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		s.t.Fatalf("start %s: %v", program, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.t.Cleanup(func() {
		cancel()
		<-ended
		_ = os.RemoveAll(dir)
	})
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(30 * time.Second); ; <-again.C {
		if conn, err := net.DialTimeout("tcp", s.Plain, time.Second); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			s.t.Fatalf("Dovecot ended: %v %s %s", err, said.String(), logOf(dir))
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("Dovecot does not answer: %s %s", said.String(), logOf(dir))
		}
	}
}

func logOf(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Deliver puts a letter into the inbox, as the local delivery would.
func (s *MailServer) Deliver(raw string) {
	s.t.Helper()
	s.letters++
	name := filepath.Join(s.maildir, "new", fmt.Sprintf("%d.%d.test", time.Now().Unix(), s.letters))
	write(s.t, name, raw)
	s.own(name)
}

// Forget makes the server forget the numbers of its letters: it will number
// them anew, and say that they are others (UIDVALIDITY).
func (s *MailServer) Forget() {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.maildir, "dovecot*"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range found {
		if err := os.Remove(f); err != nil {
			s.t.Fatal(err)
		}
	}
	s.forgot++
	list := filepath.Join(s.maildir, "dovecot-uidlist")
	write(s.t, list, fmt.Sprintf("3 V%d N1 G%032x\n", s.forgot, s.forgot)) // its own choice is the second, which may be the same
	s.own(list)
}

// Seen tells how many letters somebody has marked in any way.
func (s *MailServer) Seen() int {
	s.t.Helper()
	marked, err := filepath.Glob(filepath.Join(s.maildir, "cur", "*:2,?*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(marked)
}

// Letters tells how many letters there are.
func (s *MailServer) Letters() int {
	s.t.Helper()
	n := 0
	for _, folder := range []string{"new", "cur"} {
		all, err := os.ReadDir(filepath.Join(s.maildir, folder))
		if err != nil {
			s.t.Fatal(err)
		}
		n += len(all)
	}
	return n
}
