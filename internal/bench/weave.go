package bench

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/pflag"
)

const (
	weavers   = 64  // sources
	weaveLag  = 1e3 // ms: how long an event may take to be queryable at the calm pace
	weaveEach = 100 * time.Millisecond
	catchUp   = 5 * time.Minute
)

type weaveRun struct {
	*Bench
	rate, calm float64
	rows       int64   // interactions that are in the ledger before
	seconds    float64 // of each pace
	batch      int
	conns      int
	crowd      Population
	texts      *texts
}

// weaveBenchmark measures the whole way: through the front door and the log
// into both books, at a given pace.
func weaveBenchmark() Benchmark {
	return Benchmark{
		Name: "weave", Short: "Events woven and queryable, at a given pace",
		Example: "  regia bench weave\n  regia bench weave --rate 30000 --seconds 20 --json\n  regia bench weave --rate 0 --seconds 600 --rows 10000000",
		Flags: func(f *pflag.FlagSet) func(context.Context, *Bench) error {
			w := weaveRun{crowd: shop()}
			f.Float64Var(&w.rate, "rate", 50_000, "events a second to keep up with; 0 = only the calm pace is measured")
			f.Int64Var(&w.rows, "rows", 0, "interactions that are in the ledger before, invented")
			f.Float64Var(&w.calm, "calm", 20_000, "events a second at which the lag is promised")
			f.Float64Var(&w.seconds, "seconds", 60, "how long each pace lasts")
			f.IntVar(&w.batch, "batch", 100, "events of a request")
			f.IntVar(&w.conns, "connections", 16, "connections")
			w.crowd.flags(f)
			return func(ctx context.Context, b *Bench) error {
				w.Bench = b
				return w.run(ctx)
			}
		},
	}
}

func (w *weaveRun) run(ctx context.Context) (err error) {
	w.texts = newTexts(1, w.clock())
	p := w.Report.Parameters
	p["rows"] = w.rows
	p["rate"], p["calm_rate"], p["seconds"], p["batch"], p["connections"] = w.rate, w.calm, w.seconds, w.batch, w.conns
	p["sources"], p["bytes_per_event"] = weavers, rounded(w.texts.size())
	w.crowd.parameters(p)
	server, err := w.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	crowd := newCrowd(w.crowd)
	if err := w.meet(ctx, server, crowd); err != nil {
		return err
	}
	if w.rate > 0 {
		if err := w.pace(ctx, "sustained", server, crowd, w.rate); err != nil {
			return err
		}
	}
	return w.pace(ctx, "calm", server, crowd, w.calm)
}

// serve starts a Regia, with a past where one is asked for.
func (w *weaveRun) serve(ctx context.Context) (*Server, error) {
	if w.rows == 0 {
		return w.Serve(ctx, weavers)
	}
	data := filepath.Join(w.Dir, "data")
	if _, err := w.Bench.run(ctx, "init", "--data", data, "--json"); err != nil {
		return nil, err
	}
	a, err := w.open(ctx, data)
	if err != nil {
		return nil, err
	}
	_, err = w.invent(ctx, a, w.rows)
	if err = errors.Join(err, a.Close()); err != nil {
		return nil, err
	}
	server, err := w.ServeFolder(ctx, data, weavers)
	if err != nil {
		return nil, err
	}
	if err := server.meetCatalogue(ctx); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// meet has everybody who was there before come once.
func (w *weaveRun) meet(ctx context.Context, server *Server, crowd *crowd) error {
	w.Say("meeting %d people", w.crowd.People)
	l := w.load(server, crowd, w.calm)
	if _, err := l.run(ctx, seconds(float64(w.crowd.People)/w.calm)); err != nil {
		return err
	}
	_, err := server.Drain(ctx, catchUp)
	return err
}

func (w *weaveRun) load(server *Server, crowd *crowd, rate float64) *load {
	return &load{address: server.Address, keys: server.Keys, connections: w.conns, batch: w.batch, rate: rate, crowd: crowd, texts: w.texts}
}

// pace sends so many events a second and watches the books follow.
func (w *weaveRun) pace(ctx context.Context, name string, server *Server, crowd *crowd, rate float64) error {
	w.Say("%s: %.0f events/s for %.0f s", name, rate, w.seconds)
	before, err := server.Status(ctx)
	if err != nil {
		return err
	}
	lay, err := server.order(ctx)
	if err != nil {
		return err
	}
	l := w.load(server, crowd, rate)
	start, used := time.Now(), server.Usage()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watch := watcher{server: server, load: l, before: before.Interactions, start: start}
	var g sync.WaitGroup
	g.Go(func() { watch.run(watching) })
	got, err := l.run(ctx, seconds(w.seconds))
	stop()
	g.Wait()
	if err = errors.Join(err, watch.err); err != nil {
		return err
	}
	now, err := server.Status(ctx)
	if err != nil {
		return err
	}
	lies, err := server.order(ctx)
	if err != nil {
		return err
	}
	left := got.Events - (now.Interactions - before.Interactions)
	usage := server.Usage()
	end, err := server.Drain(ctx, catchUp)
	if err != nil {
		return err
	}
	took := time.Since(start)
	reached := single(name+".woven_rate", "events/s", float64(end.Interactions-before.Interactions)/took.Seconds())
	reached.AtLeast = promise(rate * paceKept)
	lag := times(name+".lag", watch.lags)
	if name == "calm" {
		lag.AtMost = promise(weaveLag)
	}
	for _, f := range []Figure{reached, single(name+".acknowledged_rate", "events/s", got.rate()), lag, times(name+".latency", got.Requests),
		single(name+".backlog", "events", float64(left)), single(name+".backlog_drain", "s", (took - got.Took).Seconds()),
		single(name+".backlog_growth", "events/s", watch.growth()),
		single(name+".cpu_per_event", "us", float64((usage.CPU-used.CPU).Microseconds())/float64(max(got.Events, 1))),
		single(name+".sorted_meanwhile", "rows", lies.written-lay.written), single(name+".unsorted", "rows", lies.unsorted),
		single(name+".resident_peak", "MB", float64(usage.Peak)/1e6), single(name+".people", "people", float64(end.People))} {
		w.Figure(f)
	}
	return nil
}

// paceKept is the part of a pace that counts as keeping it: the last events of
// a run are woven after it, and that takes a moment.
const paceKept = 0.98

// watcher looks how far behind the books are while a load runs.
type watcher struct {
	server  *Server
	load    *load
	before  int64
	start   time.Time
	err     error
	lags    []time.Duration
	moments []moment
}

// moment is how much was acknowledged, and woven, at one time.
type moment struct {
	at           time.Duration // since the start
	acked, woven int64
}

func (w *watcher) run(ctx context.Context) {
	again := time.NewTicker(weaveEach)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		m := moment{at: time.Since(w.start), acked: w.load.acked.Load()}
		now, err := w.server.Status(ctx)
		if err != nil {
			if ctx.Err() == nil {
				w.err = err
			}
			return
		}
		m.woven = now.Interactions - w.before
		w.moments = append(w.moments, m)
		if lag, ok := w.lag(m); ok {
			w.lags = append(w.lags, lag)
		}
	}
}

// lag is how long ago as much was acknowledged as is woven now: that is how old
// the newest event is that a reader finds. It is taken a little too large, by
// up to the time between two looks.
func (w *watcher) lag(now moment) (time.Duration, bool) {
	for k := len(w.moments) - 1; k >= 0; k-- {
		if w.moments[k].acked <= now.woven {
			return now.at - w.moments[k].at, true
		}
	}
	return now.at, now.woven > 0
}

// growth is by how many events a second the books fell behind, between the
// middle of the run and its end.
func (w *watcher) growth() float64 {
	if len(w.moments) < 4 {
		return 0
	}
	a, b := w.moments[len(w.moments)/2], w.moments[len(w.moments)-1]
	return float64((b.acked-b.woven)-(a.acked-a.woven)) / (b.at - a.at).Seconds()
}
