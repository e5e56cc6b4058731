package people

import (
	"context"
	"database/sql"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Owners tells whose subjects are: who the ledger must say they are. Those that
// were never seen are left out; zero is nobody.
func (r *Records) Owners(ctx context.Context, subjects []experience.ID) (map[experience.ID]experience.ID, error) {
	owners := make(map[experience.ID]experience.ID, len(subjects))
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return eachIn(ctx, tx, `SELECT id, person_id FROM subjects WHERE id IN ?`, asKeys(subjects), func(rows *sql.Rows) error {
			var s, p experience.ID
			err := rows.Scan(&s, &p)
			owners[s] = p
			return err
		})
	})
	return owners, err
}
