// Package weave connects the dots: it reads the log in order, finds out who
// each interaction was with and at which touchpoint, and commits the registry
// and then the ledger, so that each interaction stands in them exactly once
// whatever crashes in between.
package weave

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/stream"
)

// Log is what the weaver reads.
type Log interface {
	Next(ctx context.Context, after experience.Position, maxRecords int) ([]stream.Block, error)
	Trim(ctx context.Context, woven experience.Position) error
	Publish(subject string, data []byte) error
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
}

// Ledger is what the weaver writes rows to.
type Ledger interface {
	Head(ctx context.Context) (ledger.Head, error)
	Fresh(ctx context.Context, rows []experience.Interaction) ([]bool, error)
	Append(ctx context.Context, b ledger.Batch) error
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Lesson is what an Identity did in one transaction.
type Lesson struct {
	Persons []experience.ID // the person of each fact, zero for nobody
	Commit  func()          // called once the transaction stands
}

// Identity finds people in facts, in the weaver's registry transaction.
type Identity interface {
	Learn(ctx context.Context, tx registry.Tx, facts []experience.Fact) (Lesson, error)
	Recall(ctx context.Context, tx registry.Tx, facts []experience.Fact) (Lesson, error)
	// Forget comes before Learn, in the same transaction.
	Forget(ctx context.Context, tx registry.Tx, f Forgetting) error
	Moves(ctx context.Context, tx registry.Tx, after int64) ([]ledger.Move, error)
	ForgetMoves(ctx context.Context, tx registry.Tx, upTo int64) error
}

// Catalogue is the touchpoint catalogue at one version.
type Catalogue struct {
	Version  int64
	Bindings []experience.Binding
	Match    func(source string, kind experience.Kind, name string, properties json.RawMessage) (touchpoint string)
}

// Touchpoints gives the catalogue.
type Touchpoints interface {
	Version(ctx context.Context, tx registry.Tx) (int64, error)
	Load(ctx context.Context, tx registry.Tx) (Catalogue, error)
	// Changed gives the lower-case event names that changes after a version can
	// concern; nil for all.
	Changed(ctx context.Context, tx registry.Tx, since int64) ([]string, error)
}

// Options wire a Weaver.
type Options struct {
	Log         Log
	Registry    *registry.DB
	Ledger      Ledger
	Identity    Identity
	Touchpoints Touchpoints
	Clock       experience.Clock
	Logger      *slog.Logger
	Accepted    func() int64  // events that the front door of this process took so far; nil = it has none
	Calls       func() int64  // and in how many requests; given with Accepted
	MaxRecords  int           // in one transaction; default 20,000
	Lease       time.Duration // how long a weaver that fell silent keeps its turn; default 10 s
	Alone       bool          // nobody else can weave (the folder is locked): no lease is needed
}

// Weaver weaves while it holds the lease.
type Weaver struct {
	Options
	ids       *experience.Hasher
	numbers   numbers
	pace      pace
	catalogue Catalogue
	woven     atomic.Uint64 // sequence of the last block in both books
	hurried   atomic.Int64  // when the last large step began, in Unix nanoseconds
	holder    string
}

// Woven is the bus subject on which each commit is told.
const Woven = "regia.woven"

// CatalogueChanged is the bus subject on which a changed catalogue is told.
const CatalogueChanged = "regia.catalogue"

// ErrDamaged marks an error that waiting does not heal: the log, or a book, is
// not what it was. The weaver stops, and nothing is skipped.
var ErrDamaged = errors.New("the log and the books do not agree")

// New makes a Weaver.
func New(ctx context.Context, o Options) (*Weaver, error) {
	if o.MaxRecords == 0 {
		o.MaxRecords = 20_000
	}
	if o.Lease == 0 {
		o.Lease = 10 * time.Second
	}
	secret, err := o.Registry.Secret(ctx)
	return &Weaver{Options: o, ids: experience.NewHasher(secret), holder: experience.NewID().String(), pace: pace{calls: o.Calls, accepted: o.Accepted, cores: runtime.GOMAXPROCS(0), machine: new(machine).load}}, err
}

// Run weaves until ctx ends. It gives an error only for what waiting does not
// heal; a book that cannot be reached is tried again.
func (w *Weaver) Run(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	cancel, err := w.Log.Subscribe(CatalogueChanged, func([]byte) {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer cancel()
	pause := backoff{}
	for ctx.Err() == nil {
		err := w.turn(ctx, changed)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrDamaged), errors.Is(err, stream.ErrDamaged):
			w.Logger.ErrorContext(ctx, "the weaver stopped: nothing was skipped; see regia doctor", "error", err)
			return err
		case err != nil:
			w.Logger.WarnContext(ctx, "weaving is held up and will be tried again", "error", err)
			pause.wait(ctx)
		default:
			pause = backoff{}
		}
	}
	return nil
}

// turn holds the lease and weaves until it is lost or something fails.
func (w *Weaver) turn(ctx context.Context, changed <-chan struct{}) error {
	held, release, err := w.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	held, stop := context.WithCancel(held)
	r := &reader{weaver: w}
	defer r.wait()
	defer stop()
	for held.Err() == nil {
		if err := w.step(held, changed, r); err != nil && held.Err() == nil {
			return err
		}
	}
	return nil
}

// refresh loads the catalogue when it changed, and has the past follow it.
func (w *Weaver) refresh(ctx context.Context, head ledger.Head) error {
	var names []string
	err := w.Registry.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		version, err := w.Touchpoints.Version(ctx, tx)
		if err == nil && (version != w.catalogue.Version || w.catalogue.Match == nil) {
			w.catalogue, err = w.Touchpoints.Load(ctx, tx)
		}
		if err == nil && w.catalogue.Version != head.Catalogue {
			names, err = w.Touchpoints.Changed(ctx, tx, head.Catalogue)
		}
		return err
	})
	if err != nil || w.catalogue.Version == head.Catalogue {
		return err
	}
	r := &ledger.Retouch{Catalogue: w.catalogue.Version, Names: names, Bindings: w.catalogue.Bindings}
	if err := w.Ledger.Append(ctx, ledger.Batch{Before: head.Position, After: head.Position, Retouch: r}); err != nil {
		return fmt.Errorf("apply the touchpoint catalogue to the past: %w", err)
	}
	return w.Log.Publish(Woven, told(0, head.Position))
}

// Weave takes blocks that follow the ledger's head into both books. Where the
// registry is ahead of the ledger (a crash between the two commits), it is only
// read, so that both end up where they would have been.
func (w *Weaver) Weave(ctx context.Context, head ledger.Head, blocks []stream.Block) error {
	s := w.skein(ctx, head.Position, blocks)
	if s.err != nil {
		return s.err
	}
	return w.knit(ctx, head, s)
}

func told(n int, p experience.Position) []byte {
	return fmt.Appendf(nil, `{"interactions":%d,"position":%d}`, n, p.Sequence)
}

// Sequence is the last block that stands in both books, as far as this weaver
// knows.
func (w *Weaver) Sequence() uint64 { return w.woven.Load() }

// haste is how long after a large step the next may be expected.
const haste = time.Minute

// Behind tells whether much waits to be woven, or did a moment ago: what else
// wants the machine had better wait as well.
func (w *Weaver) Behind() bool {
	return w.Clock().Sub(time.Unix(0, w.hurried.Load())) < haste
}

// Refresh has the weaver and the ledger follow the touchpoint catalogue as it is
// now; Run does it by itself.
func (w *Weaver) Refresh(ctx context.Context) error {
	head, err := w.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	return w.refresh(ctx, head)
}
