package app

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/testkit"
)

const moment = 10 * time.Second // far beyond what anything here takes

// openPort serves a handler with a patience of milliseconds.
func openPort(t *testing.T, change func(*patience), h http.HandlerFunc) string {
	t.Helper()
	p := patience{header: 300 * time.Millisecond, request: 600 * time.Millisecond, write: 300 * time.Millisecond, idle: moment, connections: 1000}
	if change != nil {
		change(&p)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, entrance := p.serve(h, func(string) bool { return true }, l, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.Serve(entrance) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		if err := entrance.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func knock(t *testing.T, address, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(moment)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// answer reads a whole answer, or why there is none.
func answer(c net.Conn) (*http.Response, string, error) {
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, "", err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	return a, string(body), err
}

func hello(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		http.Error(w, "cut short", http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, "hello")
}

const get = "GET / HTTP/1.1\r\nHost: regia\r\n\r\n"

// Whoever sends slowly, halfway or too much is sent away, and nobody else
// notices.
func TestBadSendersAreSentAway(t *testing.T) {
	address := openPort(t, nil, hello)
	slow := map[string]string{
		"nothing at all":          "",
		"half a line":             "GET / HT",
		"headers without an end":  "GET / HTTP/1.1\r\nHost: regia\r\nX-A: b\r\n",
		"half a body":             "POST / HTTP/1.1\r\nHost: regia\r\nContent-Length: 100\r\n\r\n{",
		"half a chunk":            "POST / HTTP/1.1\r\nHost: regia\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{",
		"a chunk without a size":  "POST / HTTP/1.1\r\nHost: regia\r\nTransfer-Encoding: chunked\r\n\r\n",
		"TLS where there is none": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	}
	var waiting sync.WaitGroup
	for name, text := range slow {
		for range 8 {
			c := knock(t, address, text)
			waiting.Go(func() {
				start := time.Now()
				if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
					t.Errorf("%s: the server waits still after %v", name, time.Since(start))
				}
			})
		}
	}
	for range 20 {
		start := time.Now()
		if a, body, err := answer(knock(t, address, get)); err != nil || a.StatusCode != 200 || body != "hello" {
			t.Errorf("meanwhile somebody was answered %v %q %v", a, body, err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("meanwhile somebody waited %v", took)
		}
	}
	waiting.Wait()
}

// Trickling counts as slow: each byte is in time, the whole is not.
func TestTricklingIsSlow(t *testing.T) {
	address := openPort(t, nil, hello)
	for name, text := range map[string]string{
		"headers": "GET / HTTP/1.1\r\nHost: regia\r\nX-A: ", "a body": "POST / HTTP/1.1\r\nHost: regia\r\nContent-Length: 100000\r\n\r\n",
	} {
		c := knock(t, address, text)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(io.Discard, c)
		}()
		drip, late := time.NewTicker(20*time.Millisecond), time.NewTimer(moment)
		defer drip.Stop()
		defer late.Stop()
		for dripping := true; dripping; {
			select {
			case <-gone:
				dripping = false
			case <-drip.C:
				_, _ = io.WriteString(c, "x") // it may be gone
			case <-late.C:
				t.Fatalf("%s may trickle in for ever", name)
			}
		}
	}
}

func TestHugeHeaders(t *testing.T) {
	address := openPort(t, nil, hello)
	c := knock(t, address, "")
	go func() {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: regia\r\nX-A: "+strings.Repeat("a", 1<<20)+"\r\n\r\n")
	}()
	a, _, err := answer(c)
	if err != nil || a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a megabyte of headers is answered %v, %v", a, err)
	}
}

// Who never reads is cut off; who reads, be it slowly, may go on as long as
// they like.
func TestReaders(t *testing.T) {
	const pieces, size = 24, 256 << 10
	ended := make(chan error, 10)
	address := openPort(t, func(p *patience) { p.write = time.Second }, func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, size)
		for range pieces {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
			// What handlers with a patience of their own do.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		}
		ended <- nil
	})
	knock(t, address, get)
	if err := within(t, ended); err == nil {
		t.Error("all of it was written to somebody who never read")
	}
	c := knock(t, address, get)
	start := time.Now()
	total, pause := 0, time.NewTicker(60*time.Millisecond)
	defer pause.Stop()
	for b := make([]byte, 128<<10); ; {
		n, err := c.Read(b)
		if total += n; total >= pieces*size {
			break
		}
		if err != nil {
			t.Fatalf("a slow reader was cut off after %v and %d bytes: %v", time.Since(start), total, err)
		}
		<-pause.C
	}
	if err := within(t, ended); err != nil || time.Since(start) < 1500*time.Millisecond {
		t.Errorf("a slow reader ended after %v: %v", time.Since(start), err)
	}
}

func within(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(moment):
		t.Fatal("it never ended")
		return nil
	}
}

// Beyond the limit those at work go on, those at rest make room, and when all
// are at work a newcomer is told at once.
func TestConnectionLimit(t *testing.T) {
	hold := make(chan struct{})
	inside := make(chan struct{}, 10)
	address := openPort(t, func(p *patience) {
		p.connections, p.header, p.request = 4, moment, moment
		p.trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			inside <- struct{}{}
			<-hold
		}
		hello(w, r)
	})
	rests := knock(t, address, get)
	if _, body, err := answer(rests); err != nil || body != "hello" {
		t.Fatal(body, err)
	}
	silent := knock(t, address, "")
	var busy []net.Conn
	for len(busy) < 4 {
		c := knock(t, address, "GET /hold HTTP/1.1\r\nHost: regia\r\n\r\n")
		select {
		case <-inside:
			busy = append(busy, c)
		case <-time.After(3 * time.Second):
			// It was refused: the server had not noticed yet that the first one rests.
			_ = c.Close()
		}
	}
	for name, c := range map[string]net.Conn{"at rest": rests, "silent": silent} {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("the one %s was not asked to make room", name)
		}
	}
	start := time.Now()
	a, _, err := answer(knock(t, address, get))
	if err != nil || a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("a newcomer is answered %v, %v", a, err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("a newcomer waits %v to be refused", took)
	}
	close(hold)
	for _, c := range busy {
		if _, body, err := answer(c); err != nil || body != "hello" {
			t.Errorf("one that was at work got %q, %v", body, err)
		}
	}
	if _, body, err := answer(knock(t, address, get)); err != nil || body != "hello" {
		t.Errorf("afterwards: %q, %v", body, err)
	}
}

// One address gets half of the places, unless it is a trusted proxy's.
func TestOneAddressGetsHalf(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	inside := make(chan struct{}, 10)
	address := openPort(t, func(p *patience) { p.connections = 4 }, func(http.ResponseWriter, *http.Request) {
		inside <- struct{}{}
		<-hold
	})
	for range 2 {
		knock(t, address, get)
		<-inside
	}
	a, _, err := answer(knock(t, address, get))
	if err != nil || a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the third is answered %v, %v", a, err)
	}
	other, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).Dial("tcp", address)
	if err != nil {
		testkit.Missing(t, "this machine has one address only: "+err.Error())
	}
	defer other.Close()
	_, _ = fmt.Fprint(other, get)
	select {
	case <-inside:
	case <-time.After(moment):
		t.Error("another address does not get in")
	}
}
