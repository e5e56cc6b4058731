// Package demo is an invented company that lives: Ramelino, a retailer of
// kitchen, table and linen with a site, an app, three shops, a phone desk and
// a place on a marketplace. It gives every room of Regia something true to
// find before the first real source is connected, and tests a world whose
// causes and effects are known. docs/demo.md says what is built into it.
//
// The world is a discrete-event simulation: a queue of moments ordered by
// time, each of which may say what happened (an Item) and bring about later
// moments. Everything random comes from one seeded generator, and no moment
// looks ahead, so the history up to Tuesday is a prefix of that up to Friday.
package demo

import (
	"context"
	"iter"
	"time"

	"regia/internal/experience"
)

// Options say which world, and how much of it. The zero value is the world
// that `regia demo` shows.
type Options struct {
	// Seed chooses the world; 0 is the same as 1.
	Seed uint64
	// Clock gives the moment at which the history ends; nil is the machine's.
	Clock experience.Clock
	// Start is the first day of the history. Zero: the first day of the month
	// that lies Months before now. Whoever wants a history that only ever grows,
	// even when the month turns, keeps the Start of the first run.
	Start time.Time
	// Months is the length of the history when Start is zero; 0 means 24.
	Months int
	// Scale multiplies the number of people; 0 means 1, about 5,000 known ones.
	Scale float64
	// Pace is the mean pause between two live interactions; 0 means 2 s.
	Pace time.Duration
	// Wait pauses Live for d, or until ctx ends and then gives its error. Nil
	// waits on a timer; tests give one that does not sleep.
	Wait func(ctx context.Context, d time.Duration) error
}

// Item is one thing that happened, with the logical key of the source that
// tells of it (one of Sources).
type Item struct {
	Source string
	Event  experience.Event
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Months <= 0 {
		o.Months = 24
	}
	if o.Scale <= 0 {
		o.Scale = 1
	}
	if o.Pace <= 0 {
		o.Pace = 2 * time.Second
	}
	if o.Wait == nil {
		o.Wait = waitOnTimer
	}
	return o
}

// History gives everything that happened from the first day until now, in the
// order of time. Equal options give equal items, message ids included; a later
// now only adds items at the end while Start stays the same.
func History(o Options) iter.Seq[Item] {
	o = o.withDefaults()
	return func(yield func(Item) bool) {
		now := o.Clock()
		newWorld(o, now).run(now.UnixMicro(), yield)
	}
}

// Start gives the first day of the history that o describes at this moment,
// to be kept by callers who want the same history tomorrow.
func Start(o Options) time.Time {
	o = o.withDefaults()
	return firstDay(o, o.Clock())
}

func firstDay(o Options, now time.Time) time.Time {
	zone := Company().Location()
	t := o.Start
	if t.IsZero() {
		n := now.In(zone)
		t = time.Date(n.Year(), n.Month()-time.Month(o.Months), 1, 0, 0, 0, 0, zone)
	}
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}
