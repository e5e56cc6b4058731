package weave

import (
	"sync"
	"time"
)

// pace decides how long the weaver lets events gather before it reads on. It
// shares its cores with the front door, and two things are better than weaving
// at once: while much arrives, larger steps, because a step costs what it costs
// however few events it has; and while the door needs much of the machine,
// leaving most of the time to it, because what is accepted is safe and what is
// refused is not. Neither is for long: see the bounds below.
type pace struct {
	calls    func() int64 // requests with events that the door of this process took so far
	accepted func() int64 // events in them
	cores    int

	mu     sync.Mutex
	rows   int // of the last step
	took   time.Duration
	before [2]int64 // calls and accepted, when last asked
	at     time.Time
}

const (
	calm        = 300                    // events a second up to which every event is woven at once
	fewRows     = 5_000                  // a step of fewer costs more than its events do
	gathering   = 500 * time.Millisecond // how long they may gather for a larger step
	stepShare   = 4                      // of the time, small steps take one part in so many
	requestCost = 30e-6                  // seconds of a core that a request costs the door, about (docs/benchmarks.md)
	eventCost   = 3e-6                   // and each event in it
	crowd       = 0.1                    // of all cores: as much of the door is a crowd
	crowdShare  = 12                     // then weaving takes one part in so many of the time
	crowdPause  = 8 * time.Second        // and pauses so long at most
)

// stepped notes what the last step did.
func (p *pace) stepped(rows int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows, p.took = rows, took
}

// rest tells how long to wait, counted from the beginning of a step, before the
// next one begins.
func (p *pace) rest(now time.Time) time.Duration {
	if p.accepted == nil {
		return 0
	}
	sofar := [2]int64{p.calls(), p.accepted()}
	p.mu.Lock()
	defer p.mu.Unlock()
	seconds := now.Sub(p.at).Seconds()
	requests, events := float64(sofar[0]-p.before[0])/seconds, float64(sofar[1]-p.before[1])/seconds
	p.before, p.at = sofar, now
	switch {
	case p.took <= 0 || !(events > calm): // nothing to go by, or nothing much comes
		return 0
	case requestCost*requests+eventCost*events > crowd*float64(p.cores):
		return min(crowdShare*p.took, crowdPause)
	case p.rows < fewRows:
		return min(stepShare*p.took, gathering)
	}
	return 0
}
