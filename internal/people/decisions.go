package people

import (
	"context"
	"database/sql"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// insertDecisions keeps the facts' decisions that are new, and gives those they
// bear on: themselves, or for an undoing what it finally undoes.
func insertDecisions(ctx context.Context, tx registry.Tx, secret *experience.Hasher, facts []experience.Fact) ([]experience.Decision, error) {
	var bearing []experience.Decision
	for _, f := range facts {
		for _, d := range f.Decisions {
			added, err := insertDecision(ctx, tx, secret, f.Import, d)
			if err != nil {
				return nil, err
			}
			if !added {
				continue
			}
			root, err := undone(ctx, tx, d)
			if err != nil {
				return nil, err
			}
			bearing = append(bearing, root)
		}
	}
	return bearing, nil
}

func insertDecision(ctx context.Context, tx registry.Tx, secret *experience.Hasher, of experience.ID, d experience.Decision) (bool, error) {
	side := func(i experience.Identifier) []byte {
		if i.Kind == "" {
			return asKey(experience.ID{})
		}
		return asKey(identity.PersonID(secret, i))
	}
	var came any // with no import
	if !of.IsZero() {
		came = asKey(of)
	}
	n, err := tx.Exec(ctx, `INSERT INTO decisions (id, action, a, a_kind, a_value, b, b_kind, b_value, target, taken_by, taken_at, import_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
		asKey(d.ID), string(d.Action), side(d.A), string(d.A.Kind), d.A.Value, side(d.B), string(d.B.Kind), d.B.Value, asKey(d.Target), d.By, d.At.UnixMicro(), came)
	return n > 0, err
}

// undone follows an undoing to the decision it is about. What it names may not
// have arrived yet: then the undoing waits for it, and bears on nothing.
func undone(ctx context.Context, tx registry.Tx, d experience.Decision) (experience.Decision, error) {
	for steps := 0; d.Action == experience.UndoDecision && steps < 1000; steps++ {
		var next experience.Decision
		found := false
		err := each(ctx, tx, selectDecision+` WHERE id = $1`, []any{asKey(d.Target)}, func(r *sql.Rows) (err error) {
			next, err = scanDecision(r)
			found = true
			return err
		})
		if err != nil || !found {
			return d, err
		}
		d = next
	}
	return d, nil
}
