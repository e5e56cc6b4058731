package people

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Essential is what every company asks first of a person; empty where unknown.
type Essential struct {
	Name        string `json:"name"` // first and last name, or the name they gave
	FirstName   string `json:"first_name"`
	LastName    string `json:"last_name"`
	Email       string `json:"email"`
	Phone       string `json:"phone"`
	Language    string `json:"language"`
	Country     string `json:"country"`
	Birthday    string `json:"birthday"`
	LoyaltyCard string `json:"loyalty_card"`
	Handle      string `json:"handle" doc:"The user id, or another name by which systems know them"`
}

// essentialTraits gives the field that a trait's name fills, in the spellings
// that Segment's API, shop systems and Italian files use. Lower case, without
// separators.
var essentialTraits = map[string]func(*Essential) *string{
	"firstname":   func(e *Essential) *string { return &e.FirstName },
	"nome":        func(e *Essential) *string { return &e.FirstName },
	"lastname":    func(e *Essential) *string { return &e.LastName },
	"cognome":     func(e *Essential) *string { return &e.LastName },
	"name":        func(e *Essential) *string { return &e.Name },
	"fullname":    func(e *Essential) *string { return &e.Name },
	"email":       func(e *Essential) *string { return &e.Email },
	"phone":       func(e *Essential) *string { return &e.Phone },
	"telefono":    func(e *Essential) *string { return &e.Phone },
	"language":    func(e *Essential) *string { return &e.Language },
	"locale":      func(e *Essential) *string { return &e.Language },
	"lingua":      func(e *Essential) *string { return &e.Language },
	"country":     func(e *Essential) *string { return &e.Country },
	"paese":       func(e *Essential) *string { return &e.Country },
	"birthday":    func(e *Essential) *string { return &e.Birthday },
	"birthdate":   func(e *Essential) *string { return &e.Birthday },
	"loyaltycard": func(e *Essential) *string { return &e.LoyaltyCard },
}

var separators = strings.NewReplacer("_", "", "-", "", " ", "")

func essentialField(trait string) func(*Essential) *string {
	return essentialTraits[separators.Replace(strings.ToLower(trait))]
}

// draft is a person on the way to its row.
type draft struct {
	Essential
	known bool
	terms string // beginnings to search by, in order, each after a line feed
}

// subjectsOf lists, of the people that "?" stands for, their subjects; the
// second half are those that stand on an identifier of their own id.
const (
	subjectsOf    = `(SELECT id, person_id FROM subjects WHERE person_id IN ? AND person_id <> id UNION ALL SELECT id, person_id FROM subjects WHERE id IN ? AND person_id = id)`
	identifiersOf = `(SELECT id, kind, value, state, person_id FROM identifiers WHERE person_id IN ? AND person_id <> id UNION ALL SELECT id, kind, value, state, person_id FROM identifiers WHERE id IN ? AND person_id = id)`
)

// project rewrites the rows of people whose subjects, identifiers or traits
// changed, and removes those that nobody stands on any more.
func project(ctx context.Context, tx registry.Tx, touched map[experience.ID]bool) error {
	delete(touched, experience.ID{})
	if len(touched) == 0 {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(touched), byID)
	drafts, err := drafts(ctx, tx, ids)
	if err != nil {
		return err
	}
	stored, err := projected(ctx, tx, ids)
	if err != nil {
		return err
	}
	var rows, terms, stale [][]any
	var gone []any
	var more Counts
	for _, id := range ids {
		was, there := stored[id]
		d := drafts[id]
		if d == nil && !there || d != nil && there && *d == was {
			continue
		}
		if there {
			more.add(-1, was.known)
		}
		if d != nil {
			more.add(1, d.known)
		}
		if d == nil {
			gone = append(gone, asKey(id))
			d = &draft{}
		} else {
			e := &d.Essential
			rows = append(rows, []any{asKey(id), d.known, e.Name, e.FirstName, e.LastName, e.Email, e.Phone, e.Language, e.Country, e.Birthday, e.LoyaltyCard, e.Handle, d.terms})
		}
		for _, t := range termsBut(was.terms, d.terms) {
			stale = append(stale, []any{t, asKey(id)})
		}
		for _, t := range termsBut(d.terms, was.terms) {
			terms = append(terms, []any{t, asKey(id)})
		}
	}
	for _, t := range sorted(stale) {
		if _, err := tx.Exec(ctx, `DELETE FROM people_terms WHERE term = $1 AND person_id = $2`, t...); err != nil {
			return err
		}
	}
	if err := execIn(ctx, tx, `DELETE FROM people WHERE id IN ?`, gone); err != nil {
		return err
	}
	if err := insert(ctx, tx, `INSERT INTO people (id, known, name, first_name, last_name, email, phone, language, country, birthday, loyalty_card, handle, terms)`,
		`ON CONFLICT (id) DO UPDATE SET known = excluded.known, name = excluded.name, first_name = excluded.first_name, last_name = excluded.last_name,
		 email = excluded.email, phone = excluded.phone, language = excluded.language, country = excluded.country, birthday = excluded.birthday,
		 loyalty_card = excluded.loyalty_card, handle = excluded.handle, terms = excluded.terms`, 13, rows); err != nil {
		return err
	}
	if err := insert(ctx, tx, `INSERT INTO people_terms (term, person_id)`, `ON CONFLICT DO NOTHING`, 2, sorted(terms)); err != nil {
		return err
	}
	return recount(ctx, tx, more)
}

// termsBut gives the terms of a that b lacks.
func termsBut(a, b string) []string {
	if a == b {
		return nil
	}
	var out []string
	b += "\n"
	for _, t := range strings.Split(a, "\n") {
		if t != "" && !strings.Contains(b, "\n"+t+"\n") {
			out = append(out, t)
		}
	}
	return out
}

// projected reads the rows that are there.
func projected(ctx context.Context, tx registry.Tx, ids []experience.ID) (map[experience.ID]draft, error) {
	out := map[experience.ID]draft{}
	err := eachIn(ctx, tx, `SELECT id, known, name, first_name, last_name, email, phone, language, country, birthday, loyalty_card, handle, terms FROM people WHERE id IN ?`, asKeys(ids), func(r *sql.Rows) error {
		var id experience.ID
		var d draft
		e := &d.Essential
		err := r.Scan(&id, &d.known, &e.Name, &e.FirstName, &e.LastName, &e.Email, &e.Phone, &e.Language, &e.Country, &e.Birthday, &e.LoyaltyCard, &e.Handle, &d.terms)
		out[id] = d
		return err
	})
	return out, err
}

// drafts derives people from the tables; one without a subject has none.
func drafts(ctx context.Context, tx registry.Tx, ids []experience.ID) (map[experience.ID]*draft, error) {
	out := map[experience.ID]*draft{}
	of := map[experience.ID]experience.ID{} // subject -> person
	err := eachIn(ctx, tx, `SELECT id, person_id FROM `+subjectsOf+` AS s`, asKeys(ids), func(r *sql.Rows) error {
		var subject, id experience.ID
		err := r.Scan(&subject, &id)
		of[subject] = id
		out[id] = &draft{}
		return err
	})
	if err != nil {
		return nil, err
	}
	held := map[experience.ID][]experience.Identifier{}
	err = eachIn(ctx, tx, `SELECT person_id, kind, value FROM `+identifiersOf+` AS i`, asKeys(ids), func(r *sql.Rows) error {
		var id experience.ID
		var i experience.Identifier
		err := r.Scan(&id, &i.Kind, &i.Value)
		held[id] = append(held[id], i)
		return err
	})
	if err != nil {
		return nil, err
	}
	latest := map[experience.ID]map[string]said{} // person -> field trait -> statement
	err = eachIn(ctx, tx, `SELECT subject, name, value, at, source FROM traits WHERE subject IN ?`, asKeys(slices.Collect(maps.Keys(of))), func(r *sql.Rows) error {
		var s said
		if err := r.Scan(&s.subject, &s.name, &s.value, &s.at, &s.source); err != nil {
			return err
		}
		if essentialField(s.name) == nil || text(s.value) == "" {
			return nil
		}
		id := of[s.subject]
		if latest[id] == nil {
			latest[id] = map[string]said{}
		}
		if old, ok := latest[id][s.name]; !ok || s.newer(old) {
			latest[id][s.name] = s
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id, d := range out {
		d.fill(latest[id], experience.Canonical(held[id]))
	}
	return out, nil
}

// fill sets the fields from what was said, the latest of several spellings of
// one, and then from the identifiers the person holds.
func (d *draft) fill(latest map[string]said, held []experience.Identifier) {
	by := map[*string]said{}
	terms := map[string]bool{}
	for name, s := range latest {
		field := essentialField(name)(&d.Essential)
		if old, ok := by[field]; !ok || s.newer(old) {
			by[field] = s
			*field = strings.TrimSpace(text(s.value))
		}
	}
	for _, i := range held {
		switch i.Kind {
		case experience.EmailID:
			setIfEmpty(&d.Email, i.Value)
		case experience.PhoneID:
			setIfEmpty(&d.Phone, i.Value)
		case experience.LoyaltyCard:
			setIfEmpty(&d.LoyaltyCard, i.Value)
		case experience.AnonymousID, experience.DeviceID:
			continue
		default: // the surest first: a user id, then a company's own kinds
			setIfEmpty(&d.Handle, i.Value)
		}
		d.known = true
		terms[fold(i.Value)] = true
	}
	if full := strings.TrimSpace(d.FirstName + " " + d.LastName); full != "" {
		d.Name = full
	}
	for _, s := range []string{d.Name, d.Email, d.Phone, d.LoyaltyCard} {
		for _, w := range words(s) {
			terms[w] = true
		}
	}
	// The whole name, from either end: two common words together are rare.
	if name := words(d.Name); len(name) > 1 {
		terms[phrase(name)] = true
		terms[phrase(append(name[len(name)-1:], name[:len(name)-1]...))] = true
	}
	delete(terms, "")
	for _, t := range slices.Sorted(maps.Keys(terms)) {
		d.terms += "\n" + t
	}
}

func setIfEmpty(s *string, v string) {
	if *s == "" {
		*s = v
	}
}

// words cuts text into the beginnings that a search may start with.
func words(s string) []string {
	return strings.FieldsFunc(fold(s), func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' })
}

// phrase joins words to one term.
func phrase(words []string) string {
	s := strings.Join(words, " ")
	if len(s) > maxTerm {
		s = strings.ToValidUTF8(s[:maxTerm], "")
	}
	return s
}

// maxTerm is how long a term may be, in bytes.
const maxTerm = 200

func isASCII(s string) bool {
	for k := range len(s) {
		if s[k] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold takes case and accents away: Nicolò is found by "nicolo".
func fold(s string) string {
	if isASCII(s) && len(s) <= maxTerm {
		return strings.ToLower(s)
	}
	out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(s))
	if err != nil {
		out = strings.ToLower(s)
	}
	if len(out) > maxTerm {
		out = strings.ToValidUTF8(out[:maxTerm], "")
	}
	return out
}
