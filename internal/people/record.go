package people

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
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
	key    *experience.Hasher
}

// NewRecords makes the reading side of the room.
func NewRecords(ctx context.Context, db *registry.DB, l Ledger) (*Records, error) {
	key, err := db.Secret(ctx)
	return &Records{DB: db, Ledger: l, key: experience.NewHasher(key)}, err
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
		`SELECT person_id FROM subjects WHERE id = $1`, // also that of the identifier alone
		`SELECT s.person_id FROM subject_identifiers i JOIN subjects s ON s.id = i.subject WHERE i.identifier = $1 ORDER BY s.torn, s.id LIMIT 1`,
	} {
		var p experience.ID
		switch err := tx.QueryRow(ctx, q, asKey(id)).Scan(&p); {
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
		found, err := r.summaries(ctx, tx, []experience.ID{now})
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
		if p.Decisions, err = r.decisions(ctx, tx, identifiersIn(p.Identifiers)); err != nil {
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

func identifiersIn(held []Held) []experience.Identifier {
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
	seenIn := map[experience.ID][]string{} // identifier -> subjects
	err := each(ctx, tx, `SELECT id, members FROM subjects WHERE id IN (SELECT id FROM `+of(subjectsOf)+` AS mine)`, []any{asKey(p.ID)}, func(rows *sql.Rows) error {
		var id experience.ID
		var members []byte
		err := rows.Scan(&id, &members)
		eachMember(members, func(i experience.ID) { seenIn[i] = append(seenIn[i], id.String()) })
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachIn(ctx, tx, `SELECT id, kind, value, state FROM identifiers WHERE id IN ?`, asKeys(slices.Collect(maps.Keys(seenIn))), func(rows *sql.Rows) error {
		var (
			id    experience.ID
			i     experience.Identifier
			state identity.State
		)
		if err := rows.Scan(&id, &i.Kind, &i.Value, &state); err != nil {
			return err
		}
		for _, subject := range seenIn[id] {
			subjects[subject] = append(subjects[subject], i)
		}
		p.Identifiers = append(p.Identifiers, Held{Identifier: i, Joins: state == identity.Open || i.Kind == experience.UserID})
		return nil
	})
	slices.SortFunc(p.Identifiers, func(a, b Held) int { return a.Compare(b.Identifier) })
	return subjects, err
}

// said fills traits and consents: the latest of all the person's subjects.
func (r *Records) said(ctx context.Context, tx registry.Tx, p *Person) error {
	latest := func(query string) ([]said, error) {
		by := map[string]said{}
		err := each(ctx, tx, query, []any{asKey(p.ID)}, func(rows *sql.Rows) error {
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
	traits, err := latest(`SELECT t.name, t.value, t.at, t.source FROM traits t JOIN ` + of(subjectsOf) + ` AS s ON s.id = t.subject`)
	if err != nil {
		return err
	}
	p.Traits, p.Consents = []Trait{}, []Consent{}
	for _, s := range traits {
		p.Traits = append(p.Traits, Trait{s.name, json.RawMessage(s.value), fromMicro(s.at), s.source})
	}
	consents, err := latest(`SELECT c.purpose, CASE WHEN c.given THEN 'true' ELSE 'false' END, c.at, c.source FROM consents c JOIN ` + of(subjectsOf) + ` AS s ON s.id = c.subject`)
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
	var names []experience.ID
	byName := map[experience.ID]experience.Identifier{}
	for _, h := range p.Identifiers {
		if h.Joins || h.Kind.Personal() {
			id := identity.PersonID(r.key, h.Identifier)
			names, byName[id] = append(names, id), h.Identifier
		}
	}
	shared := map[experience.ID][]experience.Identifier{}
	err := eachHolder(ctx, tx, names, func(identifier, other experience.ID) {
		if other != p.ID {
			shared[other] = append(shared[other], byName[identifier])
		}
	})
	if err != nil || len(shared) == 0 || len(shared) > 5*maxSuspects { // hundreds who share something are no duplicates
		return []Suspect{}, err
	}
	apart := toldApart(p)
	ids := slices.SortedFunc(maps.Keys(shared), byID)
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
			out = append(out, Suspect{s, experience.Canonical(shared[s.ID])})
		}
	}
	return out, nil
}

// eachHolder calls f with each of some identifiers and each person it was seen
// with, perhaps more than once.
func eachHolder(ctx context.Context, tx registry.Tx, identifiers []experience.ID, f func(identifier, person experience.ID)) error {
	for _, q := range []string{
		`SELECT id, person_id FROM subjects WHERE id IN ?`, // the subject of that identifier alone
		`SELECT l.identifier, s.person_id FROM subject_identifiers l JOIN subjects s ON s.id = l.subject WHERE l.identifier IN ?`,
	} {
		err := eachIn(ctx, tx, q, asKeys(identifiers), func(rows *sql.Rows) error {
			var identifier, person experience.ID
			err := rows.Scan(&identifier, &person)
			f(identifier, person)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
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
	err := each(ctx, tx, `SELECT kind, value FROM `+of(identifiersOf)+` AS i`, []any{asKey(person)}, func(rows *sql.Rows) error {
		var i experience.Identifier
		err := rows.Scan(&i.Kind, &i.Value)
		found = found || slices.Contains(names, i.String())
		return err
	})
	return found, err
}

// summaries reads people's rows, in the order of ids, leaving out those that
// are not there.
func (r *Records) summaries(ctx context.Context, tx registry.Tx, ids []experience.ID) ([]Summary, error) {
	by := map[experience.ID]Summary{}
	err := eachIn(ctx, tx, `SELECT id, known, name, first_name, last_name, email, phone, language, country, birthday, loyalty_card, handle FROM people WHERE id IN ?`, asKeys(ids), func(rows *sql.Rows) error {
		var s Summary
		err := rows.Scan(&s.ID, &s.Known, &s.Name, &s.FirstName, &s.LastName, &s.Email, &s.Phone, &s.Language, &s.Country, &s.Birthday, &s.LoyaltyCard, &s.Handle)
		by[s.ID] = s
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
