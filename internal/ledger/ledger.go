package ledger

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"regia/internal/experience"
)

// Options say where the ledger is. One of Path and URL is given.
type Options struct {
	Path          string       // DuckDB file; made when absent, its folder must exist
	URL           string       // postgres://…
	Logger        *slog.Logger // default: discards
	HotLimit      int          // rows in arrival order before Compact sorts them (DuckDB); default 250,000
	MemoryLimitMB int          // what DuckDB's buffers may take, in megabytes; default 512: long texts are sorted and written in memory

	partRows  int64 // tests make parts small; default partRows
	chunks    int   // in a part; default chunksInPart
	rowGroup  int64 // and what one transaction of a compaction writes; default rowGroup
	sortBytes int64 // and slices; default sortBytes
	byValue   bool  // tests read answers as the driver gives them
}

// Ledger is the book. Append, Fresh and Compact are for the one weaver; any
// number of readers may ask at the same time. All methods may be called at once.
type Ledger struct {
	engine engine
	logger *slog.Logger
	pruned atomic.Int64 // Unix microseconds up to which `seen` was last pruned
}

// engine is what differs between the databases.
type engine interface {
	name() string
	reader() *sql.DB
	// write runs f in the one write transaction: alone, committed when f gives
	// nil, rolled back otherwise.
	write(ctx context.Context, f func(tx writeTx) error) error
	// knownHead is the head where it need not be asked for; else nil.
	knownHead() *Head
	timeline(ctx context.Context, p page) ([]experience.Interaction, error)
	scan(ctx context.Context, where string, args []any, do func(experience.Interaction) error) error
	compact(ctx context.Context, force bool, beside Beside) (CompactStats, error)
	order(ctx context.Context) (Order, error)
	rest(ctx context.Context) error
	verify(ctx context.Context) ([]Finding, error)
	// maybeSeen gives those of rows whose ids may be in `seen`.
	maybeSeen(rows []experience.Interaction) []experience.Interaction
	walk(ctx context.Context, w Walk, words *Words, visitors []Visitor) error
	invent(ctx context.Context, people int64, until time.Time, told func(done int64)) error
	dialect
	translate(err error) error
	close() error
}

// dialect is SQL for the few expressions that the engines write differently.
type dialect interface {
	// lower gives expr in lower case, rune by rune as Go's strings.ToLower.
	lower(expr string) string
	// scalar gives the text of the top-level property named by the parameter
	// key, as its sender wrote it; NULL for absent, null, objects and arrays.
	scalar(key string) string
	property(name string) string // see Ledger.Property
	number(expr string) string
	micros(expr string) string
	mentions(text string) string                        // see Ledger.Mentions
	pieces(offset string, seconds, before int64) string // see Ledger.Pieces
}

// writeTx is the write transaction of an engine.
type writeTx interface {
	exec(ctx context.Context, query string, args ...any) (int64, error)
	queryRow(ctx context.Context, query string, args ...any) *sql.Row
	appendRows(ctx context.Context, rows []experience.Interaction, checked bool) error
	// move applies what moves say to the rows that are there; moves are closed
	// (see closure) and hold no identity.
	move(ctx context.Context, moves []Move) error
	setHead(ctx context.Context, h Head) error
	// tables lists the tables that hold rows, to be changed in place.
	tables(ctx context.Context) ([]string, error)
}

// Open opens the ledger, making or migrating its tables. A file that another
// process holds is a Conflict, a server that does not answer is Unavailable.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.HotLimit <= 0 {
		o.HotLimit = 250_000
	}
	if o.MemoryLimitMB <= 0 {
		o.MemoryLimitMB = 512
	}
	if o.sortBytes <= 0 {
		o.sortBytes = sortBytes
	}
	if o.partRows <= 0 {
		o.partRows = partRows
	}
	if o.chunks <= 0 {
		o.chunks = chunksInPart
	}
	if o.rowGroup <= 0 {
		o.rowGroup = rowGroup
	}
	var e engine
	var err error
	switch {
	case o.Path != "" && o.URL == "":
		e, err = openDuck(ctx, o)
	case o.URL != "" && o.Path == "":
		e, err = openPostgres(ctx, o)
	default:
		return nil, experience.Errorf(experience.Invalid, "the ledger needs either a file or a postgres:// URL")
	}
	if err != nil {
		return nil, err
	}
	return &Ledger{engine: e, logger: o.Logger}, nil
}

// Rest gives back what a busy time took; the writer waits for it. For calm
// moments.
func (l *Ledger) Rest(ctx context.Context) error { return l.fail(l.engine.rest(ctx)) }

// Head says how far the ledger is.
type Head struct {
	Position  experience.Position // of the last block woven into it
	Move      int64               // number of the last Move applied
	Catalogue int64               // version of the catalogue of the last Retouch
	Rows      int64               // interactions there are: counted as they come and go, for counting them all takes long
}

const selectHead = `SELECT sequence, hash, move, catalogue, row_count FROM head`

const updateHead = `UPDATE head SET sequence = $1, hash = $2, move = $3, catalogue = $4, row_count = $5`

// values are the parameters of updateHead.
func (h Head) values() []any {
	return []any{int64(h.Position.Sequence), h.Position.Hash, h.Move, h.Catalogue, h.Rows}
}

func scanHead(row *sql.Row) (Head, error) {
	var h Head
	var sequence int64
	err := row.Scan(&sequence, &h.Position.Hash, &h.Move, &h.Catalogue, &h.Rows)
	h.Position.Sequence = uint64(sequence)
	return h, err
}

// Head reads how far the ledger is.
func (l *Ledger) Head(ctx context.Context) (Head, error) {
	if h := l.engine.knownHead(); h != nil {
		return *h, nil
	}
	h, err := scanHead(l.engine.reader().QueryRowContext(ctx, selectHead))
	return h, l.fail(err)
}

// Query reads. The text is the subset of SQL that both engines share, with $1
// parameters; ids as parameters are written `$1::UUID`, ids in the select list
// `person_id::TEXT`, JSON in the select list `properties::TEXT`, sums of
// BIGINT `sum(revenue)::BIGINT`. Readers never wait for the writer.
func (l *Ledger) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := l.engine.reader().QueryContext(ctx, query, args...)
	return rows, l.fail(err)
}

// QueryRow is Query for a single row.
func (l *Ledger) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return l.engine.reader().QueryRowContext(ctx, query, args...)
}

// CompactStats tells what a compaction did.
type CompactStats struct {
	Rows  int64 // rows brought into order
	Moves int64 // overrides folded into their rows
	Parts int   // sorted parts rewritten
}

// Beside says how a compaction shares the machine with those who write and ask.
type Beside struct {
	// Pause is called after each piece of work, some tenths of a second at most,
	// with how long it took; the next begins when it returns. nil: at once.
	Pause func(ctx context.Context, took time.Duration)
	// Busy tells whether so much arrives that only what must be done is: what was
	// sorted is not merged into the large parts. nil: never.
	Busy func() bool
}

// Compact brings rows into an order in which a person is found fast, and folds
// merges into them, where enough of either is waiting. It runs beside Append
// and readers, a piece at a time, and may be killed anywhere. When one is
// already running it does nothing. PostgreSQL has indexes and needs none of it.
func (l *Ledger) Compact(ctx context.Context, beside Beside) (CompactStats, error) {
	s, err := l.engine.compact(ctx, false, beside)
	return s, l.fail(err)
}

// CompactAll is Compact however little is waiting.
func (l *Ledger) CompactAll(ctx context.Context) (CompactStats, error) {
	s, err := l.engine.compact(ctx, true, Beside{})
	return s, l.fail(err)
}

// Order tells how far the ledger is sorted.
type Order struct {
	Unsorted int64 // rows that lie as they arrived
	Sorted   int64 // rows that were brought into order since the ledger was opened
	Written  int64 // rows written in order since then: a row counts again each time that parts are merged
}

// Order counts what is sorted and what is not; all zero in PostgreSQL, which has
// indexes.
func (l *Ledger) Order(ctx context.Context) (Order, error) {
	o, err := l.engine.order(ctx)
	return o, l.fail(err)
}

// Engine names the database: "DuckDB" or "PostgreSQL".
func (l *Ledger) Engine() string { return l.engine.name() }

// Version gives the database's own version, and "" when it does not answer.
func (l *Ledger) Version(ctx context.Context) string {
	var v string
	_ = l.engine.reader().QueryRowContext(ctx, `SELECT version()`).Scan(&v) // "" says it
	return v
}

// Close waits for what is running and closes the database.
func (l *Ledger) Close() error { return l.engine.close() }

// fail gives err a code and words where the engine knows them.
func (l *Ledger) fail(err error) error {
	var known *experience.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return l.engine.translate(err)
}
