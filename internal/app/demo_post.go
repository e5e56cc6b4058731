package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"regia/internal/demo"
	"regia/internal/mail"
)

// postOffice is the demo's mail server: it takes mails on this machine, delivers
// none, and knows of some mailboxes that they are gone.
type postOffice struct{}

// demoSender is whose mails it takes.
const demoSender = "ciao@example.it"

// openPostOffice opens it until Regia closes, and has mails go there; not where
// somebody set up a mail server of their own.
func (d *Demo) openPostOffice(ctx context.Context) error {
	a := d.app
	known, err := a.Mail.Settings(ctx)
	if err != nil || known.Ready() && known.From != demoSender {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	x := smtp.NewServer(postOffice{})
	x.Domain, x.ReadTimeout, x.WriteTimeout, x.MaxMessageBytes = "localhost", time.Minute, time.Minute, 1<<20
	x.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = x.Serve(listener) // it ends with Close
	}()
	a.closers = append(a.closers, func() error {
		err := x.Close()
		<-done
		return err
	})
	return a.Mail.Save(ctx, mail.Settings{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Security: mail.Plain, From: demoSender, FromName: demo.Company().Name,
	})
}

func (postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return letterbox{}, nil }

type letterbox struct{}

func (letterbox) Mail(string, *smtp.MailOptions) error { return nil }

func (letterbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	if demo.Refuses(to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
	}
	return nil
}

func (letterbox) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (letterbox) Reset()        {}
func (letterbox) Logout() error { return nil }
