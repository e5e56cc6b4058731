package registry

import (
	"context"
	"database/sql"
	"errors"
)

// libraryKey begins the keys under which former versions of regia.js stand.
const libraryKey = "library "

// Library gives a version of regia.js by its file name; none is nil and no error.
func (db *DB) Library(ctx context.Context, name string) (script []byte, err error) {
	err = db.Read(ctx, func(ctx context.Context, tx Tx) error {
		var text string
		err := tx.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, libraryKey+name).Scan(&text)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		script = []byte(text)
		return nil
	})
	return script, err
}

// KeepLibrary keeps a version of regia.js for good. Its name holds its hash, so
// one that is there already is the same.
func (db *DB) KeepLibrary(ctx context.Context, name string, script []byte) error {
	kept, err := db.Library(ctx, name)
	if err != nil || kept != nil {
		return err
	}
	return db.Write(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`,
			libraryKey+name, string(script))
		return err
	})
}
