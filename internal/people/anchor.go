package people

import (
	"context"
	"database/sql"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// anchor gives the surest identifier that names a person and nobody else: what
// a decision about them is tied to. Conflict when there is none.
func (r *Records) anchor(ctx context.Context, person experience.ID) (experience.Identifier, error) {
	var held []experience.Identifier
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		held = nil
		return each(ctx, tx, `SELECT kind, value, state FROM `+of(identifiersOf)+` AS i`, []any{asKey(person)}, func(rows *sql.Rows) error {
			var i experience.Identifier
			var state identity.State
			err := rows.Scan(&i.Kind, &i.Value, &state)
			if state == identity.Open || i.Kind == experience.UserID {
				held = append(held, i)
			}
			return err
		})
	})
	if err != nil {
		return experience.Identifier{}, err
	}
	if len(held) == 0 {
		return experience.Identifier{}, experience.Errorf(experience.Conflict, "people.error.anchor")
	}
	return experience.Canonical(held)[0], nil
}
