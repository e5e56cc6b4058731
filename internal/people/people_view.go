package people

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"regia/internal/experience"
	"regia/internal/web"
)

// listID is the element that the search refreshes.
const listID = "people-list"

type listView struct {
	q      string
	people []Summary
	counts Counts
	more   string
}

func listAnswer(ctx context.Context, v listView) string {
	anonymous := v.counts.All - v.counts.Known
	known := web.T(ctx, "people.known", "n", v.counts.Known)
	switch {
	case v.counts.All == 0:
		return web.T(ctx, "people.answer.none")
	case anonymous == 0:
		return web.T(ctx, "people.answer.known", "known", known)
	}
	return web.T(ctx, "people.answer", "known", known, "anonymous", web.T(ctx, "people.anonymous.count", "n", anonymous))
}

// second is the other thing a person is told by, below their name.
func (e Essential) second() string {
	for _, s := range []string{e.Email, e.Phone, e.LoyaltyCard} {
		if s != e.label() && s != "" {
			return s
		}
	}
	return ""
}

// mark tells anonymous visitors apart: the end of their id.
func (s Summary) mark() string {
	id := s.ID.String()
	return id[len(id)-4:]
}

// since says when somebody without a name was first seen.
func (s Summary) since(l *web.Locale) string {
	if s.FirstSeen.IsZero() {
		return l.T("people.anonymous.note")
	}
	return l.T("people.anonymous.since", "date", l.Date(s.FirstSeen))
}

// initials of a name; a dot for who has none or may not be seen.
func initials(ctx context.Context, name string) string {
	if name == "" || !web.UserFrom(ctx).SeesPeople() {
		return "•"
	}
	out := ""
	for _, w := range strings.Fields(name) {
		if r := []rune(w); len(out) < 2 || len([]rune(out)) < 2 {
			out += strings.ToUpper(string(r[0]))
		}
	}
	return out
}

type personView struct {
	Person
	l        *web.Locale
	now      time.Time
	company  experience.Company
	decides  bool
	done     string
	story    story
	storyErr error
	curve    curve
	source   func(id string) string

	relationship *Relationship // nil: nothing to tell
}

func (v personView) title() string {
	return cmp.Or(v.label(), v.l.T("people.anonymous.who", "mark", v.mark()))
}

// answer is the person in a sentence.
func (v personView) answer() string {
	l := v.l
	if v.Interactions == 0 {
		return l.T("people.person.nothing")
	}
	text := l.T("people.person.since", "date", l.Date(v.FirstSeen))
	if len(v.Revenue) > 0 {
		text = l.T("people.person.customer", "date", l.Date(v.FirstSeen))
	}
	text += " " + l.T("people.person.contacts", "n", v.Interactions, "visits", l.T("people.person.visits", "n", v.Visits), "last", l.Ago(v.LastSeen, v.now))
	if len(v.Revenue) > 0 {
		var sums []string
		for _, r := range v.Revenue {
			sums = append(sums, "**"+l.Money(r.Minor, r.Currency)+"**")
		}
		text += l.T("people.person.spent", "sum", strings.Join(sums, l.T("people.and")))
	}
	return text + "."
}

// fact is one line of what is known.
type fact struct{ label, value, link string }

func (v personView) facts() []fact {
	var out []fact
	add := func(key, value, link string) {
		if value != "" {
			out = append(out, fact{v.l.T("people.field." + key), value, link})
		}
	}
	link := func(scheme, value string) string {
		if value == "" || strings.Contains(value, "•") {
			return ""
		}
		return scheme + value
	}
	add("email", v.Email, link("mailto:", v.Email))
	add("phone", v.Phone, link("tel:", v.Phone))
	add("loyalty_card", v.LoyaltyCard, "")
	add("language", web.Capital(languageName(v.l, v.Language)), "")
	add("country", countryName(v.l, v.Country), "")
	add("birthday", v.birthday(), "")
	return out
}

func (v personView) birthday() string {
	born, err := time.Parse(time.DateOnly, v.Birthday[:min(len(v.Birthday), len(time.DateOnly))])
	if err != nil {
		return v.Birthday
	}
	age := v.now.Year() - born.Year()
	if v.now.YearDay() < born.AddDate(age, 0, 0).YearDay() {
		age--
	}
	noon := time.Date(born.Year(), born.Month(), born.Day(), 12, 0, 0, 0, v.l.Zone())
	if age < 0 || age > 120 {
		return v.l.Date(noon)
	}
	return v.l.T("people.birthday", "date", v.l.Date(noon), "n", age)
}

func tagOf(l *web.Locale) language.Tag { return language.Make(l.Lang()) }

func languageName(l *web.Locale, code string) string {
	tag, err := language.Parse(code)
	if err != nil || code == "" {
		return code
	}
	base, _ := tag.Base()
	return cmp.Or(display.Languages(tagOf(l)).Name(base), code)
}

func countryName(l *web.Locale, code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return cmp.Or(display.Regions(tagOf(l)).Name(region), code)
}

// kindLabel names a kind of identifier; custom kinds are shown as they are.
func kindLabel(l *web.Locale, k experience.IdentifierKind) string {
	if key := "people.identifier." + string(k); l.Has(key) {
		return l.T(key)
	}
	return strings.ReplaceAll(string(k), "_", " ")
}

// origin says where an identifier was seen, when and how often.
func (v personView) origin(h Held) string {
	if h.Interactions == 0 && len(h.Sources) == 0 {
		return v.l.T("people.identifier.unseen")
	}
	names := make([]string, len(h.Sources))
	for k, s := range h.Sources {
		names[k] = v.source(s)
	}
	if h.Interactions == 0 {
		return v.l.T("people.identifier.recorded", "sources", strings.Join(names, ", "))
	}
	when := v.l.Date(h.FirstSeen)
	if last := v.l.Date(h.LastSeen); last != when {
		when += " – " + last
	}
	return v.l.T("people.identifier.origin", "sources", strings.Join(names, ", "), "when", when, "n", h.Interactions)
}

// detachable tells whether a human may say that many use an identifier.
func (v personView) detachable(h Held) bool {
	return v.decides && h.Joins && h.Kind != experience.UserID && len(v.Identifiers) > 1
}

// reason says what speaks for two records being one person.
func (v personView) reason(s Suspect) string {
	var parts []string
	for _, i := range s.Shared {
		parts = append(parts, kindLabel(v.l, i.Kind)+" "+i.Value)
	}
	return v.l.T("people.suspect.reason", "what", strings.Join(parts, ", "))
}

func (v personView) decisionText(d DecisionAt) string {
	name := func(i experience.Identifier) string { return kindLabel(v.l, i.Kind) + " " + i.Value }
	return v.l.T("people.decision."+string(d.Action), "a", name(d.A), "b", name(d.B))
}

// traitText writes a trait's value for people: text without quotes, the rest
// as JSON, cut where it gets long.
func traitText(raw []byte) string {
	s := text(string(raw))
	if s == "" {
		s = string(raw)
	}
	switch s {
	case `""`:
		return "–"
	}
	return cut(s, 300)
}

// cut shortens text to so many characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n])) + "…"
}

// identifiersShown is how many identifiers stand before the fold: browsers
// leave dozens.
const identifiersShown = 5

func decideURL(v personView) templ.SafeURL {
	return templ.SafeURL("/people/" + v.ID.String() + "/decisions")
}

func listTitle(ctx context.Context, v listView) string {
	if v.q != "" && len(v.people) == pageSize { // there may be more
		return web.T(ctx, "people.found.first", "n", len(v.people), "q", v.q)
	}
	if v.q != "" {
		return web.T(ctx, "people.found", "n", len(v.people), "q", v.q)
	}
	return web.T(ctx, "people.recent")
}

func listColumns(ctx context.Context) []web.Column {
	return []web.Column{
		{Label: web.T(ctx, "people.column.person")},
		{Label: web.T(ctx, "people.column.contacts"), Number: true, Hide: true},
		{Label: web.T(ctx, "people.column.last"), Number: true},
	}
}

func productColumns(ctx context.Context) []web.Column {
	return []web.Column{
		{Label: web.T(ctx, "people.product.name")},
		{Label: web.T(ctx, "people.product.quantity"), Number: true},
		{Label: web.T(ctx, "people.product.price"), Number: true},
	}
}

// purposeLabel names what a consent is for, where it is a common purpose.
func purposeLabel(l *web.Locale, purpose string) string {
	if key := "people.purpose." + eventKey(purpose); l.Has(key) {
		return l.T(key)
	}
	return strings.ReplaceAll(purpose, "_", " ")
}

// piece is a run of text between stars.
type piece struct {
	text   string
	strong bool
}

// starred cuts a sentence at its **stars**.
func starred(s string) []piece {
	var out []piece
	for k, t := range strings.Split(s, "**") {
		if t != "" {
			out = append(out, piece{t, k%2 == 1})
		}
	}
	return out
}
