package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"regia/internal/experience"
)

// targets lists the parts that together take every row: those there are, or
// unnamed ones to begin with. Of the parts of nobody, which have no order to
// keep, the one that is not full yet takes them.
func (d *duck) targets(settled countedParts) []part {
	var cold []part
	nobody := part{kind: "nobody"}
	for _, p := range settled {
		switch {
		case p.kind == "cold":
			cold = append(cold, p.part)
		case p.rows < d.options.partRows:
			nobody = p.part
		}
	}
	if cold == nil {
		cold = []part{{kind: "cold"}}
	}
	return append(cold, nobody)
}

// merge writes a part anew with the rows of loose ones that belong to it, and
// puts it in the old one's place. The writing, which takes long, holds no lock;
// when a retouch or a forgotten import edited rows meanwhile the work was in vain
// and is done again.
func (d *duck) merge(ctx context.Context, loose countedParts, old part) error {
	branches := make([]string, 0, len(loose)+1)
	for _, p := range loose {
		branches = append(branches, `SELECT `+columns+` FROM `+p.name+` WHERE `+old.where("person_id"))
	}
	var rows int64
	if err := d.db().QueryRowContext(ctx, `SELECT count(*) FROM (`+strings.Join(branches, ` UNION ALL `)+`)`).Scan(&rows); err != nil {
		return err
	}
	if rows == 0 {
		if old.kind == "warm" { // all went elsewhere: to other people, or back with their import
			return d.dropAll(ctx, loose)
		}
		return nil
	}
	if old.name != "" {
		branches = append(branches, `SELECT `+columns+` FROM `+old.name)
	}
	for {
		edits, before := d.editsNow(), d.claimed()
		made, err := d.build(ctx, strings.Join(branches, ` UNION ALL `), old)
		d.release(before)
		if err != nil {
			err = errors.Join(fmt.Errorf("sort %d rows into part %s: %w", rows, old.name, err), d.dropOrphans(context.WithoutCancel(ctx)))
			if d.editsNow() == edits || ctx.Err() != nil {
				return err
			}
			continue // rows went while they were counted
		}
		swapped, err := d.swap(ctx, edits, loose, old, made)
		if err != nil {
			return errors.Join(fmt.Errorf("replace part %s: %w", old.name, err), d.dropOrphans(context.WithoutCancel(ctx)))
		}
		if swapped {
			d.work.stats.Rows += rows
			d.work.stats.Parts += len(made)
			return nil
		}
	}
}

// editsNow counts the transactions that changed rows in place so far.
func (d *duck) editsNow() int64 {
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.edits
}

// swap puts made in the place of old and takes their rows out of the loose
// parts. It gives false, having dropped made, when rows were edited since.
func (d *duck) swap(ctx context.Context, edits int64, loose countedParts, old part, made []part) (bool, error) {
	current := false
	err := d.write(ctx, func(tx writeTx) error {
		var s []string
		if current = d.edits == edits; current {
			for _, p := range loose {
				if old.kind == "warm" { // all of them went into it
					s = append(s, dropPart(p.name)...)
				} else {
					s = append(s, `DELETE FROM `+p.name+` WHERE `+old.where("person_id"))
				}
			}
			if old.name != "" {
				s = append(s, dropPart(old.name)...)
			}
		}
		for _, p := range made {
			if current {
				if p.kind == "warm" {
					d.presence.join(p.name, loose)
				}
				s = append(s, fmt.Sprintf(`INSERT INTO parts VALUES ('%s', '%s', %s, %s)`, p.name, p.kind, literal(p.low), literal(p.high)))
			} else {
				s = append(s, `DROP TABLE `+p.name)
			}
		}
		if err := tx.(*duckTx).all(ctx, s); err != nil || !current {
			return err
		}
		return tx.(*duckTx).replaceView(ctx)
	})
	if current && err == nil && old.kind == "warm" {
		d.presence.forget(loose)
	}
	return current, err
}

func dropPart(name string) []string {
	return []string{`DELETE FROM parts WHERE name = '` + name + `'`, `DROP TABLE ` + name}
}

// all runs statements one after the other.
func (t *duckTx) all(ctx context.Context, statements []string) error {
	for _, s := range statements {
		if _, err := t.exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func literal(id experience.ID) string {
	if id.IsZero() {
		return `NULL`
	}
	return `'` + id.String() + `'::UUID`
}

// dropEmpty drops a loose part that has given all its rows away.
func (t *duckTx) dropEmpty(ctx context.Context, loose string) error {
	var left int64
	if err := t.queryRow(ctx, `SELECT count(*) FROM `+loose).Scan(&left); err != nil || left > 0 {
		return err
	}
	if err := t.all(ctx, dropPart(loose)); err != nil {
		return err
	}
	return t.replaceView(ctx)
}

// dropOrphans drops tables that a stopped compaction wrote and never listed.
func (d *duck) dropOrphans(ctx context.Context) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if d.writer == nil {
		return errMending
	}
	return d.removeOrphans(ctx)
}

// removeOrphans is dropOrphans for who has the lock.
func (d *duck) removeOrphans(ctx context.Context) error {
	rows, err := d.db().QueryContext(ctx, `SELECT table_name FROM duckdb_tables()
		WHERE (table_name LIKE 'cold\_%' ESCAPE '\' OR table_name LIKE 'nobody\_%' ESCAPE '\' OR table_name LIKE 'hot\_%' ESCAPE '\' OR table_name LIKE 'warm\_%' ESCAPE '\')
		AND table_name NOT IN (SELECT name FROM parts)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var drops []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if !slices.Contains(d.building, name) {
			drops = append(drops, `DROP TABLE `+name)
		}
	}
	if err := rows.Err(); err != nil || len(drops) == 0 {
		return err
	}
	rows.Close()
	return d.inTransaction(ctx, func(tx *duckTx) error {
		_, err := tx.exec(ctx, strings.Join(drops, "; "))
		return err
	})
}
