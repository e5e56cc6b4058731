package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"regia/internal/experience"
)

const (
	// keptEncoders is for how many blocks memory is kept: the one being written
	// and the one being filled.
	keptEncoders = 2

	// While many write at a time, half of the time is the disk's: a block costs
	// its way there however few events are in it.
	manyCalls = 8
	diskShare = 2
	mostPause = 1500 * time.Microsecond
)

// queue holds what waits for the disk: the block being written first, the one
// being filled last.
type queue struct {
	mu      sync.Mutex
	blocks  []*pending
	free    []*encoder    // of blocks that are written
	waiting int           // bytes in blocks, the one being written included
	closing bool          //
	filled  chan struct{} // one token: there is something to write, or closing
	written chan struct{} // closed when the writer has stopped
}

// pending is a block on its way. err may be read once done is closed.
type pending struct {
	encoder *encoder
	calls   int // of Append that it holds records of
	done    chan struct{}
	err     error
}

// Append writes records and returns once all of them are on disk (on a quorum,
// in a cluster). Records of one call keep their order. Codes: TooLarge when a
// record exceeds MaxRecord, and then nothing is written; Unavailable when the
// log or its disk is full, or it is closing or not answering. After an Unavailable, or when ctx ends
// first, some or all records may have been written: send them again, message
// ids tell them apart.
func (l *Log) Append(ctx context.Context, records []experience.Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	need := 0
	for _, r := range records {
		size := bound(r)
		if len(r.Event) > MaxRecord || blockOverhead+size > l.maxBlock {
			return experience.Errorf(experience.TooLarge, "an event of %d bytes does not fit the log", len(r.Event))
		}
		need += size
	}
	if err := l.space.check(time.Now()); err != nil {
		return err
	}
	blocks, err := l.enqueue(records, need)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		select {
		case <-b.done:
			err = errors.Join(err, b.err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err == nil {
		l.appended.Add(int64(len(records)))
		l.calls.Add(1)
	}
	return err
}

// Appended is how many records this process has put on disk since it opened
// the log.
func (l *Log) Appended() int64 { return l.appended.Load() }

// Calls is how many calls of Append that was.
func (l *Log) Calls() int64 { return l.calls.Load() }

// enqueue puts records into the blocks that fill, and gives those blocks.
func (l *Log) enqueue(records []experience.Record, need int) ([]*pending, error) {
	q := &l.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing {
		return nil, experience.Errorf(experience.Unavailable, "the log is closing; please send again in a moment")
	}
	if q.waiting+need > l.o.MaxWaiting {
		return nil, experience.Errorf(experience.Unavailable, "too much is waiting for the disk; please send again in a moment")
	}
	var mine []*pending
	for i, r := range records {
		b := q.open(bound(r), l.maxBlock)
		if i == 0 || mine[len(mine)-1] != b {
			mine = append(mine, b)
			b.calls++
		}
		before := b.encoder.size()
		b.encoder.add(r)
		q.waiting += b.encoder.size() - before
	}
	q.wake()
	return mine, nil
}

// open gives the block that fills, a new one when it cannot take size more. The
// writer removes a block from blocks before it seals it.
func (q *queue) open(size, maxBlock int) *pending {
	if n := len(q.blocks); n > 0 && q.blocks[n-1].encoder.size()+size <= maxBlock {
		return q.blocks[n-1]
	}
	b := &pending{done: make(chan struct{})}
	if last := len(q.free) - 1; last >= 0 {
		b.encoder, q.free = q.free[last], q.free[:last]
	} else {
		b.encoder = newEncoder(min(size+512, maxBlock))
	}
	q.blocks = append(q.blocks, b)
	return b
}

func (q *queue) wake() {
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

func (q *queue) take() (b *pending, closing bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.blocks) == 0 {
		return nil, q.closing
	}
	b, q.blocks[0] = q.blocks[0], nil
	q.blocks = q.blocks[1:]
	return b, q.closing
}

func (l *Log) startWriter() {
	q := &l.queue
	q.filled, q.written = make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(q.written)
		for range q.filled {
			for {
				b, closing := q.take()
				if b == nil && closing {
					return
				}
				if b == nil {
					break
				}
				begun := time.Now()
				l.write(b)
				if b.calls >= manyCalls && !closing {
					rest(min((diskShare-1)*time.Since(begun), mostPause))
				}
			}
		}
	}()
}

func (l *Log) stopWriter() {
	q := &l.queue
	q.mu.Lock()
	q.closing = true
	q.wake()
	q.mu.Unlock()
	<-q.written
}

// write puts one block on disk and answers those who wait for it.
func (l *Log) write(b *pending) {
	taken := b.encoder.size() - blockOverhead
	b.err = l.engine.append(b.encoder.seal())
	b.encoder.reset()
	q := &l.queue
	q.mu.Lock()
	q.waiting -= taken
	if len(q.free) < keptEncoders {
		q.free = append(q.free, b.encoder)
	}
	q.mu.Unlock()
	b.encoder = nil
	close(b.done)
}
