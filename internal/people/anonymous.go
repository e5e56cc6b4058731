package people

import (
	"context"
	"database/sql"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Anonymous lists people of whom nothing is known but a technical identifier
// (a cookie, a device, a receipt), in the order of their ids: those after one,
// so many at most.
func (r *Records) Anonymous(ctx context.Context, after experience.ID, limit int) ([]experience.ID, error) {
	ids := []experience.ID{}
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return each(ctx, tx, `SELECT id FROM people WHERE NOT known AND id > $1 ORDER BY id LIMIT $2`, []any{asKey(after), limit}, func(rows *sql.Rows) error {
			var id experience.ID
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	return ids, err
}
