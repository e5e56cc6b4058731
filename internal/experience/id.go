package experience

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql/driver"
	"fmt"
	"hash"
	"sync"

	"github.com/google/uuid"
)

// ID is 128 bits, written as a UUID. The zero ID means "none".
type ID [16]byte

// NewID gives a fresh, time-ordered id (RFC 9562 version 7).
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// HashID derives an id from a key and parts: always the same for the same
// input, and not to be guessed without the key (HMAC-SHA-256, RFC 9562
// version 8). Parts are length-prefixed, so ("a","bc") differs from ("ab","c").
func HashID(key []byte, parts ...string) ID { return NewHasher(key).HashID(parts...) }

// Hasher gives the ids of one key, many of them fast. It is safe for use by
// many goroutines.
type Hasher struct{ idle sync.Pool }

// NewHasher makes the Hasher of a key.
func NewHasher(key []byte) *Hasher {
	h := &Hasher{}
	h.idle.New = func() any { return &hashing{mac: hmac.New(sha256.New, key)} }
	return h
}

// hashing is one hash on its way.
type hashing struct {
	mac      hash.Hash
	text     []byte
	digest   []byte
	finished bool
}

func (s *hashing) part(p string) {
	l := len(p)
	s.text = append(append(s.text, byte(l>>24), byte(l>>16), byte(l>>8), byte(l)), p...)
}

func (h *Hasher) begin() *hashing {
	s := h.idle.Get().(*hashing)
	s.text = s.text[:0]
	return s
}

func (h *Hasher) end(s *hashing) ID {
	if s.finished {
		s.mac.Reset()
	}
	s.finished = true
	s.mac.Write(s.text)
	s.digest = s.mac.Sum(s.digest[:0])
	var id ID
	copy(id[:], s.digest)
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	h.idle.Put(s)
	return id
}

// HashID is the function HashID with the Hasher's key.
func (h *Hasher) HashID(parts ...string) ID {
	s := h.begin()
	for _, p := range parts {
		s.part(p)
	}
	return h.end(s)
}

// SubjectID is the function SubjectID with the Hasher's key, for identifiers
// that are canonical already.
func (h *Hasher) SubjectID(canonical []Identifier) ID {
	if len(canonical) == 0 {
		return ID{}
	}
	s := h.begin()
	for _, i := range canonical {
		s.part(string(i.Kind))
		s.part(i.Value)
	}
	return h.end(s)
}

// ParseID reads a UUID's text form.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil {
		return ID{}, Errorf(Invalid, "%q is not an id", s)
	}
	return ID(u), nil
}

// IsZero tells whether id means "none".
func (id ID) IsZero() bool { return id == ID{} }

// String gives the UUID's text form, and "" for the zero id.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// MarshalText writes the UUID's text form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the UUID's text form; empty text is the zero id.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	p, err := ParseID(string(b))
	*id = p
	return err
}

// Value stores an id as text, and the zero id as NULL.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id.String(), nil
}

// Scan reads what Value stored, or 16 raw bytes.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID{}
		return nil
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		if len(v) == 16 {
			copy(id[:], v)
			return nil
		}
		return id.UnmarshalText(v)
	case [16]byte:
		*id = v
		return nil
	}
	return fmt.Errorf("cannot read an id from %T", src)
}
