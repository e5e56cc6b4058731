package stream

import (
	"bytes"
	"sync"
)

// bus is the live bus of one process: what is published is handed to each
// listener in order, one call at a time, by a goroutine of the listener's own,
// so that whoever publishes never waits.
type bus struct {
	mu        sync.Mutex
	listeners map[string]map[*listener]bool // by subject
	closed    bool
}

type listener struct {
	f     func(data []byte)
	mu    sync.Mutex
	queue [][]byte
	told  chan struct{} // one token: the queue has something
	gone  chan struct{} // closed when nobody listens any more
	once  sync.Once
}

// mostWaiting is how many messages wait for a slow listener; the oldest are
// dropped beyond it.
const mostWaiting = 1 << 16

func (b *bus) publish(subject string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	if len(b.listeners[subject]) == 0 {
		return nil
	}
	data = bytes.Clone(data)
	for l := range b.listeners[subject] {
		l.tell(data)
	}
	return nil
}

func (b *bus) subscribe(subject string, f func(data []byte)) (cancel func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errClosed
	}
	l := &listener{f: f, told: make(chan struct{}, 1), gone: make(chan struct{})}
	if b.listeners == nil {
		b.listeners = map[string]map[*listener]bool{}
	}
	if b.listeners[subject] == nil {
		b.listeners[subject] = map[*listener]bool{}
	}
	b.listeners[subject][l] = true
	go l.listen()
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners[subject], l)
		l.leave()
	}, nil
}

// close ends all listening.
func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, list := range b.listeners {
		for l := range list {
			l.leave()
		}
	}
	b.listeners = nil
}

func (l *listener) tell(data []byte) {
	l.mu.Lock()
	if len(l.queue) == mostWaiting {
		l.queue = l.queue[1:]
	}
	l.queue = append(l.queue, data)
	l.mu.Unlock()
	select {
	case l.told <- struct{}{}:
	default:
	}
}

func (l *listener) leave() { l.once.Do(func() { close(l.gone) }) }

func (l *listener) listen() {
	for {
		select {
		case <-l.told:
		case <-l.gone:
			return
		}
		l.mu.Lock()
		waiting := l.queue
		l.queue = nil
		l.mu.Unlock()
		for _, data := range waiting {
			select {
			case <-l.gone:
				return
			default:
				l.f(data)
			}
		}
	}
}
