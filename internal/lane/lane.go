// Package lane answers plain requests beside net/http, on the same listener:
// POST, HTTP/1.1, to an address known beforehand, head in one piece, with a
// Content-Length and nothing out of the ordinary. That is nearly all of what
// comes to a front door, and half of what net/http does for it is not needed:
// to notice that whoever asked is gone while the answer is worked out, to send
// answers in pieces, to change protocols. Whatever else comes is given to
// net/http with all its bytes, and the connection with it, for good; so nothing
// here has to know more of HTTP than what a plain request is.
package lane

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection that takes back what was read from it, to be read again
// first.
type Conn interface {
	net.Conn
	Unread(b []byte)
}

// Options say what is served here, and how long others are waited for.
type Options struct {
	Handler func(path string) http.Handler // nil for an address that is not served here; it keeps nothing of a request or an answer once it returned
	Header  time.Duration                  // for the first bytes of a connection
	Request time.Duration                  // for a body
	Idle    time.Duration                  // between two requests
	State   func(net.Conn, http.ConnState) // is told when a connection works and rests; may be nil
}

// Listener gives net/http's server the connections that are not served here.
// Those it accepts must be Conns, else they are all given on.
type Listener struct {
	net.Listener
	o       Options
	given   chan net.Conn
	ended   chan struct{} // closed when no more connections come
	err     error         // why; may be read then
	closing atomic.Bool
	mu      sync.Mutex // guards open, and adding to serving
	open    map[*conn]bool
	serving sync.WaitGroup
}

// Listen begins to accept connections from inner.
func Listen(inner net.Listener, o Options) *Listener {
	if o.State == nil {
		o.State = func(net.Conn, http.ConnState) {}
	}
	l := &Listener{Listener: inner, o: o, given: make(chan net.Conn), ended: make(chan struct{}), open: map[*conn]bool{}}
	go l.accept()
	return l
}

// Accept waits for a connection that is not, or no longer, served here.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.given:
		return c, nil
	case <-l.ended:
		return nil, l.err
	}
}

func (l *Listener) accept() {
	defer close(l.ended)
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			l.err = err
			return
		}
		wire, ok := raw.(Conn)
		if !ok {
			l.give(raw)
			continue
		}
		c := newConn(l, wire)
		if !l.enter(c) {
			_ = raw.Close()
			continue
		}
		go c.serve()
	}
}

// give hands a connection to net/http, which may be ending.
func (l *Listener) give(c net.Conn) {
	select {
	case l.given <- c:
	case <-l.ended:
		_ = c.Close()
	}
}

func (l *Listener) enter(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing.Load() {
		return false
	}
	l.open[c] = true
	l.serving.Add(1)
	return true
}

func (l *Listener) leave(c *conn) {
	l.mu.Lock()
	delete(l.open, c)
	l.mu.Unlock()
	l.serving.Done()
}

// Shutdown accepts no more connections, ends those that rest, and waits until
// requests under way are answered; when ctx ends before, it cuts them off.
func (l *Listener) Shutdown(ctx context.Context) error {
	err := l.Close()
	if errors.Is(err, net.ErrClosed) { // net/http was first
		err = nil
	}
	l.mu.Lock()
	l.closing.Store(true)
	for c := range l.open {
		c.wake()
	}
	l.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.serving.Wait()
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
	}
	l.mu.Lock()
	for c := range l.open {
		_ = c.wire.Close()
	}
	l.mu.Unlock()
	<-done
	return errors.Join(err, ctx.Err())
}
