package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// BenchmarkServed tells what a request costs the whole server side, from the
// connection to the log, which keeps nothing here; and what it costs a server
// that only reads and discards. Senders write prepared bytes. cpu-us/event is
// of the process, senders included: what counts is how much it lies above the
// ceiling's.
func BenchmarkServed(b *testing.B) {
	site, key := doorAlone(b)
	none := func(string) bool { return false }
	discard := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"accepted":100,"rejected":[]}`+"\n")
	})
	for _, setting := range []struct{ events, connections int }{{1, 64}, {20, 32}, {100, 16}} {
		request := requestOf(setting.events, key)
		for _, server := range []struct {
			name    string
			handler http.Handler
			plain   func(path string) bool
		}{{"ceiling", discard, nil}, {"net/http", site, none}, {"door", site, site.Direct}} {
			b.Run(fmt.Sprintf("%s/%d", server.name, setting.events), func(b *testing.B) {
				address := listenFor(b, server.handler, server.plain)
				b.ReportAllocs()
				sendAll(b, address, request, setting.connections)
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// doorAlone gives a site with nothing but a front door, and a key.
func doorAlone(b *testing.B) (*web.Site, string) {
	book, err := registry.Open(b.Context(), registry.Options{Path: filepath.Join(b.TempDir(), "registry.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = book.Close() })
	sources := collect.NewSources(book, experience.SystemClock)
	source, err := sources.Create(b.Context(), "Sito", collect.Site, "")
	if err != nil {
		b.Fatal(err)
	}
	site, err := web.New(web.Options{})
	if err != nil {
		b.Fatal(err)
	}
	door := collect.New(collect.Options{Sources: sources, Log: nowhere{}, Limits: collect.Limits{Rate: 1e12, Burst: 1 << 40}})
	b.Cleanup(door.Close)
	door.Register(site)
	return site, source.WriteKey
}

type nowhere struct{}

func (nowhere) Append(context.Context, []experience.Record) error { return nil }

func listenFor(b *testing.B, h http.Handler, plain func(path string) bool) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: usualPatience.header}
	entrance := listener
	if plain != nil {
		server, entrance = usualPatience.serve(h, plain, listener, slog.New(slog.DiscardHandler))
	}
	go func() { _ = server.Serve(entrance) }()
	b.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// sendAll sends b.N requests over several connections at a time, each waiting
// for its answer, and reports the process's CPU time.
func sendAll(b *testing.B, address string, request []byte, connections int) {
	work := make(chan int, b.N)
	for i := range b.N {
		work <- i
	}
	close(work)
	var senders sync.WaitGroup
	b.ResetTimer()
	before := cpuMicros(b)
	for range connections {
		senders.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			answer := make([]byte, 4<<10)
			for range work {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				n, err := conn.Read(answer)
				if err != nil || !bytes.HasPrefix(answer[:n], []byte("HTTP/1.1 200")) || !bytes.Contains(answer[:n], []byte(`"rejected":[]`)) {
					b.Errorf("answered %q, %v", answer[:n], err)
					return
				}
			}
		})
	}
	senders.Wait()
	b.ReportMetric((cpuMicros(b)-before)/float64(b.N), "cpu-us/op")
}

func cpuMicros(b *testing.B) float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1000
}

// requestOf is what Segment's libraries send of n events of 640 bytes.
func requestOf(n int, key string) []byte {
	var body bytes.Buffer
	for i := range n {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"type":"track","event":"Product Viewed","messageId":"ajs-next-12345678-%012d","anonymousId":"8d9f0f2c-5f0e-4b1e-9d5a-3a35%08d",`+
			`"timestamp":"2026-11-22T10:29:59.%03dZ","properties":{"product_id":"P-%05d","name":"Tazzina da caffè","price":12.50,"currency":"EUR","category":"Cucina","position":3},`+
			`"context":{"page":{"path":"/p/%05d","title":"Tazzina da caffè","referrer":"https://www.google.com/"},`+
			`"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36","locale":"it-IT","timezone":"Europe/Rome",`+
			`"library":{"name":"analytics.js","version":"next-1.81.0"}}}`, i, i, i, i, i)
	}
	path, text := "track", body.String()
	if n > 1 {
		path, text = "batch", `{"batch":[`+text+`]}`
	}
	request, _ := http.NewRequest(http.MethodPost, "http://127.0.0.1/v1/"+path, bytes.NewReader([]byte(text)))
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(key, "")
	var out bytes.Buffer
	_ = request.Write(&out) // into memory
	return out.Bytes()
}
