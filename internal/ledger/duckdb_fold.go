package ledger

import (
	"context"
	"fmt"
)

// fold writes overrides into the rows they concern and forgets them. A row of
// a sorted part leaves it for the hot part, to be sorted in again.
func (d *duck) fold(ctx context.Context, force bool, s *CompactStats) error {
	var pending, upTo int64
	row := d.db().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM overrides), (SELECT move FROM head)`)
	if err := row.Scan(&pending, &upTo); err != nil {
		return err
	}
	if pending == 0 || pending < foldFrom && !force {
		return nil
	}
	parts, err := listParts(ctx, d.db())
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.kind == "hot" || p.kind == "sealed" {
			continue
		}
		if err := d.write(ctx, func(tx writeTx) error { return tx.(*duckTx).foldSorted(ctx, p) }); err != nil {
			return fmt.Errorf("fold moves into part %s: %w", p.name, err)
		}
		if err := d.breathe(ctx); err != nil {
			return err
		}
	}
	return d.write(ctx, func(tx writeTx) error {
		n, err := tx.(*duckTx).foldHot(ctx, upTo)
		s.Moves += n
		return err
	})
}

func (t *duckTx) foldSorted(ctx context.Context, p part) error {
	var concerned bool
	exists := `SELECT EXISTS (SELECT 1 FROM overrides WHERE ` + p.where(`nullif(was, `+nobodyUUID+`)`) + `)`
	if err := t.queryRow(ctx, exists).Scan(&concerned); err != nil || !concerned {
		return err
	}
	t.reshaped = true // rows change their part
	parts, err := t.parts(ctx)
	if err == nil {
		err = t.meetOverridden(ctx, parts)
	}
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

// foldHot ends a fold: the overrides up to a move are in every sorted part now.
// Those made since stay; they know the rows by what these wrote.
func (t *duckTx) foldHot(ctx context.Context, upTo int64) (int64, error) {
	parts, err := t.parts(ctx)
	if err == nil {
		err = t.meetOverridden(ctx, parts)
	}
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
