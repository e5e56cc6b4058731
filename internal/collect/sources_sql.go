package collect

import (
	"context"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

const sourceColumns = `id, name, kind, channel, write_key, disabled, created_at`

// scanSource reads sourceColumns.
func scanSource(scan func(...any) error) (x Source, err error) {
	var created int64
	err = scan(&x.ID, &x.Name, &x.Kind, &x.Channel, &x.WriteKey, &x.Disabled, &created)
	x.CreatedAt = time.UnixMicro(created).UTC()
	return x, err
}

func selectSource(ctx context.Context, tx registry.Tx, id string) (Source, error) {
	return scanSource(tx.QueryRow(ctx, `SELECT `+sourceColumns+` FROM sources WHERE id = $1`, id).Scan)
}

func selectSources(ctx context.Context, tx registry.Tx) ([]Source, error) {
	rows, err := tx.Query(ctx, `SELECT `+sourceColumns+` FROM sources`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Source
	for rows.Next() {
		x, err := scanSource(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Source) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, rows.Err()
}

// insertSource adds a source and tells whether its id was still free.
func insertSource(ctx context.Context, tx registry.Tx, x Source) (bool, error) {
	n, err := tx.Exec(ctx, `INSERT INTO sources (`+sourceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO NOTHING`,
		x.ID, x.Name, string(x.Kind), string(x.Channel), x.WriteKey, x.Disabled, x.CreatedAt.UnixMicro())
	return n > 0, err
}

func updateSource(ctx context.Context, tx registry.Tx, x Source) error {
	n, err := tx.Exec(ctx, `UPDATE sources SET name = $2, channel = $3, write_key = $4, disabled = $5 WHERE id = $1`,
		x.ID, x.Name, string(x.Channel), x.WriteKey, x.Disabled)
	if err == nil && n == 0 {
		return experience.Errorf(experience.NotFound, "there is no such source")
	}
	return err
}
