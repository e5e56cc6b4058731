package app

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/lane"
)

// patience is what the server's side of the network bears from others, so that
// none of them can keep it from the rest.
type patience struct {
	header      time.Duration // for a request's line and headers
	request     time.Duration // for all of a request, its body included
	write       time.Duration // for a reader to take something of an answer
	idle        time.Duration // between two requests of a connection
	connections int           // open at one time
	trusted     []netip.Prefix
}

// usualPatience lets an export or an event stream go on for ever, as long as
// somebody reads it.
var usualPatience = patience{
	header: 10 * time.Second, request: 60 * time.Second, write: 30 * time.Second, idle: 120 * time.Second, connections: 4096,
}

// maxHeaders is how large a request's headers may be, in bytes.
const maxHeaders = 64 << 10

// serve makes a server for a listener, and the listener to serve. Requests to
// addresses that plain knows are answered by h as well, without the server.
func (p patience) serve(h http.Handler, plain func(path string) bool, l net.Listener, logger *slog.Logger) (*http.Server, *lane.Listener) {
	g := &gate{Listener: l, patience: p, open: map[*connection]bool{}, of: map[netip.Addr]int{}, busy: make(chan struct{}, refusals)}
	return &http.Server{
			Handler: h, ReadHeaderTimeout: p.header, ReadTimeout: p.request, IdleTimeout: p.idle, MaxHeaderBytes: maxHeaders,
			ConnState: g.state, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug), // single visitors' troubles
		}, lane.Listen(g, lane.Options{
			Header: p.header, Request: p.request, Idle: p.idle, State: g.state,
			Handler: func(path string) http.Handler {
				if plain(path) {
					return h
				}
				return nil
			},
		})
}

// gate lets connections in up to a limit. When it is reached, the one that has
// rested longest makes room; when none rests, the newcomer is told at once to
// come back. No address but a trusted proxy's may have more than half of them:
// beyond that it makes room among its own.
type gate struct {
	net.Listener
	patience
	mu   sync.Mutex
	open map[*connection]bool
	of   map[netip.Addr]int
	busy chan struct{} // a token for each newcomer that is being refused
}

// connection ends when its other side takes nothing for too long.
type connection struct {
	net.Conn
	gate    *gate
	address netip.Addr
	rests   atomic.Int64 // since when, in nanoseconds since 1970; 0 = it is at work
	allowed atomic.Int64 // until when writing is, likewise
	closed  sync.Once
	unread  []byte // read again before anything else
}

// Unread gives back what was read.
func (c *connection) Unread(b []byte) { c.unread = append(c.unread, b...) }

func (c *connection) Read(b []byte) (n int, err error) {
	if len(c.unread) > 0 {
		n = copy(b, c.unread)
		c.unread = c.unread[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// Accept waits for the next connection that may come in.
func (g *gate) Accept() (net.Conn, error) {
	for {
		raw, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &connection{Conn: raw, gate: g}
		if a, err := netip.ParseAddrPort(raw.RemoteAddr().String()); err == nil {
			c.address = a.Addr().Unmap()
		}
		c.rests.Store(time.Now().UnixNano())
		if g.admit(c) {
			return c, nil
		}
		select {
		case g.busy <- struct{}{}:
			go func() {
				defer func() { <-g.busy }()
				refuse(raw)
			}()
		default:
			_ = raw.Close() // too many to explain it to
		}
	}
}

// admit tells whether a connection may come in.
func (g *gate) admit(c *connection) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	proxy := slices.ContainsFunc(g.trusted, func(n netip.Prefix) bool { return n.Contains(c.address) })
	crowd := !proxy && g.of[c.address] >= max(1, g.connections/2)
	if crowd || len(g.open) >= g.connections {
		longest := g.longest(func(x *connection) bool { return !crowd || x.address == c.address })
		if longest == nil {
			return false
		}
		g.forget(longest)
		go longest.Close()
	}
	g.open[c] = true
	g.of[c.address]++
	return true
}

// longest gives, of those meant, the connection that has rested longest; nil
// when none rests.
func (g *gate) longest(meant func(*connection) bool) (found *connection) {
	var since int64
	for c := range g.open {
		if at := c.rests.Load(); at > 0 && meant(c) && (found == nil || at < since) {
			found, since = c, at
		}
	}
	return found
}

func (g *gate) forget(c *connection) {
	if !g.open[c] {
		return
	}
	delete(g.open, c)
	if g.of[c.address]--; g.of[c.address] == 0 {
		delete(g.of, c.address)
	}
}

// state follows what the server does with a connection.
func (g *gate) state(conn net.Conn, s http.ConnState) {
	c, ok := conn.(*connection)
	switch {
	case !ok:
	case s == http.StateActive:
		c.rests.Store(0)
	case s == http.StateIdle:
		c.rests.Store(time.Now().UnixNano())
	}
}

// Write gives the other side a while to take something.
func (c *connection) Write(b []byte) (int, error) {
	now := time.Now()
	if left := time.Duration(c.allowed.Load() - now.UnixNano()); left < c.gate.write*3/4 {
		c.allowed.Store(now.Add(c.gate.write).UnixNano())
		if err := c.Conn.SetWriteDeadline(now.Add(c.gate.write)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}

// SetWriteDeadline is for handlers with a patience of their own; the next Write
// goes by ours again. Ours stays where theirs ends: the server says that after
// each answer, and to set a deadline anew costs more than to leave it.
func (c *connection) SetWriteDeadline(t time.Time) error {
	if t.IsZero() && c.allowed.Load() > 0 {
		return nil
	}
	c.allowed.Store(0)
	return c.Conn.SetWriteDeadline(t)
}

// Close gives the connection's place back.
func (c *connection) Close() error {
	c.closed.Do(func() {
		c.gate.mu.Lock()
		defer c.gate.mu.Unlock()
		c.gate.forget(c)
	})
	return c.Conn.Close()
}

// CloseWrite lets the server end an answer before it hangs up.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

const (
	full       = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	lastGlance = time.Second // for a refused sender to read why
	refusals   = 128         // at one time
)

// refuse says that there is no room, and hangs up once that was read.
func refuse(c net.Conn) {
	defer c.Close()
	if c.SetDeadline(time.Now().Add(lastGlance)) != nil {
		return
	}
	if _, err := c.Write([]byte(full)); err != nil {
		return
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		// What is left unread would reset the connection, and the words with it.
		var rest [4 << 10]byte
		for {
			if _, err := c.Read(rest[:]); err != nil {
				return
			}
		}
	}
}
