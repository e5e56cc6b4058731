package people

import (
	"context"
	"database/sql"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// welcome takes in the subjects of one identifier that nobody was ever seen
// with and nothing was ever decided about: new visitors, by far the most of
// what is new. They stand alone, whatever the rest of the world is like, so
// nothing needs to be worked out. It gives the subjects that are left.
func (b *Book) welcome(ctx context.Context, tx registry.Tx, fresh []identity.Subject, was map[experience.ID]experience.ID, decisions []experience.Decision, learnt map[experience.ID]experience.ID, touched map[experience.ID]bool) ([]identity.Subject, error) {
	alone, err := b.alone(ctx, tx, fresh, was, decisions)
	if err != nil || len(alone) == 0 {
		return fresh, err
	}
	var left []identity.Subject
	var identifiers, subjects, visitors [][]any
	for _, s := range fresh {
		if !alone[s.ID] {
			left = append(left, s)
			continue
		}
		// Person, subject and identifier have one id (see identity.PersonID).
		id, i := asKey(s.ID), s.Identifiers[0]
		learnt[s.ID] = s.ID
		identifiers = append(identifiers, []any{id, string(i.Kind), i.Value, int64(identity.Open), id})
		subjects = append(subjects, []any{id, id, false, id})
		if i.Kind.Technical() {
			visitors = append(visitors, []any{id, false})
		} else {
			touched[s.ID] = true
		}
	}
	if err := insert(ctx, tx, `INSERT INTO identifiers (id, kind, value, state, person_id)`, ``, 5, identifiers); err != nil {
		return nil, err
	}
	if err := insert(ctx, tx, `INSERT INTO subjects (id, person_id, torn, members)`, ``, 4, subjects); err != nil {
		return nil, err
	}
	if err := insert(ctx, tx, `INSERT INTO people (id, known)`, ``, 2, visitors); err != nil {
		return nil, err
	}
	return left, recount(ctx, tx, Counts{All: int64(len(visitors))})
}

// alone finds the subjects that welcome is for.
func (b *Book) alone(ctx context.Context, tx registry.Tx, fresh []identity.Subject, was map[experience.ID]experience.ID, decisions []experience.Decision) (map[experience.ID]bool, error) {
	met := map[experience.ID]bool{} // identifiers that something else names
	for _, d := range decisions {
		for _, i := range []experience.Identifier{d.A, d.B} {
			if i.Kind != "" {
				met[identity.PersonID(b.key, i)] = true
			}
		}
	}
	several := map[experience.Identifier]bool{}
	for _, s := range fresh {
		if len(s.Identifiers) > 1 {
			for _, i := range s.Identifiers {
				several[i] = true
			}
		}
	}
	alone := map[experience.ID]bool{}
	var ids []any
	for _, s := range fresh {
		if len(s.Identifiers) == 1 && was[s.ID].IsZero() && !met[s.ID] && !several[s.Identifiers[0]] {
			alone[s.ID] = true
			ids = append(ids, asKey(s.ID))
		}
	}
	queries := []string{`SELECT id FROM identifiers WHERE id IN ?`}
	if any, err := newNeighbourhood(b.key, tx).anyDecisions(ctx); err != nil {
		return nil, err
	} else if any {
		queries = append(queries, `SELECT a FROM decisions WHERE a IN ?`, `SELECT b FROM decisions WHERE b IN ?`)
	}
	for _, q := range queries {
		err := eachIn(ctx, tx, q, ids, func(r *sql.Rows) error {
			var id experience.ID
			err := r.Scan(&id)
			delete(alone, id)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return alone, nil
}
