package experience

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewIdentifier(t *testing.T) {
	for _, c := range []struct {
		kind        IdentifierKind
		value, want string // "" names nobody
	}{
		{UserID, " 42 ", "42"},
		{UserID, "0", ""}, {UserID, "-1", ""}, {UserID, "null", ""}, {UserID, "Undefined", ""}, {UserID, "anonymous", ""},
		{UserID, "00000000-0000-0000-0000-000000000000", ""}, {UserID, "0.0", ""}, {UserID, "", ""}, {UserID, "NaN", ""},
		{UserID, "a\x00b", ""}, {UserID, strings.Repeat("x", MaxIdentifierLength+1), ""}, {UserID, "007", "007"},
		{EmailID, " Anna.Rossi@Example.IT ", "anna.rossi@example.it"}, {EmailID, "mailto:a@x.it", "a@x.it"}, {EmailID, "a b@x.it", "ab@x.it"},
		{EmailID, "no address", ""}, {EmailID, "@x.it", ""}, {EmailID, "a@x", ""}, {EmailID, "a@b@c.it", ""}, {EmailID, "null@null.com", ""},
		{PhoneID, "06 1234 5678", "+390612345678"}, {PhoneID, "+39 06-1234-5678", "+390612345678"}, {PhoneID, "0039 0612345678", "+390612345678"},
		{PhoneID, "+44 20 7946 0958", "+442079460958"}, {PhoneID, "12", ""}, {PhoneID, "call me", ""}, {PhoneID, "0000000000", ""},
		{LoyaltyCard, "ab 12-34", "AB1234"}, {LoyaltyCard, "0000", ""},
		{AnonymousID, "e\u0301", "\u00e9"}, // Unicode NFC
		{"tax_code", "RSSMRA80A01H501U", "RSSMRA80A01H501U"}, {"Tax Code", "x", ""}, {"", "x", ""},
	} {
		got, ok := NewIdentifier(c.kind, c.value, "IT")
		if got.Value != c.want || ok != (c.want != "") {
			t.Errorf("%s %q: %q %v, want %q", c.kind, c.value, got.Value, ok, c.want)
		}
	}
}

// Normalising twice is normalising once: what the books hold is found again.
func TestNormalFormIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]IdentifierKind{UserID, EmailID, PhoneID, LoyaltyCard, AnonymousID, DeviceID, "custom"}).Draw(t, "kind")
		once, ok := NewIdentifier(kind, rapid.String().Draw(t, "value"), "IT")
		if !ok {
			return
		}
		if twice, ok := NewIdentifier(kind, once.Value, "IT"); !ok || twice != once {
			t.Fatalf("%q becomes %q %v", once.Value, twice.Value, ok)
		}
	})
}

func TestSubjectIsOfTheSet(t *testing.T) {
	a, b := Identifier{UserID, "1"}, Identifier{EmailID, "a@x.it"}
	key := []byte("k")
	if SubjectID(key, []Identifier{a, b}) != SubjectID(key, []Identifier{b, a, b}) {
		t.Error("order and repetition do not matter")
	}
	if SubjectID(key, []Identifier{a}) == SubjectID(key, []Identifier{b}) || SubjectID(key, []Identifier{a}) == SubjectID([]byte("l"), []Identifier{a}) {
		t.Error("other names, or another key, give another subject")
	}
	if !SubjectID(key, nil).IsZero() {
		t.Error("nobody has no id")
	}
}

func FuzzIdentifier(f *testing.F) {
	f.Add("email", " A@B.it")
	f.Add("phone", "+39 06 1234 5678")
	f.Fuzz(func(t *testing.T, kind, value string) {
		once, ok := NewIdentifier(IdentifierKind(kind), value, "IT")
		if !ok {
			return
		}
		if twice, again := NewIdentifier(once.Kind, once.Value, "IT"); !again || twice != once {
			t.Fatalf("%q %q", once, twice)
		}
	})
}
