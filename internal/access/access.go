// Package access says who may come in and what they may do: users and their
// passwords, sessions, links that open a door once, tokens for programs, and
// the settings pages where all of it is kept.
//
// Nothing secret is stored: of passwords an argon2id hash, of everything else
// that opens a door the SHA-256 of 256 random bits. Logs name users by id.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Options says what Access needs.
type Options struct {
	DB     *registry.DB
	Clock  experience.Clock // nil: the machine's
	Logger *slog.Logger     // nil: silent
	// Cost of hashing a password; the zero Cost is the recommended one.
	Cost Cost
	// Address tells where a request comes from, for the limit on sign-ins.
	// nil: the connection's own address, which behind a proxy is the proxy's.
	Address func(*http.Request) string
	// CompanyChanged is called after the company's settings were saved; may be nil.
	CompanyChanged func(context.Context)
}

// Access is the room. It is safe for use by many goroutines.
type Access struct {
	db             *registry.DB
	clock          experience.Clock
	log            *slog.Logger
	passwords      *passwords
	addresses      *limiter // sign-ins by address
	accounts       *limiter // sign-ins by e-mail address
	address        func(*http.Request) string
	companyChanged func(context.Context)
}

// New makes the room.
func New(o Options) *Access {
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Address == nil {
		o.Address = connectionAddress
	}
	if o.CompanyChanged == nil {
		o.CompanyChanged = func(context.Context) {}
	}
	return &Access{
		db: o.DB, clock: o.Clock, log: o.Logger, passwords: newPasswords(o.Cost),
		addresses: newLimiter(20, 6*time.Second), accounts: newLimiter(10, 20*time.Second),
		address: o.Address, companyChanged: o.CompanyChanged,
	}
}

func connectionAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// newSecret gives 256 random bits as 43 characters that need no escaping in a
// URL, a header or a cookie.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b) //nolint:errcheck // it never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// fingerprint is what is stored of a secret. The secret is random and long, so
// that a plain hash cannot be turned back, and looking the hash up tells
// nothing by its timing.
func fingerprint(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

func micros(t time.Time) int64 { return t.UnixMicro() }

// moment reads what micros wrote; 0 is never.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
