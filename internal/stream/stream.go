package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"regia/internal/experience"
)

const (
	streamName = "REGIA_LOG"
	subject    = "regia.log"

	// DefaultMaxBytes is how large the log may grow: 8 GiB.
	DefaultMaxBytes = 8 << 30
	// DefaultMaxWaiting is how many bytes may wait for the disk: 64 MiB.
	DefaultMaxWaiting = 64 << 20
	// MaxRecord is the largest event that fits a block, in bytes.
	MaxRecord = 768 << 10

	messageHeaders = 1 << 10 // room for NATS headers inside max_payload
	minBlock       = 4 << 10
	duplicates     = time.Minute // how long the engine knows a block it has seen
)

// ErrDamaged says that the log is not what it was: a block is missing, changed
// or unreadable. The error that wraps it names the sequences.
var ErrDamaged = errors.New("the log is damaged")

// Options say where the log lives and how far it may grow.
type Options struct {
	Dir        string           // folder of the embedded log; ignored when URL is given
	URL        string           // addresses of a NATS cluster, comma-separated; "" = embedded
	MaxBytes   int64            // backlog limit; 0 = DefaultMaxBytes
	MaxBlock   int              // largest block in bytes; 0 or more than the server takes = what the server takes
	MaxWaiting int              // bytes that may wait for the disk before Append refuses; 0 = DefaultMaxWaiting
	Retention  time.Duration    // how long Trim keeps what is woven
	Replicas   int              // copies in a cluster; 0 = 1
	MQTT       *MQTT            // where devices connect; nil = nowhere. Embedded log only
	Logger     *slog.Logger     // nil = discard
	Clock      experience.Clock // nil = the machine's
}

// Log is the durable log and the live bus. Its methods may be called by many
// at once.
type Log struct {
	o        Options
	server   *server.Server // nil for a cluster
	conn     *nats.Conn
	js       jetstream.JetStream
	stream   jetstream.Stream
	devices  *Devices // nil where there are none
	mark     *mark    // nil for a cluster
	space    *space   // nil for a cluster
	maxBlock int
	alive    context.Context // ends when the log closes
	die      context.CancelFunc
	close    sync.Once
	closeErr error
	queue    queue
	reader   reader
	appended atomic.Int64
	calls    atomic.Int64
	oldest   oldest
	moments  moments
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
// when an embedded log lost blocks that it had acknowledged.
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
	l := &Log{o: o}
	l.alive, l.die = context.WithCancel(context.Background())
	if err := l.open(ctx); err != nil {
		l.shutdown()
		return nil, err
	}
	l.reader.turn = make(chan struct{}, 1)
	l.startWriter()
	return l, nil
}

func (l *Log) open(ctx context.Context) (err error) {
	if l.o.URL == "" {
		if l.o.Dir, err = filepath.Abs(l.o.Dir); err != nil {
			return err
		}
		l.devices = newDevices(l.o.Dir, l.o.MQTT)
		l.space = &space{dir: l.o.Dir}
		if l.server, err = embed(l.o.Dir, l.o.MaxBytes, l.o.MQTT, l.devices, l.space, l.o.Logger); err != nil {
			return err
		}
		if l.mark, err = openMark(l.o.Dir); err != nil {
			return err
		}
	}
	if l.conn, err = connect(l.server, l.devices, l.o.URL, l.o.Logger); err != nil {
		return err
	}
	if l.js, err = jetstream.New(l.conn); err != nil {
		return err
	}
	l.maxBlock = int(l.conn.MaxPayload()) - messageHeaders
	if l.o.MaxBlock > 0 {
		l.maxBlock = min(l.maxBlock, max(l.o.MaxBlock, minBlock))
	}
	l.stream, err = l.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        streamName,
		Description: "Regia: every interaction, as the front door took it",
		Subjects:    []string{subject},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxBytes:    l.o.MaxBytes,
		MaxMsgSize:  -1,
		Storage:     jetstream.FileStorage,
		Replicas:    max(l.o.Replicas, 1),
		Duplicates:  duplicates,
		DenyDelete:  true,
	})
	if err != nil {
		return experience.Errorf(experience.Unavailable, "the log cannot be opened: %w", err)
	}
	if l.mark != nil {
		if err := l.verifyMark(ctx); err != nil {
			return err
		}
	}
	if l.devices != nil {
		return l.devices.open(ctx, l.server)
	}
	return nil
}

// Devices gives what devices publish by MQTT: nil where they were never let in,
// or the log is not embedded.
func (l *Log) Devices() *Devices { return l.devices }

// Close refuses new appends, waits until those under way are on disk, and
// closes the log. It may be called more than once.
func (l *Log) Close() error {
	l.close.Do(func() {
		l.stopWriter()
		l.die()
		l.closeErr = l.shutdown()
	})
	return l.closeErr
}

func (l *Log) shutdown() (err error) {
	l.devices.close()
	if l.conn != nil {
		if !l.conn.IsClosed() && l.conn.IsConnected() {
			err = l.conn.FlushTimeout(5 * time.Second)
		}
		l.conn.Close()
	}
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
	return errors.Join(err, l.mark.close())
}

// Tail tells what the log holds now.
func (l *Log) Tail(ctx context.Context) (Tail, error) {
	info, err := l.stream.Info(ctx)
	if err != nil {
		return Tail{}, l.fail(err)
	}
	return Tail{First: info.State.FirstSeq, Last: info.State.LastSeq, Bytes: int64(info.State.Bytes)}, nil
}

// Trim drops blocks that are woven and older than Options.Retention; when the
// log is more than half full, all that are woven, however young. The woven
// block itself stays, so that its position can always be verified.
func (l *Log) Trim(ctx context.Context, woven experience.Position) error {
	tail, err := l.Tail(ctx)
	if err != nil {
		return err
	}
	keep := min(woven.Sequence, tail.Last)
	if keep <= tail.First {
		return nil
	}
	if tail.Bytes <= l.o.MaxBytes/2 {
		if l.oldest.youngerThan(tail.First, l.o.Clock().Add(-l.o.Retention)) {
			return nil
		}
		if keep, err = l.firstSince(ctx, l.o.Clock().Add(-l.o.Retention), tail.First, keep); err != nil {
			return err
		}
	}
	if keep <= tail.First {
		return nil
	}
	if err := l.stream.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return l.fail(err)
	}
	return nil
}

// oldest remembers when the first block of the log was written: as long as it
// may stay, and that is days, nothing need be read to know that all may.
type oldest struct {
	mu       sync.Mutex
	sequence uint64
	written  time.Time
}

func (o *oldest) youngerThan(sequence uint64, t time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sequence == sequence && !o.written.Before(t)
}

func (o *oldest) is(sequence uint64, written time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sequence, o.written = sequence, written
}

// firstSince finds by halving the first block in [low, high] written at or
// after t; high when there is none. It looks at low first, which mostly is it.
func (l *Log) firstSince(ctx context.Context, t time.Time, low, high uint64) (uint64, error) {
	for middle := low; low < high; middle = low + (high-low)/2 {
		m, err := l.stream.GetMsg(ctx, middle)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return 0, fmt.Errorf("%w: block %d is missing", ErrDamaged, middle)
		case err != nil:
			return 0, l.fail(err)
		case m.Time.Before(t):
			low = middle + 1
		default:
			high = middle
			l.oldest.is(middle, m.Time) // of all that is kept, in the end
		}
	}
	return low, nil
}

// Publish tells everybody who listens now, at most once.
func (l *Log) Publish(subject string, data []byte) error {
	if err := l.conn.Publish(subject, data); err != nil {
		return l.fail(err)
	}
	return nil
}

// Subscribe calls f, one call at a time, with what is published from now on.
func (l *Log) Subscribe(subject string, f func(data []byte)) (cancel func(), err error) {
	sub, err := l.conn.Subscribe(subject, func(m *nats.Msg) { f(m.Data) })
	if err != nil {
		return nil, l.fail(err)
	}
	// A publisher on another connection must find it.
	if err := l.conn.FlushTimeout(5 * time.Second); err != nil {
		return nil, l.fail(errors.Join(err, sub.Unsubscribe()))
	}
	return func() { _ = sub.Unsubscribe() }, nil // fails only when it is gone already
}

// fail gives trouble with the engine a code: whoever meets it may come back.
func (l *Log) fail(err error) error {
	if l.alive.Err() != nil {
		return experience.Errorf(experience.Unavailable, "the log is closed: %w", err)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return experience.Errorf(experience.Unavailable, "the log does not answer: %w", err)
}
