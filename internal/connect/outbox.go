package connect

import (
	"context"
	"sync"
	"sync/atomic"

	"regia/internal/mapping"
)

// outbox gathers items into batches and hands them to a Sender, several at a
// time. Items belong to no order; what matters is that each is answered for.
type outbox struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	to       Sender
	options  Options
	rejects  *rejects
	batch    []mapping.Item
	bytes    int
	queue    chan []mapping.Item
	workers  sync.WaitGroup
	accepted atomic.Int64
}

func newOutbox(ctx context.Context, cancel context.CancelCauseFunc, to Sender, o Options, out *rejects) *outbox {
	b := &outbox{ctx: ctx, cancel: cancel, to: to, options: o, rejects: out, queue: make(chan []mapping.Item)}
	for range o.InFlight {
		b.workers.Go(b.work)
	}
	return b
}

// batchFrame is what stands around the items of a batch.
const batchFrame = len(`{"importId":"00000000-0000-0000-0000-000000000000","batch":[]}`)

// add takes an item; it waits while all workers are busy.
func (b *outbox) add(item mapping.Item) error {
	size := item.Size() + 1
	if len(b.batch) > 0 && (len(b.batch) == b.options.BatchItems || batchFrame+b.bytes+size > b.options.BatchBytes) {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.batch = append(b.batch, item)
	b.bytes += size
	return nil
}

func (b *outbox) flush() error {
	select {
	case b.queue <- b.batch:
		b.batch, b.bytes = make([]mapping.Item, 0, len(b.batch)), 0
		return nil
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	}
}

// close sends what is left, waits for all answers, and gives the first error.
func (b *outbox) close() error {
	if len(b.batch) > 0 && b.ctx.Err() == nil {
		_ = b.flush() // its error is the context's cause
	}
	close(b.queue)
	b.workers.Wait()
	return context.Cause(b.ctx)
}

func (b *outbox) work() {
	for batch := range b.queue {
		if err := b.send(batch); err != nil {
			b.cancel(err)
		}
	}
}

func (b *outbox) send(batch []mapping.Item) error {
	if b.ctx.Err() != nil {
		return nil
	}
	result, err := b.to.Send(b.ctx, batch)
	b.accepted.Add(int64(result.Accepted))
	for _, r := range result.Rejected {
		if r.Index < 0 || r.Index >= len(batch) {
			continue
		}
		for _, one := range batch[r.Index].Refused(refusedByDoor(batch[r.Index], r.Error)) {
			if err := b.rejects.Reject(one); err != nil {
				return err
			}
		}
	}
	return err
}

// refusedByDoor is a reason with what the front door said, which it says in English.
func refusedByDoor(i mapping.Item, said string) mapping.Reason {
	if i.Event == "" {
		return mapping.Reason{Key: "door.traits", Args: []string{said}, Text: "the server refused the traits: " + said}
	}
	return mapping.Reason{Key: "door", Args: []string{i.Event, said}, Text: "the server refused " + i.Event + ": " + said}
}
