package collect

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"regia/internal/experience"
)

const (
	readStep = 32 << 10
	// maxPooled is how much memory of one request is kept for the next.
	maxPooled = 1 << 20
	// maxInFlight bounds the bodies that are in memory at one time; beyond it
	// the door answers 503.
	maxInFlight = 256 << 20
	// maxLarge bounds them for those that are more than one step long: however
	// many come, and however slowly, a site's single events still find room.
	maxLarge = 192 << 20
)

// reader reads bodies, and knows how much of them is in memory.
type reader struct {
	limit    int
	inFlight atomic.Int64
	desks    sync.Pool
}

// desk is what a request is worked on: memory that the next one uses again.
type desk struct {
	body     []byte
	held     int64 // bytes of body counted as being in memory
	envelope envelope
	checker  checker
	event    event
	text     []byte // events as they go to the log, one after the other
	ends     []int  // of each of them
	records  []experience.Record
}

// desk gives a clean one. It must be cleared away when nothing on it is needed
// any more.
func (r *reader) desk() *desk {
	if d, ok := r.desks.Get().(*desk); ok {
		return d
	}
	return &desk{}
}

func (r *reader) clear(d *desk) {
	r.inFlight.Add(-d.held)
	v, c := &d.envelope, &d.checker
	if cap(d.body)+cap(d.text)+cap(c.joined) > maxPooled || len(v.items) > DefaultLimits.Batch {
		return
	}
	clear(v.items) // they point into other people's events
	clear(d.records)
	clear(c.list)
	*v, *c = envelope{items: v.items[:0]}, checker{list: c.list[:0], joined: c.joined[:0]}
	d.body, d.held, d.event = d.body[:0], 0, event{}
	d.text, d.ends, d.records = d.text[:0], d.ends[:0], d.records[:0]
	r.desks.Put(d)
}

// read gives a request's body, inflated. It lies on the desk.
func (r *reader) read(w http.ResponseWriter, req *http.Request, on *desk) (body []byte, err error) {
	if req.ContentLength > int64(r.limit) {
		return nil, r.tooLarge()
	}
	var from io.Reader = req.Body
	if req.ContentLength < 0 { // else net/http gives no more than that
		from = http.MaxBytesReader(w, req.Body, int64(r.limit))
	}
	if from, err = r.open(from, sent(req.Header, "Content-Encoding"), on); err != nil {
		return nil, err
	}
	for {
		// A sender's word for the length is believed a step at a time only.
		more := min(max(int(req.ContentLength)-len(on.body), 0), readStep)
		on.body = slices.Grow(on.body, more+bytes.MinRead)
		n, err := from.Read(on.body[len(on.body):min(len(on.body)+readStep, cap(on.body))])
		on.body = on.body[:len(on.body)+n]
		inFlight := r.inFlight.Add(int64(len(on.body)) - on.held)
		on.held = int64(len(on.body))
		switch {
		case len(on.body) > r.limit:
			return nil, r.tooLarge()
		case inFlight > maxInFlight, inFlight > maxLarge && len(on.body) > readStep:
			return nil, errBusy
		case errors.Is(err, io.EOF):
			return clean(on.body)
		case err != nil:
			return nil, r.unreadable(err)
		}
	}
}

// open undoes the content encoding. A gzip body is known by its first bytes as
// well: a beacon cannot set headers. What was read to see that lies on the desk.
func (r *reader) open(body io.Reader, encoding string, on *desk) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		head := slices.Grow(on.body, 2)[:2]
		n, err := io.ReadFull(body, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, r.unreadable(err)
		}
		if string(head[:n]) != gzipStart {
			on.body = head[:n]
			return body, nil
		}
		body = io.MultiReader(strings.NewReader(gzipStart), body)
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

const gzipStart = "\x1f\x8b"

var errBusy = experience.Errorf(experience.Unavailable, "too much is arriving at once; please send again in a moment")

// hold counts n bytes more as being in memory, until release is called.
func (r *reader) hold(n int) (release func(), err error) {
	if r.inFlight.Add(int64(n)) > maxInFlight {
		err = errBusy
	}
	return func() { r.inFlight.Add(-int64(n)) }, err
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

// open takes a body apart, into v, which it gives unless there is no object at
// all. Its error says where the JSON is broken.
func (v *envelope) open(body []byte, batch bool, maxItems int) (*envelope, error) {
	s := &scanner{data: body}
	if s.peek() != '{' {
		if s.at >= len(body) {
			return nil, malformed(errEnd)
		}
		return nil, experience.Errorf(experience.Invalid, "the body must be a JSON object")
	}
	var err error
	if batch {
		err = v.readBatch(s, maxItems)
	} else {
		v.items = append(v.items, item{})
		err = readItem(s, &v.items[0])
		v.fields = v.items[0].fields
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
	err := s.object(func(key []byte) error {
		if string(key) == "batch" {
			v.items, v.isBatch = v.items[:0], s.peek() == '['
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
				v.items = append(v.items, item{})
				return readItem(s, &v.items[len(v.items)-1])
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
		err = s.object(func(key []byte) error { return one.fields.read(s, key) })
	} else {
		_, err = s.value()
	}
	one.raw, one.notes = s.data[start:s.at:s.at], s.notes
	return err
}

func (f *fields) read(s *scanner, key []byte) error {
	if string(key) == "context" && s.peek() == '{' {
		return f.readContext(s)
	}
	raw, err := s.value()
	if to := f.place(key); to != nil {
		*to = raw
	}
	return err
}

// readContext walks over a context, noting what it tells.
func (f *fields) readContext(s *scanner) error {
	f.told = told{}
	s.notes.depth = max(s.notes.depth, 1)
	s.around = 1
	start := s.at
	err := s.object(func(key []byte) error {
		raw, err := s.value()
		if to := f.told.place(key); to != nil {
			*to = raw
		}
		return err
	})
	s.around = 0
	f.context = s.data[start:s.at:s.at]
	return err
}

// place gives where the value of a key goes, nil for keys the door ignores.
func (t *told) place(key []byte) *[]byte {
	switch string(key) {
	case "ip":
		return &t.ip
	case "userAgent":
		return &t.userAgent
	case "traits":
		return &t.traits
	case "externalIds":
		return &t.externalIDs
	case "integrations":
		return &t.integrations
	}
	return nil
}
