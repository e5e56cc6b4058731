package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"regia/internal/experience"
)

const (
	streamName = "REGIA_LOG"
	subject    = "regia.log"

	publishOnce = 3 * time.Second  // for one try: an answer may be lost with its connection
	publishAll  = 30 * time.Second // for all tries: within the engine's memory of duplicates
	publishWait = 250 * time.Millisecond

	messageHeaders = 1 << 10     // room for NATS headers inside max_payload
	duplicates     = time.Minute // how long the engine knows a block it has seen

	stillWriting jetstream.ErrorCode = 10158 // a cluster's word for: this very block is on its way
)

// cluster keeps blocks in a NATS cluster: one block is one JetStream message.
type cluster struct {
	o       Options
	alive   context.Context // ends when the log closes
	conn    *nats.Conn
	js      jetstream.JetStream
	stream  jetstream.Stream
	prefix  string // makes the ids of this process's blocks unique
	number  uint64
	reader  reader
	oldest  oldest
	moments moments
}

func openCluster(ctx context.Context, o Options, alive context.Context) (_ *cluster, err error) {
	c := &cluster{o: o, alive: alive, prefix: nuid.Next()}
	if c.conn, err = connect(o.URL, o.Logger); err != nil {
		return nil, err
	}
	if c.js, err = jetstream.New(c.conn); err == nil {
		c.stream, err = c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name:        streamName,
			Description: "Regia: every interaction, as the front door took it",
			Subjects:    []string{subject},
			Retention:   jetstream.LimitsPolicy,
			Discard:     jetstream.DiscardNew,
			MaxBytes:    o.MaxBytes,
			MaxMsgSize:  -1,
			Storage:     jetstream.FileStorage,
			Replicas:    max(o.Replicas, 1),
			Duplicates:  duplicates,
			DenyDelete:  true,
		})
	}
	if err != nil {
		return nil, errors.Join(experience.Errorf(experience.Unavailable, "the log cannot be opened: %w", err), c.close())
	}
	return c, nil
}

// connect gives a connection to the cluster at url.
func connect(url string, logger *slog.Logger) (*nats.Conn, error) {
	conn, err := nats.Connect(url,
		nats.Name("regia"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500*time.Millisecond),
		nats.Timeout(10*time.Second),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			logger.Warn("live bus", "subject", subject, "error", err)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("connection to NATS lost; trying again", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { logger.Info("connection to NATS is back") }))
	if err != nil {
		return nil, experience.Errorf(experience.Unavailable, "NATS does not answer: %w", err)
	}
	return conn, nil
}

func (c *cluster) largest() int { return int(c.conn.MaxPayload()) - messageHeaders }

// append tries until the cluster has said yes or no, or it takes too long. A
// block that was written although its answer was lost is not written twice:
// the cluster knows its id.
func (c *cluster) append(data []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), publishAll)
	defer cancel()
	c.number++
	id := fmt.Sprintf("%s-%d", c.prefix, c.number)
	for {
		once, stop := context.WithTimeout(ctx, publishOnce)
		answer, err := c.js.PublishMsg(once, &nats.Msg{Subject: subject, Data: data},
			jetstream.WithMsgID(id), jetstream.WithExpectStream(streamName))
		stop()
		var refused *jetstream.APIError
		switch {
		case err == nil:
			c.moments.put(answer.Sequence, c.o.Clock().UTC())
			return nil
		case errors.As(err, &refused) && refused.ErrorCode != stillWriting:
			return c.refusal(ctx, err, len(data))
		}
		c.o.Logger.Warn("a block could not be written; trying again", "error", err)
		select {
		case <-time.After(publishWait):
		case <-ctx.Done():
			return experience.Errorf(experience.Unavailable, "the log does not answer; please send again in a moment: %w", err)
		}
	}
}

// refusal says why the cluster did not take a block of size bytes.
func (c *cluster) refusal(ctx context.Context, err error, size int) error {
	tail, tailErr := c.tail(ctx)
	if tailErr == nil && tail.Bytes+int64(size) >= c.o.MaxBytes-messageHeaders {
		return errFull(tail.Bytes)
	}
	c.o.Logger.Error("the log refused a block", "error", err)
	return experience.Errorf(experience.Unavailable, "the log could not be written; please send again in a moment: %w", err)
}

func (c *cluster) close() (err error) {
	if !c.conn.IsClosed() && c.conn.IsConnected() {
		err = c.conn.FlushTimeout(5 * time.Second)
	}
	c.conn.Close()
	return err
}

func (c *cluster) tail(ctx context.Context) (Tail, error) {
	info, err := c.stream.Info(ctx)
	if err != nil {
		return Tail{}, c.fail(err)
	}
	return Tail{First: info.State.FirstSeq, Last: info.State.LastSeq, Bytes: int64(info.State.Bytes)}, nil
}

func (c *cluster) block(ctx context.Context, sequence uint64) ([]byte, time.Time, error) {
	m, err := c.stream.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, time.Time{}, missing(sequence, sequence)
	case err != nil:
		return nil, time.Time{}, c.fail(err)
	}
	return m.Data, m.Time, nil
}

func (c *cluster) written(ctx context.Context, sequence uint64) (time.Time, error) {
	if at, ok := c.moments.get(sequence); ok {
		return at, nil
	}
	_, at, err := c.block(ctx, sequence)
	return at.UTC(), err
}

func (c *cluster) trim(ctx context.Context, keep uint64, before time.Time) error {
	tail, err := c.tail(ctx)
	if err != nil || keep <= tail.First || c.oldest.youngerThan(tail.First, before) {
		return err
	}
	if keep, err = c.firstSince(ctx, before, tail.First, keep); err != nil || keep <= tail.First {
		return err
	}
	if err := c.stream.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return c.fail(err)
	}
	return nil
}

// firstSince finds by halving the first block in [low, high] written at or
// after t; high when there is none. It looks at low first, which mostly is it.
func (c *cluster) firstSince(ctx context.Context, t time.Time, low, high uint64) (uint64, error) {
	for middle := low; low < high; middle = low + (high-low)/2 {
		_, at, err := c.block(ctx, middle)
		switch {
		case err != nil:
			return 0, err
		case at.Before(t):
			low = middle + 1
		default:
			high = middle
			c.oldest.is(middle, at) // of all that is kept, in the end
		}
	}
	return low, nil
}

func (c *cluster) publish(subject string, data []byte) error {
	if err := c.conn.Publish(subject, data); err != nil {
		return c.fail(err)
	}
	return nil
}

func (c *cluster) subscribe(subject string, f func(data []byte)) (cancel func(), err error) {
	sub, err := c.conn.Subscribe(subject, func(m *nats.Msg) { f(m.Data) })
	if err != nil {
		return nil, c.fail(err)
	}
	// A publisher on another connection must find it.
	if err := c.conn.FlushTimeout(5 * time.Second); err != nil {
		return nil, c.fail(errors.Join(err, sub.Unsubscribe()))
	}
	return func() { _ = sub.Unsubscribe() }, nil // fails only when it is gone already
}

// fail gives trouble with the cluster a code: whoever meets it may come back.
func (c *cluster) fail(err error) error {
	if c.alive.Err() != nil {
		return experience.Errorf(experience.Unavailable, "the log is closed: %w", err)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return experience.Errorf(experience.Unavailable, "the log does not answer: %w", err)
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

// moments remembers when this process wrote the last blocks: reading one to
// learn it takes as long as a megabyte does.
type moments struct {
	mu   sync.Mutex
	last [keptMoments]struct {
		sequence uint64
		at       time.Time
	}
}

const keptMoments = 4096

func (m *moments) put(sequence uint64, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := &m.last[sequence%keptMoments]
	kept.sequence, kept.at = sequence, at
}

func (m *moments) get(sequence uint64) (time.Time, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.last[sequence%keptMoments]
	return kept.at, sequence > 0 && kept.sequence == sequence
}
