package collect

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"regia/internal/registry"
)

// RejectedSubject is where the bus hears of rejections, as {"sources":[...]}.
const RejectedSubject = "regia.rejected"

// Rejection is an event, or a whole body, that the door refused.
type Rejection struct {
	Source    string
	Number    int64 // ascends within a source
	Time      time.Time
	Class     string // what is wrong, in one word: body, depth, id, identifiers, lost, name, number, shape, size, time, type, who
	MessageID string // as sent; "" = none
	Name      string // event or page name; else the kind of call
	Reason    string
	Excerpt   string // the event's shape, without values: at most 300 bytes
}

const (
	keptRejections = 200 // of each source
	queued         = 1000
	excerptLength  = 300
	pause          = 250 * time.Millisecond // between two writes
	writeTimeout   = 10 * time.Second
)

// rejections writes down what was refused, many at a time, without making
// senders wait.
type rejections struct {
	book    Book
	bus     Bus
	log     *slog.Logger
	metrics *metrics
	queue   chan Rejection
	closing chan struct{}
	done    chan struct{}
	once    sync.Once
}

func newRejections(o Options, m *metrics) *rejections {
	r := &rejections{
		book: o.Sources.book, bus: o.Bus, log: o.Logger, metrics: m,
		queue: make(chan Rejection, queued), closing: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// add notes a rejection; when too many wait already it is only counted.
func (r *rejections) add(x Rejection) {
	r.metrics.rejected.WithLabelValues(x.Class).Inc()
	select {
	case r.queue <- x:
	default:
		r.metrics.unnoted.Inc()
	}
}

// close writes down what still waits. Nothing may be added after.
func (r *rejections) close() {
	r.once.Do(func() { close(r.closing) })
	<-r.done
}

func (r *rejections) run() {
	defer close(r.done)
	for {
		select {
		case x := <-r.queue:
			r.write(r.gather([]Rejection{x}))
		case <-r.closing:
			if list := r.gather(nil); len(list) > 0 {
				r.write(list)
			}
			return
		}
		select {
		case <-time.After(pause): // let the next ones gather
		case <-r.closing:
		}
	}
}

func (r *rejections) gather(list []Rejection) []Rejection {
	for {
		select {
		case x := <-r.queue:
			list = append(list, x)
		default:
			return list
		}
	}
}

func (r *rejections) write(list []Rejection) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	bySource := map[string][]Rejection{}
	var sources []string
	for _, x := range list {
		if bySource[x.Source] == nil {
			sources = append(sources, x.Source)
		}
		bySource[x.Source] = append(bySource[x.Source], x)
	}
	err := r.book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		for _, source := range sources {
			if err := insertRejections(ctx, tx, source, bySource[source]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.metrics.unnoted.Add(float64(len(list)))
		r.log.Warn("rejections could not be written down", "count", len(list), "error", err)
		return
	}
	if r.bus != nil {
		data, _ := json.Marshal(map[string][]string{"sources": sources}) // always marshals
		if err := r.bus.Publish(RejectedSubject, data); err != nil {
			r.log.Debug("rejections not announced", "error", err)
		}
	}
}

func insertRejections(ctx context.Context, tx registry.Tx, source string, list []Rejection) error {
	list = list[max(0, len(list)-keptRejections):]
	var last int64
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(number), 0) FROM rejections WHERE source = $1`, source).Scan(&last); err != nil {
		return err
	}
	for _, x := range list {
		last++
		_, err := tx.Exec(ctx, `INSERT INTO rejections (source, number, rejected_at, class, message_id, name, reason, excerpt)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			source, last, x.Time.UnixMicro(), x.Class, x.MessageID, x.Name, x.Reason, x.Excerpt)
		if err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `DELETE FROM rejections WHERE source = $1 AND number <= $2`, source, last-keptRejections)
	return err
}

// Rejections gives the last rejections of a source, the newest first.
func (s *Sources) Rejections(ctx context.Context, source string, limit int) ([]Rejection, error) {
	var list []Rejection
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT number, rejected_at, class, message_id, name, reason, excerpt
			FROM rejections WHERE source = $1 ORDER BY number DESC LIMIT $2`, source, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			x := Rejection{Source: source}
			var at int64
			if err := rows.Scan(&x.Number, &at, &x.Class, &x.MessageID, &x.Name, &x.Reason, &x.Excerpt); err != nil {
				return err
			}
			x.Time = time.UnixMicro(at).UTC()
			list = append(list, x)
		}
		return rows.Err()
	})
	return list, err
}

func rejectionOf(source string, received time.Time, it *item, e *event, no *refusal) Rejection {
	x := Rejection{Source: source, Time: received, Class: no.class, Name: string(e.name), Reason: no.reason, Excerpt: shapeOf(it.raw)}
	if !e.made {
		x.MessageID = string(e.messageID)
	}
	if x.Name == "" {
		x.Name = string(e.kind)
	}
	return x
}

// shapeOf writes what an event looks like without any of its values, which may
// be somebody's: {"event":text,"properties":{"total":number}}.
func shapeOf(raw []byte) string {
	b := appendShape(nil, raw, 0)
	if len(b) > excerptLength {
		b = b[:excerptLength-len("…")]
		for !utf8.Valid(b) {
			b = b[:len(b)-1]
		}
		b = append(b, "…"...)
	}
	return string(b)
}

func appendShape(b, raw []byte, depth int) []byte {
	if len(raw) == 0 || len(b) > excerptLength {
		return b
	}
	switch c := raw[0]; {
	case c == '"':
		return append(b, "text"...)
	case c == '[':
		return append(b, "list"...)
	case c == 't' || c == 'f':
		return append(b, "boolean"...)
	case c == 'n':
		return append(b, "null"...)
	case c != '{':
		return append(b, "number"...)
	case depth == 3:
		return append(b, "{…}"...)
	}
	b = append(b, '{')
	for i, m := range members(raw) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, []byte(keyShape(string(m.key)))), ':')
		if b = appendShape(b, m.value, depth+1); len(b) > excerptLength {
			return b
		}
	}
	return append(b, '}')
}

// keyShape hides keys that look like values: an address, a number, long text.
func keyShape(key string) string {
	if len(key) > 40 || strings.Contains(key, "@") || slices.Contains([]byte("0123456789+"), (key + " ")[0]) {
		return "…"
	}
	return key
}
