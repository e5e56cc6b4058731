package journey

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// head is a map without its content.
type head struct {
	id      experience.ID
	version int64
	removed bool
}

func selectHead(ctx context.Context, tx registry.Tx, key string) (h head, err error) {
	err = tx.QueryRow(ctx, `SELECT id, version, removed FROM journey_maps WHERE key = $1`, key).Scan(&h.id, &h.version, &h.removed)
	return h, err
}

// missing says that there is no such map, where there is no such row.
func missing(err error) error {
	var known *experience.Error
	if errors.Is(err, sql.ErrNoRows) || errors.As(err, &known) && known.Code == experience.NotFound {
		return errUnknown
	}
	return err
}

// selectMap reads one version of a map that was not taken away; 0 is the latest.
func selectMap(ctx context.Context, tx registry.Tx, key string, version int64) (Map, error) {
	h, err := selectHead(ctx, tx, key)
	switch {
	case err != nil:
		return Map{}, err
	case h.removed:
		return Map{}, errUnknown
	case version == 0:
		version = h.version
	}
	var body string
	err = tx.QueryRow(ctx, `SELECT body FROM journey_versions WHERE map = $1 AND version = $2`, h.id, version).Scan(&body)
	if err != nil {
		return Map{}, err
	}
	return read(h.id, version, body)
}

// read makes a map of what was kept. What the table itself says is not read
// from the text.
func read(id experience.ID, version int64, body string) (Map, error) {
	var m Map
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return Map{}, fmt.Errorf("map %s, version %d: %w", id, version, err)
	}
	m.ID, m.Version = id, version
	return m, nil
}

func selectMaps(ctx context.Context, tx registry.Tx) ([]Map, error) {
	rows, err := tx.Query(ctx, `SELECT m.id, m.version, v.body FROM journey_maps m
		JOIN journey_versions v ON v.map = m.id AND v.version = m.version WHERE m.removed = FALSE`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Map
	for rows.Next() {
		var id experience.ID
		var version int64
		var body string
		if err := rows.Scan(&id, &version, &body); err != nil {
			return nil, err
		}
		m, err := read(id, version, body)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

func selectVersions(ctx context.Context, tx registry.Tx, id experience.ID) ([]Saved, error) {
	rows, err := tx.Query(ctx, `SELECT version, saved_at, saved_by, restores FROM journey_versions WHERE map = $1 ORDER BY version DESC`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Saved
	for rows.Next() {
		var s Saved
		var at int64
		if err := rows.Scan(&s.Version, &at, &s.By, &s.Restores); err != nil {
			return nil, err
		}
		s.At = time.UnixMicro(at).UTC()
		list = append(list, s)
	}
	return list, rows.Err()
}

func insertHead(ctx context.Context, tx registry.Tx, m Map) error {
	_, err := tx.Exec(ctx, `INSERT INTO journey_maps (id, key, version, removed) VALUES ($1, $2, $3, FALSE)`, m.ID, m.Key, m.Version)
	return err
}

func raise(ctx context.Context, tx registry.Tx, m Map) error {
	_, err := tx.Exec(ctx, `UPDATE journey_maps SET version = $2 WHERE id = $1`, m.ID, m.Version)
	return err
}

func insertVersion(ctx context.Context, tx registry.Tx, m Map, s Saved) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO journey_versions (map, version, saved_at, saved_by, restores, body) VALUES ($1, $2, $3, $4, $5, $6)`,
		m.ID, s.Version, s.At.UnixMicro(), s.By, s.Restores, string(body))
	return err
}

func markRemoved(ctx context.Context, tx registry.Tx, id experience.ID, removed bool) error {
	_, err := tx.Exec(ctx, `UPDATE journey_maps SET removed = $2 WHERE id = $1`, id, removed)
	return err
}
