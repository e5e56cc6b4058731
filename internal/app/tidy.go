package app

import (
	"cmp"
	"context"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"regia/internal/ledger"
)

// tidyEvery is the pause between two looks at whether the ledger wants sorting.
const tidyEvery = 20 * time.Second

// compactAgain is how many looks a compaction that failed is left alone for: it
// takes memory and time from readers.
const compactAgain = 30

// How sorting shares the machine while events arrive.
const (
	// sortShare: sorting takes one part in so many of a core's time.
	sortShare = 4
	// late is how old the oldest event may be that waits to be woven; while there
	// are older ones sorting waits altogether,
	late = 800 * time.Millisecond
	// until so many interactions are unsorted.
	mostUnsorted = 5_000_000
	// lookAgain is the pause between two looks at whether there still are.
	lookAgain = 250 * time.Millisecond
)

// beside has sorting give way: to the weaver, for what is woven late is found
// late, and to people's questions, which need a core when they come.
func (a *App) beside() ledger.Beside {
	var before uint64
	return ledger.Beside{
		Busy: a.weaver.Behind,
		Pause: func(ctx context.Context, took time.Duration) {
			now := a.weaver.Sequence()
			if now == before {
				return // nothing arrives
			}
			before = now
			waits(ctx, (sortShare-1)*took)
			for a.isLate(ctx) {
				waits(ctx, lookAgain)
			}
		},
	}
}

// isLate tells whether weaving must not be held up.
func (a *App) isLate(ctx context.Context) bool {
	_, ms, err := a.Status.Lag(ctx)
	if err != nil || ms < late.Milliseconds() {
		return false
	}
	o, err := a.Ledger.Order(ctx)
	return err == nil && o.Unsorted < mostUnsorted
}

func waits(ctx context.Context, long time.Duration) {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// tidy sorts the ledger, and gives the memory of a busy time back once it is
// over: an idle Regia shares its machine with others.
func (a *App) tidy(ctx context.Context) error {
	t := time.NewTicker(cmp.Or(a.Config.TidyEvery, tidyEvery))
	defer t.Stop()
	var before uint64
	var pause int // ticks until the next try, after one that failed
	resting := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if pause--; pause < 0 {
			if _, err := a.Ledger.Compact(ctx, a.beside()); err != nil && ctx.Err() == nil {
				pause = compactAgain
				a.Logger.WarnContext(ctx, "the ledger could not be sorted; it stays whole, and will be tried again in ten minutes", "error", err)
			}
		}
		now := a.weaver.Sequence()
		if calm := now-before < 100; calm && !resting {
			if err := a.Ledger.Rest(ctx); err != nil && ctx.Err() == nil {
				a.Logger.WarnContext(ctx, "the ledger could not rest and will try again", "error", err)
				continue
			}
			giveBack()
			resting = true
		} else if !calm {
			resting = false
		}
		before = now
	}
}

// giveBack returns memory to the system: what is free, and what is needed no
// longer of the program itself.
func giveBack() {
	debug.FreeOSMemory()
	letGoOfProgram()
}

// orderMetrics tell how far the ledger is sorted.
func (a *App) orderMetrics() []prometheus.Collector {
	order := func() ledger.Order {
		o, _ := a.Ledger.Order(context.Background()) // zero where the ledger cannot tell: readiness says why
		return o
	}
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "regia", Subsystem: "ledger", Name: "unsorted_rows",
			Help: "Interactions that lie in order of arrival, to be sorted."}, func() float64 { return float64(order().Unsorted) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "regia", Subsystem: "ledger", Name: "sorted_rows_total",
			Help: "Interactions brought into order since the server started."}, func() float64 { return float64(order().Sorted) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "regia", Subsystem: "ledger", Name: "written_rows_total",
			Help: "Interactions written in order since the server started, each time that parts are merged."}, func() float64 { return float64(order().Written) }),
	}
}
