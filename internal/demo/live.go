package demo

import (
	"context"
	"math"
	"time"
)

// waitOnTimer pauses for d or until ctx ends.
func waitOnTimer(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// shuffle is how many things to come are mixed, so that several people are
// about at once, as on a busy morning.
const shuffle = 24

// Live goes on where History ends: the same people, what they do next, one
// interaction after about every Pace, each dated at the moment it is told. Time
// inside runs faster than outside: a parcel takes minutes, nights are skipped,
// and no campaign floods the screen. Message ids are fresh on every call.
//
// It ends with ctx (and gives nil), or with the first error of emit.
func Live(ctx context.Context, o Options, emit func(context.Context, []Item) error) error {
	o = o.withDefaults()
	began := o.Clock()
	w := newWorld(o, began)
	w.run(began.UnixMicro(), func(Item) bool { return ctx.Err() == nil })
	if ctx.Err() != nil {
		return nil
	}
	w.goLive(began)
	next := w.mixed()
	for {
		pause := time.Duration((0.5 + w.rng.Float64()) * float64(o.Pace))
		if err := o.Wait(ctx, pause); err != nil {
			return nil //nolint:nilerr // the end of ctx is the way to stop
		}
		item := next()
		item.Event.Time = o.Clock()
		if err := emit(ctx, []Item{item}); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// goLive forgets what is still pending (tomorrow's history tells it), keeps
// the people, and starts a stream of chance, orders and message ids that
// belongs to this moment.
func (w *world) goLive(began time.Time) {
	w.queue, w.done, w.mailing = nil, false, false
	w.reseed(uint64(began.UnixMicro()))
	w.prefix = "demo-live-"
	w.orderAs = "L" + began.UTC().Format("060102150405") + "-"
	for _, p := range w.people {
		p.visiting = false
		w.at(w.cal.on(w.inSeason(p.pace)).begin, func() { w.want(p) })
	}
	w.at(w.cal.on(w.today()+1).begin, w.morning)
}

// mixed gives the things to come, neighbours shuffled, each person's own in
// their order.
func (w *world) mixed() func() Item {
	var ahead []Item
	w.end = math.MaxInt64
	w.yield = func(i Item) bool { ahead = append(ahead, i); return true }
	return func() Item {
		for len(ahead) < shuffle {
			w.step()
		}
		at := w.rng.IntN(shuffle)
		for i := 0; i < at; i++ {
			if sameVisit(ahead[i], ahead[at]) {
				at, i = i, -1 // and look for what comes before that
			}
		}
		item := ahead[at]
		ahead = append(ahead[:at], ahead[at+1:]...)
		return item
	}
}

// sameVisit tells whether two items share a name of somebody, and so an order.
func sameVisit(a, b Item) bool {
	x, y := a.Event, b.Event
	if x.UserID != "" && x.UserID == y.UserID || x.AnonymousID != "" && x.AnonymousID == y.AnonymousID {
		return true
	}
	for _, i := range x.Identifiers {
		for _, j := range y.Identifiers {
			if i == j {
				return true
			}
		}
	}
	return false
}
