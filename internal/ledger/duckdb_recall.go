package ledger

import (
	"context"
	"sync"

	"regia/internal/experience"
)

// recall remembers in memory which ids the table `seen` holds, so that what is
// new, nearly everything, need not be looked for in it: a look-up reads all of
// the last day. It may remember more than there is (what was pruned, taken back
// or rolled back), never less; what it knows is looked up in the table.
type recall struct {
	mu    sync.RWMutex
	ids   idSet
	ready bool // all that was there at the opening is remembered
	full  bool // there are too many: nothing is remembered any more
}

// maybe gives the rows that may have been seen: all of them where not all ids
// are remembered.
func (r *recall) maybe(rows []experience.Interaction) []experience.Interaction {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.ready {
		return rows
	}
	var out []experience.Interaction
	for i := range rows {
		if r.ids.has(&rows[i].ID) {
			out = append(out, rows[i])
		}
	}
	return out
}

// remember adds n ids, of rows that are about to be written.
func (r *recall) remember(n int, id func(i int) *experience.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full {
		return
	}
	for i := range n {
		r.ids.add(id(i))
	}
	if r.ids.size() > mostIDs {
		r.ids, r.ready, r.full = nil, false, true
	}
}

// forgetAll begins anew.
func (r *recall) forgetAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids, r.ready, r.full = nil, false, false
}

// loadedIDs is how many are read in one piece at the opening.
const loadedIDs = int64(120 << 10)

// load remembers the ids that are in the table, in one snapshot. Those written
// meanwhile are remembered by whoever writes them.
func (d *duck) load(ctx context.Context) error {
	alive, ctx := ctx, context.WithoutCancel(ctx)
	conn, err := d.db().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	var rows, end int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(max(rowid) + 1, 0) FROM seen`).Scan(&rows, &end); err != nil || rows > mostIDs {
		return err
	}
	piece := make([]experience.ID, 0, min(rows, loadedIDs))
	for from := int64(0); from < end; from += loadedIDs {
		if err := alive.Err(); err != nil {
			return err
		}
		found, err := tx.QueryContext(ctx, `SELECT id FROM seen WHERE rowid >= $1 AND rowid < $2`, from, from+loadedIDs)
		if err != nil {
			return err
		}
		for piece = piece[:0]; found.Next(); {
			var id experience.ID
			if err := found.Scan(&id); err != nil {
				return firstError(err, found.Close())
			}
			piece = append(piece, id)
		}
		if err := firstError(found.Err(), found.Close()); err != nil {
			return err
		}
		d.recall.remember(len(piece), func(i int) *experience.ID { return &piece[i] })
	}
	d.recall.mu.Lock()
	defer d.recall.mu.Unlock()
	d.recall.ready = !d.recall.full
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
