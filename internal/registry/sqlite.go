package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"regia/internal/experience"
)

// sqliteEngine is one file in WAL mode: one connection writes, a few read.
type sqliteEngine struct {
	write, read *sql.DB
	spelt       spellings
}

// Readers never wait for the writer, but each keeps a page cache (2 MB at
// most), so only a few are kept while nobody asks.
const (
	sqliteReaders     = 8
	sqliteIdleReaders = 2
)

func openSQLite(ctx context.Context, path string) (engine, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// Made here so that nobody else on the machine may read it.
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &experience.Error{Code: experience.Unavailable,
			Message: fmt.Sprintf("cannot open the registry file %s: %v", path, errors.Unwrap(err)), Err: err}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	e := &sqliteEngine{
		write: sql.OpenDB(preparing{&sqlite.Driver{}, sqliteName(abs, "immediate", false)}),
		read:  sql.OpenDB(preparing{&sqlite.Driver{}, sqliteName(abs, "deferred", true)}),
	}
	e.write.SetMaxOpenConns(1)
	e.read.SetMaxOpenConns(sqliteReaders)
	e.read.SetMaxIdleConns(sqliteIdleReaders)
	if err := e.write.PingContext(ctx); err != nil {
		_, message := e.explain(err)
		return nil, errors.Join(&experience.Error{Code: experience.Unavailable,
			Message: fmt.Sprintf("cannot open the registry file %s: %s", path, message), Err: err}, e.read.Close(), e.write.Close())
	}
	return e, nil
}

func sqliteName(path, begin string, readOnly bool) string {
	cache := "cache_size(-40000)" // KB, of the one writer: what a large weave touches
	if readOnly {
		cache = "cache_size(-2000)"
	}
	q := url.Values{"_txlock": {begin}, "_pragma": {
		"busy_timeout(10000)",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"temp_store(MEMORY)", // statements of many rows keep what they would undo, a few pages
		"foreign_keys(1)",
		cache,
		"journal_size_limit(67108864)",
		"wal_autocheckpoint(8000)", // pages: 32 MB
	}}
	if readOnly {
		q.Set("_query_only", "1")
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) pools() (write, read *sql.DB) { return e.write, e.read }

func (e *sqliteEngine) isolation() (write, read *sql.TxOptions) {
	return &sql.TxOptions{}, &sql.TxOptions{ReadOnly: true}
}

func (e *sqliteEngine) migrate(_ context.Context, run func(goose.Dialect, *sql.DB) error) error {
	return run(goose.DialectSQLite3, e.write)
}

func (e *sqliteEngine) spell(query string, args []any) (string, []any) {
	return e.spelt.get(query).apply(args)
}

// retryable is never true: the writer holds the lock from its first moment.
func (e *sqliteEngine) retryable(error) bool { return false }

func (e *sqliteEngine) explain(err error) (experience.Code, string) {
	var s *sqlite.Error
	if !errors.As(err, &s) {
		return "", ""
	}
	switch s.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return experience.Conflict, "there is one like it already"
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return experience.Conflict, "it hangs together with something that is not there, or is still needed"
	case sqlite3.SQLITE_INTERRUPT:
		return experience.Unavailable, "it took too long and was stopped; nothing was changed"
	}
	switch s.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return experience.Invalid, "a value is missing or not allowed"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return experience.Unavailable, "another program is writing to the registry; nothing was changed, try again"
	case sqlite3.SQLITE_FULL:
		return experience.Unavailable, "the disk is full; nothing was changed, make room and try again"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return experience.Unavailable, "the registry file cannot be written; check who owns the data folder"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return experience.Internal, "the registry file is damaged; restore it from a copy"
	}
	return "", ""
}

func (e *sqliteEngine) version(ctx context.Context) (string, error) {
	var v string
	err := e.read.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&v)
	return "SQLite " + v, err
}

func (e *sqliteEngine) integrity(ctx context.Context) error {
	var result string
	if err := e.read.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return experience.Errorf(experience.Internal, "the registry file is damaged (%s); restore it from a copy", result)
	}
	return nil
}
