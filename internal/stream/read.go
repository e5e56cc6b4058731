package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"regia/internal/experience"
)

const (
	prefetchBlocks = 256
	prefetchBytes  = 4 << 20
	answerBytes    = 16 << 20        // in one answer, unless one block alone is more
	heartbeat      = 2 * time.Second // twice without one: subscribe anew
	patience       = 3 * time.Second // without a block: look whether there should be one
)

// reader remembers where the last Next ended, so that the next one goes on
// without asking again.
type reader struct {
	turn     chan struct{} // one at a time
	messages jetstream.MessagesContext
	consumer string
	at       experience.Position // the last block given
	fresh    bool                // nothing came yet since subscribing
	held     *Block              // read, but did not fit the last answer
}

// errAgain says that delivery, not the log, has a hole: subscribe anew.
var errAgain = errors.New("subscribe again")

// Next gives the blocks after a position, in order: at least one, and more
// while they are there and hold no more than maxRecords, and 16 MB, together. It waits until
// there is one, ctx ends or the log closes. It verifies that the block at the
// position is still what it was. An error that wraps ErrDamaged names the
// sequences and will not go away by itself.
func (l *Log) Next(ctx context.Context, after experience.Position, maxRecords int) ([]Block, error) {
	r := &l.reader
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.alive, func() {
		cancel(experience.Errorf(experience.Unavailable, "the log is closed"))
	})()
	blocks, err := l.next(ctx, after, maxRecords)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return blocks, err
}

func (l *Log) next(ctx context.Context, after experience.Position, maxRecords int) ([]Block, error) {
	r := &l.reader
	if r.messages != nil && r.at != after {
		l.unsubscribe()
	}
	var blocks []Block
	records, bytes := 0, 0
	for {
		block, more, err := l.one(ctx, after)
		switch {
		case errors.Is(err, errAgain):
			l.unsubscribe()
			if err := pause(ctx); err != nil {
				return blocks, err
			}
			continue
		case err != nil && len(blocks) > 0:
			l.unsubscribe() // give what is good; the error comes back with the next call
			return blocks, nil
		case err != nil:
			l.unsubscribe()
			return nil, err
		}
		bytes += block.Bytes
		if len(blocks) > 0 && (records+len(block.Records) > maxRecords || bytes > answerBytes) {
			r.held = block
			return blocks, nil
		}
		blocks, records, after = append(blocks, *block), records+len(block.Records), block.Position
		r.at = after
		if !more || records >= maxRecords {
			return blocks, nil
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(publishWait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// one gives the block after a position, and tells whether more are waiting.
func (l *Log) one(ctx context.Context, after experience.Position) (*Block, bool, error) {
	r := &l.reader
	if b := r.held; b != nil {
		r.held = nil
		return b, false, nil
	}
	if r.messages == nil {
		if err := l.subscribe(ctx, after); err != nil {
			return nil, false, err
		}
	}
	m, err := l.message(ctx, after)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		if errors.Is(err, ErrDamaged) {
			return nil, false, err
		}
		l.o.Logger.Debug("reading the log: subscribing again", "error", err)
		return nil, false, errAgain
	}
	meta, err := m.Metadata()
	if err != nil {
		return nil, false, fmt.Errorf("%w: a message without a sequence", ErrDamaged)
	}
	sequence := meta.Sequence.Stream
	if sequence != after.Sequence+1 {
		if !r.fresh {
			return nil, false, errAgain
		}
		return nil, false, missing(after.Sequence+1, sequence-1)
	}
	r.fresh = false
	records, err := decode(m.Data())
	if err != nil {
		return nil, false, fmt.Errorf("%w: block %d: %w", ErrDamaged, sequence, err)
	}
	return &Block{
		Position: experience.Position{Sequence: sequence, Hash: fingerprint(m.Data())},
		Time:     meta.Timestamp.UTC(),
		Records:  records,
		Bytes:    len(m.Data()),
	}, meta.NumPending > 0, nil
}

// message waits for the next message. The engine delivers nothing more, and
// says nothing, when it cannot read the next block: so the wait looks up now
// and then whether one should have come.
func (l *Log) message(ctx context.Context, after experience.Position) (jetstream.Msg, error) {
	for {
		look, cancel := context.WithTimeout(ctx, patience)
		m, err := l.reader.messages.Next(jetstream.NextContext(look))
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return m, err
		}
		tail, err := l.Tail(ctx)
		if err != nil {
			return nil, err
		}
		if tail.Last <= after.Sequence {
			continue // there is none yet
		}
		block, err := l.stream.GetMsg(ctx, after.Sequence+1)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return nil, missing(after.Sequence+1, after.Sequence+1)
		case err != nil:
			var refused *jetstream.APIError
			if errors.As(err, &refused) && refused.Code != 503 { // 503: no leader just now
				return nil, fmt.Errorf("%w: block %d cannot be read: %w", ErrDamaged, after.Sequence+1, err)
			}
			return nil, l.fail(err)
		}
		if _, err := decode(block.Data); err != nil {
			return nil, fmt.Errorf("%w: block %d: %w", ErrDamaged, after.Sequence+1, err)
		}
		return nil, errAgain
	}
}

// subscribe verifies a position and reads on from there.
func (l *Log) subscribe(ctx context.Context, after experience.Position) error {
	if err := l.verify(ctx, after); err != nil {
		return err
	}
	consumer, err := l.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       after.Sequence + 1,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: 5 * publishAll,
	})
	if err != nil {
		return l.fail(err)
	}
	messages, err := consumer.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(prefetchBlocks, prefetchBytes), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return l.fail(err)
	}
	l.reader = reader{turn: l.reader.turn, messages: messages, consumer: consumer.CachedInfo().Name, at: after, fresh: true}
	return nil
}

func (l *Log) unsubscribe() {
	r := &l.reader
	if r.messages != nil {
		r.messages.Stop()
	}
	if r.consumer != "" {
		// It would go by itself after a while; asking is only tidier.
		ctx, cancel := context.WithTimeout(context.Background(), publishWait)
		_ = l.stream.DeleteConsumer(ctx, r.consumer)
		cancel()
	}
	*r = reader{turn: r.turn}
}

// verify refuses a position that the log cannot go on from: its block is not
// the same any more, or blocks after it are gone. A position whose own block
// was trimmed is fine as long as the next one is there.
func (l *Log) verify(ctx context.Context, after experience.Position) error {
	tail, err := l.Tail(ctx)
	switch {
	case err != nil:
		return err
	case after.Sequence > tail.Last:
		return missing(tail.Last+1, after.Sequence)
	case after.Sequence+1 < tail.First:
		return missing(after.Sequence+1, tail.First-1)
	case after.Sequence < tail.First || after.Sequence == 0:
		return nil
	}
	m, err := l.stream.GetMsg(ctx, after.Sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return missing(after.Sequence, after.Sequence)
	case err != nil:
		return l.fail(err)
	case fingerprint(m.Data) != after.Hash:
		return fmt.Errorf("%w: block %d is not the one that was read before", ErrDamaged, after.Sequence)
	}
	return nil
}

func missing(from, to uint64) error {
	if from == to {
		return fmt.Errorf("%w: block %d is missing", ErrDamaged, from)
	}
	return fmt.Errorf("%w: blocks %d to %d are missing", ErrDamaged, from, to)
}
