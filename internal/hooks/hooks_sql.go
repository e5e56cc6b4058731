package hooks

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

func selectHook(ctx context.Context, tx registry.Tx, source string) (hook, error) {
	h := hook{source: source}
	var until int64
	err := tx.QueryRow(ctx, `SELECT preset, mapping, secret, former, former_until FROM hooks WHERE source = $1`, source).
		Scan(&h.preset, &h.mapping, &h.secret, &h.former, &until)
	h.formerUntil = time.UnixMicro(until)
	return h, err
}

func saveHook(ctx context.Context, tx registry.Tx, h hook) error {
	_, err := tx.Exec(ctx, `INSERT INTO hooks (source, preset, mapping, secret, former, former_until) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (source) DO UPDATE SET preset = excluded.preset, mapping = excluded.mapping, secret = excluded.secret,
		former = excluded.former, former_until = excluded.former_until`,
		h.source, string(h.preset), h.mapping, h.secret, h.former, max(0, h.formerUntil.UnixMicro()))
	return err
}

// hook reads how a source takes webhooks. NotFound when it does not.
func (r *Room) hook(ctx context.Context, source string) (h hook, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		h, err = selectHook(ctx, tx, source)
		return err
	})
	return h, named(err)
}

// named says that there is no such webhook, where there is no such row.
func named(err error) error {
	if errors.Is(err, sql.ErrNoRows) || experience.CodeOf(err) == experience.NotFound {
		return experience.Errorf(experience.NotFound, "hooks.error.none")
	}
	return err
}

// delivery is one that was taken.
type delivery struct {
	key    string
	at     time.Time
	topic  string
	events int
	note   string // what of it could not be used; "" = nothing
}

// remembered is how long a delivery's key is known.
const remembered = 30 * 24 * time.Hour

// known tells whether a delivery was taken before.
func (r *Room) known(ctx context.Context, source, key string) (yes bool, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM hook_deliveries WHERE source = $1 AND key = $2)`, source, key).Scan(&yes)
	})
	return yes, err
}

// remember keeps a delivery, and forgets those that are too old.
func (r *Room) remember(ctx context.Context, source string, d delivery) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM hook_deliveries WHERE source = $1 AND received_at < $2`, source, d.at.Add(-remembered).UnixMicro()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO hook_deliveries (source, key, received_at, topic, events, note) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (source, key) DO NOTHING`, source, d.key, d.at.UnixMicro(), d.topic, d.events, d.note)
		return err
	})
}

// deliveries gives the last ones, the latest first.
func (r *Room) deliveries(ctx context.Context, source string, limit int) (list []delivery, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT key, received_at, topic, events, note FROM hook_deliveries WHERE source = $1
			ORDER BY received_at DESC, key LIMIT $2`, source, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d delivery
			var at int64
			if err := rows.Scan(&d.key, &at, &d.topic, &d.events, &d.note); err != nil {
				return err
			}
			d.at = time.UnixMicro(at).UTC()
			list = append(list, d)
		}
		return rows.Err()
	})
	return list, err
}
