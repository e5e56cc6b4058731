package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"regia/internal/experience"
)

// DuckDB's driver gathers all of an answer before it gives the first row. So a
// scan looks at a window of a part's rows, asks how much text each handful of
// them has, and reads stretches of a bounded size.
const (
	scanWindow   = 120 << 10 // DuckDB's own row group
	scanHandful  = 16        // so that a stretch is too long by no more than this many rows
	stretchBytes = 8 << 20
	rowBytes     = 400 // what a row holds besides its text, about
)

// scan reads part by part in one snapshot.
func (d *duck) scan(ctx context.Context, where string, args []any, do func(experience.Interaction) error) error {
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
	parts, err := listParts(ctx, tx)
	if err != nil {
		return err
	}
	var overridden bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM overrides)`).Scan(&overridden); err != nil {
		return err
	}
	for _, p := range parts {
		s := partScan{tx: tx, args: args, do: do}
		s.where = ` FROM ` + p.name + ` WHERE rowid >= %d AND rowid < %d AND ` + where
		s.rows = `SELECT ` + columns + s.where
		if overridden {
			s.rows = `SELECT ` + overriddenColumns() + ` FROM (` + s.rows + `) t LEFT JOIN overrides o ON ` + joinOverride
		}
		if err := s.run(ctx, p.name); err != nil {
			return err
		}
	}
	return nil
}

// partScan is the scan of one part. Its texts of SQL have two %d for the first
// row and the one after the last.
type partScan struct {
	tx          *sql.Tx
	where, rows string
	args        []any
	do          func(experience.Interaction) error
}

func (s partScan) run(ctx context.Context, part string) error {
	var end int64
	if err := s.tx.QueryRowContext(ctx, `SELECT coalesce(max(rowid) + 1, 0) FROM `+part).Scan(&end); err != nil {
		return err
	}
	for from := int64(0); from < end; from += scanWindow {
		stretches, err := s.stretches(ctx, from, min(from+scanWindow, end))
		if err != nil {
			return err
		}
		for _, x := range stretches {
			if err := s.read(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// stretch is from a row up to another, left out.
type stretch struct{ from, to int64 }

// stretches divides the rows that are asked for and lie in a window.
func (s partScan) stretches(ctx context.Context, from, to int64) ([]stretch, error) {
	rows, err := s.tx.QueryContext(ctx, fmt.Sprintf(`SELECT rowid // %d AS handful,
		sum(%d + coalesce(strlen(properties), 0) + coalesce(strlen(context), 0))::BIGINT`+s.where+` GROUP BY handful ORDER BY handful`,
		scanHandful, rowBytes, from, to), s.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []stretch
	size := int64(stretchBytes)
	for rows.Next() {
		var handful, bytes int64
		if err := rows.Scan(&handful, &bytes); err != nil {
			return nil, err
		}
		if size += bytes; size > stretchBytes {
			list, size = append(list, stretch{from: max(from, handful*scanHandful)}), bytes
		}
		list[len(list)-1].to = min(to, (handful+1)*scanHandful)
	}
	return list, rows.Err()
}

func (s partScan) read(ctx context.Context, x stretch) error {
	rows, err := s.tx.QueryContext(ctx, `SELECT `+readWhole+` FROM (`+fmt.Sprintf(s.rows, x.from, x.to)+`) r`, s.args...)
	if err != nil {
		return err
	}
	return giveRows(rows, true, s.do)
}
