package pulse

import (
	"context"
	"net/http"
	"time"

	"regia/internal/experience"
	"regia/internal/stream"
	"regia/internal/web"
)

const (
	wovenSubject = "regia.woven"
	feedLength   = 20
	// breath is the least pause between two messages to one page: faster than
	// that nobody reads.
	breath = time.Second
)

// feed gives the latest interactions with the names of their people.
func (r *Room) feed(ctx context.Context, v view) (feedView, error) {
	list, err := r.latest(ctx, v.at, v.p.all, feedLength)
	if err != nil {
		return feedView{}, err
	}
	var ids []experience.ID
	for _, m := range list {
		if !m.Person.IsZero() {
			ids = append(ids, m.Person)
		}
	}
	f := feedView{moments: list}
	if len(ids) > 0 {
		f.names, err = r.People.Names(ctx, ids)
	}
	return f, err
}

// events keeps a page's feed alive: each time something was woven the feed is
// sent anew, at most once a breath.
func (r *Room) events(w http.ResponseWriter, q *web.Request) error {
	ctx, cancel := context.WithCancel(q.Context())
	defer cancel()
	told, unsubscribe, err := stream.Woken(r.Bus, wovenSubject)
	if err != nil {
		return err
	}
	defer unsubscribe()
	out := make(chan web.Event)
	go r.tell(ctx, q, told, out)
	return r.site.Events(w, q, out)
}

// tell feeds out until ctx ends.
func (r *Room) tell(ctx context.Context, q *web.Request, told <-chan struct{}, out chan<- web.Event) {
	defer close(out)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
		}
		if e, err := r.news(ctx, q); err != nil {
			r.Logger.WarnContext(ctx, "the live feed missed a beat", "error", err)
		} else {
			select {
			case <-ctx.Done():
				return
			case out <- e:
			}
		}
		pause.Reset(breath)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

func (r *Room) news(ctx context.Context, q *web.Request) (web.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := r.catalogue(ctx)
	if err != nil {
		return web.Event{}, err
	}
	v := view{l: r.site.Locale(q.L.Lang(), q.L.Zone()), at: r.Clock(), c: c, p: period{all: q.URL.Query().Get("all") == "1"},
		title: func(kind experience.Kind, name string) string { return r.title(q.L, kind, name) }}
	f, err := r.feed(ctx, v)
	if err != nil {
		return web.Event{}, err
	}
	return web.EventOf(web.WithLocale(ctx, v.l), "woven", feedList(v, f))
}
