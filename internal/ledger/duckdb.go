package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"

	"regia/internal/experience"
)

// duck keeps the ledger in one DuckDB file. Rows lie in parts: tables of one
// shape, see duckdb_parts.go.
type duck struct {
	options Options
	pool    atomic.Pointer[sql.DB] // of those that read; anew after a fault of the disk

	writing sync.Mutex // held during a write transaction: there is one writer
	file    *sql.DB    // the open file: the writer's pool, of plain connections, as bulk wants them
	writer  *sql.Conn  // its connection; nil while the file is being opened
	// edits counts transactions that changed rows in place (retouches, imports
	// taken back), guarded by writing: a part being rewritten meanwhile must be
	// rewritten again.
	edits int64

	compacting sync.Mutex   // held by the one compaction
	work       work         // what that does
	building   []string     // tables it writes that are no parts yet; guarded by writing
	sorted     atomic.Int64 // see Order
	written    atomic.Int64
	head       atomic.Pointer[Head]
	layout     layout
	recall     recall
	presence   presence
	mending    mending
}

// db gives the connections that read.
func (d *duck) db() *sql.DB { return d.pool.Load() }

// Settings of the whole database. Nothing is ever fetched from the network, and
// no query may reach files or change settings. Without the allocator's threads
// the memory of a large sort stays with the process for good (measured: 350 MB
// resident after one, 125 MB with them). A question is answered by the thread
// that asks: a second one is woken for each step of a question, and who asks
// turns idle until it is done (a page of a timeline took 1.4 times the CPU time).
// Who has much to read asks on two connections (see walk).
const duckSettings = `
	SET GLOBAL TimeZone = 'UTC';
	SET GLOBAL threads = 1;
	SET GLOBAL memory_limit = '%dMB';
	SET GLOBAL preserve_insertion_order = false;
	SET GLOBAL wal_autocheckpoint = '64MB';
	SET GLOBAL allocator_background_threads = true;
	SET GLOBAL autoinstall_known_extensions = false;
	SET GLOBAL autoload_known_extensions = false;
	SET GLOBAL enable_external_access = false;
	SET GLOBAL lock_configuration = true`

func openDuck(ctx context.Context, o Options) (*duck, error) {
	d := &duck{options: o}
	d.mending.alive, d.mending.stop = context.WithCancel(context.Background())
	if err := d.connect(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// connect opens the file; on an error nothing stays open.
func (d *duck) connect(ctx context.Context) error {
	connector, err := duckdb.NewConnector(d.options.Path, nil)
	if err != nil {
		if strings.Contains(err.Error(), "Could not set lock on file") {
			return inUse(d.options.Path, err)
		}
		return &experience.Error{Code: experience.Unavailable, Err: err, Message: fmt.Sprintf(
			"the ledger %s cannot be opened: %v", d.options.Path, err)}
	}
	d.file = sql.OpenDB(connector)
	pool := sql.OpenDB(settling{connector})
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(4)
	d.pool.Store(pool)
	if err := d.prepare(ctx); err != nil {
		return errors.Join(d.explain(err), d.disconnect())
	}
	parts, err := listParts(ctx, pool)
	if err != nil {
		return errors.Join(d.explain(err), d.disconnect())
	}
	d.presence.begin(parts)
	d.recall.forgetAll()
	d.mending.work.Go(func() {
		if err := d.meet(d.mending.alive, parts); err != nil && d.mending.alive.Err() == nil {
			d.options.Logger.Info("who is in the unsorted parts could not be noted; they are asked", "error", err)
		}
		if err := d.load(d.mending.alive); err != nil && d.mending.alive.Err() == nil {
			d.options.Logger.Warn("what was seen could not be remembered; it is looked up", "error", err)
		}
	})
	return nil
}

func (d *duck) maybeSeen(rows []experience.Interaction) []experience.Interaction {
	return d.recall.maybe(rows)
}

func (d *duck) disconnect() (err error) {
	if d.writer != nil {
		err, d.writer = d.writer.Close(), nil
	}
	return errors.Join(err, d.db().Close(), d.file.Close())
}

func inUse(path string, cause error) error {
	return &experience.Error{Code: experience.Conflict, Err: cause, Message: fmt.Sprintf(
		"the ledger %s is open already: stop what holds it, or talk to that instead", path)}
}

func (d *duck) prepare(ctx context.Context) (err error) {
	if d.writer, err = d.file.Conn(ctx); err != nil {
		return err
	}
	// DuckDB gives one process the same database twice; two writers would not
	// know of each other.
	var open bool
	if err := d.writer.QueryRowContext(ctx, `SELECT current_setting('lock_configuration')::BOOLEAN`).Scan(&open); err != nil {
		return err
	}
	if open {
		return inUse(d.options.Path, nil)
	}
	if _, err := d.writer.ExecContext(ctx, fmt.Sprintf(duckSettings, d.options.MemoryLimitMB)); err != nil {
		return err
	}
	if err := duckdb.RegisterScalarUDF(d.writer, "regia_scalar", scalarFunction{}); err != nil {
		return err
	}
	if err := d.migrate(ctx); err != nil {
		return err
	}
	// DuckDB makes its file as the umask says; nobody else on the machine may
	// read it.
	if err := os.Chmod(d.options.Path, 0o600); err != nil {
		return &experience.Error{Code: experience.Unavailable, Err: err, Message: fmt.Sprintf(
			"the ledger %s cannot be closed to others: %v", d.options.Path, err)}
	}
	d.layout.remember(ctx, d.writer)
	d.head.Store(nil)
	return d.removeOrphans(ctx)
}

// duckMigrations make version i+1 of the tables from version i. Append only.
var duckMigrations = []func(ctx context.Context, t *duckTx) error{firstTables, addImport, freshHot, countRows, markOldRecords}

const firstDuckTables = `
	CREATE TABLE head (sequence BIGINT, hash TEXT, move BIGINT, catalogue BIGINT);
	INSERT INTO head VALUES (0, '', 0, 0);
	CREATE TABLE seen (id UUID NOT NULL, received_at TIMESTAMPTZ NOT NULL, forever BOOLEAN NOT NULL);
	CREATE TABLE overrides (number BIGINT NOT NULL, subject UUID NOT NULL, was UUID NOT NULL, person_id UUID NOT NULL);
	CREATE SEQUENCE part_number;
	CREATE TABLE parts (name TEXT NOT NULL, kind TEXT NOT NULL, low UUID, high UUID);
	INSERT INTO parts VALUES ('hot_0', 'hot', NULL, NULL);
	CREATE TABLE hot_0 (` + firstColumnTypes + `);
	CREATE MACRO utc(t) AS make_timestamp(epoch_us(t))`

func firstTables(ctx context.Context, t *duckTx) error {
	_, err := t.exec(ctx, firstDuckTables)
	return err
}

// addImport adds the column that names a row's import to every part.
func addImport(ctx context.Context, t *duckTx) error {
	parts, err := t.parts(ctx)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := t.exec(ctx, `ALTER TABLE `+p.name+` ADD COLUMN import_id UUID`); err != nil {
			return err
		}
	}
	return t.replaceView(ctx)
}

// freshHot replaces the first version's hot part: by an empty one of today's
// columns where nothing is in it yet.
func freshHot(ctx context.Context, t *duckTx) error {
	parts, err := t.parts(ctx)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.kind != "hot" {
			continue
		}
		for _, column := range []string{"properties", "context"} {
			if _, err := t.exec(ctx, `ALTER TABLE `+p.name+` ALTER COLUMN `+column+` SET DATA TYPE TEXT`); err != nil {
				return err
			}
		}
		var rows int64
		if err := t.queryRow(ctx, `SELECT count(*) FROM `+p.name).Scan(&rows); err != nil || rows > 0 {
			return err
		}
		if _, err := t.exec(ctx, `DROP TABLE `+p.name+`; CREATE TABLE `+p.name+` (`+hotColumnTypes+`)`); err != nil {
			return err
		}
	}
	return t.replaceView(ctx)
}

// countRows has the head tell how many interactions there are.
func countRows(ctx context.Context, t *duckTx) error {
	return t.all(ctx, []string{
		`ALTER TABLE head ADD COLUMN row_count BIGINT`,
		`UPDATE head SET row_count = (SELECT count(*) FROM interactions)`,
	})
}

// markOldRecords marks what is no contact in every part.
func markOldRecords(ctx context.Context, t *duckTx) error {
	parts, err := t.parts(ctx)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := t.exec(ctx, `UPDATE `+p.name+markRecords); err != nil {
			return err
		}
	}
	return nil
}

func (d *duck) migrate(ctx context.Context) error {
	return d.inTransaction(ctx, func(tx *duckTx) error {
		if _, err := tx.exec(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT)`); err != nil {
			return err
		}
		var version int
		if err := tx.queryRow(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(&version); err != nil {
			return err
		}
		if version > len(duckMigrations) {
			return experience.Errorf(experience.Conflict, "the ledger %s was written by a newer Regia", d.options.Path)
		}
		for ; version < len(duckMigrations); version++ {
			if err := duckMigrations[version](ctx, tx); err != nil {
				return err
			}
			if _, err := tx.exec(ctx, `INSERT INTO schema_version VALUES ($1)`, version+1); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *duck) name() string    { return "DuckDB" }
func (d *duck) reader() *sql.DB { return d.db() }

// knownHead: nobody else writes, so what was written last is the head. Asking
// takes longer than many a question.
func (d *duck) knownHead() *Head { return d.head.Load() }

func (d *duck) close() error {
	d.mending.end()
	d.compacting.Lock()
	defer d.compacting.Unlock()
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.disconnect()
}

// rest writes the file's log into the file: until then its rows stay in memory
// as they came (measured: 250 MB resident instead of 130 after 177,000 rows).
func (d *duck) rest(ctx context.Context) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if d.writer == nil {
		return errMending
	}
	_, err := d.writer.ExecContext(ctx, `CHECKPOINT`)
	return err
}

// write runs f in the write transaction. A context that ends stops the
// statement that runs and rolls back.
func (d *duck) write(ctx context.Context, f func(tx writeTx) error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if d.writer == nil {
		return errMending
	}
	return d.inTransaction(ctx, func(tx *duckTx) error { return f(tx) })
}

func (d *duck) inTransaction(ctx context.Context, f func(tx *duckTx) error) error {
	// The context stops statements, not the transaction: database/sql would
	// throw the writer's connection away with it.
	tx, err := d.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	dtx := &duckTx{d: d, conn: d.writer, tx: tx}
	if err := f(dtx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	commit, alive := tx.Commit, context.WithoutCancel(ctx)
	switch {
	case dtx.reshaped:
		commit = func() error { return d.layout.change(alive, d.writer, tx.Commit) }
	case dtx.moved != nil:
		commit = func() error { return d.layout.move(alive, d.writer, dtx.moved, tx.Commit) }
	}
	if err := commit(); err != nil {
		d.head.Store(nil)
		return err
	}
	if dtx.head != nil {
		d.head.Store(dtx.head)
	}
	if dtx.edited {
		d.edits++
	}
	return nil
}

func (d *duck) translate(err error) error {
	// Who asked by connections that were closed meanwhile may ask again.
	closed := d.mending.alive.Err() == nil && strings.HasSuffix(err.Error(), "sql: database is closed")
	if closed || d.mending.broken.Load() {
		return errors.Join(errMending, err)
	}
	err = d.explain(err)
	if errors.Is(err, errMending) {
		d.mend()
	}
	return err
}

// explain gives an error of DuckDB words and a code.
func (d *duck) explain(err error) error {
	var e *duckdb.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Type == duckdb.ErrorTypeIO && strings.Contains(e.Msg, "Corrupt"):
		return &experience.Error{Code: experience.Internal, Err: err, Message: fmt.Sprintf(
			"the ledger file %s is damaged (%s); restore log, registry and ledger from the same backup", d.options.Path, firstLine(e.Msg))}
	case e.Type == duckdb.ErrorTypeFatal, strings.Contains(e.Msg, "has been invalidated"):
		return errors.Join(errMending, err)
	case e.Type == duckdb.ErrorTypeIO:
		return &experience.Error{Code: experience.Unavailable, Err: err, Message: "the ledger's file cannot be read or written: " + firstLine(e.Msg)}
	}
	return err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// lower: DuckDB folds rune by rune, as Go does.
func (d *duck) lower(expr string) string { return "lower(" + expr + ")" }

// scalar: DuckDB's own ->> rewrites numbers (1.10 becomes 1.1) and reads some
// keys as paths, so a function of ours does it.
func (d *duck) scalar(key string) string { return "regia_scalar(properties::TEXT, " + key + ")" }

type scalarFunction struct{}

func (scalarFunction) Config() duckdb.ScalarFuncConfig {
	text, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		panic(err) // VARCHAR is a plain type
	}
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{text, text}, ResultTypeInfo: text}
}

func (scalarFunction) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		object, _ := values[0].(string)
		key, _ := values[1].(string)
		if text, ok := scalarText(object, key); ok {
			return text, nil
		}
		return nil, nil
	}}
}

// scalarText reads a top-level scalar of a JSON object as text.
func scalarText(object, key string) (string, bool) {
	// Without an escape in it, a key can only stand there as it is: most objects
	// need not be read. (The past follows a changed catalogue through here.)
	if !strings.Contains(object, key) && !strings.Contains(object, `\`) {
		return "", false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &fields) != nil {
		return "", false
	}
	return experience.ScalarText(fields[key])
}

// duckTx is the write transaction.
type duckTx struct {
	d        *duck
	conn     *sql.Conn
	tx       *sql.Tx
	edited   bool         // rows in place
	reshaped bool         // the parts, or all overrides
	moved    []ruleChange // some overrides
	head     *Head
}

func (t *duckTx) setHead(ctx context.Context, h Head) error {
	t.head = &h
	_, err := t.exec(ctx, updateHead, h.values()...)
	return err
}

func (t *duckTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *duckTx) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}
