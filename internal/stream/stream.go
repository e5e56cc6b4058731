package stream

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
)

const (
	// DefaultMaxBytes is how large the log may grow: 8 GiB.
	DefaultMaxBytes = 8 << 30
	// DefaultMaxWaiting is how many bytes may wait for the disk: 64 MiB.
	DefaultMaxWaiting = 64 << 20
	// MaxRecord is the largest event that fits a block, in bytes.
	MaxRecord = 768 << 10

	minBlock    = 4 << 10
	answerBytes = 16 << 20 // in one answer of Next, unless one block alone is more
)

// ErrDamaged says that the log is not what it was: a block is missing, changed
// or unreadable. The error that wraps it names the sequences.
var ErrDamaged = errors.New("the log is damaged")

// Options say where the log lives and how far it may grow.
type Options struct {
	Dir        string           // folder of the log; ignored when URL is given
	URL        string           // addresses of a NATS cluster, comma-separated; "" = in the folder
	MaxBytes   int64            // backlog limit; 0 = DefaultMaxBytes
	MaxBlock   int              // largest block in bytes; 0 or more than the engine takes = what the engine takes
	MaxWaiting int              // bytes that may wait for the disk before Append refuses; 0 = DefaultMaxWaiting
	Retention  time.Duration    // how long Trim keeps what is woven
	Replicas   int              // copies in a cluster; 0 = 1
	MQTT       *MQTT            // where devices connect; nil = nowhere. A log in a folder only
	Logger     *slog.Logger     // nil = discard
	Clock      experience.Clock // nil = the machine's

	fileBytes int64                // of one file of the folder; 0 = fileBytes. Tests choose small ones
	sync      func(*os.File) error // nil = datasync. Tests have it fail
	syncNames func(string) error   // nil = syncFolder; the same
}

// Log is the durable log and the live bus. Its methods may be called by many
// at once.
type Log struct {
	o        Options
	engine   engine
	devices  *Devices // nil where there are none
	space    *space   // nil for a cluster
	maxBlock int
	alive    context.Context // ends when the log closes
	die      context.CancelFunc
	close    sync.Once
	closeErr error
	queue    queue
	reading  chan struct{} // holds a token while somebody reads
	appended atomic.Int64
	calls    atomic.Int64
}

// Block is what Next gives: records that were written together.
type Block struct {
	Position experience.Position
	Time     time.Time // when the block was written, UTC
	Records  []experience.Record
	Bytes    int // size in the log
}

// Tail tells what the log holds. An empty log has First = Last + 1.
type Tail struct {
	First, Last uint64 // sequences of the oldest and the newest block
	Bytes       int64
}

// Open opens the log, making it where there is none. The error's code is
// Unavailable when the disk or the cluster does not let it; it wraps ErrDamaged
// when a folder lost blocks that it had acknowledged.
func Open(ctx context.Context, o Options) (*Log, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxWaiting <= 0 {
		o.MaxWaiting = DefaultMaxWaiting
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.sync == nil {
		o.sync = datasync
	}
	if o.syncNames == nil {
		o.syncNames = syncFolder
	}
	l := &Log{o: o, reading: make(chan struct{}, 1)}
	l.alive, l.die = context.WithCancel(context.Background())
	if err := l.open(ctx); err != nil {
		l.shutdown()
		return nil, err
	}
	l.maxBlock = l.engine.largest()
	if o.MaxBlock > 0 {
		l.maxBlock = min(l.maxBlock, max(o.MaxBlock, minBlock))
	}
	l.startWriter()
	return l, nil
}

func (l *Log) open(ctx context.Context) (err error) {
	if l.o.URL != "" {
		if l.engine, err = openCluster(ctx, l.o, l.alive); err != nil {
			l.engine = nil // no interface around a nil cluster
		}
		return err
	}
	if l.o.Dir, err = filepath.Abs(l.o.Dir); err != nil {
		return err
	}
	if l.engine, err = openFolder(l.o); err != nil {
		l.engine = nil // no interface around a nil folder
		return err
	}
	l.space = &space{dir: l.o.Dir}
	if l.devices = newDevices(l.o.Dir, l.o.MQTT, l.o.Logger); l.devices == nil {
		return nil
	}
	return l.devices.open(ctx)
}

// Devices gives what devices publish by MQTT: nil where they were never let in,
// or the log is a cluster's.
func (l *Log) Devices() *Devices { return l.devices }

// Close refuses new appends, waits until those under way are on disk, and
// closes the log. It may be called more than once.
func (l *Log) Close() error {
	l.close.Do(func() {
		l.stopWriter()
		l.die()
		l.reading <- struct{}{} // whoever reads is let go
		l.closeErr = l.shutdown()
		<-l.reading
	})
	return l.closeErr
}

func (l *Log) shutdown() (err error) {
	l.devices.close()
	if l.engine != nil {
		err = l.engine.close()
	}
	return err
}

// Next gives the blocks after a position, in order: at least one, and more
// while they are there and hold no more than maxRecords, and 16 MB, together. It waits until
// there is one, ctx ends or the log closes. It verifies that the block at the
// position is still what it was. An error that wraps ErrDamaged names the
// sequences and will not go away by itself.
func (l *Log) Next(ctx context.Context, after experience.Position, maxRecords int) ([]Block, error) {
	select {
	case l.reading <- struct{}{}:
		defer func() { <-l.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.alive.Err() != nil {
		return nil, errClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.alive, func() { cancel(errClosed) })()
	blocks, err := l.engine.next(ctx, after, maxRecords)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return blocks, err
}

// Tail tells what the log holds now.
func (l *Log) Tail(ctx context.Context) (Tail, error) { return l.engine.tail(ctx) }

// Written tells when a block was written.
func (l *Log) Written(ctx context.Context, sequence uint64) (time.Time, error) {
	return l.engine.written(ctx, sequence)
}

// Trim drops blocks that are woven and older than Options.Retention; when the
// log is more than half full, all that are woven, however young. A folder drops
// whole files, so some may stay longer. The woven
// block itself stays, so that its position can always be verified.
func (l *Log) Trim(ctx context.Context, woven experience.Position) error {
	tail, err := l.engine.tail(ctx)
	if err != nil {
		return err
	}
	keep, now := min(woven.Sequence, tail.Last), l.o.Clock()
	if keep <= tail.First {
		return nil
	}
	if tail.Bytes > l.o.MaxBytes/2 {
		return l.engine.trim(ctx, keep, now.Add(farAhead))
	}
	return l.engine.trim(ctx, keep, now.Add(-l.o.Retention))
}

// farAhead is after whatever was written, by any clock.
const farAhead = 100 * 365 * 24 * time.Hour

// Publish tells everybody who listens now, at most once.
func (l *Log) Publish(subject string, data []byte) error { return l.engine.publish(subject, data) }

// Subscribe calls f, one call at a time, with what is published from now on.
func (l *Log) Subscribe(subject string, f func(data []byte)) (cancel func(), err error) {
	return l.engine.subscribe(subject, f)
}

var errClosed = experience.Errorf(experience.Unavailable, "the log is closed")

// errFull says that bytes wait to be woven and nothing more fits.
func errFull(bytes int64) error {
	return experience.Errorf(experience.Unavailable, "the log is full: %d MB wait to be woven; please send again in a moment", bytes>>20)
}
