package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/spf13/pflag"

	"regia/internal/experience"
)

// door is one way in which events arrive, and what is promised for it.
type door struct {
	name        string
	batch       int
	connections int
	ratio       float64
}

var doors = []door{{"single", 1, 64, 0.75}, {"batch20", 20, 32, 0.7}, {"batch100", 100, 16, 0.45}}

const (
	slowest    = 20.0  // ms: what 99 of 100 requests may take
	roomiest   = 200.0 // MB the server may take
	asLibrary  = "library"
	collectors = 64 // sources: the limit of one must not be what is measured
)

type collectRun struct {
	*Bench
	seconds float64 // of a round
	rounds  int
	drain   float64 // seconds
	only    string
	sender  string
	crowd   Population
	texts   *texts
}

// collectBenchmark measures the front door: events acknowledged once they are
// on disk, as fast as answers come, held against a server that only reads the
// same requests and throws them away.
func collectBenchmark() Benchmark {
	return Benchmark{
		Name: "collect", Short: "Events acknowledged with fsync, against a server that only reads them",
		Example: "  regia bench collect\n  regia bench collect --seconds 10 --rounds 5 --json",
		Flags: func(f *pflag.FlagSet) func(context.Context, *Bench) error {
			c := collectRun{crowd: shop()}
			f.Float64Var(&c.seconds, "seconds", 5, "how long each round lasts")
			f.IntVar(&c.rounds, "rounds", 3, "rounds of each server, in turn")
			f.Float64Var(&c.drain, "drain", 60, "seconds the books may take to catch up at the end")
			f.StringVar(&c.only, "only", "", "one setting alone: single, batch20 or batch100")
			f.StringVar(&c.sender, "sender", asLibrary, "library: events encoded by encoding/json, sent by net/http; bare: as cheaply as can be")
			c.crowd.flags(f)
			return func(ctx context.Context, b *Bench) error {
				c.Bench = b
				return c.run(ctx)
			}
		},
	}
}

func (c *collectRun) run(ctx context.Context) error {
	c.texts = newTexts(1, c.clock())
	p := c.Report.Parameters
	p["round_s"], p["rounds"], p["sources"], p["bytes_per_event"] = c.seconds, c.rounds, collectors, rounded(c.texts.size())
	c.crowd.parameters(p)
	p["sender"] = c.sender
	if c.sender != asLibrary && c.sender != "bare" {
		return experience.Errorf(experience.Invalid, "there is no sender %q: library and bare are", c.sender)
	}
	found := false
	for _, d := range doors {
		if c.only == "" || c.only == d.name {
			found = true
			if err := c.measure(ctx, d); err != nil {
				return err
			}
		}
	}
	if !found {
		return experience.Errorf(experience.Invalid, "there is no setting %q: single, batch20 and batch100 are", c.only)
	}
	return nil
}

// took is what the rounds of one setting found.
type took struct {
	ratios, rates, ceilings, cpu []float64
	cpuRatios                    []float64
	cpuSender, cpuCeiling        []float64
	requests                     []time.Duration
	events                       int64
	refused                      map[int]int
}

// measure lets both servers take turns; the one whose turn it is not stands
// still. Regia's weaver works all the time that Regia does.
func (c *collectRun) measure(ctx context.Context, d door) (err error) {
	ceiling, address, err := c.startCeiling(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ceiling.Stop()) }()
	server, err := c.Serve(ctx, collectors)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	crowd := newCrowd(c.crowd)
	to := func(address string) *load {
		return &load{library: c.sender == asLibrary, address: address, keys: server.Keys, connections: d.connections, batch: d.batch, crowd: crowd, texts: c.texts}
	}
	t := took{refused: map[int]int{}}
	for n := range c.rounds + 1 { // the first one only warms both up
		most, spent, err := c.turn(ctx, ceiling, to(address))
		if err != nil {
			return err
		}
		got, used, err := c.turn(ctx, server.Process, to(server.Address))
		if err != nil {
			return err
		}
		t.events += got.Events
		maps.Copy(t.refused, got.Refused)
		c.Say("%s, round %d: %.0f events/s of %.0f, %.3f", d.name, n, got.rate(), most.rate(), got.rate()/most.rate())
		if n == 0 {
			continue
		}
		t.ratios, t.rates, t.ceilings = append(t.ratios, got.rate()/most.rate()), append(t.rates, got.rate()), append(t.ceilings, most.rate())
		t.cpu, t.cpuRatios = append(t.cpu, used.server), append(t.cpuRatios, (spent.server+spent.sender)/(used.server+used.sender))
		t.cpuSender, t.cpuCeiling = append(t.cpuSender, used.sender), append(t.cpuCeiling, spent.server)
		t.requests = append(t.requests, got.Requests...)
	}
	if err := server.Resume(); err != nil {
		return err
	}
	return c.figures(ctx, d, t, server)
}

// spent is the CPU time that an event took, in microseconds.
type spent struct{ server, sender float64 }

// turn lets one server go on for a round.
func (c *collectRun) turn(ctx context.Context, p *Process, l *load) (sent, spent, error) {
	if err := p.Resume(); err != nil {
		return sent{}, spent{}, err
	}
	server, sender := p.Usage().CPU, usageOf(os.Getpid()).CPU
	got, err := l.run(ctx, seconds(c.seconds))
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(max(got.Events, 1)) }
	took := spent{each(p.Usage().CPU - server), each(usageOf(os.Getpid()).CPU - sender)}
	return got, took, errors.Join(err, p.Pause())
}

func (c *collectRun) figures(ctx context.Context, d door, t took, server *Server) error {
	ratio := several(d.name+".ratio", "ratio", t.ratios)
	ratio.AtLeast = promise(d.ratio)
	latency := times(d.name+".latency", t.requests)
	latency.AtMost = promise(slowest)
	usage := server.Usage()
	resident := single(d.name+".resident_peak", "MB", float64(usage.Peak)/1e6)
	resident.AtMost = promise(roomiest)
	for _, f := range []Figure{ratio, several(d.name+".rate", "events/s", t.rates), several(d.name+".ceiling", "events/s", t.ceilings),
		latency, several(d.name+".cpu_per_event", "us", t.cpu), several(d.name+".cpu_ratio", "ratio", t.cpuRatios),
		several(d.name+".ceiling_cpu_per_event", "us", t.cpuCeiling), several(d.name+".sender_cpu_per_event", "us", t.cpuSender), resident, single(d.name+".resident", "MB", float64(usage.Resident)/1e6)} {
		c.Figure(f)
	}
	for status, n := range t.refused {
		c.Figure(single(fmt.Sprintf("%s.answered_%d", d.name, status), "requests", float64(n)))
	}
	return c.backlog(ctx, d, t.events, server)
}

// backlog tells what the weaver had left to do, and how long it takes.
func (c *collectRun) backlog(ctx context.Context, d door, events int64, server *Server) error {
	start := time.Now()
	left, err := server.Status(ctx)
	if err != nil {
		return err
	}
	c.Figure(single(d.name+".backlog", "events", float64(events-left.Interactions)))
	c.Say("%s: the books are %d events behind; waiting for them", d.name, events-left.Interactions)
	end, err := server.Drain(ctx, seconds(c.drain))
	if err != nil {
		return err
	}
	c.Figure(single(d.name+".backlog_drain", "s", time.Since(start).Seconds()))
	c.Figure(single(d.name+".backlog_drain_rate", "events/s", float64(end.Interactions-left.Interactions)/time.Since(start).Seconds()))
	c.Figure(single(d.name+".backlog_left", "events", float64(events-end.Interactions)))
	return nil
}
