package collect

import (
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
)

const (
	// acceptable is how long the log may take to keep what was let in; more is
	// overload, and less is let in.
	acceptable = time.Second
	// standstill is how long the log may keep nothing at all while something waits.
	standstill = 3 * time.Second

	mostWaiting  = 64 << 20 // bytes of events that may wait for the log when it is fast
	firstWaiting = 8 << 20  // and while that is not known
	leastWaiting = 2 << 20  // and when it is slow
)

// admission lets in as much as the log keeps in an acceptable time: who would
// wait longer is told at once to come back. It learns from how long the log
// takes: less is let in when it is slow, more when it is fast.
type admission struct {
	now     func() time.Time
	waiting atomic.Int64 // bytes that wait for the log
	limit   atomic.Int64 // bytes that may
	moved   atomic.Int64 // when the log last kept something, or began to wait; nanoseconds
	mu      sync.Mutex
	lowered time.Time
}

func newAdmission(now func() time.Time) *admission {
	a := &admission{now: now}
	a.limit.Store(firstWaiting)
	return a
}

var errOverload = experience.Errorf(experience.Unavailable, "more arrives than can be kept now; please send again in a moment")

// check refuses when there is too much already.
func (a *admission) check() error {
	waiting := a.waiting.Load()
	if waiting > a.limit.Load() || waiting > 0 && a.now().UnixNano()-a.moved.Load() > int64(standstill) {
		return errOverload
	}
	return nil
}

// turn is that of bytes that wait for the log.
type turn struct {
	*admission
	since    time.Time
	n, ahead int64 // bytes: of it, and with those that waited before
}

// wait counts n bytes as waiting for the log, until its turn's kept is called.
func (a *admission) wait(n int) turn {
	t := turn{admission: a, since: a.now(), n: int64(n), ahead: a.waiting.Add(int64(n))}
	if t.ahead == t.n {
		a.moved.Store(t.since.UnixNano())
	}
	return t
}

func (t turn) kept() {
	now := t.now()
	left := t.waiting.Add(-t.n)
	t.moved.Store(now.UnixNano())
	switch took := now.Sub(t.since); {
	case took > acceptable:
		t.lower(now, t.ahead*int64(acceptable)/int64(took))
	case took < acceptable/2 && left+t.n > t.limit.Load()/2:
		t.raise(t.n)
	}
}

// lower lets in what would have been kept in time, and again only when it can
// be seen what came of it.
func (a *admission) lower(now time.Time, to int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.lowered) < acceptable/2 {
		return
	}
	a.lowered = now
	a.limit.Store(max(leastWaiting, min(a.limit.Load(), to)))
}

// raise lets in more by what was kept in good time.
func (a *admission) raise(by int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit.Store(min(mostWaiting, a.limit.Load()+by))
}
