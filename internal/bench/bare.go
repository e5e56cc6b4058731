package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
)

// bare is the cheapest way to send: a connection, and no more than a benchmark
// needs.
type bare struct {
	conn    net.Conn
	address string
	answers answers
	request []byte // used again
}

func newBare(ctx context.Context, address string) (*bare, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	return &bare{conn: conn, address: address, answers: answers{from: conn}}, err
}

func (w *bare) close() { _ = w.conn.Close() }

func (w *bare) post(path, key string, body []byte) (status int, err error) {
	r := append(append(w.request[:0], "POST /v1/"...), path...)
	r = append(append(r, " HTTP/1.1\r\nHost: "...), w.address...)
	r = append(append(r, "\r\nUser-Agent: regia-bench\r\nContent-Type: application/json\r\nX-Write-Key: "...), key...)
	r = strconv.AppendInt(append(r, "\r\nContent-Length: "...), int64(len(body)), 10)
	w.request = append(append(r, "\r\n\r\n"...), body...)
	if _, err := w.conn.Write(w.request); err != nil {
		return 0, err
	}
	return w.answers.next()
}

// answers reads HTTP/1.1 answers with a Content-Length, as Regia gives them,
// off a connection: what a benchmark needs, and no more.
type answers struct {
	from   io.Reader
	buffer [16 << 10]byte
	read   int // bytes in buffer
}

var (
	errAnswer = errors.New("an answer that the benchmark cannot read")
	headEnd   = []byte("\r\n\r\n")
	lengthKey = []byte("\r\nContent-Length: ")
)

// next reads one answer and gives its status. A 200 must say that nothing was
// rejected.
func (a *answers) next() (status int, err error) {
	for {
		if end := bytes.Index(a.buffer[:a.read], headEnd); end >= 0 {
			return a.finish(a.buffer[:end+len(headEnd)])
		}
		if err := a.more(); err != nil {
			return 0, err
		}
	}
}

func (a *answers) more() error {
	if a.read == len(a.buffer) {
		return errAnswer
	}
	n, err := a.from.Read(a.buffer[a.read:])
	a.read += n
	if n > 0 {
		return nil
	}
	return err
}

// finish reads the rest of the answer that starts with head.
func (a *answers) finish(head []byte) (status int, err error) {
	if len(head) < len("HTTP/1.1 200") {
		return 0, errAnswer
	}
	status, err = strconv.Atoi(string(head[9:12]))
	at := bytes.Index(head, lengthKey)
	if err != nil || at < 0 {
		return 0, errAnswer
	}
	rest := head[at+len(lengthKey):]
	length, err := strconv.Atoi(string(rest[:bytes.IndexByte(rest, '\r')]))
	if err != nil || len(head)+length > len(a.buffer) {
		return 0, errAnswer
	}
	for a.read < len(head)+length {
		if err := a.more(); err != nil {
			return 0, err
		}
	}
	body := a.buffer[len(head) : len(head)+length]
	if err := whole(status, body); err != nil {
		return 0, err
	}
	copy(a.buffer[:], a.buffer[len(head)+length:a.read]) // nothing, as nothing was asked ahead
	a.read -= len(head) + length
	return status, nil
}

// whole refuses an answer that says that an event was rejected.
func whole(status int, body []byte) error {
	if status == 200 && !bytes.Contains(body, []byte(`"rejected":[]`)) {
		return errors.New("an event of the benchmark was rejected: " + string(body))
	}
	return nil
}
