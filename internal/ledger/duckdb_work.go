package ledger

import (
	"context"
	"os"
	"time"
)

// work is a compaction under way: how it shares the machine, and what it did.
type work struct {
	beside Beside
	stats  *CompactStats
	since  time.Time // when the piece began that is under way
	long   bool      // it merges what is sorted already, which may take minutes
}

func (b Beside) busy() bool { return b.Busy != nil && b.Busy() }

// breathe lets others have their turn after a piece of work. What arrives while
// much is merged is sorted meanwhile, so that no more than usual lies unsorted
// however long that takes.
func (d *duck) breathe(ctx context.Context) error {
	if pause := d.work.beside.Pause; pause != nil {
		pause(ctx, time.Since(d.work.since))
		d.logCopied(ctx)
		d.work.since = time.Now()
	}
	if err := ctx.Err(); err != nil || !d.work.long {
		return err
	}
	if waiting, err := d.hotRows(ctx); err != nil || waiting < int64(d.options.HotLimit) {
		return err
	}
	d.work.long = false
	defer func() { d.work.long = true }()
	return d.sortHot(ctx)
}

// While a transaction is open DuckDB does not copy its log into the file, and the
// longer the log the longer the weaver waits for that. So none begins while much
// is in the log and more comes, for as long as that takes at 20,000 rows a second.
const (
	muchLogged = 32 << 20 // bytes; it is copied at 64 MB (see duckSettings)
	logLook    = 500 * time.Millisecond
	logLooks   = 8
)

// logCopied waits for the log to be copied, where that is to be expected soon.
func (d *duck) logCopied(ctx context.Context) {
	before := int64(-1)
	for range logLooks {
		log, err := os.Stat(d.options.Path + ".wal")
		if err != nil || log.Size() < muchLogged || log.Size() == before {
			return // or nobody writes, whom it could hold up
		}
		before = log.Size()
		again := time.NewTimer(logLook)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
	}
}

// hotRows counts what lies in order of arrival.
func (d *duck) hotRows(ctx context.Context) (n int64, err error) {
	parts, err := listParts(ctx, d.db())
	if err != nil {
		return 0, err
	}
	for _, p := range parts {
		if p.kind == "hot" || p.kind == "sealed" {
			var rows int64
			if err := d.db().QueryRowContext(ctx, `SELECT count(*) FROM `+p.name).Scan(&rows); err != nil {
				return 0, err
			}
			n += rows
		}
	}
	return n, nil
}

// order: what is not sorted is in the hot part, and in the sealed ones.
func (d *duck) order(ctx context.Context) (o Order, err error) {
	o.Sorted, o.Written = d.sorted.Load(), d.written.Load()
	o.Unsorted, err = d.hotRows(ctx)
	return o, err
}

// claim notes a table that is being written and is no part yet: nobody drops it.
func (d *duck) claim(table string) {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.building = append(d.building, table)
}

// claimed counts the tables that are being written; release gives up all after
// the first n: they are parts now, or of no use.
func (d *duck) claimed() int {
	d.writing.Lock()
	defer d.writing.Unlock()
	return len(d.building)
}

func (d *duck) release(n int) {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.building = d.building[:n]
}
