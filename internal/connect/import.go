package connect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// Options say how an import is done. Zero values mean the defaults.
type Options struct {
	Inputs   []string               // files, folders, .gz, .zip, or name=path for a file of the mapping
	Rejected string                 // where bad rows go, "rejected.csv"; "" only counts them
	Coded    bool                   // reasons stand there for sayRejected, not in English
	Progress func(mapping.Progress) // called from one goroutine, about ten times a second
	Clock    experience.Clock       // experience.SystemClock
	Logger   *slog.Logger           // none; it is told no personal data
	// Bounds of what is sent: items a batch (at most 1000), bytes a batch (at
	// most 3.5 MB), batches in flight (4).
	BatchItems, BatchBytes, InFlight int
}

// Limits of what POST /v1/import takes at once.
const (
	MaxBatchItems = 1000
	MaxBatchBytes = 3_500_000
)

// Import is a mapping bound to the files at hand. It runs once at a time.
type Import struct {
	bound   *mapping.Bound
	options Options
}

// Report tells what an import did.
type Report struct {
	Mapping string `json:"mapping"`
	mapping.Tally
	Accepted     int64         `json:"accepted"` // taken by the server, known ones included
	Rejected     int64         `json:"rejected"` // rows in rejected.csv
	RejectedFile string        `json:"rejected_file,omitempty"`
	Rejections   []Rejection   `json:"rejections"` // the first twenty
	Duration     time.Duration `json:"-"`
	Seconds      float64       `json:"seconds"`
	Rate         float64       `json:"rate"` // rows a second
}

// Open binds a mapping to files: it finds them, checks their columns and
// compiles every expression. Errors carry experience.Invalid or NotFound and
// say what to change.
func Open(m *mapping.Mapping, o Options) (*Import, error) {
	bound, err := mapping.Bind(m, o.Inputs)
	if err != nil {
		return nil, err
	}
	return &Import{bound: bound, options: o.withDefaults()}, nil
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(mapping.Progress) {}
	}
	if o.BatchItems <= 0 || o.BatchItems > MaxBatchItems {
		o.BatchItems = MaxBatchItems
	}
	if o.BatchBytes <= 0 || o.BatchBytes > MaxBatchBytes {
		o.BatchBytes = MaxBatchBytes
	}
	if o.InFlight <= 0 {
		o.InFlight = 4
	}
	return o
}

// sample keeps the items of a dry run.
type sample struct {
	*rejects
	items []mapping.Item
}

func (s *sample) Take(item mapping.Item) error {
	s.items = append(s.items, item)
	return nil
}

// DryRun gives the first n items (ten when n is 0) without sending anything or
// writing rejected.csv. Each step of the mapping has its share of them.
func (i *Import) DryRun(ctx context.Context, n int) ([]mapping.Item, Report, error) {
	if n <= 0 {
		n = 10
	}
	began := i.options.Clock()
	to := &sample{rejects: newRejects("", nil)}
	tally, err := i.bound.Walk(ctx, mapping.WalkOptions{Sample: n, Progress: i.options.Progress, Clock: i.options.Clock}, to)
	return to.items[:min(n, len(to.items))], i.report(tally, to.rejects, began), err
}

// letterbox sends what a walk makes and writes down what it rejects.
type letterbox struct {
	*rejects
	*outbox
}

func (l letterbox) Take(item mapping.Item) error { return l.outbox.add(item) }

// Run imports everything. The report is right about what was done even when an
// error ends it early; running it again then does the rest and changes nothing
// of what is there.
func (i *Import) Run(ctx context.Context, to Sender) (Report, error) {
	if err := i.checkRejected(); err != nil {
		return Report{}, err
	}
	began := i.options.Clock()
	rejects := newRejects(i.options.Rejected, i.bound.Columns())
	if i.options.Coded {
		rejects.write = codedReasons
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := newOutbox(ctx, cancel, to, i.options, rejects)
	tally, err := i.bound.Walk(ctx, mapping.WalkOptions{Progress: i.options.Progress, Clock: i.options.Clock}, letterbox{rejects, out})
	if sent := out.close(); sent != nil {
		err = sent // the reason why the walk was stopped, too
	}
	path, closed := rejects.close()
	report := i.report(tally, rejects, began)
	report.Accepted, report.RejectedFile = out.accepted.Load(), path
	i.options.Logger.InfoContext(ctx, "import ended", "mapping", report.Mapping, "rows", report.Rows,
		"accepted", report.Accepted, "rejected", report.Rejected, "seconds", report.Seconds)
	return report, errors.Join(err, closed)
}

// checkRejected finds out before the work, not after it, that rejected rows have nowhere to go.
func (i *Import) checkRejected() error {
	if i.options.Rejected == "" {
		return nil
	}
	folder := filepath.Dir(i.options.Rejected)
	if !exists(folder) {
		return experience.Errorf(experience.NotFound, "the folder %s for the rejected rows is not there", folder)
	}
	return nil
}

func (i *Import) report(tally mapping.Tally, rejects *rejects, began time.Time) Report {
	d := i.options.Clock().Sub(began)
	out := Report{
		Mapping: i.bound.Name(), Tally: tally, Rejected: rejects.rows,
		Rejections: append([]Rejection{}, rejects.sample...), Duration: d, Seconds: d.Seconds(),
	}
	if d > 0 {
		out.Rate = float64(tally.Rows) / d.Seconds()
	}
	return out
}

// Summary says a report in one line.
func (r Report) Summary() string {
	s := fmt.Sprintf("%d rows: %d interactions and %d profiles sent, %d taken, %d rows rejected, %.1f s", r.Rows, r.Interactions, r.Profiles, r.Accepted, r.Rejected, r.Seconds)
	if r.RejectedFile != "" {
		s += "; see " + r.RejectedFile
	}
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
