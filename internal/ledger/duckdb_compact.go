package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// foldFrom is how many overrides are worth a scan of the ledger. Below it
	// the view's join costs next to nothing.
	foldFrom = 1000
	// partRows is the most a cold part holds: what is sorted in one piece. Few
	// large parts read faster than many small ones (a union costs about a
	// millisecond a branch).
	partRows = 1_500_000
	// A part is sorted in chunks of a sixty-fourth of that: some 25,000 rows, 16 MB
	// of a shop's, a tenth of a second. So memory is bounded, and between two
	// chunks others have their turn.
	chunksInPart = 64
	// sortBytes is the most text that is sorted in one piece, about. DuckDB does
	// not spill long texts: one visitor with 4,500 events of 30 KB took all of 128 MB.
	sortBytes = 16 << 20
	// Sorted runs are merged into the cold parts when they are an eighth of them,
	// or would make one, so that a row is rewritten a few times in its life, not at
	// every compaction.
	looseShare = 8
	// runFan runs of about the same size are joined into one: while much arrives,
	// and nothing is settled, a row is rewritten once, and once more each time that
	// there is eight times as much.
	runFan = 8
)

// compact folds overrides, then brings the hot rows into order: first into a
// sorted run, a warm part; runs, once there is enough in them, into the cold
// parts. Every transaction leaves a whole and readable ledger, so stopping
// anywhere is safe and the next compaction goes on from there.
func (d *duck) compact(ctx context.Context, force bool, beside Beside) (s CompactStats, err error) {
	if !d.compacting.TryLock() {
		return s, nil
	}
	defer d.compacting.Unlock()
	d.work = work{beside: beside, stats: &s, since: time.Now()}
	if err := d.fold(ctx, force, &s); err != nil {
		return s, err
	}
	if !force {
		if err := d.sortHot(ctx); err != nil {
			return s, err
		}
		return s, d.tidyRuns(ctx)
	}
	if err := d.seal(ctx, 1); err != nil {
		return s, err
	}
	all, err := d.countParts(ctx)
	if loose := append(all.of("sealed"), all.of("warm")...); err == nil && len(loose) > 0 {
		unsorted := all.of("sealed").rows()
		if err = d.settle(ctx, loose, all.settled()); err == nil {
			d.sorted.Add(unsorted)
		}
	}
	return s, err
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

func (c countedParts) settled() countedParts { return append(c.of("cold"), c.of("nobody")...) }

// sortHot sorts the hot rows into runs while enough of them wait: one run of each
// part that was set aside, so that after a flood there is less to read in order
// of arrival with each that is sorted.
func (d *duck) sortHot(ctx context.Context) error {
	for {
		if err := d.seal(ctx, int64(d.options.HotLimit)); err != nil {
			return err
		}
		all, err := d.countParts(ctx)
		sealed := all.of("sealed")
		if err != nil || len(sealed) == 0 {
			return err
		}
		if err := d.merge(ctx, sealed[:1], part{kind: "warm"}); err != nil {
			return err
		}
		d.sorted.Add(sealed[:1].rows())
	}
}

// tidyRuns joins runs of about the same size where there are many, and merges
// them into the settled parts where they hold enough and nobody is in a hurry.
func (d *duck) tidyRuns(ctx context.Context) error {
	d.work.long = true
	for {
		all, err := d.countParts(ctx)
		if err != nil {
			return err
		}
		runs, settled := all.of("warm"), all.settled()
		if runs.rows() >= max(d.options.partRows, settled.rows()/looseShare) && !d.work.beside.busy() {
			return d.settle(ctx, runs, settled)
		}
		alike := runs.alike(int64(d.options.HotLimit))
		if alike == nil {
			return nil
		}
		if err := d.merge(ctx, alike, part{kind: "warm"}); err != nil {
			return err
		}
	}
}

// alike gives runFan runs of one size, the smallest there are so many of: of
// least rows or a few times as many, runFan times that, and so on.
func (c countedParts) alike(least int64) countedParts {
	sizes := map[int]countedParts{}
	for _, r := range c {
		size := 0
		for n := r.rows / max(least, 1); n >= runFan; n /= runFan {
			size++
		}
		sizes[size] = append(sizes[size], r)
	}
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		if len(sizes[size]) >= runFan {
			return sizes[size]
		}
	}
	return nil
}

// settle merges loose parts into the settled ones: the cold, and those of nobody.
func (d *duck) settle(ctx context.Context, loose, settled countedParts) error {
	for _, p := range d.targets(settled) {
		if err := d.merge(ctx, loose, p); err != nil {
			return err
		}
	}
	return d.dropAll(ctx, loose)
}

// dropAll drops loose parts that have given all their rows away.
func (d *duck) dropAll(ctx context.Context, loose countedParts) error {
	for _, p := range loose {
		if err := d.write(ctx, func(tx writeTx) error { return tx.(*duckTx).dropEmpty(ctx, p.name) }); err != nil {
			return err
		}
	}
	d.presence.forget(loose)
	return nil
}

// seal sets the hot part aside where it holds at least so many rows, and starts
// a new one; appending waits a moment for it.
func (d *duck) seal(ctx context.Context, least int64) error {
	return d.write(ctx, func(tx writeTx) error {
		_, err := tx.(*duckTx).roomyHot(ctx, least)
		return err
	})
}

// roomyHot gives the name of the hot part: of a new one where the old one held
// so many rows, or more, which is set aside.
func (t *duckTx) roomyHot(ctx context.Context, enough int64) (hot string, err error) {
	if err := t.queryRow(ctx, `SELECT name FROM parts WHERE kind = 'hot'`).Scan(&hot); err != nil {
		return "", err
	}
	var waiting int64
	if err := t.queryRow(ctx, `SELECT count(*) FROM `+hot).Scan(&waiting); err != nil || waiting < enough {
		return hot, err
	}
	name, err := newName(ctx, t.tx, "hot")
	if err != nil {
		return "", err
	}
	t.d.presence.empty(name)
	err = t.all(ctx, []string{
		`CREATE TABLE ` + name + ` (` + hotColumnTypes + `)`,
		`UPDATE parts SET kind = 'sealed' WHERE name = '` + hot + `'`,
		`INSERT INTO parts VALUES ('` + name + `', 'hot', NULL, NULL)`,
	})
	if err != nil {
		return "", err
	}
	return name, t.replaceView(ctx)
}

type rowQueryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func newName(ctx context.Context, q rowQueryer, kind string) (string, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT nextval('part_number')`).Scan(&n)
	return fmt.Sprintf("%s_%d", kind, n), err
}
