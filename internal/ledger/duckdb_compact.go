package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"regia/internal/experience"
)

const (
	// foldFrom is how many overrides are worth a scan of the ledger. Below it
	// the view's join costs next to nothing.
	foldFrom = 1000
	// partRows is the most a cold part holds: what is sorted in one piece. Few
	// large parts read faster than many small ones (a union costs about a
	// millisecond a branch).
	partRows = 1_500_000
	// A cold part is sorted in chunks of an eighth of that, to bound memory.
	chunksInPart = 8
	// sortBytes is the most text that is sorted in one piece. DuckDB does not
	// spill long texts: one visitor with 4,500 events of 30 KB took all of 128 MB.
	sortBytes = 16 << 20
	// A hot part is also left alone while it is small beside the cold ones, so
	// that a row is rewritten a few times in its life, not at every compaction.
	hotShare = 8
)

// compact folds overrides, then merges the hot rows into the cold parts. Every
// transaction leaves a whole and readable ledger, so stopping anywhere is safe
// and the next compaction goes on from there.
func (d *duck) compact(ctx context.Context, force bool) (CompactStats, error) {
	var s CompactStats
	if !d.compacting.TryLock() {
		return s, nil
	}
	defer d.compacting.Unlock()
	if err := d.fold(ctx, force, &s); err != nil {
		return s, err
	}
	sealed, err := d.seal(ctx, force)
	if err != nil || sealed == "" {
		return s, err
	}
	targets, err := d.targets(ctx)
	if err != nil {
		return s, err
	}
	for _, p := range targets {
		if err := d.merge(ctx, sealed, p, &s); err != nil {
			return s, err
		}
	}
	return s, d.write(ctx, func(tx writeTx) error { return tx.(*duckTx).dropEmpty(ctx, sealed) })
}

// fold writes overrides into the rows they concern and forgets them. A row of
// a cold part leaves it for the hot part, to be sorted in again.
func (d *duck) fold(ctx context.Context, force bool, s *CompactStats) error {
	var pending, upTo int64
	row := d.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM overrides), (SELECT move FROM head)`)
	if err := row.Scan(&pending, &upTo); err != nil {
		return err
	}
	if pending == 0 || pending < foldFrom && !force {
		return nil
	}
	parts, err := listParts(ctx, d.db)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.kind != "cold" && p.kind != "nobody" {
			continue
		}
		if err := d.write(ctx, func(tx writeTx) error { return tx.(*duckTx).foldCold(ctx, p) }); err != nil {
			return fmt.Errorf("fold moves into part %s: %w", p.name, err)
		}
	}
	return d.write(ctx, func(tx writeTx) error {
		n, err := tx.(*duckTx).foldHot(ctx, upTo)
		s.Moves += n
		return err
	})
}

func (t *duckTx) foldCold(ctx context.Context, p part) error {
	var concerned bool
	exists := `SELECT EXISTS (SELECT 1 FROM overrides WHERE ` + p.where(`nullif(was, `+nobodyUUID+`)`) + `)`
	if err := t.queryRow(ctx, exists).Scan(&concerned); err != nil || !concerned {
		return err
	}
	parts, err := t.parts(ctx)
	if err != nil {
		return err
	}
	for _, hot := range parts {
		if hot.kind != "hot" {
			continue
		}
		moved, err := t.exec(ctx, `INSERT INTO `+hot.name+` SELECT `+overriddenColumns()+` FROM `+p.name+` t JOIN overrides o ON `+joinOverride)
		if err != nil || moved == 0 {
			return err
		}
	}
	_, err = t.exec(ctx, `DELETE FROM `+p.name+` t USING overrides o WHERE `+joinOverride)
	return err
}

// foldHot ends a fold: the overrides up to a move are in every cold part now.
// Those made since stay; they know the rows by what these wrote.
func (t *duckTx) foldHot(ctx context.Context, upTo int64) (int64, error) {
	parts, err := t.parts(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range parts {
		if p.kind != "hot" && p.kind != "sealed" {
			continue
		}
		_, err := t.exec(ctx, `UPDATE `+p.name+` AS t SET person_id = nullif(o.person_id, `+nobodyUUID+`) FROM overrides o WHERE `+joinOverride)
		if err != nil {
			return 0, err
		}
	}
	n, err := t.exec(ctx, `DELETE FROM overrides WHERE number <= $1`, upTo)
	if err != nil {
		return 0, err
	}
	return n, t.replaceView(ctx)
}

// seal sets the hot part aside for merging and starts a new one; appending
// waits a moment for it. It gives the sealed part's name: also one left by a
// compaction that was stopped; and "" where too little is waiting.
func (d *duck) seal(ctx context.Context, force bool) (string, error) {
	var sealed string
	err := d.write(ctx, func(tx writeTx) error {
		t := tx.(*duckTx)
		parts, err := t.parts(ctx)
		if err != nil {
			return err
		}
		var hot string
		var waiting, sorted int64
		for _, p := range parts {
			switch p.kind {
			case "sealed":
				sealed = p.name
				return nil
			case "hot":
				hot = p.name
				err = t.queryRow(ctx, `SELECT count(*) FROM `+p.name).Scan(&waiting)
			default:
				var n int64
				err = t.queryRow(ctx, `SELECT count(*) FROM `+p.name).Scan(&n)
				sorted += n
			}
			if err != nil {
				return err
			}
		}
		enough := waiting >= max(int64(d.options.HotLimit), sorted/hotShare)
		if waiting == 0 || !enough && !force {
			return nil
		}
		sealed = hot
		return t.startHot(ctx, hot)
	})
	return sealed, err
}

func (t *duckTx) startHot(ctx context.Context, sealed string) error {
	name, err := newName(ctx, t.tx, "hot")
	if err != nil {
		return err
	}
	for _, s := range []string{
		`CREATE TABLE ` + name + ` (` + hotColumnTypes + `)`,
		`UPDATE parts SET kind = 'sealed' WHERE name = '` + sealed + `'`,
		`INSERT INTO parts VALUES ('` + name + `', 'hot', NULL, NULL)`,
	} {
		if _, err := t.exec(ctx, s); err != nil {
			return err
		}
	}
	return t.replaceView(ctx)
}

type rowQueryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func newName(ctx context.Context, q rowQueryer, kind string) (string, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT nextval('part_number')`).Scan(&n)
	return fmt.Sprintf("%s_%d", kind, n), err
}

// targets lists the parts that together take every row: those there are, or
// unnamed ones to begin with. Of the parts of nobody, which have no order to
// keep, the one that is not full yet takes them.
func (d *duck) targets(ctx context.Context) ([]part, error) {
	parts, err := listParts(ctx, d.db)
	if err != nil {
		return nil, err
	}
	var cold, nobody []part
	for _, p := range parts {
		switch p.kind {
		case "cold":
			cold = append(cold, p)
		case "nobody":
			var n int64
			if err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM `+p.name).Scan(&n); err != nil {
				return nil, err
			}
			if n < d.options.partRows {
				nobody = []part{p}
			}
		}
	}
	if cold == nil {
		cold = []part{{kind: "cold"}}
	}
	if nobody == nil {
		nobody = []part{{kind: "nobody"}}
	}
	return append(cold, nobody...), nil
}

// merge writes a part anew with the sealed rows that belong to it, and puts it
// in the old one's place. The writing, which takes long, holds no lock; when a
// retouch or a forgotten import edited rows meanwhile the work was in vain and is
// done again.
func (d *duck) merge(ctx context.Context, sealed string, old part, s *CompactStats) error {
	var rows int64
	if err := d.db.QueryRowContext(ctx, `SELECT count(*) FROM `+sealed+` WHERE `+old.where("person_id")).Scan(&rows); err != nil || rows == 0 {
		return err
	}
	source := `SELECT ` + columns + ` FROM ` + sealed + ` WHERE ` + old.where("person_id")
	if old.name != "" {
		source += ` UNION ALL SELECT ` + columns + ` FROM ` + old.name
	}
	for {
		edits := d.editsNow()
		made, err := d.build(ctx, source, old)
		if err != nil {
			err = errors.Join(fmt.Errorf("sort part %s with %s: %w", old.name, sealed, err), d.dropOrphans(context.WithoutCancel(ctx)))
			if d.editsNow() == edits || ctx.Err() != nil {
				return err
			}
			continue // rows went while they were counted
		}
		swapped, err := d.swap(ctx, edits, sealed, old, made)
		if err != nil {
			return errors.Join(fmt.Errorf("replace part %s: %w", old.name, err), d.dropOrphans(context.WithoutCancel(ctx)))
		}
		if swapped {
			s.Rows += rows
			s.Parts += len(made)
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

// swap puts made in the place of old and takes their rows out of the sealed
// part. It gives false, having dropped made, when rows were edited since.
func (d *duck) swap(ctx context.Context, edits int64, sealed string, old part, made []part) (bool, error) {
	current := false
	err := d.write(ctx, func(tx writeTx) error {
		var s []string
		if current = d.edits == edits; current {
			s = append(s, `DELETE FROM `+sealed+` WHERE `+old.where("person_id"))
			if old.name != "" {
				s = append(s, `DELETE FROM parts WHERE name = '`+old.name+`'`, `DROP TABLE `+old.name)
			}
		}
		for _, p := range made {
			if current {
				s = append(s, fmt.Sprintf(`INSERT INTO parts VALUES ('%s', '%s', %s, %s)`, p.name, p.kind, literal(p.low), literal(p.high)))
			} else {
				s = append(s, `DROP TABLE `+p.name)
			}
		}
		for _, statement := range s {
			if _, err := tx.exec(ctx, statement); err != nil {
				return err
			}
		}
		if !current {
			return nil
		}
		return tx.(*duckTx).replaceView(ctx)
	})
	return current, err
}

func literal(id experience.ID) string {
	if id.IsZero() {
		return `NULL`
	}
	return `'` + id.String() + `'::UUID`
}

// dropEmpty drops a sealed part that has given all its rows away.
func (t *duckTx) dropEmpty(ctx context.Context, sealed string) error {
	var left int64
	if err := t.queryRow(ctx, `SELECT count(*) FROM `+sealed).Scan(&left); err != nil || left > 0 {
		return err
	}
	for _, s := range []string{`DELETE FROM parts WHERE name = '` + sealed + `'`, `DROP TABLE ` + sealed} {
		if _, err := t.exec(ctx, s); err != nil {
			return err
		}
	}
	return t.replaceView(ctx)
}

// dropOrphans drops tables that a stopped compaction wrote and never listed.
func (d *duck) dropOrphans(ctx context.Context) error {
	rows, err := d.db.QueryContext(ctx, `SELECT table_name FROM duckdb_tables()
		WHERE (table_name LIKE 'cold\_%' ESCAPE '\' OR table_name LIKE 'nobody\_%' ESCAPE '\' OR table_name LIKE 'hot\_%' ESCAPE '\')
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
		drops = append(drops, `DROP TABLE `+name)
	}
	if err := rows.Err(); err != nil || len(drops) == 0 {
		return err
	}
	rows.Close()
	return d.write(ctx, func(tx writeTx) error {
		_, err := tx.exec(ctx, strings.Join(drops, "; "))
		return err
	})
}
