package listen

import (
	"context"
	"encoding/json"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// match is what somebody decided about who an author is.
type match struct {
	id       string
	author   string
	person   string
	shown    string
	platform string
	decision experience.Decision
	undone   bool
	at       time.Time
}

// decided gives which pairs of author and person somebody decided about, also
// where that was undone.
func (r *Room) decided(ctx context.Context) (map[string]bool, error) {
	all, err := r.matches(ctx, 10000)
	out := map[string]bool{}
	for _, m := range all {
		if !m.undone {
			out[m.author+"\x00"+m.person] = true
		}
	}
	return out, err
}

// matches gives the decisions, the latest first.
func (r *Room) matches(ctx context.Context, limit int) (list []match, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT id, author, person, shown, platform, decision, undo, made_at FROM listen_matches ORDER BY made_at DESC, id LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m match
			var decision, undo string
			var at int64
			if err := rows.Scan(&m.id, &m.author, &m.person, &m.shown, &m.platform, &decision, &undo, &at); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(decision), &m.decision); err != nil {
				return err
			}
			m.undone, m.at = undo != "", fromMicros(at)
			list = append(list, m)
		}
		return rows.Err()
	})
	return list, err
}

// decide writes down who an author is, or is not, and tells the log. What was
// written and not told, because the machine went, is told later.
func (r *Room) decide(ctx context.Context, action experience.DecisionAction, author, person experience.Identifier, shown, platform, by string) (string, error) {
	if r.People == nil || action != experience.SamePerson && action != experience.DifferentPeople || author.Kind != authorKind || author.Value == "" || person.Value == "" || person.Kind == authorKind {
		return "", invalid("listen.error.match")
	}
	d := experience.Decision{ID: experience.NewID(), Action: action, A: author, B: person, By: by, At: r.Clock()}
	text, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO listen_matches (id, author, person, shown, platform, decision, undo, told, made_at) VALUES ($1, $2, $3, $4, $5, $6, '', 0, $7)`,
			d.ID.String(), author.String(), person.String(), cut(clean(shown), 200), cut(clean(platform), 100), string(text), d.At.UnixMicro())
		return err
	})
	if err != nil {
		return "", err
	}
	return d.ID.String(), r.tellMatches(ctx)
}

// undo takes a decision back: as if it had never been taken.
func (r *Room) undo(ctx context.Context, id, by string) error {
	target, err := experience.ParseID(id)
	if err != nil || r.People == nil {
		return experience.Errorf(experience.NotFound, "listen.error.nomatch")
	}
	d := experience.Decision{ID: experience.NewID(), Action: experience.UndoDecision, Target: target, By: by, At: r.Clock()}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE listen_matches SET undo = $2, told = 0 WHERE id = $1 AND undo = ''`, id, string(text))
		if err == nil && n == 0 {
			err = experience.Errorf(experience.NotFound, "listen.error.nomatch")
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.tellMatches(ctx)
}

// tellMatches tells the log what it has not been told: again, where that is not
// known; each counts once, by its id.
func (r *Room) tellMatches(ctx context.Context) error {
	type untold struct{ id, decision, undo string }
	var list []untold
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT id, decision, undo FROM listen_matches WHERE told = 0 ORDER BY made_at LIMIT 100`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u untold
			if err := rows.Scan(&u.id, &u.decision, &u.undo); err != nil {
				return err
			}
			list = append(list, u)
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for _, u := range list {
		for _, text := range []string{u.decision, u.undo} {
			if text == "" {
				continue
			}
			var d experience.Decision
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				return err
			}
			if err := r.People.Decide(ctx, d); err != nil {
				return err
			}
		}
		err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE listen_matches SET told = 1 WHERE id = $1 AND undo = $2`, u.id, u.undo)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
