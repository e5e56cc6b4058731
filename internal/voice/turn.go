package voice

import (
	"context"
	"time"

	"regia/internal/registry"
)

// turnFor is how long one Regia of several has its turn of reading: another
// takes over so long after it has gone.
const turnFor = 2 * time.Minute

// mine takes or keeps the turn of reading the ledger, and tells whether this
// Regia has it. Of several only one reads: two that learnt from corrections at
// different times tell texts in different ways, and each would read anew, for
// ever, what the other had read. Called by who holds reading.
func (r *Room) mine(ctx context.Context) (bool, error) {
	now := r.Clock()
	if r.Name == "" || now.Before(r.turn.Add(-turnFor/2)) {
		return true, nil
	}
	until, got := now.Add(turnFor), int64(0)
	err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		got, err = tx.Exec(ctx, `UPDATE voice_turn SET holder = $1, until_at = $2 WHERE one = 1 AND (holder = $3 OR until_at <= $4)`,
			r.Name, until.UnixMicro(), r.Name, now.UnixMicro())
		return err
	})
	if err != nil || got == 0 {
		r.turn = time.Time{}
		return false, err
	}
	r.turn = until
	return true, nil
}
