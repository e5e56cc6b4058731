package bench

import (
	"bytes"
	"errors"
	"io"
	"strconv"
)

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
	if status == 200 && !bytes.Contains(body, []byte(`"rejected":[]`)) {
		return 0, errors.New("an event of the benchmark was rejected: " + string(body))
	}
	copy(a.buffer[:], a.buffer[len(head)+length:a.read]) // nothing, as nothing was asked ahead
	a.read -= len(head) + length
	return status, nil
}
