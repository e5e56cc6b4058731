package access

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rememberAtMost bounds a limiter's memory: some 2 MB.
const rememberAtMost = 10_000

// limiter gives every key a bucket of tries that fills up again with time. It
// forgets the key that was away longest when there are too many.
type limiter struct {
	burst int
	every time.Duration

	mu     sync.Mutex
	keys   map[string]*list.Element
	recent *list.List // of *bucket, the latest first
}

type bucket struct {
	key  string
	rate *rate.Limiter
}

func newLimiter(burst int, every time.Duration) *limiter {
	return &limiter{burst: burst, every: every, keys: map[string]*list.Element{}, recent: list.New()}
}

// allow takes one try of key, and tells whether there was one.
func (l *limiter) allow(now time.Time, key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.keys[key]
	if ok {
		l.recent.MoveToFront(e)
	} else {
		if l.recent.Len() >= rememberAtMost {
			oldest := l.recent.Back()
			delete(l.keys, oldest.Value.(*bucket).key)
			l.recent.Remove(oldest)
		}
		e = l.recent.PushFront(&bucket{key: key, rate: rate.NewLimiter(rate.Every(l.every), l.burst)})
		l.keys[key] = e
	}
	return e.Value.(*bucket).rate.AllowN(now, 1)
}

// forget gives key all its tries back.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.keys[key]; ok {
		delete(l.keys, key)
		l.recent.Remove(e)
	}
}

// network is the key of an address: who has one IPv6 address has the whole /64.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
