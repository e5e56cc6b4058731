package listen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
)

const (
	claimed    = 5 * time.Minute  // how long a look keeps others away after each step
	longest    = 30 * time.Minute // a look; what is left waits for the next
	atOnce     = 4                // looks of this process
	tick       = 15 * time.Second
	again      = time.Minute    // first pause after a failure; it doubles
	longPause  = 6 * time.Hour  // its end
	mostPause  = 24 * time.Hour // the longest that the other side may ask for
	shortest   = time.Minute    // between two looks that people ask for
	stepVoices = 200            // that go to the door at once
	stepBytes  = 2 << 20
)

// fault is why a look failed, in words that people understand: the message
// listen.fault.<key>.
type fault struct {
	key    string
	detail string
	err    error         // for the log
	after  time.Duration // the other side asks for this pause; 0 = it does not
	slow   bool          // it will not pass by itself: look rarely
	pause  bool          // there is no use in looking again
}

func (f *fault) Error() string {
	text := f.key
	if f.detail != "" {
		text += ": " + f.detail
	}
	if f.err != nil {
		text += ": " + f.err.Error()
	}
	return text
}

func (f *fault) Unwrap() error { return f.err }

// looking is one look by a post.
type looking struct {
	*Room
	post  Post
	now   time.Time
	fresh int64
	line  *guarded // to a mail server; nil = none
}

// Run has the posts look whenever it is time, until ctx ends.
func (r *Room) Run(ctx context.Context) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	slots := make(chan struct{}, atOnce)
	for {
		if r.People != nil {
			if err := r.tellMatches(ctx); err != nil && ctx.Err() == nil {
				r.Logger.WarnContext(ctx, "decisions about authors could not be told yet", "error", err)
			}
		}
		free := atOnce - len(slots)
		ids, err := r.due(ctx, r.Clock(), free)
		if err != nil && ctx.Err() == nil {
			r.Logger.WarnContext(ctx, "the listening posts could not be read", "error", err)
		}
		for _, id := range r.here(ids) {
			slots <- struct{}{} // there are as many free as were asked for
			if !r.begin(func(ctx context.Context) {
				defer func() { <-slots }()
				r.lookAt(ctx, id)
			}) {
				<-slots
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// begin runs f beside, with a context that ends at Close. False: it has ended.
func (r *Room) begin(f func(ctx context.Context)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end {
		return false
	}
	r.wg.Go(func() { f(r.ctx) })
	return true
}

// LookNow has a post look now, and waits a little for it to end. Conflict: it
// looked a moment ago; TooMany: the other side asked for a pause.
func (r *Room) LookNow(ctx context.Context, id string, patience time.Duration) error {
	p, err := r.get(ctx, id)
	if err != nil {
		return err
	}
	now := r.Clock()
	switch {
	case now.Before(p.Health.Until):
		return experience.Errorf(experience.TooMany, "listen.error.until")
	case !p.Kind.Files() && now.Sub(p.Health.LastLook) < shortest:
		return experience.Errorf(experience.TooMany, "listen.error.soon")
	}
	done := make(chan struct{})
	if !r.begin(func(ctx context.Context) {
		defer close(done)
		r.lookAt(ctx, id)
	}) {
		return experience.Errorf(experience.Unavailable, "listen.error.closing")
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	case <-ctx.Done():
	}
	return nil
}

// lookAt looks by one post, unless another process does, and writes down how it went.
func (r *Room) lookAt(ctx context.Context, id string) {
	now := r.Clock()
	p, yes, err := r.claim(ctx, id, now)
	if err != nil {
		r.Logger.WarnContext(ctx, "a listening post could not be read", "post", id, "error", err)
	}
	if !yes {
		return
	}
	l := &looking{Room: r, post: p, now: now}
	look, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err = l.safely(look)
	if ctx.Err() != nil {
		return // Regia ends: the claim runs out by itself
	}
	h, pause := r.outcome(p, err, r.Clock())
	if err != nil {
		r.Logger.InfoContext(ctx, "a listening post could not hear", "post", id, "fault", h.Fault, "error", err)
	}
	if err := r.settle(ctx, p, h, pause); err != nil {
		r.Logger.WarnContext(ctx, "how a look went could not be written down", "post", id, "error", err)
	}
}

// safely looks. What strangers send is read by much code, of others too: a
// mistake in it ends the look, and not Regia.
func (l *looking) safely(ctx context.Context) (err error) {
	defer func() {
		if said := recover(); said != nil {
			l.Logger.ErrorContext(ctx, "a listening post could not read what it heard", "post", l.post.ID, "panic", fmt.Sprint(said), "stack", string(debug.Stack()))
			err = &fault{key: "internal", slow: true}
		}
	}()
	return l.look(ctx)
}

func (l *looking) look(ctx context.Context) error {
	switch l.post.Kind {
	case Feed:
		return l.feed(ctx)
	case AppStore:
		return l.appStore(ctx)
	case Mailbox:
		return l.mailbox(ctx)
	case Google:
		return l.files(ctx, l.google)
	case Archive:
		return l.files(ctx, l.archive)
	}
	return &fault{key: "internal", pause: true}
}

// outcome is how a post is after a look.
func (r *Room) outcome(p Post, err error, now time.Time) (h Health, pause bool) {
	h = Health{LastLook: now}
	wait := p.Every
	if err != nil {
		f := r.faultOf(err)
		h.Fault, h.Detail, h.Failures = f.key, f.detail, p.Health.Failures+1
		wait = min(longPause, time.Duration(float64(again)*math.Pow(2, float64(min(h.Failures-1, 20)))))
		if f.slow {
			wait = max(wait, time.Hour)
		}
		if f.after > 0 {
			wait = max(wait, min(f.after, mostPause))
			h.Until = now.Add(min(f.after, mostPause))
		}
		pause = f.pause
	}
	if p.Kind.Files() && (err == nil || unreadable(err)) {
		return h, pause // until a file is brought
	}
	h.NextLook = now.Add(wait + time.Duration(r.Jitter()*float64(wait)/5))
	return h, pause
}

// unreadable tells whether something was there, and is not what it should be.
func unreadable(err error) bool {
	var f *fault
	return errors.As(err, &f) && (f.key == "format" || f.key == "bomb" || f.key == "empty")
}

// faultOf finds the words for an error.
func (r *Room) faultOf(err error) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return &fault{key: "time", err: err}
	}
	switch experience.CodeOf(err) {
	case experience.Unavailable, experience.TooMany:
		return &fault{key: "busy", err: err}
	case experience.Forbidden:
		return &fault{key: "disabled", err: err, slow: true}
	}
	return &fault{key: "internal", err: err}
}

// take brings what was heard in by the front door, and then writes down that it
// was heard and how far the post has read. What was heard before is left alone.
func (l *looking) take(ctx context.Context, voices []Voice, position any) error {
	text, err := json.Marshal(position)
	if err != nil {
		return err
	}
	keys := make([]string, len(voices))
	for k, v := range voices {
		keys[k] = v.Key
	}
	a := advance{position: string(text), now: l.now}
	for from := 0; from < len(keys); from += 500 {
		fresh, err := l.unheard(ctx, l.post.Source, keys[from:min(len(keys), from+500)])
		if err != nil {
			return err
		}
		var step []mapping.Item
		size := 0
		for _, v := range voices[from:min(len(keys), from+500)] {
			if !fresh[v.Key] {
				continue
			}
			fresh[v.Key] = false // said twice in one breath
			if v.Event == "" {
				a.quiet = append(a.quiet, v.Key)
				continue
			}
			item, err := v.item(l.now)
			if err != nil {
				return err
			}
			if n := item.Size(); len(step) > 0 && (len(step) == stepVoices || size+n > stepBytes) {
				if err := l.tell(ctx, step); err != nil {
					return err
				}
				step, size = step[:0], 0
			}
			step, size = append(step, item), size+item.Size()
			a.spoken = append(a.spoken, v.Key)
		}
		if err := l.tell(ctx, step); err != nil {
			return err
		}
	}
	fresh, err := l.advance(ctx, l.post, a)
	l.fresh += fresh
	return err
}

// tell hands items to the door. What it refuses stands on the source's page,
// with the reason.
func (l *looking) tell(ctx context.Context, items []mapping.Item) error {
	if len(items) == 0 {
		return nil
	}
	_, err := l.Door.Take(ctx, l.post.Source, items)
	return err
}
