package mail

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"strings"

	"golang.org/x/net/idna"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Security is how the way to the mail server is protected.
type Security string

// The ways. Plain is for a server on this machine only.
const (
	StartTLS Security = "starttls" // in the clear at first, then TLS or nothing; port 587
	TLS      Security = "tls"      // TLS from the first byte; port 465
	Plain    Security = "none"
)

// Settings say by which server mails go, and in whose name. They stand in the
// registry, the password and the signing key as well: as its other secrets do,
// for the owner of the data folder alone.
type Settings struct {
	Host     string   `json:"host"` // "" = no mail is sent
	Port     int      `json:"port"`
	Security Security `json:"security"`
	User     string   `json:"user"` // "" = without signing in
	Password string   `json:"password"`
	FromName string   `json:"from_name"`
	From     string   `json:"from"`
	ReplyTo  string   `json:"reply_to"`
	Bounces  string   `json:"bounces"` // address bounces come back to; "" = the sender's
	DKIM     DKIM     `json:"dkim"`
}

// settingsKey is that of the registry's settings table.
const settingsKey = "mail"

// Ready tells whether mails can be sent at all.
func (s Settings) Ready() bool { return s.Host != "" && s.From != "" }

func (s Settings) bounces() string {
	if s.Bounces != "" {
		return s.Bounces
	}
	return s.From
}

// returnPath is where a bounce of one message goes: the bounces' address with
// the message's token after a plus (a variable envelope return path, VERP).
func (s Settings) returnPath(token string) string {
	local, domain, _ := strings.Cut(s.bounces(), "@")
	return local + "+" + token + "@" + domain
}

// maxBounces is how long the local part of the bounces' address may be, so
// that a token fits behind it.
const maxBounces = maxLocal - 1 - tokenLength

// checked gives settings as they can be used; Invalid with the reason else.
func (s Settings) checked() (Settings, error) {
	invalid := func(key string) error { return experience.Errorf(experience.Invalid, "mail.error.%s", key) }
	s.Host, s.FromName = strings.ToLower(strings.TrimSpace(s.Host)), line(s.FromName, maxName)
	if s.Host == "" {
		return s, nil
	}
	ascii, err := idna.Lookup.ToASCII(s.Host)
	if net.ParseIP(s.Host) == nil && (err != nil || strings.ContainsAny(ascii, "/:@ ")) {
		return s, invalid("host")
	}
	if net.ParseIP(s.Host) == nil {
		s.Host = ascii
	}
	switch {
	case s.Port < 1 || s.Port > 65535:
		return s, invalid("port")
	case s.Security != StartTLS && s.Security != TLS && s.Security != Plain:
		return s, invalid("security")
	case s.Security == Plain && !local(s.Host):
		return s, invalid("plain")
	case len(s.User) > 200 || len(s.Password) > 1000 || strings.ContainsAny(s.User+s.Password, "\r\n\x00"):
		return s, invalid("password")
	}
	if s.From, err = Address(s.From); err != nil {
		return s, invalid("from")
	}
	for _, a := range []struct {
		text *string
		key  string
	}{{&s.ReplyTo, "reply"}, {&s.Bounces, "bounces"}} {
		if *a.text = strings.TrimSpace(*a.text); *a.text == "" {
			continue
		}
		if *a.text, err = Address(*a.text); err != nil {
			return s, invalid(a.key)
		}
	}
	if strings.IndexByte(s.bounces(), '@') > maxBounces {
		return s, invalid("bounces.long")
	}
	return s, nil
}

// local tells whether a host is this very machine.
func local(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost"
}

// Settings gives what is set; with a key of its own from the first time on.
func (o *Outbox) Settings(ctx context.Context) (s Settings, err error) {
	err = o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		s, err = loadSettings(ctx, tx)
		return err
	})
	return s, err
}

func loadSettings(ctx context.Context, tx registry.Tx) (Settings, error) {
	s := Settings{Port: 587, Security: StartTLS}
	var text string
	err := tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, settingsKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(text), &s)
}

// Save checks and keeps settings. An empty password keeps the one there is, as
// long as user and server stay: it must not be sent to another server by
// somebody who does not know it. The signing key is kept, and made where there
// is none.
func (o *Outbox) Save(ctx context.Context, s Settings) error {
	s, err := s.checked()
	if err != nil {
		return err
	}
	fresh, err := NewDKIM()
	if err != nil {
		return err
	}
	err = o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		was, err := loadSettings(ctx, tx)
		if err != nil {
			return err
		}
		now := s
		if now.Password == "" && now.User != "" && now.User == was.User {
			if was.Password != "" && (now.Host != was.Host || now.Security == Plain && was.Security != Plain) {
				return experience.Errorf(experience.Invalid, "mail.error.again")
			}
			now.Password = was.Password
		}
		off := now.DKIM.Off
		if now.DKIM = was.DKIM; now.DKIM.Key == "" {
			now.DKIM = fresh
		}
		now.DKIM.Off = off
		text, err := json.Marshal(now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, settingsKey, string(text))
		return err
	})
	if err == nil {
		o.trouble.Store(nil)
		o.Wake()
	}
	return err
}
