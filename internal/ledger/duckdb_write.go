package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// partWriter writes rows into a new part, a chunk at a time. Full row groups of
// one transaction go into DuckDB's file at once, compressed; all other rows go
// through its log first, into which the weaver writes too, and which is copied
// into the file again and again while the weaver waits (2 s at worst). So each
// transaction takes exactly one row group, and the last of a part what is left.
// It takes no more, for while it lasts the weaver's rows wait in the log.
type partWriter struct {
	d      *duck
	part   part
	source string
	conn   *sql.Conn
	tx     *sql.Tx // nil while there is none
	rows   int64   // in it
	bytes  int64   // of text in it
	left   int64   // rows of the part that are not written yet
}

const (
	rowGroup     = 122_880   // rows, DuckDB's own measure
	waitingBytes = 128 << 20 // of text in a transaction, which is in memory until it ends
)

func (d *duck) buildPart(ctx context.Context, p part, source string, chunks []part) (err error) {
	if _, err := d.db().ExecContext(ctx, `CREATE TABLE `+p.name+` (`+duckColumnTypes+`)`); err != nil {
		return err
	}
	w := partWriter{d: d, part: p, source: source}
	if err := d.db().QueryRowContext(ctx, `SELECT count(*) FROM (`+source+`) WHERE `+p.where("person_id")).Scan(&w.left); err != nil {
		return err
	}
	if w.conn, err = d.db().Conn(ctx); err != nil {
		return err
	}
	defer w.conn.Close()
	defer w.giveUp()
	for _, c := range chunks {
		if err := w.chunk(ctx, c); err != nil {
			return err
		}
	}
	return w.commit(ctx)
}

// chunk writes the rows of a chunk in order, a slice at a time, and makes sure
// that none was left out.
func (w *partWriter) chunk(ctx context.Context, c part) error {
	if c.kind != "cold" {
		_, err := w.insert(ctx, c, "", nil)
		return err
	}
	total, bytes, cuts, err := w.d.slices(ctx, w.source, c)
	if err != nil {
		return err
	}
	full := w.room()
	if cuts == nil && 0 < full && full < total && w.left-full >= w.d.options.rowGroup {
		if cuts, err = w.d.nth(ctx, w.source, c, full); err != nil {
			return err
		}
	}
	written := int64(0)
	for k := 0; k <= len(cuts); k++ {
		var condition string
		var args []any
		if k > 0 {
			condition, args = ` AND `+cuts[k-1].reached(len(args)), append(args, cuts[k-1].args()...)
		}
		if k < len(cuts) {
			condition, args = condition+` AND NOT `+cuts[k].reached(len(args)), append(args, cuts[k].args()...)
		}
		n, err := w.insert(ctx, c, condition+` ORDER BY person_id, time, id`, args)
		if err != nil {
			return err
		}
		written += n
		w.bytes += bytes / max(total, 1) * n
		if w.room() <= 0 && w.left >= w.d.options.rowGroup || w.bytes > waitingBytes {
			if err := w.commit(ctx); err != nil {
				return err
			}
		}
	}
	if written != total {
		return fmt.Errorf("sort part %s: %d of %d rows were written; nothing was changed", w.part.name, written, total)
	}
	return nil
}

// room is how many rows are missing to a full row group.
func (w *partWriter) room() int64 { return w.d.options.rowGroup - w.rows }

// insert writes the rows of a chunk that fulfil a condition.
func (w *partWriter) insert(ctx context.Context, c part, condition string, args []any) (n int64, err error) {
	if w.tx == nil {
		// The context stops statements: database/sql would throw the connection away.
		if w.tx, err = w.conn.BeginTx(context.WithoutCancel(ctx), nil); err != nil {
			return 0, err
		}
	}
	r, err := w.tx.ExecContext(ctx, `INSERT INTO `+w.part.name+` SELECT * FROM (`+w.source+`) WHERE `+c.where("person_id")+condition, args...)
	if err != nil {
		return 0, err
	}
	n, err = r.RowsAffected()
	w.rows, w.left = w.rows+n, w.left-n
	return n, err
}

// commit ends the transaction, and lets others have their turn.
func (w *partWriter) commit(ctx context.Context) error {
	if w.tx == nil {
		return nil
	}
	err := w.tx.Commit()
	if err == nil {
		w.d.written.Add(w.rows)
	}
	w.tx, w.rows, w.bytes = nil, 0, 0
	return firstError(err, w.d.breathe(ctx))
}

// giveUp rolls back what was not committed.
func (w *partWriter) giveUp() {
	if w.tx != nil {
		_ = w.tx.Rollback() // what failed is told already
	}
}
