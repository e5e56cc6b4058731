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
		for _, id := range ids {
			if _, err := tx.Exec(ctx, `INSERT INTO people (id, known) VALUES ($1, FALSE) ON CONFLICT DO NOTHING`, asKey(id)); err != nil {
				return err
			}
		}
		return nil
	})
}
