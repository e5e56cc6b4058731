package people

import (
	"context"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Invent makes people of whom nothing is known but that they are there: who is
// asked about when timelines are measured (see ledger.Invent).
func (r *Records) Invent(ctx context.Context, ids []experience.ID) error {
	return r.DB.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var more Counts
		for _, id := range ids {
			n, err := tx.Exec(ctx, `INSERT INTO people (id, known) VALUES ($1, FALSE) ON CONFLICT DO NOTHING`, asKey(id))
			if err != nil {
				return err
			}
			more.add(n, false)
		}
		return recount(ctx, tx, more)
	})
}
