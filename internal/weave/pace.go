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
	machine  func() load // as it was since last asked

	mu      sync.Mutex
	rows    int // of the last step
	limit   int // of rows, for the next one
	took    time.Duration
	began   time.Time // when it was handed over
	seen    [2]int64  // calls and accepted, when last looked
	at      time.Time // that was then
	events  float64   // a second
	crowded bool
}

const (
	look        = 250 * time.Millisecond // how often what arrives is looked at
	calm        = 300                    // events a second up to which every event is woven at once
	fewRows     = 5_000                  // a step of fewer costs more than its events do
	gathering   = 500 * time.Millisecond // how long they may gather for a larger step
	stepShare   = 4                      // of the time, small steps take one part in so many
	requestCost = 30e-6                  // seconds of a core that a request costs the door, about (docs/benchmarks.md)
	eventCost   = 3e-6                   // and each event in it
	crowd       = 0.1                    // of all cores: as much of the door is a crowd,
	queue       = 4                      // and so is as much that waits for each core,
	spare       = 0.3                    // unless so much of the machine is idle
	crowdShare  = 20                     // then weaving takes one part in so many of the time
	crowdPause  = 8 * time.Second        // pauses so long at most
	crowdRows   = 4_000                  // and takes steps of so many events, which hold nobody up for long
	mostRows    = 1 << 20                // of any step
)

// stepped notes what the last step did. Steps grow as long as nobody crowds the
// door: whether one began meanwhile shows at their end.
func (p *pace) stepped(rows int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows, p.took = rows, took
	if !p.crowded {
		p.limit = min(2*max(p.limit, crowdRows), mostRows)
	}
}

// begins notes that a step begins now.
func (p *pace) begins(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = now
}

// left tells how long to wait before the next step begins; where it is longer
// than look, ask again after that, because what arrives changes.
func (p *pace) left(now time.Time) time.Duration {
	if p.accepted == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look(now)
	return p.began.Add(p.rest()).Sub(now)
}

// look counts what arrived since it last looked, unless that was a moment ago.
// Where weaving itself keeps the door from its work little arrives, and what is
// wanted shows in how much waits for a core.
// A crowd is over only when a short time shows it: over a long one, in which a
// step took its time or the process stood still, much may have come at its end.
func (p *pace) look(now time.Time) {
	since := now.Sub(p.at)
	if since < look/2 {
		return
	}
	sofar := [2]int64{p.calls(), p.accepted()}
	requests, events := float64(sofar[0]-p.seen[0])/since.Seconds(), float64(sofar[1]-p.seen[1])/since.Seconds()
	p.seen, p.at = sofar, now
	machine, cores := p.machine(), float64(p.cores)
	crowded := machine.idle < spare && (requestCost*requests+eventCost*events > crowd*cores || machine.waiting > queue*cores)
	p.events, p.crowded = events, crowded || p.crowded && since > 4*look
	if p.crowded {
		p.limit = crowdRows
	}
}

// rest tells how long to wait, counted from the beginning of a step.
func (p *pace) rest() time.Duration {
	switch {
	case p.took <= 0 || p.events <= calm: // nothing to go by, or nothing much comes
		return 0
	case p.crowded:
		return min(crowdShare*p.took, crowdPause)
	case p.rows < fewRows:
		return min(stepShare*p.took, gathering)
	}
	return 0
}

// most tells how many rows the next step may have, of those that any step may.
func (p *pace) most(rows int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(rows, max(p.limit, crowdRows))
}
