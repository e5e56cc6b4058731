package voice

import (
	"context"
	"time"
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
	until := now.Add(turnFor)
	got, err := r.Book.Lease(ctx, "voice", r.Name, now, until)
	if err != nil || !got {
		r.turn = time.Time{}
		return false, err
	}
	r.turn = until
	return true, nil
}
