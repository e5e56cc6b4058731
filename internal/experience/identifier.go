package experience

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// IdentifierKind says what sort of name for a person an identifier is.
type IdentifierKind string

// The built-in kinds. Any other lower-case word is a custom kind.
const (
	UserID      IdentifierKind = "user_id"
	EmailID     IdentifierKind = "email"
	PhoneID     IdentifierKind = "phone"
	LoyaltyCard IdentifierKind = "loyalty_card"
	AnonymousID IdentifierKind = "anonymous_id"
	DeviceID    IdentifierKind = "device"
)

// Rank orders kinds by how surely one names a single person: 0 is the surest.
// Custom kinds stand between the personal and the technical ones.
func (k IdentifierKind) Rank() int {
	switch k {
	case UserID:
		return 0
	case LoyaltyCard:
		return 1
	case EmailID:
		return 2
	case PhoneID:
		return 3
	case DeviceID:
		return 5
	case AnonymousID:
		return 6
	}
	return customRank
}

const customRank = 4

// Personal tells whether people know this kind of identifier by heart and hand
// it out themselves (a card, an address, a number), as against a browser's or
// a device's.
func (k IdentifierKind) Personal() bool {
	return k == LoyaltyCard || k == EmailID || k == PhoneID
}

// Technical tells whether this kind names a browser or a device, and so nobody
// whom one could call by it.
func (k IdentifierKind) Technical() bool { return k == AnonymousID || k == DeviceID }

// Identifier is one name a person goes by.
type Identifier struct {
	Kind  IdentifierKind `json:"kind"`
	Value string         `json:"value"`
}

// String gives "kind:value".
func (i Identifier) String() string { return string(i.Kind) + ":" + i.Value }

// Compare orders identifiers: the surest kind first, then kind, then value.
func (i Identifier) Compare(o Identifier) int {
	if c := i.Kind.Rank() - o.Kind.Rank(); c != 0 {
		return c
	}
	if c := strings.Compare(string(i.Kind), string(o.Kind)); c != 0 {
		return c
	}
	return strings.Compare(i.Value, o.Value)
}

var kindPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseIdentifier reads "kind:value" and normalises it.
func ParseIdentifier(s, region string) (Identifier, error) {
	kind, value, ok := strings.Cut(s, ":")
	if !ok || !kindPattern.MatchString(kind) {
		return Identifier{}, Errorf(Invalid, "%q is not an identifier: write it as kind:value, for example email:anna@example.it", s)
	}
	id, ok := NewIdentifier(IdentifierKind(kind), value, region)
	if !ok {
		return Identifier{}, Errorf(Invalid, "%q identifies nobody", s)
	}
	return id, nil
}

// MaxIdentifierLength is the longest value, in bytes, that may name somebody.
const MaxIdentifierLength = 512

// NewIdentifier normalises a value and tells whether it can name anybody.
// E-mail addresses lose blanks and case; phone numbers become E.164 where
// region (ISO 3166, for numbers without a country code) makes them valid, else
// they name nobody; everything is trimmed and put in Unicode NFC. Blocked
// values ("0", "null", "anonymous", all zeros, ...) name nobody.
func NewIdentifier(kind IdentifierKind, value, region string) (Identifier, bool) {
	if !kind.builtIn() && !kindPattern.MatchString(string(kind)) {
		return Identifier{}, false
	}
	v := strings.TrimSpace(norm.NFC.String(strings.ToValidUTF8(value, "")))
	if v == "" || len(v) > MaxIdentifierLength || strings.ContainsRune(v, 0) || blocked(v) { // NUL: no text to PostgreSQL
		return Identifier{}, false
	}
	switch kind {
	case EmailID:
		v = normaliseEmail(v)
	case PhoneID:
		v = normalisePhone(v, region)
	case LoyaltyCard:
		v = strings.ToUpper(strings.Map(dropSeparators, v))
	}
	if v == "" || blocked(v) {
		return Identifier{}, false
	}
	return Identifier{Kind: kind, Value: v}, true
}

func (k IdentifierKind) builtIn() bool { return k.Rank() != customRank }

func dropSeparators(r rune) rune {
	if unicode.IsSpace(r) || r == '-' || r == '.' {
		return -1
	}
	return r
}

func normaliseEmail(v string) string {
	v = strings.ToLower(strings.Join(strings.Fields(v), ""))
	v = strings.TrimPrefix(v, "mailto:")
	local, domain, ok := strings.Cut(v, "@")
	if !ok || local == "" || !strings.Contains(domain, ".") || strings.Contains(domain, "@") ||
		strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || blocked(local) && blocked(strings.Split(domain, ".")[0]) {
		return ""
	}
	return v
}

func normalisePhone(v, region string) string {
	if region == "" {
		region = "IT"
	}
	n, err := phonenumbers.Parse(v, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// Values that programs write where they know nobody. Lower case.
var blockedValues = map[string]bool{
	"-1": true, "null": true, "nil": true, "none": true, "undefined": true, "nan": true, "n/a": true, "na": true,
	"anonymous": true, "anonimo": true, "guest": true, "ospite": true, "unknown": true, "sconosciuto": true,
	"true": true, "false": true, "[object object]": true, "not set": true, "(not set)": true, "not_set": true,
	"test": true, "default": true, "invalid": true, "empty": true, "void": true, "id": true, "user": true, "user_id": true,
	"userid": true, "distinct_id": true, "anonymous_id": true, "anonymousid": true, "-": true, ".": true, "?": true, "{}": true, "[]": true, "\"\"": true, "''": true,
}

// blocked tells whether a value is one of those that programs write where they
// know nobody: a fixed list, and anything made of zeros and separators only.
func blocked(v string) bool {
	if blockedValues[strings.ToLower(v)] {
		return true
	}
	zeros := false
	for _, r := range v {
		switch {
		case r == '0':
			zeros = true
		case r == '-' || r == '.' || r == ':' || r == 'x' || r == '+' || unicode.IsSpace(r):
		default:
			return false
		}
	}
	return zeros
}

// Canonical sorts identifiers and drops repetitions: the form in which a set of
// them is hashed into a subject.
func Canonical(ids []Identifier) []Identifier {
	out := append([]Identifier(nil), ids...)
	slices.SortFunc(out, Identifier.Compare)
	n := 0
	for i, id := range out {
		if i == 0 || id != out[n-1] {
			out[n] = id
			n++
		}
	}
	return out[:n]
}

// SubjectID hashes a set of normalised identifiers. The empty set has the zero
// id: nobody. The key is the installation's own, so that an id cannot be
// guessed from an address.
func SubjectID(key []byte, ids []Identifier) ID {
	if len(ids) == 0 {
		return ID{}
	}
	return NewHasher(key).SubjectID(Canonical(ids))
}
