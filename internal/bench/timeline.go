package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"regia/internal/experience"
	"regia/internal/ledger"
)

const (
	asked        = 20_000 // of the people, who are asked about
	warmUp       = 200    // questions before those that count
	startUp      = 5.0    // seconds in which a server that starts in a flood reads what it needs to know
	timelineMost = 10     // ms: what is promised of the 99th percentile
	bigRows      = 20_000_000
	bigMost      = 15    // ms: of more rows than that
	residentMost = 1_000 // MB: what the server may take with ten million
)

type timelineRun struct {
	*Bench
	rows      int64
	rate      float64 // events a second that arrive meanwhile
	questions float64 // a second
	seconds   float64
	unsorted  int64 // of the rows, in order of arrival when the busy part begins
	crowd     Population
	people    int64
	keys      []string // of the sources that send
	who       []experience.ID
}

// timelineBenchmark measures how fast one person's timeline is read, while
// nothing else happens and while events arrive and the ledger is sorted.
func timelineBenchmark() Benchmark {
	return Benchmark{
		Name: "timeline", Short: "One person's timeline in a large ledger, calm and busy",
		Example: "  regia bench timeline\n  regia bench timeline --rows 50000000 --seconds 120 --json",
		Flags: func(f *pflag.FlagSet) func(context.Context, *Bench) error {
			t := timelineRun{crowd: shop()}
			t.crowd.People = 20_000
			f.Int64Var(&t.rows, "rows", 10_000_000, "interactions in the ledger")
			f.Float64Var(&t.rate, "rate", 5_000, "events a second that arrive in the busy part")
			f.Int64Var(&t.unsorted, "unsorted", 250_000, "interactions besides that the busy part begins with, still to be sorted")
			f.Float64Var(&t.questions, "questions", 50, "timelines asked for in a second")
			f.Float64Var(&t.seconds, "seconds", 60, "how long the calm and the busy part last")
			t.crowd.flags(f)
			return func(ctx context.Context, b *Bench) error {
				t.Bench = b
				return t.run(ctx)
			}
		},
	}
}

func (t *timelineRun) run(ctx context.Context) (err error) {
	p := t.Report.Parameters
	p["rows"], p["unsorted"], p["rate"], p["questions"], p["seconds"] = t.rows, t.unsorted, t.rate, t.questions, t.seconds
	t.crowd.parameters(p)
	data := filepath.Join(t.Dir, "data")
	if _, err := t.Bench.run(ctx, "init", "--data", data, "--json"); err != nil {
		return err
	}
	if err := t.past(ctx, data); err != nil {
		return err
	}
	if err := t.calm(ctx, data); err != nil {
		return err
	}
	return t.busy(ctx, data)
}

// calm asks while nothing else happens.
func (t *timelineRun) calm(ctx context.Context, data string) (err error) {
	server, err := t.ServeFolder(ctx, data, weavers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	t.keys = server.Keys
	if err := server.meetCatalogue(ctx); err != nil {
		return err
	}
	if _, err := t.ask(ctx, server.timeline, warmUp/t.questions); err != nil {
		return err
	}
	t.Say("calm: %.0f questions/s for %.0f s", t.questions, t.seconds)
	took, err := t.ask(ctx, server.timeline, t.seconds)
	t.figure("calm.timeline", took)
	return err
}

// past makes a folder whose ledger is as large as asked for, and measures what
// the ledger itself takes, without a server around it.
func (t *timelineRun) past(ctx context.Context, data string) (err error) {
	a, err := t.open(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	people, err := t.invent(ctx, a, t.rows)
	if err != nil {
		return err
	}
	t.people = people
	t.Figure(single("people", "people", float64(people)))
	for range min(asked, people) {
		t.who = append(t.who, ledger.Invented(rand.Int64N(people)))
	}
	if err := a.People.Invent(ctx, t.who); err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Join(data, "ledger.duckdb")); err == nil {
		t.Figure(single("ledger.bytes", "MB", float64(info.Size())/1e6))
	}
	t.Say("in this process: %.0f questions/s for 10 s", t.questions)
	inside := func(ctx context.Context, who experience.ID) error {
		_, _, err := a.Ledger.Timeline(ctx, ledger.TimelineQuery{Person: who})
		return err
	}
	if _, err := t.ask(ctx, inside, warmUp/t.questions); err != nil {
		return err
	}
	took, err := t.ask(ctx, inside, 10)
	t.Figure(times("inside.timeline", took))
	return err
}

// flooded leaves rows in the folder's ledger that are not sorted.
func (t *timelineRun) flooded(ctx context.Context, data string) error {
	a, err := t.open(ctx, data)
	if err != nil {
		return err
	}
	return errors.Join(t.flood(ctx, a, t.unsorted, t.people), a.Close())
}

// sortedAtLeast is the part of what was left unsorted that must be written in
// order during the busy part: else nothing was sorted beside the questions.
const sortedAtLeast = 0.1

// busy asks while events arrive and the ledger sorts what a flood left.
func (t *timelineRun) busy(ctx context.Context, data string) (err error) {
	if err := t.flooded(ctx, data); err != nil {
		return err
	}
	server, err := t.ServeFolder(ctx, data, 0, "--tidy-every", "1s")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	t.Say("busy: %.0f events/s besides, and sorting, for %.0f s", t.rate, t.seconds)
	l := &load{address: server.Address, keys: t.keys, connections: 8, batch: 20, rate: t.rate, crowd: newCrowd(t.crowd), texts: newTexts(1, t.clock())}
	var (
		g    sync.WaitGroup
		got  sent
		fail error
	)
	g.Go(func() { got, fail = l.run(ctx, seconds(startUp+t.seconds)) })
	first, err := t.ask(ctx, server.timeline, startUp)
	if err != nil {
		return err
	}
	before, err := server.order(ctx)
	if err != nil {
		return err
	}
	took, err := t.ask(ctx, server.timeline, t.seconds)
	g.Wait()
	if err = errors.Join(err, fail); err != nil {
		return err
	}
	after, err := server.order(ctx)
	if err != nil {
		return err
	}
	t.Figure(times("started.timeline", first))
	t.figure("busy.timeline", took)
	usage := server.Usage()
	peak := single("server.resident_peak", "MB", float64(usage.Peak)/1e6)
	if t.rows <= bigRows {
		peak.AtMost = promise(residentMost)
	}
	written := single("timeline.sorted_meanwhile", "rows", after.written-before.written)
	written.AtLeast = promise(sortedAtLeast * float64(t.unsorted))
	for _, f := range []Figure{written, single("busy.unsorted_before", "rows", before.unsorted), single("busy.unsorted_after", "rows", after.unsorted),
		single("busy.acknowledged_rate", "events/s", got.rate()), single("server.resident", "MB", float64(usage.Resident)/1e6), peak} {
		t.Figure(f)
	}
	_, err = server.Drain(ctx, catchUp)
	return err
}

func (t *timelineRun) figure(name string, took []time.Duration) {
	f := times(name, took)
	f.AtMost = promise(timelineMost)
	if t.rows > bigRows {
		f.AtMost = promise(bigMost)
	}
	t.Figure(f)
}

// timeline asks for a person's timeline, as a page does.
func (s *Server) timeline(ctx context.Context, who experience.ID) error {
	return s.Get(ctx, "/api/v1/people/"+who.String()+"/timeline", nil)
}

// ask asks about random people, so many times a second, and tells how long each
// answer took from when it was due.
func (t *timelineRun) ask(ctx context.Context, one func(context.Context, experience.ID) error, long float64) ([]time.Duration, error) {
	every := seconds(1 / t.questions)
	wait := time.NewTimer(0)
	defer wait.Stop()
	took := make([]time.Duration, 0, int(long*t.questions))
	for due := time.Now(); len(took) < cap(took); due = due.Add(every) {
		wait.Reset(time.Until(due))
		select {
		case <-wait.C:
		case <-ctx.Done():
			return took, ctx.Err()
		}
		if err := one(ctx, t.who[rand.IntN(len(t.who))]); err != nil {
			return took, err
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}
