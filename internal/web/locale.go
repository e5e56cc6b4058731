package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed messages.it.json messages.en.json
var ownMessages embed.FS

// Languages lists the languages of the pages, the first being the default.
var Languages = []string{"it", "en"}

func knownLanguage(lang string) bool { return lang == "it" || lang == "en" }

func newBundle() *i18n.Bundle {
	b := i18n.NewBundle(language.Italian)
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	return b
}

// addMessages reads both catalogues. Italian has a form for millions ("many"),
// which catalogues need not write: it falls back to "other".
func addMessages(b *i18n.Bundle, fsys fs.FS) error {
	for _, lang := range Languages {
		name := "messages." + lang + ".json"
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("messages: %w", err)
		}
		file, err := i18n.ParseMessageFileBytes(text, lang+".json", map[string]i18n.UnmarshalFunc{"json": json.Unmarshal})
		if err != nil {
			return fmt.Errorf("messages %s: %w", name, err)
		}
		for _, m := range file.Messages {
			if m.Many == "" {
				m.Many = m.Other
			}
			if m.One == "" {
				m.One = m.Other
			}
		}
		if err := b.AddMessages(file.Tag, file.Messages...); err != nil {
			return fmt.Errorf("messages %s: %w", name, err)
		}
	}
	return nil
}

var languageMatcher = language.NewMatcher([]language.Tag{language.Italian, language.English})

// chooseLanguage: the user's setting, the cookie, the browser's wish, Italian.
func chooseLanguage(r *http.Request, u *User) string {
	if u != nil && knownLanguage(u.Language) {
		return u.Language
	}
	if c, err := r.Cookie("lang"); err == nil && knownLanguage(c.Value) {
		return c.Value
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return Languages[0]
	}
	_, index, confidence := languageMatcher.Match(tags...)
	if confidence == language.No {
		return "en" // somebody who reads neither will rather guess English
	}
	return Languages[index]
}

// Locale speaks one language: texts, numbers, money, dates in the company's
// time zone. It is made per request and used by one goroutine.
type Locale struct {
	lang   string
	zone   *time.Location
	bundle *i18n.Bundle
	texts  *i18n.Localizer
	now    time.Time
}

// Locale makes a Locale; an unknown language is Italian, a nil zone is UTC.
func (s *Site) Locale(lang string, zone *time.Location) *Locale {
	l := newLocale(s.bundle, lang, zone)
	l.now = s.options.Clock()
	return l
}

func newLocale(b *i18n.Bundle, lang string, zone *time.Location) *Locale {
	if !knownLanguage(lang) {
		lang = Languages[0]
	}
	if zone == nil {
		zone = time.UTC
	}
	return &Locale{lang: lang, zone: zone, bundle: b, texts: i18n.NewLocalizer(b, lang)}
}

// Lang is "it" or "en".
func (l *Locale) Lang() string { return l.lang }

// Zone is the time zone days are cut in.
func (l *Locale) Zone() *time.Location { return l.zone }

// T gives the text of a key. args are a map[string]any or pairs of name and
// value; whole numbers are written the reader's way, and the one called "n"
// chooses between singular and plural. A missing key is shown as it is.
func (l *Locale) T(key string, args ...any) string {
	text, ok := l.lookup(key, args...)
	if !ok {
		return key
	}
	return text
}

// Has tells whether there is a text for key.
func (l *Locale) Has(key string) bool {
	if !strings.Contains(key, ".") || strings.ContainsAny(key, " \n") {
		return false
	}
	_, ok := l.lookup(key, "n", 2)
	return ok
}

func (l *Locale) lookup(key string, args ...any) (string, bool) {
	data, n := l.arguments(args)
	text, err := l.texts.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n})
	if text == "" && err != nil {
		return "", false
	}
	return text, true
}

// arguments makes template data out of pairs or a map, and finds the count.
func (l *Locale) arguments(args []any) (map[string]any, any) {
	data := map[string]any{}
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			for k, v := range m {
				data[k] = v
			}
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	var n any
	for k, v := range data {
		count, whole := wholeNumber(v)
		if !whole {
			continue
		}
		if k == "n" {
			n = count
		}
		data[k] = l.N(count)
	}
	return data, n
}

func wholeNumber(v any) (int64, bool) {
	switch x := v.(type) {
	case int:
		return int64(x), true
	case int32:
		return int64(x), true
	case int64:
		return x, true
	case uint64:
		return int64(x), true
	}
	return 0, false
}
