package impact

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stream"
	"regia/internal/web"
)

// Bus tells of what was woven a moment ago.
type Bus interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
}

// Touchpoint is what this room needs to know of one.
type Touchpoint struct {
	Key        string
	Name       Text
	Channel    experience.Channel
	Stage      experience.Stage
	Department string
}

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Options say what the room needs.
type Options struct {
	Ledger      *ledger.Ledger
	Registry    Registry
	Bus         Bus
	Touchpoints func(context.Context) ([]Touchpoint, error) // the whole catalogue
	// Assumed gives what the designers of maps suppose; nil: nothing.
	Assumed func(context.Context) ([]Assumption, error)
	People  People
	Company func(context.Context) experience.Company // whose clocks cut months
	Clock   experience.Clock
	Logger  *slog.Logger
	// Pause is the least time between two drawings of the picture; 0 is 10 s.
	Pause time.Duration
}

// New makes the room of what it needs.
func New(o Options) *Room { return &Room{Options: o, asked: make(chan struct{}, 1)} }

// Room tells what interactions do to people: to other rooms, by API, and on
// pages.
type Room struct {
	Options
	site    *web.Site
	drawing sync.Mutex // held by who draws
	picture atomic.Pointer[drawn]
	// foretelling: somebody looked at what the silent would say.
	foretelling atomic.Bool
	running     atomic.Bool // Run keeps the picture fresh
	asked       chan struct{}
}

// drawn is a picture, and how far the ledger was when it was begun.
type drawn struct {
	*Picture
	sequence uint64
}

const (
	wovenSubject = "regia.woven"
	usualPause   = 10 * time.Second
	// share: drawing takes at most so many parts of the time, one in thirty.
	share = 30
	// stale is when a picture is drawn anew although nothing came: baskets and
	// parcels are left by time alone.
	stale = time.Hour
)

// Run keeps the picture fresh until ctx ends. It is first drawn when somebody
// asks; from then on anew a while after something was woven, never faster than
// Pause, and seldom enough to take but a few percent of the time.
func (r *Room) Run(ctx context.Context) error {
	told, cancel, err := stream.Woken(r.Bus, wovenSubject)
	if err != nil {
		return err
	}
	defer cancel()
	r.running.Store(true)
	defer r.running.Store(false)
	select {
	case <-ctx.Done():
		return nil
	case <-r.asked:
	}
	for {
		begun := time.Now()
		p, err := r.draw(ctx, r.picture.Load() != nil)
		if err == nil && r.foretelling.Load() {
			p.Prediction() // so that no reader waits for it
		}
		if err != nil && ctx.Err() == nil {
			r.Logger.WarnContext(ctx, "what interactions did to people could not be reckoned; the last picture stands", "error", err)
		}
		rest := time.NewTimer(max(r.pause(), share*time.Since(begun)))
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
		old := time.NewTimer(stale)
		select {
		case <-ctx.Done():
			old.Stop()
			return nil
		case <-told:
			old.Stop()
		case <-old.C:
		}
	}
}

func (r *Room) pause() time.Duration {
	if r.Pause > 0 {
		return r.Pause
	}
	return usualPause
}

// Picture gives the picture as it was last drawn, and draws it where it never
// was. Where nobody keeps it fresh (a command that serves nobody), it is drawn
// anew when the ledger went on.
func (r *Room) Picture(ctx context.Context) (*Picture, error) {
	p := r.picture.Load()
	if p != nil && r.running.Load() {
		return p.Picture, nil
	}
	r.ask()
	return r.draw(ctx, false)
}

// ask has Run begin.
func (r *Room) ask() {
	select {
	case r.asked <- struct{}{}:
	default: // it was asked already, or nobody runs
	}
}

// draw reckons the picture; unless it is forced, only where the ledger went on.
func (r *Room) draw(ctx context.Context, force bool) (*Picture, error) {
	r.drawing.Lock()
	defer r.drawing.Unlock()
	head, err := r.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	if p := r.picture.Load(); p != nil && !force && p.sequence == head.Position.Sequence {
		return p.Picture, nil
	}
	decided, err := hands(ctx, r.Registry)
	if err != nil {
		return nil, err
	}
	var assumed []Assumption
	if r.Assumed != nil {
		if assumed, err = r.Assumed(ctx); err != nil {
			return nil, err
		}
	}
	begun := time.Now()
	p, err := Draw(ctx, r.Ledger, decided, assumed, r.Clock())
	if err != nil {
		return nil, err
	}
	p.Took = time.Since(begun)
	r.picture.Store(&drawn{p, head.Position.Sequence})
	r.Logger.DebugContext(ctx, "what interactions did to people was reckoned", "took", p.Took, "impressions", p.pack.impressions, "bytes", p.pack.size())
	return p, nil
}

// Decide switches a rule off or on, or gives it a weight by hand; the picture
// follows at once.
func (r *Room) Decide(ctx context.Context, key string, h Hand, by string) error {
	p, err := r.Picture(ctx)
	if err != nil {
		return err
	}
	if _, ok := p.Book.rule(key); !ok {
		return experience.Errorf(experience.NotFound, "impact.error.rule")
	}
	if err := keep(ctx, r.Registry, key, h, by, r.Clock()); err != nil {
		return err
	}
	r.drawing.Lock()
	defer r.drawing.Unlock()
	decided, err := hands(ctx, r.Registry)
	if err != nil {
		return err
	}
	last := r.picture.Load()
	r.picture.Store(&drawn{last.Weighed(decided), last.sequence})
	return nil
}

// Impressions streams what interactions from a moment, included, up to another,
// left out, did to people: see Picture.Impressions.
func (r *Room) Impressions(ctx context.Context, from, to time.Time, do func(experience.Impression) error) error {
	p, err := r.Picture(ctx)
	if err != nil {
		return err
	}
	return p.Impressions(ctx, from, to, do)
}

// Scores gives people's experience scores now: see Picture.Scores.
func (r *Room) Scores(ctx context.Context, people []experience.ID) (map[experience.ID]experience.Estimate, error) {
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	return p.Scores(people), nil
}

// Curve gives what interactions did to one person, oldest first. It never waits
// for the first picture of a server that was started a moment ago, which may
// take seconds: until then it tells nothing.
func (r *Room) Curve(ctx context.Context, person experience.ID) ([]experience.Impression, error) {
	if r.running.Load() && r.picture.Load() == nil {
		r.ask()
		return nil, nil
	}
	p, err := r.Picture(ctx)
	if err != nil {
		return nil, err
	}
	return p.Curve(person), nil
}
