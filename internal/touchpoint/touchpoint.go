package touchpoint

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"regia/internal/experience"
)

// Bilingual is something people read, in both languages of the house.
type Bilingual struct {
	IT string `json:"it" yaml:"it" doc:"in Italian"`
	EN string `json:"en" yaml:"en" doc:"in English"`
}

// In gives the text in a language ("it" or "en"), and the other one where it
// is missing.
func (t Bilingual) In(language string) string {
	first, second := t.EN, t.IT
	if language == "it" {
		first, second = t.IT, t.EN
	}
	if first != "" {
		return first
	}
	return second
}

// Touchpoint is one place where people meet the company.
type Touchpoint struct {
	Key         string               `json:"key"` // slug; never changes, rows of the ledger carry it
	Name        Bilingual            `json:"name"`
	Description Bilingual            `json:"description"`
	Channel     experience.Channel   `json:"channel"`
	Digital     bool                 `json:"digital"` // false: analogue
	Ownership   experience.Ownership `json:"ownership"`
	Stage       experience.Stage     `json:"stage"`
	Department  string               `json:"department"` // who answers for it: one of Departments, or any other slug
	Order       int                  `json:"order"`      // place within its stage, ascending
	// Retired touchpoints are offered no more. They keep their bindings, so
	// that what happened there keeps its name.
	Retired bool `json:"retired"`
	Own     bool `json:"own"` // made here, not by the default catalogue
}

// Departments lists the departments that have a name in both languages. Any
// other slug is a department too, shown as it is written.
var Departments = []string{"marketing", "sales", "shop", "logistics", "care", "product", "it", "hr", "finance"}

var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Limits on what people may write, in characters.
const (
	maxKey         = 60
	maxName        = 80
	maxDescription = 500
)

// clean trims what people wrote and gives the touchpoint a key where it has
// none, made of its name.
func (t Touchpoint) clean() Touchpoint {
	t.Name = Bilingual{strings.TrimSpace(t.Name.IT), strings.TrimSpace(t.Name.EN)}
	t.Description = Bilingual{strings.TrimSpace(t.Description.IT), strings.TrimSpace(t.Description.EN)}
	t.Department = Slug(t.Department)
	t.Key = strings.TrimSpace(t.Key)
	if t.Key == "" {
		t.Key = Slug(t.Name.In("en"))
	}
	return t
}

// Check tells what is wrong with a touchpoint; nil when nothing is. The
// messages of its errors, as all of this room's, are keys of messages.*.json.
func (t Touchpoint) Check() error {
	switch {
	case !slug.MatchString(t.Key) || len(t.Key) > maxKey:
		return invalid("touchpoint.error.key")
	case t.Key == newPath || t.Key == unboundPath:
		return invalid("touchpoint.error.reserved")
	case t.Name.IT == "" && t.Name.EN == "":
		return invalid("touchpoint.error.name")
	case t.Name.longer(maxName):
		return invalid("touchpoint.error.name.long")
	case t.Description.longer(maxDescription):
		return invalid("touchpoint.error.description.long")
	case !slices.Contains(experience.Channels, t.Channel):
		return invalid("touchpoint.error.channel")
	case !slices.Contains(experience.Ownerships, t.Ownership):
		return invalid("touchpoint.error.ownership")
	case !slices.Contains(experience.Stages, t.Stage):
		return invalid("touchpoint.error.stage")
	case !slug.MatchString(t.Department) || len(t.Department) > maxKey:
		return invalid("touchpoint.error.department")
	case t.holdsZero():
		return invalid("touchpoint.error.zero")
	}
	return nil
}

func (t Touchpoint) holdsZero() bool {
	return strings.ContainsRune(t.Name.IT+t.Name.EN+t.Description.IT+t.Description.EN, 0)
}

func (t Bilingual) longer(than int) bool {
	return utf8.RuneCountInString(t.IT) > than || utf8.RuneCountInString(t.EN) > than
}

func invalid(message string) error {
	return &experience.Error{Code: experience.Invalid, Message: message}
}

// Words in the place of a key that the pages' addresses need for themselves.
const (
	newPath     = "new"
	unboundPath = "unbound"
)

// Slug turns words into a key: lower-case letters a to z, digits, single
// hyphens. Letters with accents lose them; anything else parts words.
func Slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		if plain, ok := accents[r]; ok {
			r = plain
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	out := b.String()
	if len(out) > maxKey {
		out = strings.TrimRight(out[:maxKey], "-")
	}
	return out
}

var accents = map[rune]rune{
	'à': 'a', 'á': 'a', 'â': 'a', 'ä': 'a', 'ã': 'a', 'è': 'e', 'é': 'e', 'ê': 'e', 'ë': 'e', 'ì': 'i', 'í': 'i', 'î': 'i', 'ï': 'i',
	'ò': 'o', 'ó': 'o', 'ô': 'o', 'ö': 'o', 'õ': 'o', 'ù': 'u', 'ú': 'u', 'û': 'u', 'ü': 'u', 'ç': 'c', 'ñ': 'n',
}
