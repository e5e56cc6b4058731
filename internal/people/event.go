package people

import (
	"strings"
	"unicode"

	"regia/internal/experience"
	"regia/internal/web"
)

// EventTitle says what somebody did in words of the reader's language, where
// the event's name is a common one; else as the sender wrote it.
func EventTitle(l *web.Locale, kind experience.Kind, name string) string {
	if kind == experience.Track {
		if key := "people.event." + eventKey(name); name != "" && l.Has(key) {
			return l.T(key)
		}
		if name != "" {
			return name
		}
	}
	if name != "" && (kind == experience.PageView || kind == experience.Screen) {
		return name
	}
	return l.T("people.kind." + string(kind))
}

// eventKey writes "Order Completed", "orderCompleted" and "order-completed" alike.
func eventKey(name string) string {
	var b strings.Builder
	gap := false
	var before rune
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			gap = b.Len() > 0
		default:
			if gap || unicode.IsUpper(r) && unicode.IsLower(before) {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		}
		before = r
	}
	return b.String()
}
