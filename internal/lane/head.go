package lane

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// head is the head of a plain request.
type head struct {
	size       int // bytes, the empty line included
	path, host string
	length     int64 // of the body
	fields     http.Header
	values     []string // of fields, one after the other
}

const (
	method   = "POST "
	protocol = " HTTP/1.1"
	newLine  = "\r\n"
)

// parse takes apart the head of a request at the beginning of b, and gives who
// answers it; nil when it is not whole, or not plain (RFC 9110, 9112), or not for
// here.
func (h *head) parse(b []byte, handlerOf func(path string) http.Handler) http.Handler {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || !bytes.HasPrefix(b, []byte(method)) {
		return nil
	}
	text := string(b[:end+len(newLine)])
	h.size = end + 2*len(newLine)
	line, rest, _ := strings.Cut(text, newLine)
	path, ok := strings.CutSuffix(line[len(method):], protocol)
	if !ok {
		return nil
	}
	handler := handlerOf(path)
	if handler == nil {
		return nil
	}
	clear(h.fields)
	h.path, h.host, h.length, h.values = path, "", -1, h.values[:0]
	for rest != "" {
		line, rest, _ = strings.Cut(rest, newLine)
		if !h.field(line) {
			return nil
		}
	}
	if h.host == "" || h.length < 0 {
		return nil
	}
	return handler
}

// field takes one line, and tells whether it is plain.
func (h *head) field(line string) bool {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsFunc(name, notInName) || strings.ContainsFunc(value, notInValue) {
		return false
	}
	value = strings.Trim(value, " \t")
	key := textproto.CanonicalMIMEHeaderKey(name)
	switch key {
	case "Host": // net/http keeps it apart from the others
		if h.host != "" || strings.ContainsFunc(value, notInHost) {
			return false
		}
		h.host = value
		return h.host != ""
	case "Content-Length":
		n, err := strconv.ParseUint(value, 10, 62)
		if err != nil || h.length >= 0 {
			return false
		}
		h.length = int64(n)
	case "Connection":
		if !strings.EqualFold(value, "keep-alive") {
			return false
		}
	case "Transfer-Encoding", "Expect", "Upgrade", "Trailer", "Te", "Pragma", "Http2-Settings":
		return false
	}
	if before := h.fields[key]; before != nil {
		h.fields[key] = append(before, value)
		return true
	}
	h.values = append(h.values, value)
	h.fields[key] = h.values[len(h.values)-1 : len(h.values) : len(h.values)]
	return true
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func notInValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\uFFFD' }

func notInHost(r rune) bool {
	return notInName(r) && r != '.' && r != ':' && r != '[' && r != ']'
}
