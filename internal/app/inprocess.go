package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

type inProcess struct{ handler http.Handler }

// RoundTrip answers as soon as the handler begins to; what it writes after that
// is read as it comes, so that a long answer never stands in memory.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	in := r.Clone(ctx)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	body, write := io.Pipe()
	answer := &piped{header: http.Header{}, status: http.StatusOK, body: write, begun: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := run(t.handler, answer, in)
		answer.begin()
		_ = write.CloseWithError(err) // never fails
	}()
	<-answer.begun
	return &http.Response{
		StatusCode: answer.status, Status: http.StatusText(answer.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: pipedBody{body, cancel, done}, ContentLength: -1, Request: r,
	}, nil
}

// pipedBody is the reader's end of an answer. Closing it tells the handler, as
// a connection that breaks off does (one that still writes must not take that
// for a failure), and waits for it: it stands on books that may be closed next.
type pipedBody struct {
	*io.PipeReader
	cancel context.CancelFunc
	done   <-chan struct{}
}

func (b pipedBody) Close() error {
	b.cancel()
	err := b.PipeReader.Close()
	<-b.done
	return err
}

// run has the handler answer; one that breaks off gives an error.
func run(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the answer broke off: %v", p)
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}

// piped is an answer that is read while it is written.
type piped struct {
	header http.Header
	status int
	body   *io.PipeWriter
	once   sync.Once
	begun  chan struct{} // closed once status and sent are settled
	sent   http.Header
}

func (p *piped) Header() http.Header { return p.header }

func (p *piped) WriteHeader(status int) {
	if status >= 200 {
		p.once.Do(func() {
			p.status = status
			p.settle()
		})
	}
}

func (p *piped) Write(b []byte) (int, error) {
	p.begin()
	return p.body.Write(b)
}

func (p *piped) begin() { p.once.Do(p.settle) }

func (p *piped) settle() {
	p.sent = p.header.Clone()
	close(p.begun)
}
