package registry

import (
	"context"
	"time"
)

// Lease takes the lease of a name for a holder, or prolongs it, until a moment;
// false while another holder has it, whose own has not run out by now.
func (db *DB) Lease(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	var n int64
	err := db.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		n, err = tx.Exec(ctx, `INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE leases.holder = excluded.holder OR leases.until < $4`,
			name, holder, until.UnixMicro(), now.UnixMicro())
		return err
	})
	return n > 0, err
}

// Release gives a lease back, so that another holder need not wait for its end.
func (db *DB) Release(ctx context.Context, name, holder string) error {
	return db.Write(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM leases WHERE name = $1 AND holder = $2`, name, holder)
		return err
	})
}
