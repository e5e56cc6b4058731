package people

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Records reads customer records from both books.
type Records struct {
	DB     *registry.DB
	Ledger Ledger
	key    []byte
}

// NewRecords makes the reading side of the room.
func NewRecords(ctx context.Context, db *registry.DB, l Ledger) (*Records, error) {
	key, err := db.Secret(ctx)
	return &Records{DB: db, Ledger: l, key: key}, err
}

// Summary is a person in a list.
type Summary struct {
	ID    experience.ID `json:"id"`
	Known bool          `json:"known"` // false: an anonymous visitor
	Essential
	Interactions int64     `json:"interactions"`
	FirstSeen    time.Time `json:"first_seen,omitzero"`
	LastSeen     time.Time `json:"last_seen,omitzero"`
}

// Person is one customer record.
type Person struct {
	Summary
	Visits      int64        `json:"visits"`
	Revenue     []Revenue    `json:"revenue"`
	Identifiers []Held       `json:"identifiers"`
	Traits      []Trait      `json:"traits"`
	Consents    []Consent    `json:"consents"`
	Suspected   []Suspect    `json:"suspected_duplicates"`
	Decisions   []DecisionAt `json:"decisions"`
}

// Revenue is what a person spent, less what they were given back.
type Revenue struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"amount_minor"` // cents, or whatever the currency counts in
	Orders   int64  `json:"interactions"` // interactions with money in them
}

// Held is an identifier seen with a person, and where it came from.
type Held struct {
	experience.Identifier
	Joins        bool      `json:"joins"` // false: many use it, it says nothing of who it is
	Sources      []string  `json:"sources"`
	Interactions int64     `json:"interactions"`
	FirstSeen    time.Time `json:"first_seen,omitzero"`
	LastSeen     time.Time `json:"last_seen,omitzero"`
}

// Trait is something learnt of a person, with who said so and when.
type Trait struct {
	Name   string          `json:"name"`
	Value  json.RawMessage `json:"value"`
	Time   time.Time       `json:"time"`
	Source string          `json:"source"`
}

// Consent is what a person allowed or refused last.
type Consent struct {
	Purpose string    `json:"purpose"`
	Given   bool      `json:"given"`
	Time    time.Time `json:"time"`
	Source  string    `json:"source"`
}

// Suspect is somebody who may be the same person, and what speaks for it.
type Suspect struct {
	Summary
	Shared []experience.Identifier `json:"shared"`
}

// DecisionAt is a decision that touches the person, and whether it stands.
type DecisionAt struct {
	experience.Decision
	Stands bool `json:"stands"`
}

// Resolve finds who an id belongs to now: ids that were given out lead on to
// whoever holds what they stood for. NotFound when the id never was one.
func (r *Records) Resolve(ctx context.Context, tx registry.Tx, id experience.ID) (experience.ID, error) {
	for _, q := range []string{
		`SELECT id FROM people WHERE id = $1`,
		`SELECT person_id FROM identifiers WHERE id = $1 AND person_id IN (SELECT id FROM people)`,
		`SELECT person_id FROM subjects WHERE id = $1`,
		`SELECT s.person_id FROM subject_identifiers i JOIN subjects s ON s.id = i.subject WHERE i.identifier = $1 ORDER BY s.torn, s.id LIMIT 1`,
	} {
		var p experience.ID
		switch err := tx.QueryRow(ctx, q, id.String()).Scan(&p); {
		case err == nil:
			return p, nil
		case !errors.Is(err, sql.ErrNoRows):
			return p, err
		}
	}
	return experience.ID{}, experience.Errorf(experience.NotFound, "people.error.unknown")
}

// Current is Resolve in a transaction of its own.
func (r *Records) Current(ctx context.Context, id experience.ID) (now experience.ID, err error) {
	err = r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		now, err = r.Resolve(ctx, tx, id)
		return err
	})
	return now, err
}

// Person gives the whole record of whoever id belongs to now.
func (r *Records) Person(ctx context.Context, id experience.ID, gap time.Duration) (Person, error) {
	var p Person
	var subjects map[string][]experience.Identifier
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		now, err := r.Resolve(ctx, tx, id)
		if err != nil {
			return err
		}
		found, err := r.summaries(ctx, tx, []string{now.String()})
		if err != nil {
			return err
		}
		p = Person{Summary: found[0], Revenue: []Revenue{}}
		if subjects, err = r.heldBySubject(ctx, tx, &p); err != nil {
			return err
		}
		if err := r.said(ctx, tx, &p); err != nil {
			return err
		}
		if p.Decisions, err = r.decisions(ctx, tx, identifiersOf(p.Identifiers)); err != nil {
			return err
		}
		p.Suspected, err = r.suspects(ctx, tx, p)
		return err
	})
	if err != nil {
		return p, err
	}
	return p, r.measure(ctx, &p, subjects, gap)
}

func identifiersOf(held []Held) []experience.Identifier {
	out := make([]experience.Identifier, len(held))
	for k, h := range held {
		out[k] = h.Identifier
	}
	return out
}

// heldBySubject fills the identifiers seen with the person, and gives those of
// each of their subjects.
func (r *Records) heldBySubject(ctx context.Context, tx registry.Tx, p *Person) (map[string][]experience.Identifier, error) {
	subjects := map[string][]experience.Identifier{}
	met := map[experience.Identifier]bool{}
	err := each(ctx, tx, `SELECT s.id, i.kind, i.value, i.state FROM subjects s
		JOIN subject_identifiers l ON l.subject = s.id JOIN identifiers i ON i.id = l.identifier WHERE s.person_id = $1`,
		[]any{p.ID.String()}, func(rows *sql.Rows) error {
			var (
				subject string
				i       experience.Identifier
				state   identity.State
			)
			if err := rows.Scan(&subject, &i.Kind, &i.Value, &state); err != nil {
				return err
			}
			subjects[subject] = append(subjects[subject], i)
			if !met[i] {
				met[i] = true
				p.Identifiers = append(p.Identifiers, Held{Identifier: i, Joins: state == identity.Open || i.Kind == experience.UserID})
			}
			return nil
		})
	slices.SortFunc(p.Identifiers, func(a, b Held) int { return a.Compare(b.Identifier) })
	return subjects, err
}

// said fills traits and consents: the latest of all the person's subjects.
func (r *Records) said(ctx context.Context, tx registry.Tx, p *Person) error {
	latest := func(query string) ([]said, error) {
		by := map[string]said{}
		err := each(ctx, tx, query, []any{p.ID.String()}, func(rows *sql.Rows) error {
			var s said
			if err := rows.Scan(&s.name, &s.value, &s.at, &s.source); err != nil {
				return err
			}
			if old, ok := by[s.name]; !ok || s.newer(old) {
				by[s.name] = s
			}
			return nil
		})
		var out []said
		for _, s := range by {
			out = append(out, s)
		}
		slices.SortFunc(out, func(a, b said) int { return strings.Compare(a.name, b.name) })
		return out, err
	}
	traits, err := latest(`SELECT t.name, t.value, t.at, t.source FROM traits t JOIN subjects s ON s.id = t.subject WHERE s.person_id = $1`)
	if err != nil {
		return err
	}
	p.Traits, p.Consents = []Trait{}, []Consent{}
	for _, s := range traits {
		p.Traits = append(p.Traits, Trait{s.name, json.RawMessage(s.value), fromMicro(s.at), s.source})
	}
	consents, err := latest(`SELECT c.purpose, CASE WHEN c.given THEN 'true' ELSE 'false' END, c.at, c.source FROM consents c JOIN subjects s ON s.id = c.subject WHERE s.person_id = $1`)
	for _, s := range consents {
		p.Consents = append(p.Consents, Consent{s.name, s.value == "true", fromMicro(s.at), s.source})
	}
	return err
}

// decisions gives those that name any of some identifiers, the latest first.
func (r *Records) decisions(ctx context.Context, tx registry.Tx, about []experience.Identifier) ([]DecisionAt, error) {
	n := newNeighbourhood(r.key, tx)
	if err := n.loadIdentifiers(ctx, about); err != nil {
		return nil, err
	}
	if _, err := n.loadDecisions(ctx, about); err != nil {
		return nil, err
	}
	var all []experience.Decision
	for _, d := range n.decisions {
		all = append(all, d)
	}
	stands := map[experience.ID]bool{}
	for _, d := range identity.Effective(all) {
		stands[d.ID] = true
	}
	out := []DecisionAt{}
	for _, d := range all {
		if d.Action != experience.UndoDecision {
			out = append(out, DecisionAt{d, stands[d.ID]})
		}
	}
	slices.SortFunc(out, func(a, b DecisionAt) int {
		return cmp.Or(b.At.Compare(a.At), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out, nil
}

// maxSuspects is how many suspected duplicates a record names.
const maxSuspects = 20

// suspects finds who else the person's identifiers were seen with. Technical
// identifiers that many use say nothing; a personal one (an e-mail, a phone, a
// card) shared by a few people does.
func (r *Records) suspects(ctx context.Context, tx registry.Tx, p Person) ([]Suspect, error) {
	var keys []string
	byKey := map[string]experience.Identifier{}
	for _, h := range p.Identifiers {
		if h.Joins || h.Kind.Personal() {
			k := identity.PersonID(r.key, h.Identifier).String()
			keys, byKey[k] = append(keys, k), h.Identifier
		}
	}
	shared := map[string][]experience.Identifier{}
	err := eachIn(ctx, tx, `SELECT DISTINCT l.identifier, s.person_id FROM subject_identifiers l JOIN subjects s ON s.id = l.subject WHERE l.identifier IN ?`, keys, func(rows *sql.Rows) error {
		var key, other string
		if err := rows.Scan(&key, &other); err != nil {
			return err
		}
		if other != p.ID.String() {
			shared[other] = append(shared[other], byKey[key])
		}
		return nil
	})
	if err != nil || len(shared) == 0 || len(shared) > 5*maxSuspects { // hundreds who share something are no duplicates
		return []Suspect{}, err
	}
	apart := toldApart(p)
	var ids []string
	for id := range shared {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	found, err := r.summaries(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := []Suspect{}
	for _, s := range found {
		dismissed, err := r.heldByAny(ctx, tx, s.ID, apart)
		if err != nil {
			return nil, err
		}
		if !dismissed && len(out) < maxSuspects {
			out = append(out, Suspect{s, experience.Canonical(shared[s.ID.String()])})
		}
	}
	return out, nil
}

// toldApart lists the identifiers that standing decisions tell apart from p's.
func toldApart(p Person) []string {
	mine := map[experience.Identifier]bool{}
	for _, h := range p.Identifiers {
		mine[h.Identifier] = true
	}
	var out []string
	for _, d := range p.Decisions {
		if d.Action != experience.DifferentPeople || !d.Stands {
			continue
		}
		for _, i := range []experience.Identifier{d.A, d.B} {
			if !mine[i] {
				out = append(out, i.String())
			}
		}
	}
	return out
}

func (r *Records) heldByAny(ctx context.Context, tx registry.Tx, person experience.ID, names []string) (bool, error) {
	found := false
	if len(names) == 0 {
		return false, nil
	}
	err := each(ctx, tx, `SELECT i.kind, i.value FROM identifiers i WHERE i.person_id = $1`, []any{person.String()}, func(rows *sql.Rows) error {
		var i experience.Identifier
		err := rows.Scan(&i.Kind, &i.Value)
		found = found || slices.Contains(names, i.String())
		return err
	})
	return found, err
}

// summaries reads people's rows, in the order of ids, leaving out those that
// are not there.
func (r *Records) summaries(ctx context.Context, tx registry.Tx, ids []string) ([]Summary, error) {
	by := map[string]Summary{}
	err := eachIn(ctx, tx, `SELECT id, known, name, first_name, last_name, email, phone, language, country, birthday, loyalty_card, handle FROM people WHERE id IN ?`, ids, func(rows *sql.Rows) error {
		var s Summary
		err := rows.Scan(&s.ID, &s.Known, &s.Name, &s.FirstName, &s.LastName, &s.Email, &s.Phone, &s.Language, &s.Country, &s.Birthday, &s.LoyaltyCard, &s.Handle)
		by[s.ID.String()] = s
		return err
	})
	out := make([]Summary, 0, len(ids))
	for _, id := range ids {
		if s, ok := by[id]; ok {
			out = append(out, s)
		}
	}
	if err == nil && len(ids) == 1 && len(out) == 0 {
		return nil, experience.Errorf(experience.NotFound, "people.error.unknown")
	}
	return out, err
}
