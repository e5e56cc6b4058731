package web

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// htmxConfig: no inline styles or evaluated code (the policy forbids both), and
// error boxes are shown like any other answer.
const htmxConfig = `{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0,"refreshOnHistoryMiss":true,"defaultSwapStyle":"outerHTML",` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"[45]..","swap":true,"error":true}]}`

func pressed(on bool) string { return strconv.FormatBool(on) }

func languageName(lang string) string {
	if lang == "en" {
		return "English"
	}
	return "Italiano"
}

// familyTabs lead to the rooms that share the navigation's entry.
func familyTabs(d frameData) []Tab {
	tabs := make([]Tab, len(d.family))
	for i, r := range d.family {
		tabs[i] = Tab{Label: d.l.T(r.Key + ".tab"), URL: r.Path, Active: r.Key == d.Room}
	}
	return tabs
}

func first(rooms []Room, n int) []Room { return rooms[:min(n, len(rooms))] }

// initials are up to two letters of a name, or the first of the address.
func initials(u *User) string {
	name := u.Name
	if strings.TrimSpace(name) == "" {
		name = u.Email
	}
	words := strings.Fields(name)
	if len(words) > 2 {
		words = []string{words[0], words[len(words)-1]}
	}
	var b strings.Builder
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
