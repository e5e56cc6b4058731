package driver

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

const (
	// patience is how long a page waits for what is being reckoned, before it says
	// so and comes again.
	patience = time.Second
	// keepFor is after how long it is reckoned anew although the ledger is the
	// same: texts are read, and rules of impact are changed, without it.
	keepFor = 10 * time.Minute
	// mostKept is how many analyses are kept, the latest.
	mostKept = 50
	// reckonFor is how long a reckoning may take before it is given up.
	reckonFor = 5 * time.Minute
)

// reckoning is an analysis that was made, or is being made.
type reckoning struct {
	of   string // what it is reckoned from: the state of the ledger
	at   time.Time
	done chan struct{} // closed once there is a result
	a    Analysis
	err  error
}

func (x *reckoning) ready() bool {
	select {
	case <-x.done:
		return true
	default:
		return false
	}
}

// kept are analyses, by what is asked.
type kept struct {
	mu    sync.Mutex
	order []string
	last  map[string]*reckoning // finished without an error
	now   map[string]*reckoning // under way, or finished last
	slot  sync.Mutex            // one at a time: others have work to do as well
}

// asks writes down what an outcome asks, as far as answers make a difference.
func (b *book) asks(o Outcome) (string, error) {
	if _, last := b.span(); o.To.After(last) {
		o.To = time.Time{}
	}
	text, err := json.Marshal(o)
	return string(text), err
}

// begin gives the reckoning of what is asked from a state of the ledger, and
// begins it where there is none; and one made before from another, or nil.
func (k *kept) begin(ctx context.Context, asked, of string, reckon func(ctx context.Context) (Analysis, error)) (x, before *reckoning) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		k.now, k.last = map[string]*reckoning{}, map[string]*reckoning{}
	}
	x, before = k.now[asked], k.last[asked]
	if x != nil && !x.ready() || x != nil && x.err == nil && x.of == of && time.Since(x.at) < keepFor {
		return x, before
	}
	if k.now[asked] == nil {
		k.order = append(k.order, asked)
	}
	for len(k.order) > mostKept {
		delete(k.now, k.order[0])
		delete(k.last, k.order[0])
		k.order = k.order[1:]
	}
	x = &reckoning{of: of, at: time.Now(), done: make(chan struct{})}
	k.now[asked] = x
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reckonFor)
	go func() {
		defer cancel()
		k.slot.Lock()
		defer k.slot.Unlock()
		defer close(x.done)
		if x.a, x.err = reckon(ctx); x.err == nil {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.last[asked] = x
		}
	}()
	return x, before
}

// reckoned is an analysis, and how fresh it is.
type reckoned struct {
	Analysis
	at    time.Time // when it was begun
	fresh bool      // false: a newer one is being reckoned
	none  bool      // there is no analysis yet
}

// reckon gives what an outcome asks for: at once where it was reckoned before
// from the same answers, and within some time otherwise. When that is over it
// gives what was reckoned from earlier answers, or none: the reckoning goes on.
func (r *Room) reckon(ctx context.Context, b *book, o Outcome, within time.Duration) (reckoned, error) {
	asked, err := b.asks(o)
	if err != nil {
		return reckoned{}, err
	}
	x, before := r.kept.begin(ctx, asked, b.of, func(ctx context.Context) (Analysis, error) { return r.analysis(ctx, b, o) })
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-x.done:
	case <-ctx.Done():
		return reckoned{}, ctx.Err()
	case <-limit.C:
		if before == nil {
			return reckoned{none: true}, nil
		}
		a := before.a
		a.From, a.To = o.From, o.To
		return reckoned{Analysis: a, at: before.at}, nil
	}
	a := x.a
	a.From, a.To = o.From, o.To
	return reckoned{Analysis: a, at: x.at, fresh: true}, x.err
}
