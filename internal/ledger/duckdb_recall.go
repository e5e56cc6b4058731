package ledger

import (
	"context"
	"encoding/binary"
	"sync"

	"regia/internal/experience"
)

// recall remembers in memory which ids the table `seen` holds, so that what is
// new, nearly everything, need not be looked for in it: a look-up reads all of
// the last day. It may remember more than there is (what was pruned, taken back
// or rolled back), never less; what it knows is looked up in the table.
type recall struct {
	mu     sync.RWMutex
	tables []*fingerprints // the last one is filled
	ready  bool            // all that was there at the opening is remembered
	full   bool            // there are too many: nothing is remembered any more
}

// fingerprints is a set of 32 bits of each id, in open addressing. Of ids that
// are not there one in a thousand million is taken for one that is.
type fingerprints struct {
	slots []uint32 // 0: empty; a power of two of them
	used  int
}

const (
	firstSlots = 1 << 16
	mostSlots  = 1 << 22          // in one table: 16 MB
	mostIDs    = 6 * mostSlots    // in all: 128 MB; beyond them the table is asked
	fullAt     = 4                // a table is full when one slot of so many is empty
	loadedIDs  = int64(120 << 10) // read in one piece at the opening
)

func (f *fingerprints) find(id *experience.ID) (at int, there bool, mark uint32) {
	mark = binary.LittleEndian.Uint32(id[10:]) | 1
	mask := len(f.slots) - 1
	for at = int(binary.LittleEndian.Uint64(id[:])) & mask; ; at = (at + 1) & mask {
		switch f.slots[at] {
		case 0:
			return at, false, mark
		case mark:
			return at, true, mark
		}
	}
}

// add remembers an id; the caller holds mu.
func (r *recall) add(id *experience.ID) {
	if len(r.tables) == 0 {
		r.tables = append(r.tables, &fingerprints{slots: make([]uint32, firstSlots)})
	}
	last := r.tables[len(r.tables)-1]
	if last.used >= len(last.slots)-len(last.slots)/fullAt {
		last = &fingerprints{slots: make([]uint32, min(2*len(last.slots), mostSlots))}
		r.tables = append(r.tables, last)
	}
	if at, there, mark := last.find(id); !there {
		last.slots[at] = mark
		last.used++
	}
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
		if r.has(&rows[i].ID) {
			out = append(out, rows[i])
		}
	}
	return out
}

func (r *recall) has(id *experience.ID) bool {
	for _, t := range r.tables {
		if _, there, _ := t.find(id); there {
			return true
		}
	}
	return false
}

// remember adds the ids of rows that are about to be written.
func (r *recall) remember(rows []experience.Interaction) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full {
		return
	}
	for i := range rows {
		r.add(&rows[i].ID)
	}
	if r.size() > mostIDs {
		r.tables, r.ready, r.full = nil, false, true
	}
}

func (r *recall) size() (n int) {
	for _, t := range r.tables {
		n += t.used
	}
	return n
}

// forgetAll begins anew.
func (r *recall) forgetAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tables, r.ready, r.full = nil, false, false
}

// load remembers the ids that are in the table, in one snapshot. Those written
// meanwhile are remembered by whoever writes them.
func (d *duck) load(ctx context.Context) error {
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
	for from := int64(0); from < end; from += loadedIDs {
		found, err := tx.QueryContext(ctx, `SELECT id FROM seen WHERE rowid >= $1 AND rowid < $2`, from, from+loadedIDs)
		if err != nil {
			return err
		}
		var piece []experience.Interaction
		for found.Next() {
			var r experience.Interaction
			if err := found.Scan(&r.ID); err != nil {
				return firstError(err, found.Close())
			}
			piece = append(piece, r)
		}
		if err := firstError(found.Err(), found.Close()); err != nil {
			return err
		}
		d.recall.remember(piece)
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
