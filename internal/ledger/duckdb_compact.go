package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
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
	// Sorted runs are merged into the cold parts when they are an eighth of them,
	// or would make one, so that a row is rewritten a few times in its life, not at
	// every compaction: writing a row anew costs as much as weaving it did.
	looseShare = 8
	// Of two runs the larger stays apart while it is twice the smaller: a handful
	// of them at most, however large the ledger.
	runRatio = 2
)

// compact folds overrides, then brings the hot rows into order: into the cold
// parts where there is enough for that, else into a sorted run, a warm part.
// Every transaction leaves a whole and readable ledger, so stopping anywhere is
// safe and the next compaction goes on from there.
func (d *duck) compact(ctx context.Context, force bool) (CompactStats, error) {
	var s CompactStats
	if !d.compacting.TryLock() {
		return s, nil
	}
	defer d.compacting.Unlock()
	if err := d.fold(ctx, force, &s); err != nil {
		return s, err
	}
	if err := d.seal(ctx, force); err != nil {
		return s, err
	}
	all, err := d.countParts(ctx)
	if err != nil {
		return s, err
	}
	sealed, runs := all.of("sealed"), all.of("warm")
	loose, settled := append(sealed, runs...), append(all.of("cold"), all.of("nobody")...)
	switch {
	case len(sealed) == 0 && !force || len(loose) == 0:
		return s, nil
	case force || loose.rows() >= max(d.options.partRows, settled.rows()/looseShare):
		return s, d.settle(ctx, loose, settled, &s)
	}
	return s, d.run(ctx, sealed, runs, &s)
}

// counted is a part and how many rows it has.
type counted struct {
	part
	rows int64
}

type countedParts []counted

func (d *duck) countParts(ctx context.Context) (countedParts, error) {
	parts, err := listParts(ctx, d.db())
	if err != nil {
		return nil, err
	}
	all := make(countedParts, len(parts))
	for i, p := range parts {
		all[i].part = p
		if err := d.db().QueryRowContext(ctx, `SELECT count(*) FROM `+p.name).Scan(&all[i].rows); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c countedParts) of(kind string) (out countedParts) {
	for _, p := range c {
		if p.kind == kind {
			out = append(out, p)
		}
	}
	return out
}

func (c countedParts) rows() (n int64) {
	for _, p := range c {
		n += p.rows
	}
	return n
}

// run sorts what was sealed into a warm part, and joins it with those that are
// not much larger.
func (d *duck) run(ctx context.Context, sealed, runs countedParts, s *CompactStats) error {
	joined := sealed
	slices.SortFunc(runs, func(a, b counted) int { return cmp.Compare(a.rows, b.rows) })
	for _, r := range runs {
		if r.rows >= runRatio*joined.rows() {
			break
		}
		joined = append(joined, r)
	}
	return d.merge(ctx, joined, part{kind: "warm"}, s)
}

// settle merges loose parts into the settled ones: the cold, and those of nobody.
func (d *duck) settle(ctx context.Context, loose, settled countedParts, s *CompactStats) error {
	for _, p := range d.targets(settled) {
		if err := d.merge(ctx, loose, p, s); err != nil {
			return err
		}
	}
	for _, p := range loose {
		if err := d.write(ctx, func(tx writeTx) error { return tx.(*duckTx).dropEmpty(ctx, p.name) }); err != nil {
			return err
		}
	}
	d.presence.forget(loose)
	return nil
}

// seal sets the hot part aside and starts a new one, where enough is in it;
// appending waits a moment for it. One that a stopped compaction left is sorted
// first.
func (d *duck) seal(ctx context.Context, force bool) error {
	return d.write(ctx, func(tx writeTx) error {
		t := tx.(*duckTx)
		parts, err := t.parts(ctx)
		if err != nil {
			return err
		}
		var hot string
		for _, p := range parts {
			switch p.kind {
			case "sealed":
				return nil
			case "hot":
				hot = p.name
			}
		}
		var waiting int64
		if err := t.queryRow(ctx, `SELECT count(*) FROM `+hot).Scan(&waiting); err != nil {
			return err
		}
		if waiting == 0 || waiting < int64(d.options.HotLimit) && !force {
			return nil
		}
		return t.startHot(ctx, hot)
	})
}

func (t *duckTx) startHot(ctx context.Context, sealed string) error {
	name, err := newName(ctx, t.tx, "hot")
	if err != nil {
		return err
	}
	t.d.presence.empty(name)
	err = t.all(ctx, []string{
		`CREATE TABLE ` + name + ` (` + hotColumnTypes + `)`,
		`UPDATE parts SET kind = 'sealed' WHERE name = '` + sealed + `'`,
		`INSERT INTO parts VALUES ('` + name + `', 'hot', NULL, NULL)`,
	})
	if err != nil {
		return err
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
