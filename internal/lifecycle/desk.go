package lifecycle

import (
	"context"
	"sync"
	"time"

	"regia/internal/experience"
)

// limit is how long the figures may take before the page says so.
const limit = time.Minute

// desks share one reckoning between all who ask for the same figures.
type desks struct {
	mu  sync.Mutex
	now *desk
}

// desk is a reckoning under way, or its outcome.
type desk struct {
	head    experience.Position
	moved   int64
	version int64
	began   time.Time
	done    chan struct{}
	report  *report
	err     error
	took    time.Duration
}

// fresh tells whether a reckoning answers a question asked now: it is of the
// same record, or so recent that reckoning anew at once would keep the machine
// busy with nothing else.
func (d *desk) fresh(head experience.Position, moved, version int64) bool {
	select {
	case <-d.done:
	default:
		return d.version == version
	}
	age := time.Since(d.began)
	if d.err != nil || d.version != version || age > 10*time.Minute {
		return false
	}
	return d.head == head && d.moved == moved || age < min(20*d.took, time.Minute)
}

// report gives the figures by the rules in force. It waits as long as ctx lets
// it; the reckoning goes on for whoever asks next.
func (r *Room) report(ctx context.Context) (*report, error) {
	v, err := r.Rules(ctx)
	if err != nil {
		return nil, err
	}
	head, err := r.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	r.desks.mu.Lock()
	d := r.desks.now
	if d == nil || !d.fresh(head.Position, head.Move, v.Number) {
		d = &desk{head: head.Position, moved: head.Move, version: v.Number, began: time.Now(), done: make(chan struct{})}
		r.desks.now = d
		go r.work(context.WithoutCancel(ctx), d, v)
	}
	r.desks.mu.Unlock()
	select {
	case <-d.done:
		return d.report, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *Room) work(ctx context.Context, d *desk, v Version) {
	defer close(d.done)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	e, err := r.extent(ctx)
	if err == nil {
		d.report, err = r.reckon(ctx, e, v)
	}
	if err != nil && ctx.Err() != nil {
		err = experience.Errorf(experience.Unavailable, "lifecycle.error.slow")
	}
	d.err, d.took = err, time.Since(d.began)
}
