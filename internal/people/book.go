package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// Book keeps who is who in the registry. It learns facts in the weaver's
// transaction; everything it writes can be rebuilt from the facts.
type Book struct {
	key   *experience.Hasher
	cap   int // identifiers a person may have
	mu    sync.Mutex
	cache remembered // of committed transactions
	moved int64      // as of which changes the cache is right
}

// NewBook makes a Book. Key is the installation's secret (registry.Secret).
func NewBook(key []byte) *Book {
	return &Book{key: experience.NewHasher(key), cap: identity.Cap}
}

// Move is a numbered entry of the outbox: rows of Subject that were cached
// under Was belong to Person.
type Move struct {
	Number               int64
	Subject, Was, Person experience.ID
}

// Lesson is what Learn did, to be taken into the ledger, or forgotten if the
// transaction fails.
type Lesson struct {
	Persons []experience.ID // the person of each fact
	learnt  map[experience.ID]experience.ID
	moved   int64 // see changes, once the transaction stands
}

// Learn takes facts in, in the weaver's transaction, and gives each one's
// person. It may be called again with the same facts: nothing changes then.
func (b *Book) Learn(ctx context.Context, tx registry.Tx, facts []experience.Fact) (Lesson, error) {
	l := Lesson{Persons: make([]experience.ID, len(facts)), learnt: map[experience.ID]experience.ID{}}
	fresh, err := b.unknown(ctx, tx, facts, l.learnt)
	if err != nil {
		return l, err
	}
	touched := map[experience.ID]bool{}
	decisions, err := insertDecisions(ctx, tx, b.key, facts)
	if err != nil {
		return l, err
	}
	was, err := reborn(ctx, tx, fresh)
	if err != nil {
		return l, err
	}
	if fresh, err = b.welcome(ctx, tx, fresh, was, decisions, l.learnt, touched); err != nil {
		return l, err
	}
	if len(fresh) > 0 || len(decisions) > 0 {
		if err := b.resolve(ctx, tx, fresh, was, decisions, l.learnt, touched); err != nil {
			return l, err
		}
	}
	if err := learnTraits(ctx, tx, facts, l.learnt, touched); err != nil {
		return l, err
	}
	if err := project(ctx, tx, touched); err != nil {
		return l, err
	}
	for k, f := range facts {
		l.Persons[k] = l.learnt[f.Subject]
	}
	l.moved, err = changes(ctx, tx)
	return l, err
}

// Recall gives each fact's person without changing anything: for the replay of
// what this book has learnt already.
func (b *Book) Recall(ctx context.Context, tx registry.Tx, facts []experience.Fact) (Lesson, error) {
	l := Lesson{Persons: make([]experience.ID, len(facts)), learnt: map[experience.ID]experience.ID{}}
	if _, err := b.unknown(ctx, tx, facts, l.learnt); err != nil {
		return l, err
	}
	for k, f := range facts {
		l.Persons[k] = l.learnt[f.Subject]
	}
	var err error
	l.moved, err = changes(ctx, tx)
	return l, err
}

// Committed tells the Book that the lesson's transaction stands.
func (b *Book) Committed(l Lesson) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s, p := range l.learnt {
		b.cache.put(s, p)
	}
	b.moved = l.moved
}

// catchUp forgets what the Book remembers when subjects moved without it: in
// the transaction of another node's weaver, or in one of its own whose commit
// went unanswered.
func (b *Book) catchUp(ctx context.Context, tx registry.Tx) error {
	last, err := changes(ctx, tx)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil && last != b.moved {
		b.cache.forget()
		b.moved = last
	}
	return err
}

// unknown fills learnt with the people of the facts' subjects, and gives the
// subjects the book has not met.
func (b *Book) unknown(ctx context.Context, tx registry.Tx, facts []experience.Fact, learnt map[experience.ID]experience.ID) ([]identity.Subject, error) {
	asked := map[experience.ID]identity.Subject{}
	var missing []any
	if err := b.catchUp(ctx, tx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	for _, f := range facts {
		if _, met := asked[f.Subject]; met || f.Subject.IsZero() {
			continue
		}
		asked[f.Subject] = identity.Subject{ID: f.Subject, Identifiers: f.Identifiers}
		if p, ok := b.cache.get(f.Subject); ok {
			learnt[f.Subject] = p
		} else {
			missing = append(missing, asKey(f.Subject))
		}
	}
	b.mu.Unlock()
	err := eachIn(ctx, tx, `SELECT id, person_id FROM subjects WHERE id IN ?`, missing, func(r *sql.Rows) error {
		var s, p experience.ID
		err := r.Scan(&s, &p)
		learnt[s] = p
		return err
	})
	if err != nil {
		return nil, err
	}
	var fresh []identity.Subject
	for id, s := range asked {
		if _, ok := learnt[id]; !ok {
			fresh = append(fresh, s)
		}
	}
	slices.SortFunc(fresh, func(a, c identity.Subject) int { return slices.Compare(a.ID[:], c.ID[:]) })
	return fresh, nil
}

// resolve works out what new subjects and decisions change, and writes it.
func (b *Book) resolve(ctx context.Context, tx registry.Tx, fresh []identity.Subject, was map[experience.ID]experience.ID, decisions []experience.Decision, learnt map[experience.ID]experience.ID, touched map[experience.ID]bool) error {
	n := newNeighbourhood(b.key, tx)
	var seeds []experience.Identifier
	for _, s := range fresh {
		n.subjects[s.ID] = &subjectRow{Subject: s, person: was[s.ID], isNew: true}
		seeds = append(seeds, s.Identifiers...)
	}
	for _, d := range decisions {
		for _, i := range []experience.Identifier{d.A, d.B} {
			if i.Kind != "" {
				seeds = append(seeds, i)
				n.reconsider(i, decided)
			}
		}
	}
	if err := n.load(ctx, seeds); err != nil {
		return err
	}
	f := n.facts()
	f.Cap = b.cap
	answer := identity.Resolve(b.key, f)
	if err := n.saveIdentifiers(ctx, answer, touched); err != nil {
		return err
	}
	return n.saveSubjects(ctx, answer, learnt, touched)
}

// saveIdentifiers writes where identifiers stand, as far as it changed. Names
// that a decision mentions and nobody was ever seen with are not written.
func (n *neighbourhood) saveIdentifiers(ctx context.Context, a identity.Answer, touched map[experience.ID]bool) error {
	var rows [][]any
	for i, at := range a.Identifiers {
		was := n.stored[i]
		if !was.isNew && was.state == at.State && was.person == at.Person {
			continue
		}
		touched[was.person], touched[at.Person] = true, true
		rows = append(rows, []any{asKey(was.id), string(i.Kind), i.Value, int64(at.State), asKey(at.Person)})
	}
	return insert(ctx, n.tx, `INSERT INTO identifiers (id, kind, value, state, person_id)`,
		`ON CONFLICT (id) DO UPDATE SET state = excluded.state, person_id = excluded.person_id`, 5, sorted(rows))
}

func (n *neighbourhood) saveSubjects(ctx context.Context, a identity.Answer, learnt map[experience.ID]experience.ID, touched map[experience.ID]bool) error {
	var rows, links, moves [][]any
	for id, at := range a.Subjects {
		was := n.subjects[id]
		learnt[id] = at.Person
		if !was.isNew && was.person == at.Person && was.torn == at.Torn {
			continue
		}
		touched[was.person], touched[at.Person] = true, true
		members := make([]byte, 0, 16*len(was.Identifiers))
		for _, i := range was.Identifiers {
			of := n.stored[i].id
			members = append(members, of[:]...)
			if was.isNew && of != id {
				links = append(links, []any{asKey(of), asKey(id)})
			}
		}
		rows = append(rows, []any{asKey(id), asKey(at.Person), at.Torn, members})
		if !was.person.IsZero() && was.person != at.Person {
			moves = append(moves, []any{asKey(id), asKey(was.person), asKey(at.Person)})
		}
	}
	if err := insert(ctx, n.tx, `INSERT INTO subjects (id, person_id, torn, members)`,
		`ON CONFLICT (id) DO UPDATE SET person_id = excluded.person_id, torn = excluded.torn`, 4, sorted(rows)); err != nil {
		return err
	}
	if err := insert(ctx, n.tx, `INSERT INTO subject_identifiers (identifier, subject)`, `ON CONFLICT DO NOTHING`, 2, sorted(links)); err != nil {
		return err
	}
	return saveMoves(ctx, n.tx, sorted(moves))
}

// saveMoves numbers the moves and puts them in the outbox.
func saveMoves(ctx context.Context, tx registry.Tx, moves [][]any) error {
	if len(moves) == 0 {
		return nil
	}
	last, err := lastMove(ctx, tx)
	if err != nil {
		return err
	}
	rows := make([][]any, len(moves))
	for k, m := range moves {
		last++
		rows[k] = append([]any{last}, m...)
	}
	if err := insert(ctx, tx, `INSERT INTO moves (number, subject, was, person_id)`, ``, 4, rows); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ('moves', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, formatInt(last))
	return err
}

// lastMove is the number of the last move ever made; 0 before the first.
func lastMove(ctx context.Context, tx registry.Tx) (last int64, err error) {
	err = tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = 'moves'`).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return last, err
}

// changes is a number that rises whenever a subject moves or is forgotten.
func changes(ctx context.Context, tx registry.Tx) (n int64, err error) {
	err = tx.QueryRow(ctx, `SELECT CAST(coalesce(sum(CAST(value AS BIGINT)), 0) AS BIGINT) FROM settings WHERE key IN ('moves', 'forgotten')`).Scan(&n)
	return n, err
}

// ErrForgotten says that moves which the ledger lacks were forgotten: it is not
// the ledger that took them, but an older copy.
var ErrForgotten = errors.New("the ledger is older than what this registry knows it to have taken: restore both from copies of the same moment")

// Moves gives the outbox after a number: every move since, or ErrForgotten.
func (b *Book) Moves(ctx context.Context, tx registry.Tx, after int64) ([]Move, error) {
	var out []Move
	last, err := lastMove(ctx, tx)
	if err != nil || last <= after {
		return nil, err
	}
	err = each(ctx, tx, `SELECT number, subject, was, person_id FROM moves WHERE number > $1 ORDER BY number`, []any{after}, func(r *sql.Rows) error {
		var m Move
		err := r.Scan(&m.Number, &m.Subject, &m.Was, &m.Person)
		out = append(out, m)
		return err
	})
	if err == nil && int64(len(out)) != last-after { // numbers have no gaps
		err = fmt.Errorf("moves %d to %d are gone: %w", after+1, last-int64(len(out)), ErrForgotten)
	}
	return out, err
}

// ForgetMoves drops the outbox up to a number that the ledger has taken.
func (b *Book) ForgetMoves(ctx context.Context, tx registry.Tx, upTo int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM moves WHERE number <= $1`, upTo)
	return err
}

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }
