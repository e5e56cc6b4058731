package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
)

// load sends events over several connections.
type load struct {
	library     bool // as a library sends, not as cheaply as can be
	address     string
	keys        []string // used in turn: a source may send only so much
	connections int
	batch       int     // events of a request; 1 = each by itself
	rate        float64 // events a second of all connections together; 0 = as fast as answers come
	crowd       *crowd
	texts       *texts
	acked       atomic.Int64 // events answered 200, readable while it runs
}

// sent is what a load did.
type sent struct {
	Events   int64
	Took     time.Duration
	Requests []time.Duration // how long each took, from due (with a rate: from when it should have been sent) to answered
	Refused  map[int]int     // requests answered otherwise, by status
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// rate is how many events a second were acknowledged.
func (s sent) rate() float64 { return float64(s.Events) / s.Took.Seconds() }

// run sends for so long; requests under way are finished.
func (l *load) run(ctx context.Context, long time.Duration) (sent, error) {
	senders := make([]*sender, l.connections)
	for k := range senders {
		var err error
		if senders[k], err = l.sender(ctx, k); err != nil {
			return sent{}, err
		}
		defer senders[k].wire.close()
	}
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	start := time.Now()
	errs := make([]error, len(senders))
	var g sync.WaitGroup
	for k, s := range senders {
		g.Go(func() { errs[k] = s.run(ctx, start) })
	}
	g.Wait()
	out := sent{Took: time.Since(start), Refused: map[int]int{}}
	for k, s := range senders {
		if errs[k] != nil {
			return out, experience.Errorf(experience.Internal, "the benchmark's connection broke: %w", errs[k])
		}
		out.Events += s.events
		out.Requests = append(out.Requests, s.took...)
		for status, n := range s.refused {
			out.Refused[status] += n
		}
	}
	return out, nil
}

// sender is one connection of a load.
type sender struct {
	*load
	number  int
	wire    wire
	random  *rand.Rand
	visits  []visit
	key     int    // of the last request
	body    []byte // used again
	events  int64
	took    []time.Duration
	refused map[int]int
}

// wire is how a sender speaks HTTP.
type wire interface {
	// post sends a body to /v1/path and gives the status of the answer. An
	// event that is rejected is an error.
	post(path, key string, body []byte) (status int, err error)
	close()
}

func (l *load) sender(ctx context.Context, number int) (*sender, error) {
	s := &sender{
		load: l, number: number, refused: map[int]int{}, key: number,
		random: rand.New(rand.NewPCG(uint64(number), uint64(l.crowd.run))), visits: make([]visit, l.crowd.Visits),
	}
	for k := range s.visits {
		l.crowd.begin(s.random, &s.visits[k])
	}
	if l.library {
		s.wire = newLibrary(l.address)
		return s, nil
	}
	var err error
	s.wire, err = newBare(ctx, l.address)
	return s, err
}

// run sends requests until ctx ends.
func (s *sender) run(ctx context.Context, start time.Time) error {
	// Where a pace is given, each connection has its share of it, and its own moments.
	var every time.Duration
	due := start
	if s.rate > 0 {
		every = time.Duration(float64(time.Second) * float64(s.batch*s.connections) / s.rate)
		due = start.Add(every * time.Duration(s.number) / time.Duration(s.connections))
	}
	for ctx.Err() == nil {
		path, err := s.write()
		if err != nil {
			return err
		}
		now := time.Now()
		if every > 0 {
			if wait := due.Sub(now); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return nil
				}
			}
			now, due = due, due.Add(every)
		}
		status, err := s.wire.post(path, s.keys[s.key], s.body)
		if err != nil {
			return err
		}
		s.took = append(s.took, time.Since(now))
		if status != 200 {
			s.refused[status]++
			continue
		}
		s.events += int64(s.batch)
		s.acked.Add(int64(s.batch))
	}
	return nil
}

// write makes the next body, and tells where it goes.
func (s *sender) write() (path string, err error) {
	s.key = (s.key + 1) % len(s.keys)
	b := s.body[:0]
	if s.batch == 1 {
		var kind experience.Kind
		s.body, kind = s.event(b)
		path = string(kind)
	} else {
		b = append(b, `{"batch":[`...)
		for i := range s.batch {
			if i > 0 {
				b = append(b, ',')
			}
			b, _ = s.event(b)
		}
		s.body, path = append(b, `]}`...), "batch"
	}
	if s.library {
		s.body, err = encode(s.body)
	}
	return path, err
}

// event appends what one of the visitors does next.
func (s *sender) event(b []byte) ([]byte, experience.Kind) {
	v := &s.visits[s.random.IntN(len(s.visits))]
	if v.left == 0 {
		s.crowd.begin(s.random, v)
	}
	now := v.state
	if v.signs == 0 {
		now, v.state = signIn, customer
	}
	v.signs--
	v.left--
	list := s.texts[now]
	t := &list[s.random.IntN(len(list))]
	return t.write(b, s.crowd.run, s.crowd.sent.Add(1), v.person, v.device, s.random.Int64N(20_000)), t.kind
}
