package registry

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"regia/internal/experience"
)

// Keys of the settings table.
const (
	companyKey = "company"
	secretKey  = "secret"
)

// Company gives what is known of the company: the default one until it is saved.
func (db *DB) Company(ctx context.Context) (experience.Company, error) {
	c := experience.DefaultCompany()
	err := db.Read(ctx, func(ctx context.Context, tx Tx) error {
		var text string
		err := tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, companyKey).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &c)
	})
	return c, err
}

// SaveCompany replaces what is known of the company. What it should look like
// is checked by whoever takes it from people.
func (db *DB) SaveCompany(ctx context.Context, c experience.Company) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write company: %w", err)
	}
	return db.Write(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, companyKey, string(text))
		return err
	})
}

// Secret gives 32 random bytes made when the registry was: the key by which
// ids are derived from identifiers. It never changes and must never be logged.
func (db *DB) Secret(context.Context) ([]byte, error) { return slices.Clone(db.secret), nil }

func (db *DB) loadSecret(ctx context.Context) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh) //nolint:errcheck // it never fails (crypto/rand)
	var text string
	err := db.Write(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`,
			secretKey, hex.EncodeToString(fresh)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, secretKey).Scan(&text)
	})
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != 32 {
		return nil, experience.Errorf(experience.Internal, "the registry's secret is damaged; restore the settings table from a copy")
	}
	return secret, nil
}
