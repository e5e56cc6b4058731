package weave

import (
	"sync"
	"time"
)

// pace decides how long the weaver lets events gather before it reads on. It
// shares its cores with the front door, and two things are better than weaving
// at once: while much arrives, larger steps, because a step costs what it costs
// however few events it has; and when more arrives than can be woven, or senders
// queue at the door, leaving most of the time to the door, because what is
// accepted is safe and what is refused is not. Neither is for long: see the
// bounds below.
type pace struct {
	accepted func() int64         // events that the door of this process took so far
	waited   func() time.Duration // how long its senders have waited, all together

	mu     sync.Mutex
	rows   int // of the last step
	took   time.Duration
	best   float64       // events a second, of the best of the last large steps
	before int64         // accepted, when last asked
	queued time.Duration // waited, when last asked
	at     time.Time
}

const (
	calm       = 300                    // events a second up to which every event is woven at once
	fewRows    = 5_000                  // a step of fewer costs more than its events do
	gathering  = 500 * time.Millisecond // how long they may gather for a larger step
	stepShare  = 4                      // of the time, small steps take one part in so many
	flood      = 1.5                    // so many times more arrives than can be woven
	forgetting = 0.999                  // what is left of the best after each step
	crowd      = 16                     // or so many senders wait at a time
	floodShare = 12                     // then weaving takes one part in so many of the time
	floodPause = 8 * time.Second        // and pauses so long at most
)

// stepped notes what the last step did.
func (p *pace) stepped(rows int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows, p.took = rows, took
	if rows >= fewRows && took > 0 {
		// One step may stand in the way of a compaction: that is no flood.
		p.best = max(p.best*forgetting, float64(rows)/took.Seconds())
	}
}

// rest tells how long to wait, counted from the beginning of a step, before the
// next one begins.
func (p *pace) rest(now time.Time) time.Duration {
	if p.accepted == nil {
		return 0
	}
	accepted := p.accepted()
	p.mu.Lock()
	defer p.mu.Unlock()
	seconds := now.Sub(p.at).Seconds()
	arriving, waiting := float64(accepted-p.before)/seconds, 0.0
	if p.waited != nil {
		waited := p.waited()
		waiting, p.queued = (waited-p.queued).Seconds()/seconds, waited
	}
	p.before, p.at = accepted, now
	switch {
	case p.took <= 0 || !(arriving > calm): // nothing to go by, or nothing much comes
		return 0
	case waiting > crowd, p.best > 0 && arriving > flood*p.best:
		return min(floodShare*p.took, floodPause)
	case p.rows < fewRows:
		return min(stepShare*p.took, gathering)
	}
	return 0
}
