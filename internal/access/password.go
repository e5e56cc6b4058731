package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"regia/internal/experience"
)

// Cost is what hashing one password takes: memory in KiB, passes over it, and
// threads. Hashes made at another cost are renewed when their owner signs in.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Threads   uint8
}

// The cost OWASP recommends for argon2id, the least memory it accepts: the
// server shares its machine with the books.
var recommended = Cost{MemoryKiB: 19 * 1024, Passes: 2, Threads: 1}

const (
	saltLength = 16
	hashLength = 32
	// At most hashing at once, so that many sign-ins cost 38 MB and not all
	// there is; at most queueing wait for their turn.
	hashing  = 2
	queueing = 64
	// Lengths of a password in characters and in bytes.
	minPassword = 10
	maxPassword = 1024
)

// passwords hashes and checks, a few at a time.
type passwords struct {
	cost    Cost
	working chan struct{}
	waiting chan struct{}
	decoy   string // checked where there is no such user, to take as long
}

func newPasswords(c Cost) *passwords {
	if c == (Cost{}) {
		c = recommended
	}
	decoy := make([]byte, saltLength+hashLength)
	rand.Read(decoy) //nolint:errcheck // it never fails (crypto/rand)
	return &passwords{cost: c, working: make(chan struct{}, hashing), waiting: make(chan struct{}, queueing),
		decoy: encodeHash(c, decoy[:saltLength], decoy[saltLength:])}
}

// checkPassword says what is wrong with a new password; nil when nothing is.
func checkPassword(password, email, name string) error {
	p := strings.ToLower(norm.NFC.String(password))
	local, _, _ := strings.Cut(email, "@")
	switch {
	case utf8.RuneCountInString(p) < minPassword:
		return errPasswordShort
	case len(p) > maxPassword:
		return errPasswordLong
	case p == email, p == local, p == strings.ToLower(name), obvious(p):
		return errPasswordObvious
	}
	return nil
}

var (
	errPasswordShort   = experience.Errorf(experience.Invalid, "the password needs at least 10 characters")
	errPasswordLong    = experience.Errorf(experience.Invalid, "the password is too long")
	errPasswordObvious = experience.Errorf(experience.Invalid, "the password is too easy to guess")
	errBusy            = experience.Errorf(experience.Unavailable, "too many people are signing in at once; please try again in a moment")
)

// obvious tells passwords that are tried first: few different characters, runs
// along the keyboard, the well-known words with figures behind them.
func obvious(p string) bool {
	different := map[rune]bool{}
	for _, r := range p {
		different[r] = true
	}
	if len(different) < 4 {
		return true
	}
	for _, run := range []string{"01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv"} {
		if strings.Contains(run, p) {
			return true
		}
	}
	switch strings.TrimRight(p, "0123456789!.?-_") {
	case "password", "passwort", "parola", "regia", "admin", "administrator", "amministratore", "welcome", "benvenuto",
		"benvenuti", "qwerty", "qwertyuiop", "letmein", "iloveyou", "tiamo", "juventus", "forzajuve", "forzaitalia", "changeme":
		return true
	}
	return false
}

// hash gives the PHC string of a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltLength)
	rand.Read(salt) //nolint:errcheck // it never fails (crypto/rand)
	return encodeHash(p.cost, salt, derive(password, salt, p.cost, hashLength)), nil
}

// matches tells whether password is the one behind a PHC string, and whether
// the string should be made anew. An empty or unreadable string matches
// nothing, in the same time.
func (p *passwords) matches(ctx context.Context, stored, password string) (ok, renew bool, err error) {
	cost, salt, want, readable := decodeHash(stored)
	if !readable {
		cost, salt, want, _ = decodeHash(p.decoy)
	}
	done, err := p.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	got := derive(password, salt, cost, uint32(len(want)))
	ok = subtle.ConstantTimeCompare(got, want) == 1 && readable
	return ok, ok && cost != p.cost, nil
}

func derive(password string, salt []byte, c Cost, length uint32) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.Passes, c.MemoryKiB, c.Threads, length)
}

// turn waits until there is room for one more hash.
func (p *passwords) turn(ctx context.Context) (done func(), err error) {
	select {
	case p.waiting <- struct{}{}:
	default:
		return nil, errBusy
	}
	defer func() { <-p.waiting }()
	select {
	case p.working <- struct{}{}:
		return func() { <-p.working }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func encodeHash(c Cost, salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, c.Threads,
		b64.EncodeToString(salt), b64.EncodeToString(hash))
}

func decodeHash(s string) (c Cost, salt, hash []byte, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Passes, &c.Threads); err != nil ||
		c.Passes == 0 || c.Threads == 0 {
		return c, nil, nil, false
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err := b64.DecodeString(parts[4])
	if err != nil {
		return c, nil, nil, false
	}
	hash, err = b64.DecodeString(parts[5])
	if err != nil || len(hash) < 16 {
		return c, nil, nil, false
	}
	return c, salt, hash, true
}
