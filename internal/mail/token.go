package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"

	"regia/internal/experience"
)

// A token names a queued message where others carry it about: in its
// Message-ID and its return path. It is the message's id and the head of an
// HMAC-SHA-256 of it, so that nobody can make a bounce up: 80 bits are far more
// than can be guessed by mail.
const (
	tokenMAC    = 10
	tokenLength = 42 // of 26 bytes in base 32
)

var (
	tokenText    = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	tokenPattern = regexp.MustCompile(`[a-z2-7]{42}`)
)

func (o *Outbox) token(id experience.ID) string {
	return tokenText.EncodeToString(append(id[:], o.mac(id)...))
}

func (o *Outbox) mac(id experience.ID) []byte {
	h := hmac.New(sha256.New, o.key)
	h.Write([]byte("mail"))
	h.Write(id[:])
	return h.Sum(nil)[:tokenMAC]
}

// tokenIn finds a token of ours in a text: servers may change the case of an
// address, and lay words around it.
func (o *Outbox) tokenIn(text string) (experience.ID, bool) {
	for _, t := range tokenPattern.FindAllString(strings.ToLower(text), -1) {
		raw, err := tokenText.DecodeString(t)
		if err != nil {
			continue
		}
		var id experience.ID
		copy(id[:], raw)
		if hmac.Equal(raw[len(id):], o.mac(id)) {
			return id, true
		}
	}
	return experience.ID{}, false
}
