package web

import (
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

func locales(t *testing.T) (it, en *Locale) {
	t.Helper()
	s := testSite(t, nil)
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return s.Locale("it", rome), s.Locale("en", rome)
}

func TestFormats(t *testing.T) {
	it, en := locales(t)
	day := time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC) // already the 22nd in Rome
	for _, c := range []struct{ what, got, want string }{
		{"N", it.N(1234567), "1.234.567"}, {"N", en.N(1234567), "1,234,567"}, {"N", it.N(1234), "1.234"},
		{"N", it.N(999), "999"}, {"N", it.N(0), "0"}, {"N", it.N(-1234), "−1.234"}, {"N", it.N(math.MinInt64), "−9.223.372.036.854.775.808"},
		{"Decimal", it.Decimal(1234.56, 1), "1.234,6"}, {"Decimal", en.Decimal(0.5, 2), "0.50"}, {"Decimal", it.Decimal(-0.001, 1), "0,0"},
		{"Decimal", it.Decimal(math.NaN(), 1), "–"}, {"Decimal", it.Decimal(math.Inf(1), 1), "–"},
		{"Percent", it.Percent(0.38), "38\u202f%"}, {"Percent", en.Percent(0.38), "38%"}, {"Percent", it.Percent(0.054), "5,4\u202f%"},
		{"Percent", it.Percent(0.05), "5\u202f%"}, {"Percent", it.Percent(0), "0\u202f%"}, {"Percent", it.Percent(12.5), "1.250\u202f%"},
		{"PercentChange", it.PercentChange(0.38), "+38\u202f%"}, {"PercentChange", en.PercentChange(-0.38), "−38%"},
		{"Money", it.Money(123450, "EUR"), "1.234,50\u00a0€"}, {"Money", en.Money(123450, "EUR"), "€1,234.50"},
		{"Money", it.Money(-5, "EUR"), "−0,05\u00a0€"}, {"Money", en.Money(-123450, "USD"), "−$1,234.50"},
		{"Money", it.Money(1234, "JPY"), "1.234\u00a0¥"}, {"Money", en.Money(100, "PLN"), "PLN\u00a01.00"}, {"Money", it.Money(1234567, "TND"), "1.234,567\u00a0TND"},
		{"Date", it.Date(day), "22 nov 2026"}, {"Date", en.Date(day), "22 Nov 2026"}, {"Date", it.Date(time.Time{}), "–"},
		{"DateTime", it.DateTime(day), "22 nov 2026, 00:30"}, {"Time", en.Time(day), "00:30"},
		{"Day", it.Day(day), "22 nov"}, {"Month", it.Month(day), "nov 2026"},
		{"Ago", it.Ago(testNow.Add(-3*time.Second), testNow), "adesso"}, {"Ago", it.Ago(testNow.Add(time.Hour), testNow), "adesso"},
		{"Ago", it.Ago(testNow.Add(-time.Minute), testNow), "1 minuto fa"}, {"Ago", en.Ago(testNow.Add(-5*time.Minute), testNow), "5 minutes ago"},
		{"Ago", it.Ago(testNow.Add(-25*time.Hour), testNow), "ieri"}, {"Ago", it.Ago(testNow.Add(-49*time.Hour), testNow), "2 giorni fa"},
		{"Ago", it.Ago(testNow.Add(-40*24*time.Hour), testNow), "13 ott 2026"}, {"Ago", it.Ago(time.Time{}, testNow), "mai"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

// Whatever the amount, taking the signs away gives the digits back.
func TestMoneyLosesNothing(t *testing.T) {
	it, _ := locales(t)
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64().Draw(t, "minor")
		digits := func(s string) string {
			return strings.TrimLeft(strings.Map(func(r rune) rune {
				if isDigit(r) {
					return r
				}
				return -1
			}, s), "0")
		}
		got := it.Money(minor, "EUR")
		if digits(got) != digits(fmt.Sprint(minor)) || strings.HasPrefix(got, minusSign) != (minor < 0) {
			t.Fatalf("%d became %s", minor, got)
		}
	})
}

func TestTexts(t *testing.T) {
	s := testSite(t, nil)
	err := s.Messages(fstest.MapFS{
		"messages.it.json": {Data: []byte(`{"x.hi": "Ciao {{.name}}", "x.n": {"one": "{{.n}} persona", "other": "{{.n}} persone"}}`)},
		"messages.en.json": {Data: []byte(`{"x.hi": "Hello {{.name}}", "x.n": {"one": "{{.n}} person", "other": "{{.n}} people"}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	it, en := s.Locale("it", nil), s.Locale("en", nil)
	for _, c := range []struct{ got, want string }{
		{it.T("x.hi", "name", "Ada"), "Ciao Ada"}, {en.T("x.hi", map[string]any{"name": "Ada"}), "Hello Ada"},
		{it.T("x.n", "n", 1), "1 persona"}, {it.T("x.n", "n", 1204), "1.204 persone"}, {en.T("x.n", "n", int64(1204)), "1,204 people"},
		{it.T("x.n", "n", 1_000_000), "1.000.000 persone"}, {it.T("x.n", "n", 0), "0 persone"},
		{it.T("x.missing"), "x.missing"}, {it.T("A sentence, not a key."), "A sentence, not a key."},
		{it.Explain(experience.Errorf(experience.NotFound, "web.error.notfound")), "A questo indirizzo non c'è nulla."},
		{it.Explain(experience.Errorf(experience.Invalid, "as it is")), "as it is"},
		{it.Explain(fmt.Errorf("secret")), "C'è stato un problema dalla parte di Regia."},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if it.Has("x.missing") || !it.Has("x.n") {
		t.Error("Has")
	}
}

func TestOwnMessages(t *testing.T) {
	CheckMessages(t, ownMessages)
	it, _ := locales(t)
	var keys []string
	for _, c := range experience.Channels {
		keys = append(keys, "web.channel."+string(c))
		if !HasIcon(string(c)) {
			t.Errorf("no icon for channel %s", c)
		}
	}
	for _, c := range experience.Stages {
		keys = append(keys, "web.stage."+string(c))
	}
	for _, r := range experience.Roles {
		keys = append(keys, "web.role."+string(r))
	}
	for _, status := range []int{400, 401, 403, 404, 409, 413, 429, 500, 503} {
		keys = append(keys, "web.error.title."+errorKind(status), "web.error.next."+errorKind(status))
	}
	for _, k := range keys {
		if !it.Has(k) {
			t.Errorf("no text for %s", k)
		}
	}
}

// faults counts what CheckMessages finds.
type faults struct{ n int }

func (f *faults) Helper()               {}
func (f *faults) Errorf(string, ...any) { f.n++ }

func TestCheckMessagesFinds(t *testing.T) {
	for _, c := range []struct {
		it, en string
		want   int
	}{
		{`{"a": "x"}`, `{"a": "y"}`, 0},
		{`{"a": "x", "b": "x"}`, `{"a": "y"}`, 1},
		{`{"a": "x {{.n}}"}`, `{"a": "y"}`, 2},
		{`{"a": ""}`, `{"a": "y"}`, 1},
		{`{"a": {"one": "x {{.n}}", "other": "x {{.n}}"}}`, `{"a": {"one": "y", "other": "y {{.n}}"}}`, 0},
		{`{"a": {"other": "x"}}`, `{"a": {"one": "y", "other": "y"}}`, 1},
		{`{"a": 3}`, `{"a": "y"}`, 1},
		{`{`, `{}`, 1},
	} {
		f := &faults{}
		CheckMessages(f, fstest.MapFS{"messages.it.json": {Data: []byte(c.it)}, "messages.en.json": {Data: []byte(c.en)}})
		if f.n != c.want {
			t.Errorf("%s / %s: %d faults, want %d", c.it, c.en, f.n, c.want)
		}
	}
}

func TestLanguageChoice(t *testing.T) {
	for _, c := range []struct{ user, cookie, accept, want string }{
		{"", "", "", "it"}, {"", "", "en-GB,en;q=0.9", "en"}, {"", "", "it-CH", "it"}, {"", "", "de,en;q=0.5,it;q=0.4", "en"},
		{"", "", "ja", "en"}, {"", "", "§§", "it"}, {"", "en", "it", "en"}, {"", "xx", "it", "it"},
		{"it", "en", "en", "it"}, {"xx", "en", "it", "en"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.Header.Set("Cookie", "lang="+c.cookie)
		}
		if got := chooseLanguage(r, &User{Language: c.user}); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"Giulia Ferraris": "G••• F•••", "giulia@esempio.it": "g•••", "+39 333 5550101": "•••", "333 555": "•••",
		"": "", "  ": "", "Élodie": "É•••", "CARD-8871": "C•••",
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}
