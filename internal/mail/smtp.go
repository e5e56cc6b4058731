package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"regia/internal/experience"
)

// How long a server may take to connect, to answer a command, and to take a
// message (RFC 5321, 4.5.3.2, shortened for a server one pays for).
const (
	dialPatience    = 20 * time.Second
	commandPatience = time.Minute
	submitPatience  = 2 * time.Minute
	lastPatience    = 5 * time.Second // once Regia was told to stop
)

// refusal is a server's no to one message.
type refusal struct {
	permanent bool
	address   bool   // because of the address: nobody is there
	reason    string // as the server said it
}

func (r *refusal) Error() string { return r.reason }

// session is a connection on which messages go one after another.
type session struct {
	client *smtp.Client
	conn   net.Conn
	stop   func() bool
}

// dial connects and signs in. Every error is the server's or the settings', and
// no message's fault.
func (s Settings) dial(ctx context.Context, config *tls.Config) (*session, error) {
	if s.Security == Plain && !local(s.Host) {
		return nil, experience.Errorf(experience.Invalid, "mail.error.plain")
	}
	config = config.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.ServerName, config.MinVersion = s.Host, tls.VersionTLS12
	d := net.Dialer{Timeout: dialPatience}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil {
		return nil, err
	}
	// What is being handed over when Regia is told to stop may still be taken.
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lastPatience, func() { _ = conn.Close() }) })
	client, err := s.greet(conn, config)
	if err != nil {
		stop()
		return nil, errors.Join(err, conn.Close())
	}
	return &session{client, conn, stop}, nil
}

func (s Settings) greet(conn net.Conn, config *tls.Config) (client *smtp.Client, err error) {
	if err := conn.SetDeadline(time.Now().Add(dialPatience)); err != nil {
		return nil, err
	}
	switch s.Security {
	case TLS:
		client = smtp.NewClient(tls.Client(conn, config))
	case StartTLS:
		if client, err = smtp.NewClientStartTLS(conn, config); err != nil {
			return nil, err
		}
	default:
		client = smtp.NewClient(conn)
	}
	client.CommandTimeout, client.SubmissionTimeout = commandPatience, submitPatience
	if err := client.Hello(domainOf(s.From)); err != nil {
		return nil, err
	}
	if s.User == "" {
		return client, nil
	}
	switch {
	case client.SupportsAuth(sasl.Plain):
		err = client.Auth(sasl.NewPlainClient("", s.User, s.Password))
	case client.SupportsAuth(sasl.Login):
		err = client.Auth(sasl.NewLoginClient(s.User, s.Password))
	default:
		err = experience.Errorf(experience.Unavailable, "mail.error.auth")
	}
	return client, err
}

func (s *session) close() {
	s.stop()
	if s.client.Quit() != nil {
		_ = s.client.Close()
	}
}

// send hands one message over. nil: the server has it, and answers for it. A
// *refusal is its no to this message; any other error is the connection's, and
// whether the message went is not known where it came after the last byte.
func (s *session) send(from, to string, message []byte) error {
	if err := s.client.Mail(from, nil); err != nil {
		return s.refused(err, false)
	}
	if err := s.client.Rcpt(to, nil); err != nil {
		return s.refused(err, true)
	}
	w, err := s.client.Data()
	if err != nil {
		return s.refused(err, false)
	}
	if err := s.conn.SetDeadline(time.Now().Add(submitPatience)); err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	return s.refused(w.Close(), false)
}

// refused tells a server's no from a connection's end, and makes the session
// ready for the next message.
func (s *session) refused(err error, recipient bool) error {
	var said *smtp.SMTPError
	if !errors.As(err, &said) || said.Code == 421 { // 421: it hangs up
		return err
	}
	if s.client.Reset() != nil {
		return err
	}
	r := &refusal{permanent: said.Code/100 == 5, reason: line(strconv.Itoa(said.Code)+" "+said.Message, 300)}
	code := said.EnhancedCode
	switch {
	case code[0] == 4:
		r.permanent = false // 5xx with 4.x.x: the finer one counts
	case code[0] == 5:
		r.reason = line(strconv.Itoa(said.Code)+" "+status(code[0], code[1], code[2])+" "+said.Message, 300)
		r.address = nobodyThere(code[1], code[2])
	default:
		r.address = recipient && (said.Code == 550 || said.Code == 551 || said.Code == 553)
	}
	r.address = r.address && r.permanent
	return r
}

func status(a, b, c int) string {
	return strings.Join([]string{strconv.Itoa(a), strconv.Itoa(b), strconv.Itoa(c)}, ".")
}

// nobodyThere tells whether a permanent failure of this subject and detail (RFC
// 3463) says that an address is of no use, rather than that this one message,
// its content, or the sender's reputation was not liked: bad address (1.x, but
// for 1.7 and 1.8, the sender's), mailbox disabled (2.1), and a domain that
// takes none (4.4, and 1.10 of RFC 7505).
func nobodyThere(subject, detail int) bool {
	switch subject {
	case 1:
		return detail != 7 && detail != 8
	case 2:
		return detail == 1
	case 4:
		return detail == 4
	}
	return false
}
