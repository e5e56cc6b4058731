package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"regia/internal/experience"
)

// postgresEngine keeps its tables in a schema of their own, so that the ledger
// may live in the same database.
type postgresEngine struct {
	pool   *sql.DB
	schema string
}

const (
	postgresSchema      = "registry"
	postgresConnections = 16
	// migrationLock is the number all Regias take in a database before they
	// migrate ("regi").
	migrationLock = 0x72656769
)

func openPostgres(ctx context.Context, address string) (engine, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		// The cause may quote the password.
		return nil, experience.Errorf(experience.Invalid, "the registry's address cannot be read; write it as postgres://user:password@host:5432/database")
	}
	schema := cfg.RuntimeParams["search_path"]
	if schema == "" {
		schema = postgresSchema
		cfg.RuntimeParams["search_path"] = schema
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "regia registry"
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	e := &postgresEngine{pool: stdlib.OpenDB(*cfg), schema: schema}
	e.pool.SetMaxOpenConns(postgresConnections)
	e.pool.SetMaxIdleConns(4)
	e.pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := e.pool.PingContext(ctx); err != nil {
		_, message := e.explain(err)
		if message == "" {
			message = "it does not answer"
		}
		return nil, errors.Join(&experience.Error{Code: experience.Unavailable,
			Message: fmt.Sprintf("cannot open the registry at %s:%d/%s: %s", cfg.Host, cfg.Port, cfg.Database, message), Err: err}, e.pool.Close())
	}
	return e, nil
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) pools() (write, read *sql.DB) { return e.pool, e.pool }

// isolation: a repeatable read in PostgreSQL is a snapshot and never fails.
func (e *postgresEngine) isolation() (write, read *sql.TxOptions) {
	return &sql.TxOptions{Isolation: sql.LevelSerializable}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (e *postgresEngine) migrate(ctx context.Context, run func(goose.Dialect, *sql.DB) error) (err error) {
	conn, err := e.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return err
	}
	defer func() {
		// Also when ctx has ended: the connection goes back to the pool.
		_, unlock := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock)
		err = errors.Join(err, unlock)
	}()
	if _, err := conn.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{e.schema}.Sanitize()); err != nil {
		return err
	}
	if err := run(goose.DialectPostgres, e.pool); err != nil {
		return err
	}
	return e.compareBytewise(ctx, conn)
}

// compareBytewise makes every text column of the registry compare by its bytes,
// as SQLite does, whatever the database's own language is: else a range of
// keys would hold other rows here than there.
func (e *postgresEngine) compareBytewise(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, `
		SELECT t.relname, a.attname
		  FROM pg_attribute a
		  JOIN pg_class t ON t.oid = a.attrelid AND t.relkind IN ('r', 'p')
		  JOIN pg_namespace n ON n.oid = t.relnamespace
		 WHERE n.nspname = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
		   AND a.attcollation = 'pg_catalog."default"'::regcollation
		 ORDER BY 1, a.attnum`, e.schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, tables := map[string][]string{}, []string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		if columns[table] == nil {
			tables = append(tables, table)
		}
		columns[table] = append(columns[table], "ALTER COLUMN "+pgx.Identifier{column}.Sanitize()+` TYPE TEXT COLLATE "C"`)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, t := range tables {
		// One statement a table: it is rewritten once at most.
		if _, err := conn.ExecContext(ctx, "ALTER TABLE "+pgx.Identifier{e.schema, t}.Sanitize()+" "+strings.Join(columns[t], ", ")); err != nil {
			return fmt.Errorf("collate %s: %w", t, err)
		}
	}
	return nil
}

// spell leaves everything as it is: $1 is PostgreSQL's own way.
func (e *postgresEngine) spell(query string, args []any) (string, []any) { return query, args }

// SQLSTATE codes, from PostgreSQL's appendix A.
func (e *postgresEngine) retryable(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && (p.Code == "40001" || p.Code == "40P01")
}

func (e *postgresEngine) explain(err error) (experience.Code, string) {
	var p *pgconn.PgError
	if !errors.As(err, &p) {
		var c *pgconn.ConnectError
		if errors.As(err, &c) || pgconn.Timeout(err) {
			return experience.Unavailable, "PostgreSQL does not answer; check that it runs and can be reached"
		}
		return "", ""
	}
	switch p.Code {
	case "23505":
		return experience.Conflict, "there is one like it already"
	case "23503":
		return experience.Conflict, "it hangs together with something that is not there, or is still needed"
	case "22021", "22P05":
		return experience.Invalid, "a text holds characters that cannot be kept"
	case "57014":
		return experience.Unavailable, "it took too long and was stopped; nothing was changed"
	case "28P01", "28000":
		return experience.Unavailable, "PostgreSQL does not accept the user name or the password"
	case "3D000":
		return experience.Unavailable, "there is no such database; make it with createdb"
	case "42501":
		return experience.Unavailable, "the PostgreSQL user lacks a permission; it must be allowed to make tables in the database"
	}
	switch p.Code[:2] {
	case "23":
		return experience.Invalid, "a value is missing or not allowed"
	case "08", "53", "57":
		return experience.Unavailable, "PostgreSQL cannot take it now; nothing was changed, try again"
	}
	return "", ""
}

func (e *postgresEngine) version(ctx context.Context) (string, error) {
	var v string
	err := e.pool.QueryRowContext(ctx, `SHOW server_version`).Scan(&v)
	return "PostgreSQL " + v, err
}

// integrity reads every row of every table: PostgreSQL checks pages and rows
// as they pass, where its checksums are on.
func (e *postgresEngine) integrity(ctx context.Context) error {
	rows, err := e.pool.QueryContext(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1`, e.schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return err
		}
		tables = append(tables, t)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, t := range tables {
		var n int64
		if err := e.pool.QueryRowContext(ctx, "SELECT count(*) FROM "+pgx.Identifier{e.schema, t}.Sanitize()).Scan(&n); err != nil {
			return fmt.Errorf("read %s: %w", t, err)
		}
	}
	return nil
}
