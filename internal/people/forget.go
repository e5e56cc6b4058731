package people

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// Forgetting is what imports that are taken back leave behind.
type Forgetting struct {
	Imports []experience.ID   // that are taken back
	Gone    []experience.ID   // subjects that nothing else was seen of
	Stay    []experience.ID   // subjects that something else was seen of as well
	Left    []experience.Fact // what those said elsewhere: traits and consents, with subject, source and time
}

// Forget brings the book, in the weaver's transaction and before Learn, to where
// it would be had the imports never come. It may be called again: nothing
// changes then.
func (b *Book) Forget(ctx context.Context, tx registry.Tx, f Forgetting) error {
	n := newNeighbourhood(b.key, tx)
	seeds, err := n.dropDecisions(ctx, f.Imports)
	if err != nil {
		return err
	}
	gone, err := n.take(ctx, f.Gone)
	if err != nil {
		return err
	}
	for _, s := range gone {
		seeds = append(seeds, s.Identifiers...)
	}
	touched := map[experience.ID]bool{}
	if len(seeds) > 0 {
		if err := b.resolveWithout(ctx, n, gone, seeds, touched); err != nil {
			return err
		}
	}
	if err := relearn(ctx, tx, f, touched); err != nil {
		return err
	}
	if err := project(ctx, tx, touched); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ('forgotten', '1')
		ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)`)
	return err
}

// resolveWithout works out what is left of a neighbourhood without some
// subjects, and writes it. All that they name is looked at anew: what was shared
// may not be, and a user id that is gone no longer joins two others.
func (b *Book) resolveWithout(ctx context.Context, n *neighbourhood, gone map[experience.ID]*subjectRow, seeds []experience.Identifier, touched map[experience.ID]bool) error {
	for _, i := range seeds {
		n.reconsider(i, decided)
	}
	if err := n.load(ctx, seeds); err != nil {
		return err
	}
	for id := range gone {
		delete(n.subjects, id)
	}
	f := n.facts()
	f.Cap = b.cap
	answer := identity.Resolve(b.key, f)
	if err := n.saveIdentifiers(ctx, answer, touched); err != nil {
		return err
	}
	if err := n.saveSubjects(ctx, answer, map[experience.ID]experience.ID{}, touched); err != nil {
		return err
	}
	var vanished []any // identifiers that nobody was seen with any more
	for i, was := range n.stored {
		if _, stays := answer.Identifiers[i]; !stays && !was.isNew {
			touched[was.person] = true
			vanished = append(vanished, asKey(was.id))
		}
	}
	if err := execIn(ctx, n.tx, `DELETE FROM identifiers WHERE id IN ?`, inOrder(vanished)); err != nil {
		return err
	}
	return n.dropSubjects(ctx, gone, touched)
}

// dropDecisions takes out the decisions that came with imports, and gives the
// identifiers they are about.
func (n *neighbourhood) dropDecisions(ctx context.Context, imports []experience.ID) ([]experience.Identifier, error) {
	var sides []experience.Identifier
	err := eachIn(ctx, n.tx, selectDecision+` WHERE import_id IN ?`, asKeys(imports), func(r *sql.Rows) error {
		d, err := scanDecision(r)
		for _, i := range []experience.Identifier{d.A, d.B} {
			if i.Kind != "" {
				sides = append(sides, i)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sides, execIn(ctx, n.tx, `DELETE FROM decisions WHERE import_id IN ?`, asKeys(imports))
}

// take loads subjects, leaving out those the book does not have.
func (n *neighbourhood) take(ctx context.Context, ids []experience.ID) (map[experience.ID]*subjectRow, error) {
	for _, id := range ids {
		n.subjects[id] = &subjectRow{Subject: identity.Subject{ID: id}}
	}
	if err := n.loadSubjects(ctx, ids); err != nil {
		return nil, err
	}
	return maps.Clone(n.subjects), nil
}

// dropSubjects deletes subjects with all they said, and notes whose they were.
func (n *neighbourhood) dropSubjects(ctx context.Context, gone map[experience.ID]*subjectRow, touched map[experience.ID]bool) error {
	ids := slices.SortedFunc(maps.Keys(gone), byID)
	var rows [][]any
	for _, id := range ids {
		s := gone[id]
		touched[s.person] = true
		rows = append(rows, []any{asKey(id), asKey(s.person)})
		for _, i := range s.Identifiers {
			if of := identity.PersonID(n.secret, i); of != id {
				if _, err := n.tx.Exec(ctx, `DELETE FROM subject_identifiers WHERE identifier = $1 AND subject = $2`, asKey(of), asKey(id)); err != nil {
					return err
				}
			}
		}
	}
	for _, statement := range []string{
		`DELETE FROM subjects WHERE id IN ?`,
		`DELETE FROM traits WHERE subject IN ?`,
		`DELETE FROM consents WHERE subject IN ?`,
	} {
		if err := execIn(ctx, n.tx, statement, asKeys(ids)); err != nil {
			return err
		}
	}
	return insert(ctx, n.tx, `INSERT INTO forgotten_subjects (subject, person_id)`, `ON CONFLICT (subject) DO UPDATE SET person_id = excluded.person_id`, 2, rows)
}

// relearn has the subjects that stay say only what is left.
func relearn(ctx context.Context, tx registry.Tx, f Forgetting, touched map[experience.ID]bool) error {
	learnt := map[experience.ID]experience.ID{}
	err := eachIn(ctx, tx, `SELECT id, person_id FROM subjects WHERE id IN ?`, asKeys(f.Stay), func(r *sql.Rows) error {
		var subject, person experience.ID
		err := r.Scan(&subject, &person)
		learnt[subject], touched[person] = person, true
		return err
	})
	if err != nil {
		return err
	}
	for _, statement := range []string{`DELETE FROM traits WHERE subject IN ?`, `DELETE FROM consents WHERE subject IN ?`} {
		if err := execIn(ctx, tx, statement, asKeys(f.Stay)); err != nil {
			return err
		}
	}
	return learnTraits(ctx, tx, f.Left, learnt, touched)
}

// reborn gives, of subjects the book does not have, the person of those it once
// had, and stops remembering them as gone.
func reborn(ctx context.Context, tx registry.Tx, fresh []identity.Subject) (map[experience.ID]experience.ID, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	var any int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT subject FROM forgotten_subjects LIMIT 1) AS f`).Scan(&any); err != nil || any == 0 {
		return nil, err
	}
	ids := make([]experience.ID, len(fresh))
	for k, s := range fresh {
		ids[k] = s.ID
	}
	was := map[experience.ID]experience.ID{}
	err := eachIn(ctx, tx, `SELECT subject, person_id FROM forgotten_subjects WHERE subject IN ?`, asKeys(ids), func(r *sql.Rows) error {
		var subject, person experience.ID
		err := r.Scan(&subject, &person)
		was[subject] = person
		return err
	})
	if err != nil || len(was) == 0 {
		return nil, err
	}
	return was, execIn(ctx, tx, `DELETE FROM forgotten_subjects WHERE subject IN ?`, asKeys(slices.Collect(maps.Keys(was))))
}

// TakenBack tells whether an import was taken back, in the caller's transaction.
func (r *Records) TakenBack(ctx context.Context, tx registry.Tx, imported experience.ID) (yes bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM imports_taken_back WHERE id = $1)`, asKey(imported)).Scan(&yes)
	return yes, err
}
