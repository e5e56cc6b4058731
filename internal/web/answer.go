package web

import (
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// compressFrom is the size in bytes from which compressing is worth it, judged
// on the first write: pages come in one.
const compressFrom = 512

var gzipPool = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, 5) // the level is valid: there is no error
	return z
}}

// answer is a ResponseWriter that compresses text and remembers what was sent.
type answer struct {
	http.ResponseWriter
	accepts bool // the reader understands gzip
	status  int  // 0 until the header is decided
	sent    bool // the header is out
	bytes   int  // of the body, before compression
	zip     *gzip.Writer
}

func newAnswer(w http.ResponseWriter, r *http.Request) *answer {
	return &answer{ResponseWriter: w, accepts: r.Method != http.MethodHead && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")}
}

// WriteHeader keeps the status until the first byte: only then it is known
// whether the body will be compressed.
func (a *answer) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		a.ResponseWriter.WriteHeader(status)
		return
	}
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.begin(p)
	a.bytes += len(p)
	if a.zip != nil {
		return a.zip.Write(p)
	}
	return a.ResponseWriter.Write(p)
}

// begin sends the header and decides about compression.
func (a *answer) begin(first []byte) {
	if a.sent {
		return
	}
	a.sent = true
	h := a.Header()
	if h.Get("Content-Type") == "" && len(first) > 0 {
		h.Set("Content-Type", http.DetectContentType(first))
	}
	if compressible(h) {
		h.Add("Vary", "Accept-Encoding")
		if a.accepts && len(first) >= compressFrom && a.status != http.StatusPartialContent {
			h.Del("Content-Length")
			h.Set("Content-Encoding", "gzip")
			a.zip = gzipPool.Get().(*gzip.Writer)
			a.zip.Reset(a.ResponseWriter)
		}
	}
	a.ResponseWriter.WriteHeader(a.status)
}

func compressible(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if t == "text/event-stream" {
		return false
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "json") || strings.HasSuffix(t, "yaml") ||
		t == "image/svg+xml" || t == "application/javascript"
}

// Flush sends what there is.
func (a *answer) Flush() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.begin(nil)
	if a.zip != nil {
		_ = a.zip.Flush() // a broken connection shows at the next write
	}
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// finish sends a header that had no body, and the end of a compressed one.
func (a *answer) finish() {
	if a.status != 0 {
		a.begin(nil)
	}
	if a.zip != nil {
		_ = a.zip.Close()
		gzipPool.Put(a.zip)
		a.zip = nil
	}
}

// code is the status as sent; a handler that said nothing said 200.
func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}
