package collect

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"regia/internal/experience"
)

const (
	readStep      = 32 << 10
	maxPooledBody = 1 << 20
	// maxInFlight bounds the bodies that are in memory at one time; beyond it
	// the door answers 503.
	maxInFlight = 256 << 20
)

// reader reads bodies, and knows how much of them is in memory.
type reader struct {
	limit    int
	inFlight atomic.Int64
	buffers  sync.Pool
}

// read gives a request's body, inflated. release must be called when nothing
// of it is needed any more.
func (r *reader) read(w http.ResponseWriter, req *http.Request) (body []byte, release func(), err error) {
	buffer, _ := r.buffers.Get().(*bytes.Buffer)
	if buffer == nil {
		buffer = new(bytes.Buffer)
	}
	var held int64
	release = func() {
		r.inFlight.Add(-held)
		if buffer.Cap() <= maxPooledBody {
			buffer.Reset()
			r.buffers.Put(buffer)
		}
	}
	if req.ContentLength > int64(r.limit) {
		return nil, release, r.tooLarge()
	}
	from, err := r.open(http.MaxBytesReader(w, req.Body, int64(r.limit)), req.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, release, err
	}
	for {
		n, err := io.CopyN(buffer, from, readStep)
		held += n
		switch inFlight := r.inFlight.Add(n); {
		case buffer.Len() > r.limit:
			return nil, release, r.tooLarge()
		case inFlight > maxInFlight:
			return nil, release, errBusy
		case errors.Is(err, io.EOF):
			body, err := clean(buffer.Bytes())
			return body, release, err
		case err != nil:
			return nil, release, r.unreadable(err)
		}
	}
}

var errBusy = experience.Errorf(experience.Unavailable, "too much is arriving at once; please send again in a moment")

// hold counts n bytes more as being in memory, until release is called.
func (r *reader) hold(n int) (release func(), err error) {
	if r.inFlight.Add(int64(n)) > maxInFlight {
		err = errBusy
	}
	return func() { r.inFlight.Add(-int64(n)) }, err
}

// open undoes the content encoding. A gzip body is known by its first bytes as
// well: a beacon cannot set headers.
func (r *reader) open(body io.Reader, encoding string) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		head := make([]byte, 2)
		n, err := io.ReadFull(body, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, r.unreadable(err)
		}
		body = io.MultiReader(bytes.NewReader(head[:n]), body)
		if head[0] != 0x1f || head[1] != 0x8b {
			return body, nil
		}
	case "gzip", "x-gzip":
	default:
		return nil, experience.Errorf(experience.Invalid, "this content encoding is not read here: send gzip, or none")
	}
	inflated, err := gzip.NewReader(body)
	if err != nil {
		return nil, r.unreadable(err)
	}
	return inflated, nil
}

func (r *reader) tooLarge() error {
	return experience.Errorf(experience.TooLarge, "the body is larger than %d bytes, sent or inflated; send it in smaller parts", r.limit)
}

func (r *reader) unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return r.tooLarge()
	}
	return experience.Errorf(experience.Invalid, "the body could not be read to its end: %w", err)
}

// clean drops a byte order mark and refuses what is not UTF-8.
func clean(body []byte) ([]byte, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) {
		return nil, experience.Errorf(experience.Invalid, "the body is not valid UTF-8")
	}
	return body, nil
}

// envelope is a body taken apart: one event, or a batch of them.
type envelope struct {
	fields         // of the event itself, or around the batch
	items   []item // the one event, or those of the batch
	notes   notes  // of what stands around the batch
	isBatch bool   // there was a list named "batch"
}

// open takes a body apart. Its error says where the JSON is broken.
func open(body []byte, batch bool, maxItems int) (*envelope, error) {
	s := &scanner{data: body}
	if s.peek() != '{' {
		if s.at >= len(body) {
			return nil, malformed(errEnd)
		}
		return nil, experience.Errorf(experience.Invalid, "the body must be a JSON object")
	}
	v := &envelope{}
	var err error
	if batch {
		err = v.readBatch(s, maxItems)
	} else {
		var one item
		err = readItem(s, &one)
		v.fields, v.items = one.fields, []item{one}
	}
	if err == nil && s.peek() != 0 {
		err = s.errorf("%q after the end", s.data[s.at])
	}
	if err != nil && experience.CodeOf(err) == experience.Internal {
		err = malformed(err)
	}
	return v, err
}

func malformed(err error) error {
	return experience.Errorf(experience.Invalid, "the body is not JSON: %w", err)
}

func (v *envelope) readBatch(s *scanner, maxItems int) error {
	err := s.object(func(key string) error {
		if key == "batch" {
			v.items, v.isBatch = nil, s.peek() == '['
			if !v.isBatch {
				_, err := s.value()
				return err
			}
			around := s.notes
			defer func() { s.notes = around }()
			return s.array(func() error {
				if len(v.items) == maxItems {
					return experience.Errorf(experience.TooLarge, "a batch holds at most %d events; send it in parts", maxItems)
				}
				var one item
				err := readItem(s, &one)
				v.items = append(v.items, one)
				return err
			})
		}
		return v.fields.read(s, key)
	})
	v.notes = s.notes
	return err
}

// readItem walks over one event.
func readItem(s *scanner, one *item) error {
	s.notes = notes{}
	one.object = s.peek() == '{'
	start := s.at
	var err error
	if one.object {
		err = s.object(func(key string) error { return one.fields.read(s, key) })
	} else {
		_, err = s.value()
	}
	one.raw, one.notes = s.data[start:s.at:s.at], s.notes
	return err
}

func (f *fields) read(s *scanner, key string) error {
	raw, err := s.value()
	if to := f.place(key); to != nil {
		*to = raw
	}
	return err
}
