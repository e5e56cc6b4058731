package impact

import (
	"context"
	"database/sql"
	"math"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Registry keeps what people decided about rules.
type Registry interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// hands reads what was decided about rules, by key.
func hands(ctx context.Context, book Registry) (map[string]Hand, error) {
	all := map[string]Hand{}
	err := book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		clear(all)
		rows, err := tx.Query(ctx, `SELECT key, off, weight FROM impact_rules`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var off int64
			var weight sql.NullFloat64
			if err := rows.Scan(&key, &off, &weight); err != nil {
				return err
			}
			h := Hand{Off: off != 0}
			if weight.Valid {
				h.Weight = &weight.Float64
			}
			all[key] = h
		}
		return rows.Err()
	})
	return all, err
}

// keep writes what somebody decided about a rule.
func keep(ctx context.Context, book Registry, key string, h Hand, by string, at time.Time) error {
	if h.Weight != nil && !(math.Abs(*h.Weight) <= 1) {
		return experience.Errorf(experience.Invalid, "impact.error.weight")
	}
	off := 0
	if h.Off {
		off = 1
	}
	return book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if h == (Hand{}) {
			_, err := tx.Exec(ctx, `DELETE FROM impact_rules WHERE key = $1`, key)
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO impact_rules (key, off, weight, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (key) DO UPDATE SET off = excluded.off, weight = excluded.weight, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
			key, off, h.Weight, by, at.UnixMicro())
		return err
	})
}
