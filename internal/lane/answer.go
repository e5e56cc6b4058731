package lane

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is what a handler answers, kept until it is whole.
type answer struct {
	header http.Header
	status int
	body   []byte
	out    []byte
	second int64 // of date
	date   string
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // what comes before the answer itself is left out
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

// mostKept is how much memory of one answer is kept for the next.
const mostKept = 16 << 10

func (a *answer) reset() {
	clear(a.header)
	if cap(a.body)+cap(a.out) > mostKept {
		a.body, a.out = nil, nil
	}
	a.status, a.body = 0, a.body[:0]
}

// bytes gives the answer as it is sent; they change with the next one.
func (a *answer) bytes(now time.Time, more bool) []byte {
	a.WriteHeader(http.StatusOK)
	b := append(a.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(append(append(b, ' '), http.StatusText(a.status)...), newLine...)
	hasBody := a.status != http.StatusNoContent && a.status != http.StatusNotModified
	if hasBody && len(a.body) > 0 && len(a.header["Content-Type"]) == 0 {
		a.header.Set("Content-Type", http.DetectContentType(a.body))
	}
	for key, values := range a.header {
		switch key {
		case "Content-Length", "Connection", "Transfer-Encoding", "Date":
			continue
		}
		for _, v := range values {
			b = append(append(append(append(b, key...), ": "...), oneLine(v)...), newLine...)
		}
	}
	if s := now.Unix(); s != a.second {
		a.second, a.date = s, now.UTC().Format(http.TimeFormat)
	}
	b = append(append(append(b, "Date: "...), a.date...), newLine...)
	if !more {
		b = append(b, "Connection: close\r\n"...)
	}
	if hasBody {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(a.body)), 10), newLine...)
	}
	b = append(b, newLine...)
	if hasBody {
		b = append(b, a.body...)
	}
	a.out = b
	return b
}

// oneLine keeps a value from becoming a line of its own.
func oneLine(v string) string {
	if strings.ContainsAny(v, newLine) {
		return strings.NewReplacer("\r", " ", "\n", " ").Replace(v)
	}
	return v
}
