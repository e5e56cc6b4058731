package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"regia/internal/experience"
)

// Benchmark is one command of `regia bench`.
type Benchmark struct {
	Name    string // of the command, and in the report
	Short   string // what it measures, in a line
	Example string
	// Flags binds the benchmark's parameters and gives the function that runs
	// it once they are read.
	Flags func(f *pflag.FlagSet) (run func(ctx context.Context, b *Bench) error)
}

// All lists the benchmarks in the order the command line shows them.
func All() []Benchmark {
	return []Benchmark{collectBenchmark(), weaveBenchmark(), timelineBenchmark(), searchBenchmark(), analyseBenchmark(), surveyBenchmark()}
}

// Options say where and with what a benchmark runs.
type Options struct {
	Dir      string    // where the temporary folder is made; "" = the system's
	Binary   string    // the regia that is measured; "" = this program
	Version  string    // of that binary
	Profiles string    // folder for CPU profiles of the servers; "" = none are made
	Progress io.Writer // told what goes on, for people; nil = nobody
	Clock    experience.Clock
}

// Bench is a benchmark under way.
type Bench struct {
	Report   Report
	Dir      string // temporary: gone when the benchmark ends
	binary   string
	profiles string
	servers  int // that were started
	progress io.Writer
	clock    experience.Clock
}

// Run runs a benchmark in a temporary folder and gives what it found; on an
// error, what it found until then.
func Run(ctx context.Context, o Options, of Benchmark, run func(context.Context, *Bench) error) (Report, error) {
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Binary == "" {
		var err error
		if o.Binary, err = os.Executable(); err != nil {
			return Report{}, err
		}
	}
	dir, err := os.MkdirTemp(o.Dir, "regia-bench-")
	if err != nil {
		return Report{}, experience.Errorf(experience.Unavailable, "no temporary folder could be made: %w", err)
	}
	defer os.RemoveAll(dir)
	b := &Bench{Dir: dir, binary: o.Binary, profiles: o.Profiles, progress: o.Progress, clock: o.Clock}
	b.Report = Report{
		Benchmark: of.Name, Version: o.Version, Date: o.Clock().UTC().Truncate(time.Second),
		Machine: thisMachine(dir), Parameters: map[string]any{}, Figures: []Figure{},
	}
	err = run(ctx, b)
	return b.Report, err
}

// Say tells people what goes on.
func (b *Bench) Say(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }

// Figure adds what was found to the report.
func (b *Bench) Figure(f Figure) { b.Report.Figures = append(b.Report.Figures, f) }
