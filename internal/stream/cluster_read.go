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
	heartbeat      = 2 * time.Second // twice without one: subscribe anew
	patience       = 3 * time.Second // without a block: look whether there should be one
)

// reader remembers where the last Next ended, so that the next one goes on
// without asking again.
type reader struct {
	messages jetstream.MessagesContext
	consumer string
	at       experience.Position // the last block given
	fresh    bool                // nothing came yet since subscribing
	held     *Block              // read, but did not fit the last answer
}

// errAgain says that delivery, not the log, has a hole: subscribe anew.
var errAgain = errors.New("subscribe again")

// next gives the blocks after a position; where it goes on from where it last
// ended, it need not ask again.
func (c *cluster) next(ctx context.Context, after experience.Position, maxRecords int) ([]Block, error) {
	r := &c.reader
	if r.messages != nil && r.at != after {
		c.stopReading()
	}
	var blocks []Block
	records, bytes := 0, 0
	for {
		block, more, err := c.one(ctx, after)
		switch {
		case errors.Is(err, errAgain):
			c.stopReading()
			if err := pause(ctx); err != nil {
				return blocks, err
			}
			continue
		case err != nil && len(blocks) > 0:
			c.stopReading() // give what is good; the error comes back with the next call
			return blocks, nil
		case err != nil:
			c.stopReading()
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
func (c *cluster) one(ctx context.Context, after experience.Position) (*Block, bool, error) {
	r := &c.reader
	if b := r.held; b != nil {
		r.held = nil
		return b, false, nil
	}
	if r.messages == nil {
		if err := c.readFrom(ctx, after); err != nil {
			return nil, false, err
		}
	}
	m, err := c.message(ctx, after)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		if errors.Is(err, ErrDamaged) {
			return nil, false, err
		}
		c.o.Logger.Debug("reading the log: subscribing again", "error", err)
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
	block, err := unpack(sequence, m.Data(), meta.Timestamp)
	return block, meta.NumPending > 0, err
}

// message waits for the next message. The engine delivers nothing more, and
// says nothing, when it cannot read the next block: so the wait looks up now
// and then whether one should have come.
func (c *cluster) message(ctx context.Context, after experience.Position) (jetstream.Msg, error) {
	for {
		look, cancel := context.WithTimeout(ctx, patience)
		m, err := c.reader.messages.Next(jetstream.NextContext(look))
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return m, err
		}
		tail, err := c.tail(ctx)
		if err != nil {
			return nil, err
		}
		if tail.Last <= after.Sequence {
			continue // there is none yet
		}
		block, err := c.stream.GetMsg(ctx, after.Sequence+1)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return nil, missing(after.Sequence+1, after.Sequence+1)
		case err != nil:
			var refused *jetstream.APIError
			if errors.As(err, &refused) && refused.Code != 503 { // 503: no leader just now
				return nil, fmt.Errorf("%w: block %d cannot be read: %w", ErrDamaged, after.Sequence+1, err)
			}
			return nil, c.fail(err)
		}
		if _, err := decode(block.Data); err != nil {
			return nil, fmt.Errorf("%w: block %d: %w", ErrDamaged, after.Sequence+1, err)
		}
		return nil, errAgain
	}
}

// subscribe verifies a position and reads on from there.
func (c *cluster) readFrom(ctx context.Context, after experience.Position) error {
	if err := verify(ctx, c, after); err != nil {
		return err
	}
	consumer, err := c.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       after.Sequence + 1,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: 5 * publishAll,
	})
	if err != nil {
		return c.fail(err)
	}
	messages, err := consumer.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(prefetchBlocks, prefetchBytes), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return c.fail(err)
	}
	c.reader = reader{messages: messages, consumer: consumer.CachedInfo().Name, at: after, fresh: true}
	return nil
}

func (c *cluster) stopReading() {
	r := &c.reader
	if r.messages != nil {
		r.messages.Stop()
	}
	if r.consumer != "" {
		// It would go by itself after a while; asking is only tidier.
		ctx, cancel := context.WithTimeout(context.Background(), publishWait)
		_ = c.stream.DeleteConsumer(ctx, r.consumer)
		cancel()
	}
	*r = reader{}
}
