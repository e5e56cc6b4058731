// Package registry is the book of what is true now: people, catalogue, users,
// settings. It is kept by SQLite in the data folder, or by PostgreSQL where a
// URL is given. Rooms write one SQL text for both; what differs lives in
// sqlite.go and postgres.go.
package registry

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3"

	"regia/internal/experience"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options say where the registry is kept. URL wins over Path.
type Options struct {
	Path   string // SQLite file; its folder must exist
	URL    string // postgres://...; "" = SQLite
	Logger *slog.Logger
}

// DB is an open registry. It is safe for use by many goroutines.
type DB struct {
	engine engine
	log    *slog.Logger
	secret []byte
}

// Tx is a transaction. Placeholders are $1, $2, ... on both engines. Rows must
// be closed before the next statement is sent (PostgreSQL has one wire).
type Tx interface {
	// Exec runs a statement and gives the number of rows it touched.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query runs a statement that gives rows.
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// QueryRow runs a statement that gives at most one row. Returning its
	// sql.ErrNoRows from Read or Write makes it code NotFound.
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// engine is what differs between the two.
type engine interface {
	name() string
	pools() (write, read *sql.DB)
	isolation() (write, read *sql.TxOptions)
	// migrate calls run with nobody else migrating, then puts right what one
	// text for both engines cannot say.
	migrate(ctx context.Context, run func(goose.Dialect, *sql.DB) error) error
	// spell gives a statement and its arguments as the driver is fastest with.
	spell(query string, args []any) (string, []any)
	// retryable tells whether the transaction lost a race and may run again.
	retryable(err error) bool
	// explain gives the code and message of an engine's error; "" = unknown.
	explain(err error) (experience.Code, string)
	version(ctx context.Context) (string, error)
	integrity(ctx context.Context) error
}

// Open opens the registry, makes it where it is not there, and brings its
// tables up to date. Its error is Unavailable when the engine cannot be reached.
func Open(ctx context.Context, o Options) (*DB, error) {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e, err := openEngine(ctx, o)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: e, log: log}
	if err := db.prepare(ctx); err != nil {
		return nil, errors.Join(db.translate(err), db.Close())
	}
	return db, nil
}

func openEngine(ctx context.Context, o Options) (engine, error) {
	if o.URL != "" {
		return openPostgres(ctx, o.URL)
	}
	if o.Path == "" {
		return nil, experience.Errorf(experience.Invalid, "the registry needs a file or a postgres:// address")
	}
	return openSQLite(ctx, o.Path)
}

func (db *DB) prepare(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	err = db.engine.migrate(ctx, func(dialect goose.Dialect, pool *sql.DB) error {
		return db.up(ctx, dialect, pool, sub)
	})
	if err != nil {
		return fmt.Errorf("migrate the registry: %w", err)
	}
	db.secret, err = db.loadSecret(ctx)
	return err
}

func (db *DB) up(ctx context.Context, dialect goose.Dialect, pool *sql.DB, files fs.FS) error {
	// Each room has its own range of numbers, so a new file may well have a
	// lower number than one that already ran.
	p, err := goose.NewProvider(dialect, pool, files,
		goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(compactPeople(dialect)))
	if err != nil {
		return err
	}
	done, err := p.Up(ctx)
	for _, m := range done {
		db.log.DebugContext(ctx, "registry migrated", "file", m.Source.Path, "took", m.Duration)
	}
	return err
}

// Close ends the registry's connections.
func (db *DB) Close() error {
	w, r := db.engine.pools()
	if w == r {
		return w.Close()
	}
	// Readers first: the last connection to leave tidies SQLite's log away.
	return errors.Join(r.Close(), w.Close())
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.engine.name() }

// Version is the engine's own, "" when it does not answer.
func (db *DB) Version(ctx context.Context) string {
	v, err := db.engine.version(ctx)
	if err != nil {
		return ""
	}
	return v
}

// Integrity checks that the book can be read and is whole. It reads all of a
// SQLite file: meant for doctor, not for a health check.
func (db *DB) Integrity(ctx context.Context) error {
	return db.translate(db.engine.integrity(ctx))
}

// Read runs f in a read-only snapshot: whatever others write meanwhile, f sees
// the registry as it stood when f first looked.
func (db *DB) Read(ctx context.Context, f func(ctx context.Context, tx Tx) error) error {
	_, read := db.engine.pools()
	_, opts := db.engine.isolation()
	return db.translate(db.transact(ctx, read, opts, f))
}

// Limits of trying a lost race again.
const (
	retryFor   = 20 * time.Second
	retryPause = 2 * time.Millisecond
	retryMost  = 100 * time.Millisecond
)

type writing struct{}

// Write runs f in a transaction as if nobody else wrote: all of it is kept, or
// nothing. On PostgreSQL f may run more than once, so it must set, not add to,
// what lives outside it. A Write inside a Write is refused (Internal): on
// SQLite it would wait for itself.
func (db *DB) Write(ctx context.Context, f func(ctx context.Context, tx Tx) error) error {
	if ctx.Value(writing{}) != nil {
		return experience.Errorf(experience.Internal, "a registry write was begun inside another")
	}
	ctx = context.WithValue(ctx, writing{}, true)
	write, _ := db.engine.pools()
	opts, _ := db.engine.isolation()
	began, pause := time.Now(), retryPause
	for {
		err := db.transact(ctx, write, opts, f)
		if err == nil || !db.engine.retryable(err) {
			return db.translate(err)
		}
		if time.Since(began) > retryFor {
			return &experience.Error{Code: experience.Unavailable, Message: "too many are writing at once; nothing was changed, try again", Err: err}
		}
		db.log.DebugContext(ctx, "registry write lost a race, again", "error", err)
		select {
		case <-ctx.Done():
			return db.translate(ctx.Err())
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, retryMost)
	}
}

// transact runs f once; whatever way f ends, the transaction has ended too.
func (db *DB) transact(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, f func(context.Context, Tx) error) error {
	t, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it has nothing to do
	if err := f(ctx, tx{t, db.engine.spell}); err != nil {
		return stopped(ctx, err)
	}
	return stopped(ctx, t.Commit())
}

// stopped says that ctx has ended, where the error only tells its consequence:
// the transaction was rolled back under the function's feet.
func stopped(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

type tx struct {
	t     *sql.Tx
	spell func(query string, args []any) (string, []any)
}

func (x tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	query, args = x.spell(query, args)
	r, err := x.t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (x tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query, args = x.spell(query, args)
	return x.t.QueryContext(ctx, query, args...)
}

func (x tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	query, args = x.spell(query, args)
	return x.t.QueryRowContext(ctx, query, args...)
}

// translate gives an error a code, unless a room already did.
func (db *DB) translate(err error) error {
	var known *experience.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	code, message := db.engine.explain(err)
	switch {
	case code != "":
	case errors.Is(err, sql.ErrNoRows):
		code, message = experience.NotFound, "there is no such thing"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		code, message = experience.Unavailable, "it took too long and was stopped; nothing was changed"
	default:
		return fmt.Errorf("registry: %w", err)
	}
	return &experience.Error{Code: code, Message: message, Err: err}
}
