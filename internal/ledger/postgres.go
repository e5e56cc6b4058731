package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"regia/internal/experience"
)

// postgres keeps the ledger in one table of a PostgreSQL database.
type postgres struct {
	read, writer *sql.DB
	folding      string // collation under which lower() folds rune by rune; "" for the database's own
}

func openPostgres(ctx context.Context, o Options) (*postgres, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		// The cause may quote the URL, and the URL may hold a password.
		return nil, experience.Errorf(experience.Invalid, "the ledger's URL is not one of PostgreSQL")
	}
	config.RuntimeParams["timezone"] = "UTC"
	reading := config.Copy()
	reading.RuntimeParams["default_transaction_read_only"] = "on"
	p := &postgres{read: stdlib.OpenDB(*reading), writer: stdlib.OpenDB(*config)}
	p.read.SetMaxOpenConns(16)
	p.read.SetMaxIdleConns(4)
	p.writer.SetMaxOpenConns(2)
	if err := p.prepare(ctx); err != nil {
		return nil, errors.Join(p.translate(err), p.close())
	}
	return p, nil
}

// postgresMigrations make version i+1 of the tables from version i. Append only.
var postgresMigrations = []string{`
	CREATE TABLE head (sequence BIGINT NOT NULL, hash TEXT NOT NULL, move BIGINT NOT NULL, catalogue BIGINT NOT NULL);
	INSERT INTO head VALUES (0, '', 0, 0);
	CREATE TABLE seen (id UUID NOT NULL, received_at TIMESTAMPTZ NOT NULL, forever BOOLEAN NOT NULL);
	CREATE INDEX seen_id ON seen (id);
	CREATE INDEX seen_received ON seen (received_at) WHERE NOT forever;
	CREATE TABLE interactions (` + strings.ReplaceAll(firstColumnTypes, "TEXT", `TEXT COLLATE "C"`) + `);
	CREATE INDEX interactions_person ON interactions (person_id, time DESC, id DESC);
	CREATE INDEX interactions_subject ON interactions (subject);
	CREATE INDEX interactions_time ON interactions (time);
	CREATE INDEX interactions_name ON interactions (source, name);
	CREATE FUNCTION utc(t TIMESTAMPTZ) RETURNS TIMESTAMP LANGUAGE SQL IMMUTABLE PARALLEL SAFE AS $$ SELECT t AT TIME ZONE 'UTC' $$`, `
	ALTER TABLE interactions ADD COLUMN import_id UUID;
	CREATE INDEX interactions_import ON interactions (import_id) WHERE import_id IS NOT NULL`, `
	CREATE INDEX interactions_arrival ON interactions (source, received_at DESC)`, `
	ALTER TABLE head ADD COLUMN row_count BIGINT NOT NULL DEFAULT 0;
	UPDATE head SET row_count = (SELECT count(*) FROM interactions)`,
	`UPDATE interactions` + markRecords,
}

// schemaLock is an arbitrary number: servers that start together make the
// tables one after the other.
const schemaLock = 7_348_201_566

func (p *postgres) prepare(ctx context.Context) error {
	tx, err := p.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after the commit
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, schemaLock); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS ledger_version (version BIGINT)`); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM ledger_version`).Scan(&version); err != nil {
		return err
	}
	if version > len(postgresMigrations) {
		return experience.Errorf(experience.Conflict, "the ledger was written by a newer Regia")
	}
	for ; version < len(postgresMigrations); version++ {
		if _, err := tx.ExecContext(ctx, postgresMigrations[version]); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_version VALUES ($1)`, version+1); err != nil {
			return err
		}
	}
	if err := distribute(ctx, tx); err != nil {
		return err
	}
	// Go, DuckDB and these collations fold rune by rune; a database made with
	// LC_CTYPE C would leave È as it is.
	err = tx.QueryRowContext(ctx, `SELECT collname FROM pg_collation
		WHERE collname IN ('pg_c_utf8', 'C.utf8', 'C.UTF-8', 'und-x-icu') AND collencoding IN (-1, 6)
		ORDER BY collname = 'und-x-icu', collname = 'C.UTF-8', collname = 'C.utf8' LIMIT 1`).Scan(&p.folding)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return tx.Commit()
}

// distribute spreads the rows over the nodes of a Citus cluster, when the
// database is one. By subject: it never changes, as a person may, and a row
// must not change its node. Without the extension it does nothing.
func distribute(ctx context.Context, tx *sql.Tx) error {
	var citus bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')`).Scan(&citus)
	if err != nil || !citus {
		return err
	}
	for table, column := range map[string]string{"interactions": "subject", "seen": "id"} {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`SELECT create_distributed_table('%s', '%s')
			WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = '%[1]s'::regclass)`, table, column))
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *postgres) name() string    { return "PostgreSQL" }
func (p *postgres) reader() *sql.DB { return p.read }
func (p *postgres) close() error    { return errors.Join(p.read.Close(), p.writer.Close()) }

func (p *postgres) lower(expr string) string {
	if p.folding == "" {
		return "lower(" + expr + ")"
	}
	return `lower((` + expr + `) COLLATE "` + p.folding + `")`
}

func (p *postgres) scalar(key string) string {
	return `(CASE WHEN json_typeof(properties -> ` + key + `) IN ('string', 'number', 'boolean') THEN properties ->> ` + key + ` END)`
}

// attempts is how often a transaction that lost a race is run again.
const attempts = 5

// write locks the head, so that of several weavers one writes at a time and
// the others find their position taken.
func (p *postgres) write(ctx context.Context, f func(tx writeTx) error) error {
	for try := 1; ; try++ {
		err := p.once(ctx, f)
		var e *pgconn.PgError
		lost := errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01") // serialization failure, deadlock
		if !lost || try == attempts {
			return err
		}
	}
}

func (p *postgres) once(ctx context.Context, f func(tx writeTx) error) error {
	conn, err := p.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after the commit
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM head FOR UPDATE`); err != nil {
		return err
	}
	if err := f(&postgresTx{conn: conn, tx: tx}); err != nil {
		return err
	}
	return tx.Commit()
}

func (p *postgres) timeline(ctx context.Context, q page) ([]experience.Interaction, error) {
	conditions, args := q.conditions()
	return q.read(ctx, p.read, fmt.Sprintf(`interactions t WHERE person_id = '%s'::UUID%s`, q.person, conditions), args)
}

// knownHead: another node may write it.
func (p *postgres) knownHead() *Head { return nil }

// rest: PostgreSQL looks after itself.
func (p *postgres) rest(context.Context) error { return nil }

// maybeSeen: PostgreSQL has an index.
func (p *postgres) maybeSeen(rows []experience.Interaction) []experience.Interaction { return rows }

// verify: PostgreSQL checks its pages itself, where it was set up with checksums.
func (p *postgres) verify(context.Context) ([]Finding, error) { return nil, nil }

func (p *postgres) compact(context.Context, bool, Beside) (CompactStats, error) {
	return CompactStats{}, nil
}
func (p *postgres) order(context.Context) (Order, error) { return Order{}, nil }

func (p *postgres) translate(err error) error {
	var e *pgconn.PgError
	var c *pgconn.ConnectError
	switch {
	case errors.As(err, &e) && e.Code == "57P03", errors.As(err, &e) && strings.HasPrefix(e.Code, "08"), errors.As(err, &c):
		return &experience.Error{Code: experience.Unavailable, Message: "the ledger's PostgreSQL does not answer", Err: err}
	case errors.As(err, &e) && e.Code == "25006": // read-only transaction
		return &experience.Error{Code: experience.Invalid, Message: "questions to the ledger cannot change it", Err: err}
	}
	return err
}

// postgresTx is the write transaction.
type postgresTx struct {
	conn *sql.Conn
	tx   *sql.Tx
}

func (t *postgresTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *postgresTx) setHead(ctx context.Context, h Head) error {
	_, err := t.exec(ctx, updateHead, h.values()...)
	return err
}

func (t *postgresTx) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}

func (t *postgresTx) tables(context.Context) ([]string, error) { return []string{"interactions"}, nil }

func (t *postgresTx) appendRows(ctx context.Context, rows []experience.Interaction, _ bool) error {
	return t.conn.Raw(func(dc any) error {
		conn := dc.(*stdlib.Conn).Conn()
		names := strings.Split(columns, ", ")
		_, err := conn.CopyFrom(ctx, pgx.Identifier{"interactions"}, names, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			return postgresRow(&rows[i]), nil
		}))
		if err != nil {
			return err
		}
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"seen"}, []string{"id", "received_at", "forever"}, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			return []any{[16]byte(rows[i].ID), rows[i].ReceivedAt, rows[i].Imported}, nil
		}))
		return err
	})
}

func postgresRow(r *experience.Interaction) []any {
	return []any{[16]byte(r.ID), cleanText(r.MessageID), cleanText(r.Source), cleanText(string(r.Kind)), cleanText(r.Name),
		r.Time, r.ReceivedAt, postgresID(r.Subject), postgresID(r.Person), cleanText(r.Touchpoint), cleanText(r.Visit),
		r.Revenue, cleanText(r.Currency), cleanText(r.OrderID), cleanText(r.ProductID), int16(r.Flags), r.Imported,
		postgresJSON(r.Properties), postgresJSON(r.Context), postgresID(r.Import)}
}

func postgresID(id experience.ID) any {
	if id.IsZero() {
		return nil
	}
	return [16]byte(id)
}

// postgresJSON checks again what was checked: one value that PostgreSQL does not
// take would stop the book.
func postgresJSON(raw []byte) any {
	if text := cleanJSON(raw, false); text != nil {
		return string(text)
	}
	return nil
}

// move changes the rows themselves: an index finds them.
func (t *postgresTx) move(ctx context.Context, moves []Move) error {
	rules := map[rowKey]override{}
	closure(rules, moves)
	var subject, was, person []string
	for k, r := range rules {
		subject, was, person = append(subject, k.subject.String()), append(was, k.was.String()), append(person, r.person.String())
	}
	_, err := t.exec(ctx, `UPDATE interactions t SET person_id = nullif(m.person, '')::UUID
		FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[]) AS m(subject, was, person)
		WHERE t.subject = m.subject::UUID AND t.person_id IS NOT DISTINCT FROM nullif(m.was, '')::UUID`, subject, was, person)
	return err
}
