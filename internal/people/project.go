package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cespare/xxhash/v2"
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

func essentialField(trait string) func(*Essential) *string {
	return essentialTraits[strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(trait))]
}

// draft is a person on the way to its row.
type draft struct {
	Essential
	known bool
	terms map[string]bool
}

// project rewrites the rows of people whose subjects, identifiers or traits
// changed, and removes those that nobody stands on any more.
func project(ctx context.Context, tx registry.Tx, touched map[experience.ID]bool) error {
	var ids []string
	for id := range touched {
		if !id.IsZero() {
			ids = append(ids, id.String())
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	drafts, err := drafts(ctx, tx, ids)
	if err != nil {
		return err
	}
	digests := map[string]string{} // of the rows that are there
	err = eachIn(ctx, tx, `SELECT id, digest FROM people WHERE id IN ?`, ids, func(r *sql.Rows) error {
		var id, digest string
		err := r.Scan(&id, &digest)
		digests[id] = digest
		return err
	})
	if err != nil {
		return err
	}
	var rows, terms [][]any
	var stale, gone []string // whose terms, whose rows are to go
	for _, id := range ids {
		was, there := digests[id]
		d := drafts[id]
		switch {
		case d == nil && there:
			stale, gone = append(stale, id), append(gone, id)
			continue
		case d == nil, there && was == d.digest():
			continue
		case there:
			stale = append(stale, id)
		}
		rows = append(rows, []any{id, d.known, d.Name, d.FirstName, d.LastName, d.Email, d.Phone, d.Language, d.Country, d.Birthday, d.LoyaltyCard, d.Handle, d.digest()})
		for t := range d.terms {
			terms = append(terms, []any{t, id})
		}
	}
	if err := execIn(ctx, tx, `DELETE FROM people_terms WHERE person_id IN ?`, stale); err != nil {
		return err
	}
	if err := execIn(ctx, tx, `DELETE FROM people WHERE id IN ?`, gone); err != nil {
		return err
	}
	if err := insert(ctx, tx, `INSERT INTO people (id, known, name, first_name, last_name, email, phone, language, country, birthday, loyalty_card, handle, digest)`,
		`ON CONFLICT (id) DO UPDATE SET known = excluded.known, name = excluded.name, first_name = excluded.first_name, last_name = excluded.last_name,
		 email = excluded.email, phone = excluded.phone, language = excluded.language, country = excluded.country, birthday = excluded.birthday,
		 loyalty_card = excluded.loyalty_card, handle = excluded.handle, digest = excluded.digest`, 13, rows); err != nil {
		return err
	}
	return insert(ctx, tx, `INSERT INTO people_terms (term, person_id)`, `ON CONFLICT DO NOTHING`, 2, sorted(terms))
}

// digest tells one draft from another.
func (d *draft) digest() string {
	h := xxhash.New()
	e := json.NewEncoder(h)
	// Essential and a sorted list of texts: neither can fail.
	_ = e.Encode(d.Essential)
	_ = e.Encode(slices.Sorted(maps.Keys(d.terms)))
	return strconv.FormatUint(h.Sum64()<<1|b2u(d.known), 36)
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// drafts derives people from the tables; one without a subject has none.
func drafts(ctx context.Context, tx registry.Tx, ids []string) (map[string]*draft, error) {
	out := map[string]*draft{}
	err := eachIn(ctx, tx, `SELECT DISTINCT person_id FROM subjects WHERE person_id IN ?`, ids, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		out[id] = &draft{terms: map[string]bool{}}
		return err
	})
	if err != nil {
		return nil, err
	}
	held := map[string][]experience.Identifier{}
	err = eachIn(ctx, tx, `SELECT person_id, kind, value FROM identifiers WHERE person_id IN ?`, ids, func(r *sql.Rows) error {
		var id string
		var i experience.Identifier
		err := r.Scan(&id, &i.Kind, &i.Value)
		held[id] = append(held[id], i)
		return err
	})
	if err != nil {
		return nil, err
	}
	latest := map[string]map[string]said{} // person -> field trait -> statement
	err = eachIn(ctx, tx, `SELECT s.person_id, t.name, t.value, t.at, t.source FROM traits t JOIN subjects s ON s.id = t.subject WHERE s.person_id IN ?`, ids, func(r *sql.Rows) error {
		var id string
		var s said
		if err := r.Scan(&id, &s.name, &s.value, &s.at, &s.source); err != nil {
			return err
		}
		if essentialField(s.name) == nil || text(s.value) == "" {
			return nil
		}
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
		d.terms[fold(i.Value)] = true
	}
	if full := strings.TrimSpace(d.FirstName + " " + d.LastName); full != "" {
		d.Name = full
	}
	for _, s := range []string{d.Name, d.Email, d.Phone, d.LoyaltyCard} {
		for _, w := range words(s) {
			d.terms[w] = true
		}
	}
	delete(d.terms, "")
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

// fold takes case and accents away: Nicolò is found by "nicolo".
func fold(s string) string {
	out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(s))
	if err != nil {
		out = strings.ToLower(s)
	}
	if len(out) > 200 {
		out = strings.ToValidUTF8(out[:200], "")
	}
	return out
}
