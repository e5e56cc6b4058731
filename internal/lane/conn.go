package lane

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	bufferBytes = 4 << 10   // a head must fit in
	unreadBytes = 256 << 10 // of a body that a handler left are read for the connection's sake, as net/http does
	lastGlance  = 500 * time.Millisecond
)

// conn is one connection while it is served here.
type conn struct {
	l        *Listener
	wire     Conn
	buffer   []byte // what was read and not used is buffer[from:to]
	from, to int
	until    time.Time     // when waiting for the other side ends
	waits    atomic.Bool   // for the next request
	plain    *http.Request // what is the same in each request
	head     head
	body     body
	answer   answer
}

func newConn(l *Listener, wire Conn) *conn {
	c := &conn{l: l, wire: wire, buffer: make([]byte, bufferBytes)}
	c.plain = (&http.Request{
		Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: wire.RemoteAddr().String(), Body: &c.body,
	}).WithContext(context.Background())
	c.body.conn, c.head.fields, c.answer.header = c, http.Header{}, http.Header{}
	return c
}

// serve answers requests until one is not for here, or the connection ends.
func (c *conn) serve() {
	defer c.l.leave(c)
	patience := c.l.o.Header
	for {
		if !c.fill(patience) {
			_ = c.wire.Close()
			return
		}
		handler := c.head.parse(c.buffer[c.from:c.to], c.l.o.Handler)
		if handler == nil {
			c.wire.Unread(c.buffer[c.from:c.to])
			if c.wire.SetReadDeadline(time.Time{}) != nil {
				_ = c.wire.Close()
				return
			}
			c.l.give(c.wire)
			return
		}
		c.l.o.State(c.wire, http.StateActive)
		c.from += c.head.size
		c.body.left, c.body.err = c.head.length, nil
		if !c.respond(handler) {
			return
		}
		c.l.o.State(c.wire, http.StateIdle)
		patience = c.l.o.Idle
	}
}

// fill waits for the next request, and reads what there is of it.
func (c *conn) fill(patience time.Duration) bool {
	if c.from < c.to { // it came with the one before
		return !c.l.closing.Load()
	}
	c.from, c.to = 0, 0
	// To set a deadline anew costs more than to leave one that will do.
	if now := time.Now(); c.until.Sub(now) < patience*3/4 || c.until.Sub(now) > patience {
		c.until = now.Add(patience)
		if c.wire.SetReadDeadline(c.until) != nil {
			return false
		}
	}
	c.waits.Store(true)
	if c.l.closing.Load() {
		return false
	}
	n, err := c.wire.Read(c.buffer)
	c.waits.Store(false)
	c.to = n
	return n > 0 && (err == nil || err == io.EOF)
}

// wake ends waiting for the next request.
func (c *conn) wake() {
	if c.waits.Load() {
		_ = c.wire.SetReadDeadline(time.Unix(1, 0))
	}
}

// respond has a request answered. It tells whether another one may follow, and
// closes the connection otherwise.
func (c *conn) respond(handler http.Handler) (more bool) {
	ended := false
	defer func() {
		if !ended { // the handler panicked, and said so where it is heard
			_ = recover()
			_ = c.wire.Close()
		}
	}()
	r := *c.plain
	r.URL, r.RequestURI, r.Host = &url.URL{Path: c.head.path}, c.head.path, c.head.host
	r.Header, r.ContentLength = c.head.fields, c.head.length
	c.answer.reset()
	handler.ServeHTTP(&c.answer, &r)
	ended = true
	more = c.body.finish() && !c.l.closing.Load()
	_, err := c.wire.Write(c.answer.bytes(time.Now(), more))
	if err == nil && more {
		return true
	}
	c.hangUp()
	return false
}

// hangUp ends a connection so that its last answer is read: what is left unread
// on our side would reset it.
func (c *conn) hangUp() {
	defer c.wire.Close()
	half, ok := c.wire.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && c.wire.SetReadDeadline(time.Now().Add(lastGlance)) == nil {
		_, _ = io.Copy(io.Discard, c.wire) // it may be gone
	}
}

// body reads the body of the request that is being answered.
type body struct {
	conn *conn
	left int64
	err  error
	slow bool // more of it had to be waited for
}

func (b *body) Read(p []byte) (n int, err error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	p = p[:min(int64(len(p)), b.left)]
	c := b.conn
	if c.from < c.to {
		n = copy(p, c.buffer[c.from:c.to])
		c.from += n
	} else {
		if !b.slow {
			b.slow, c.until = true, time.Now().Add(c.l.o.Request)
			b.err = c.wire.SetReadDeadline(c.until)
		}
		if b.err == nil {
			n, b.err = c.wire.Read(p)
		}
	}
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case b.err == io.EOF:
		b.err = io.ErrUnexpectedEOF
	}
	return n, b.err
}

// Close is for handlers; what they left is read anyway.
func (b *body) Close() error { return nil }

// finish reads what a handler left. It tells whether the next request can be
// found behind it.
func (b *body) finish() bool {
	b.slow = false
	if b.left > unreadBytes || b.err != nil && b.left > 0 {
		return false
	}
	if b.left > 0 {
		_, _ = io.Copy(io.Discard, b)
	}
	return b.left == 0
}
