package lane

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wire is a connection as the gate of app makes it.
type wire struct {
	net.Conn
	back []byte
}

func (w *wire) Unread(b []byte) { w.back = append(w.back, b...) }

func (w *wire) Read(b []byte) (int, error) {
	if n := copy(b, w.back); n > 0 {
		w.back = w.back[n:]
		return n, nil
	}
	return w.Conn.Read(b)
}

func (w *wire) CloseWrite() error { return w.Conn.(*net.TCPConn).CloseWrite() }

type wires struct{ net.Listener }

func (l wires) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c}, nil
}

const moment = 10 * time.Second

// serve serves h to all addresses, by net/http alone or with a lane beside it.
func serve(t testing.TB, h http.Handler, beside bool, o Options) (address string, lane *Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	inner, done := net.Listener(wires{l}), make(chan error, 1)
	if beside {
		if o.Handler == nil {
			o.Handler = func(string) http.Handler { return h }
		}
		o.Header, o.Request, o.Idle = max(o.Header, moment), max(o.Request, moment), max(o.Idle, moment)
		lane = Listen(inner, o)
		inner = lane
	}
	go func() { done <- server.Serve(inner) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		if beside {
			ctx, cancel := context.WithTimeout(context.Background(), moment)
			defer cancel()
			if err := lane.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		}
	})
	return l.Addr().String(), lane
}

// echo answers with what it sees.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cut short", http.StatusBadRequest)
		return
	}
	var fields []string
	for key, values := range r.Header {
		fields = append(fields, fmt.Sprintf("%s=%q", key, values))
	}
	slices.Sort(fields)
	w.Header().Set("X-Seen", "yes")
	w.Header().Add("X-Two", "one\r\ninjected: yes")
	w.Header().Add("X-Two", "two")
	if strings.HasSuffix(r.URL.Path, "/nothing") {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, "%s|%s|%s|%s|%s|%d|%s|%x|%s", r.Method, r.URL.Path, r.Host, r.Proto, r.URL.RawQuery, r.ContentLength,
		strings.Join(fields, " "), sha256.Sum256(body), body[max(len(body)-100, 0):])
}

// exchange sends bytes and gives all answers until the connection ends.
func exchange(t testing.TB, address, text string) (out []string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(moment)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		return []string{"not taken"}
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	for {
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			return out
		}
		body, err := io.ReadAll(a.Body)
		if err != nil {
			return append(out, "cut short")
		}
		a.Header.Del("Date")
		var fields []string
		for key, values := range a.Header {
			fields = append(fields, fmt.Sprintf("%s=%q", key, values))
		}
		slices.Sort(fields)
		out = append(out, fmt.Sprintf("%d %v %d %s\n%s", a.StatusCode, a.Close, a.ContentLength, strings.Join(fields, " "), body))
	}
}

func post(path, fields, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: regia.example:8080\r\nContent-Length: %d\r\n%s\r\n%s", path, len(body), fields, body)
}

var exchanges = map[string]string{
	"plain":                     post("/v1/track", "Content-Type: application/json\r\nAuthorization: Basic x\r\n", `{"a":1}`),
	"an empty body":             post("/v1/track", "", ""),
	"two after one another":     post("/v1/track", "", "one") + post("/v1/page", "", "two"),
	"then something else":       post("/v1/track", "", "one") + "GET /other?q=1 HTTP/1.1\r\nHost: x\r\n\r\n" + post("/v1/page", "", "three"),
	"nothing is answered":       post("/nothing", "", "x"),
	"small letters, odd spaces": post("/v1/track", "content-type:   text/plain \t \r\nX-a:\r\n", "x"),
	"a field twice":             post("/v1/track", "X-Twice: a\r\nX-Other: b\r\nX-Twice: c\r\n", "x"),
	"keep alive":                post("/v1/track", "Connection: Keep-Alive\r\n", "x"),
	"the last one":              post("/v1/track", "Connection: close\r\n", "x") + post("/v1/track", "", "never"),
	"a large body":              post("/v1/batch", "", strings.Repeat("0123456789", 30_000)),
	"in pieces":                 "POST /v1/track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"two lengths":               post("/v1/track", "Content-Length: 1\r\n", "x"),
	"two that differ":           post("/v1/track", "Content-Length: 2\r\n", "x"),
	"length and pieces":         post("/v1/track", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
	"a length with a sign":      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nx",
	"a length that is none":     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n",
	"no length":                 "POST / HTTP/1.1\r\nHost: x\r\n\r\n",
	"no host":                   "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
	"two hosts":                 post("/", "Host: y\r\n", "x"),
	"a strange host":            "POST / HTTP/1.1\r\nHost: a b\r\nContent-Length: 1\r\n\r\nx",
	"an older protocol":         "POST / HTTP/1.0\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
	"a newer one":               "POST / HTTP/2.0\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
	"new lines alone":           "POST / HTTP/1.1\nHost: x\nContent-Length: 1\n\nx",
	"one new line alone":        "POST / HTTP/1.1\r\nHost: x\nX-A: b\r\nContent-Length: 1\r\n\r\nx",
	"a folded line":             post("/", "X-A: b\r\n c\r\n", "x"),
	"a space before the colon":  post("/", "X-A : b\r\n", "x"),
	"a control character":       post("/", "X-A: b\x01c\r\n", "x"),
	"a return in a value":       post("/", "X-A: b\rc\r\n", "x"),
	"letters beyond ASCII":      post("/", "X-A: \xe8\r\nX-B: è\r\n", "x"),
	"no name":                   post("/", ": b\r\n", "x"),
	"no colon":                  post("/", "nothing\r\n", "x"),
	"a query":                   post("/v1/track?writeKey=x", "", "x"),
	"an escaped path":           post("/v1/%74rack", "", "x"),
	"a whole address":           post("http://other/v1/track", "", "x"),
	"no path":                   post("", "", "x"),
	"a path of two words":       post("/a b", "", "x"),
	"a wish to go on":           post("/", "Expect: 100-continue\r\n", "x"),
	"another protocol":          post("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "x"),
	"pragma":                    post("/", "Pragma: no-cache\r\n", "x"),
	"trailers":                  post("/", "Trailer: X-A\r\n", "x"),
	"a head that never ends":    "POST / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 10_000),
	"a large head":              post("/", "X-A: "+strings.Repeat("a", 10_000)+"\r\n", "x"),
	"an empty line first":       "\r\n" + post("/", "", "x"),
	"nothing":                   "",
	"no HTTP":                   "\x16\x03\x01 hello",
	"a length beyond measure":   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nx",
}

// With a lane beside it a server answers as without.
func TestAnswersAsNetHTTP(t *testing.T) {
	without, _ := serve(t, http.HandlerFunc(echo), false, Options{})
	h := http.HandlerFunc(echo)
	with, _ := serve(t, h, true, Options{Handler: func(path string) http.Handler {
		if strings.ContainsAny(path, "?% ") || !strings.HasPrefix(path, "/") { // as a site's map of paths
			return nil
		}
		return h
	}})
	for name, text := range exchanges {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(exchange(t, without, text), exchange(t, with, text)); diff != "" {
				t.Errorf("net/http alone (-), with a lane (+):\n%s", diff)
			}
		})
	}
}

// What the lane takes for plain, net/http reads in the same way.
func FuzzHead(f *testing.F) {
	for _, text := range exchanges {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h := head{fields: http.Header{}}
		if h.parse(b[:min(len(b), bufferBytes)], func(path string) http.Handler {
			if path == "/v1/track" {
				return http.NotFoundHandler()
			}
			return nil
		}) == nil {
			return
		}
		in := bufio.NewReader(bytes.NewReader(b))
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("net/http does not take it: %v", err)
		}
		if r.Method != http.MethodPost || r.URL.Path != h.path || r.URL.RawQuery != "" || r.Host != h.host || r.ContentLength != h.length || r.Close || len(r.TransferEncoding) > 0 {
			t.Fatalf("net/http sees %+v, the lane %+v", r, h)
		}
		if diff := cmp.Diff(r.Header, h.fields); diff != "" {
			t.Fatal(diff)
		}
		rest, _ := io.ReadAll(r.Body)
		if want := b[h.size:min(len(b), h.size+int(min(h.length, 1<<20)))]; !bytes.Equal(rest, want) {
			t.Fatalf("the body begins elsewhere: %q and %q", rest, want)
		}
	})
}

// dial opens a connection and says something.
func dial(t *testing.T, address, text string) *bufio.ReadWriter {
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
	return bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
}

func answered(t *testing.T, c *bufio.ReadWriter) (status int, last bool) {
	t.Helper()
	a, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, a.Body); err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Close
}

func ended(t *testing.T, c *bufio.ReadWriter) {
	t.Helper()
	if _, err := c.ReadByte(); err == nil {
		t.Error("the connection goes on")
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Error("the connection does not end")
	}
}

// Ending finishes what is under way, and lets go of who only waits.
func TestShutdown(t *testing.T) {
	inside, goOn := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			inside <- struct{}{}
			<-goOn
		}
	})
	address, lane := serve(t, h, true, Options{})
	rests, works := dial(t, address, post("/quick", "", "x")), dial(t, address, post("/slow", "", "x"))
	fresh := dial(t, address, "")
	if status, _ := answered(t, rests); status != http.StatusOK {
		t.Fatal(status)
	}
	<-inside
	done := make(chan error)
	go func() { done <- lane.Shutdown(t.Context()) }()
	ended(t, rests)
	ended(t, fresh)
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	close(goOn)
	if status, last := answered(t, works); status != http.StatusOK || !last {
		t.Errorf("answered %d, the last one: %v", status, last)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}

// Who does not end in time is cut off.
func TestShutdownCutsOff(t *testing.T) {
	inside := make(chan struct{})
	address, lane := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inside <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
	}), true, Options{})
	c := dial(t, address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := lane.Shutdown(ctx); err == nil {
		t.Error("nobody was cut off")
	}
	_, _ = io.ReadAll(c) // an answer at most
}

// Who sends nothing, or a body too slowly, is sent away; handlers that read
// nothing, or panic, harm no other request.
func TestTroubledRequests(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/unread":
			w.WriteHeader(http.StatusForbidden)
		case "/panic":
			panic(http.ErrAbortHandler)
		default:
			echo(w, r)
		}
	})
	address, _ := serve(t, h, true, Options{})
	c := dial(t, address, post("/unread", "", strings.Repeat("x", 100_000))+post("/v1/track", "", "next"))
	for _, want := range []int{http.StatusForbidden, http.StatusAccepted} {
		if status, last := answered(t, c); status != want || last {
			t.Errorf("answered %d, want %d; the last one: %v", status, want, last)
		}
	}
	c = dial(t, address, "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
	if status, last := answered(t, c); status != http.StatusForbidden || !last {
		t.Errorf("answered %d; the last one: %v", status, last)
	}
	ended(t, c)
	ended(t, dial(t, address, post("/panic", "", "x")))
}

func TestPatience(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const short = 50 * time.Millisecond
	lane := Listen(wires{l}, Options{Header: short, Request: short, Idle: short, Handler: func(string) http.Handler { return http.HandlerFunc(echo) }})
	defer func() { _ = lane.Shutdown(t.Context()) }()
	address := l.Addr().String()
	ended(t, dial(t, address, ""))
	c := dial(t, address, post("/v1/track", "", "x"))
	if status, _ := answered(t, c); status != http.StatusAccepted {
		t.Error(status)
	}
	ended(t, c)
	c = dial(t, address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	if status, last := answered(t, c); status != http.StatusBadRequest || !last {
		t.Errorf("answered %d; the last one: %v", status, last)
	}
	ended(t, c)
}

// Many connections at a time get their own answers, and each is told to work
// and rest in turn.
func TestManyAtATime(t *testing.T) {
	var mu sync.Mutex
	states := map[http.ConnState]int{}
	address, lane := serve(t, http.HandlerFunc(echo), true, Options{State: func(_ net.Conn, s http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		states[s]++
	}})
	const connections, each = 20, 100
	var g sync.WaitGroup
	for k := range connections {
		g.Go(func() {
			client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			defer client.CloseIdleConnections()
			for i := range each {
				body := strings.Repeat(fmt.Sprint(k, " ", i, " "), 1+i*20)
				a, err := client.Post("http://"+address+"/v1/track", "text/plain", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(a.Body)
				_ = a.Body.Close()
				if err != nil || !strings.Contains(string(got), fmt.Sprintf("|%x|", sha256.Sum256([]byte(body)))) {
					t.Errorf("answered %.100q, %v", got, err)
					return
				}
			}
		})
	}
	g.Wait()
	if err := lane.Shutdown(t.Context()); err != nil { // that the last one rests is told after its answer
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if states[http.StateActive] != connections*each || states[http.StateIdle] != connections*each {
		t.Errorf("told %v", states)
	}
}
