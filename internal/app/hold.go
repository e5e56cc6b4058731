package app

import (
	"context"
	"sync"
)

// hold lets something be done while others rest: those that run under it end
// when it is taken, and begin again when it is let go.
type hold struct {
	mu      sync.Mutex
	takers  int
	running sync.WaitGroup
	free    chan struct{} // closed: nobody holds
	taken   chan struct{} // closed: somebody does
}

func newHold() *hold {
	h := &hold{free: make(chan struct{}), taken: make(chan struct{})}
	close(h.free)
	return h
}

// run has f run until ctx ends, but never while somebody holds. F must return
// soon after the context it is given ends.
func (h *hold) run(ctx context.Context, f func(context.Context) error) error {
	for ctx.Err() == nil {
		taken, ok := h.begin()
		if !ok {
			select {
			case <-ctx.Done():
			case <-h.wait():
			}
			continue
		}
		inner, cancel := context.WithCancel(ctx)
		go func() {
			select {
			case <-taken:
				cancel()
			case <-inner.Done():
			}
		}()
		err := f(inner)
		cancel()
		h.running.Done()
		if err != nil {
			return err
		}
	}
	return nil
}

// begin says that one more runs; false while somebody holds.
func (h *hold) begin() (taken chan struct{}, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.takers > 0 {
		return nil, false
	}
	h.running.Add(1)
	return h.taken, true
}

func (h *hold) wait() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.free
}

// take has all that run end, waits until they did, and keeps them from
// beginning again until it is let go, which may be done more than once.
func (h *hold) take() (release func()) {
	h.mu.Lock()
	if h.takers++; h.takers == 1 {
		close(h.taken)
		h.free = make(chan struct{})
	}
	h.mu.Unlock()
	h.running.Wait()
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.takers--; h.takers == 0 {
			h.taken = make(chan struct{})
			close(h.free)
		}
	})
}
