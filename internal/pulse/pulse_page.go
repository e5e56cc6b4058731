package pulse

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"

	"regia/internal/experience"
	"regia/internal/web"
)

// limit is how long one part of the page may take before its box says so.
const limit = 15 * time.Second

// view is what every part of the page knows.
type view struct {
	l       *web.Locale
	p       period
	extent  extent
	c       catalogue
	at      time.Time
	today   time.Time // midnight
	steers  bool
	company experience.Company
	title   func(kind experience.Kind, name string) string
	places  func(context.Context) (Places, error) // counted once, however many parts stand on it
}

// live tells whether what comes in now belongs to the figures shown.
func (v view) live() bool { return !v.p.now.To.Before(v.at) }

func (r *Room) view(q *web.Request) (view, error) {
	ctx := q.Context()
	v := view{l: q.L, at: q.Now, steers: q.User.May(steerers), company: q.Company, today: midnight(q.Now, q.Company.Location()),
		title: func(kind experience.Kind, name string) string { return r.title(q.L, kind, name) }}
	var err error
	values := q.URL.Query()
	all := values.Get("all") == "1" || values.Get("all") == "true"
	if v.extent, err = r.extent(ctx, q.Now, all); err != nil {
		return v, err
	}
	if v.c, err = r.catalogue(ctx); err != nil {
		return v, err
	}
	if v.p, err = readPeriod(values, v.extent, q.Now, q.Company.Location()); err != nil {
		return v, err
	}
	v.places = r.placesOnce(v)
	return v, nil
}

// placesOnce shares one count between parts that load side by side.
func (r *Room) placesOnce(v view) func(context.Context) (Places, error) {
	var (
		once   sync.Once
		places Places
		err    error
	)
	return func(ctx context.Context) (Places, error) {
		once.Do(func() { places, err = r.places(ctx, v.p, v.c) })
		return places, err
	}
}

// part is one box of the page or several that stand on the same figures: it
// loads by itself, and fails by itself.
type part struct {
	name string
	load func(context.Context, view) (templ.Component, error)
	// failed draws the part's boxes with the trouble in them.
	failed func(view, error) templ.Component
	lines  int // about as high
	wide   bool
}

func (r *Room) parts() []part {
	all := []part{
		{"head", r.headPart, func(v view, err error) templ.Component { return headBody(v, headView{err: err}) }, 5, true},
		{"volume", r.volumePart, boxes("volume"), 8, true},
		{"feed", r.feedPart, boxes("feed"), 12, false},
		{"places", r.placesPart, boxes("touchpoints", "channels", "stages"), 10, false},
		{"faces", r.facesPart, boxes("faces"), 4, false},
		{"money", r.moneyPart, boxes("money"), 4, false},
		{"gaps", r.gapsPart, boxes("gaps"), 4, false},
	}
	if r.FollowUps != nil {
		all = append(all, part{"waiting", r.waitingPart, boxes("waiting"), 3, false})
	}
	if r.Perception != nil {
		all = append(all, part{"perception", r.perceptionPart, boxes("perception"), 8, true})
	}
	return all
}

func boxes(names ...string) func(view, error) templ.Component {
	return func(_ view, err error) templ.Component { return failedBody(names, err) }
}

// page sends what is ready within the room's patience; what is not follows by
// itself, and what fails says so in its own box.
func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	body := r.emptyPage(q, v)
	if !v.extent.empty() {
		body = pageBody(v, r.gather(q.Context(), v))
	}
	return r.site.Render(w, q, web.Page{Room: "pulse", Title: q.L.T("pulse.room")}, body)
}

// gather loads the parts side by side.
func (r *Room) gather(ctx context.Context, v view) map[string]templ.Component {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		done  = map[string]templ.Component{}
	)
	for _, p := range r.parts() {
		group.Go(func() {
			body, err := p.load(ctx, v)
			switch {
			case ctx.Err() != nil:
				body = pendingBody(v, p)
			case err != nil:
				r.Logger.ErrorContext(ctx, "a part of the pulse failed", "part", p.name, "error", err)
				body = p.failed(v, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done[p.name] = body
		})
	}
	group.Wait()
	return done
}

// part answers one part of the page.
func (r *Room) part(w http.ResponseWriter, q *web.Request) error {
	for _, p := range r.parts() {
		if p.name != q.PathValue("part") {
			continue
		}
		v, err := r.view(q)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(q.Context(), limit)
		defer cancel()
		body, err := p.load(ctx, v)
		if err != nil && ctx.Err() != nil {
			err = experience.Errorf(experience.Unavailable, "pulse.error.slow")
		}
		if err != nil {
			r.Logger.ErrorContext(ctx, "a part of the pulse failed", "part", p.name, "error", err)
			body = p.failed(v, err)
		}
		return r.site.RenderFragment(w, q, body)
	}
	return experience.Errorf(experience.NotFound, "web.error.notfound")
}

func (r *Room) headPart(ctx context.Context, v view) (templ.Component, error) {
	places, err := v.places(ctx)
	if err != nil {
		return nil, err
	}
	return headBody(v, headView{places: places}), nil
}

func (r *Room) volumePart(ctx context.Context, v view) (templ.Component, error) {
	volume, err := r.volume(ctx, v.p)
	return volumeBody(v, volume), err
}

func (r *Room) placesPart(ctx context.Context, v view) (templ.Component, error) {
	places, err := v.places(ctx)
	return placesBody(v, places), err
}

func (r *Room) facesPart(ctx context.Context, v view) (templ.Component, error) {
	faces, err := r.faces(ctx, v.p)
	return facesBody(v, faces), err
}

func (r *Room) moneyPart(ctx context.Context, v view) (templ.Component, error) {
	money, err := r.money(ctx, v.p)
	return moneyBody(v, money), err
}

func (r *Room) gapsPart(ctx context.Context, v view) (templ.Component, error) {
	seen, err := r.origins(ctx, v.p.all)
	return gapsBody(v, v.c.gaps(seen)), err
}

func (r *Room) feedPart(ctx context.Context, v view) (templ.Component, error) {
	list, err := r.feed(ctx, v)
	return feedBody(v, list), err
}

// emptyPage teaches what to connect while nothing has come in yet.
func (r *Room) emptyPage(q *web.Request, v view) templ.Component {
	e := emptyView{base: r.BaseURL, key: "WRITE_KEY"}
	if e.base == "" {
		e.base = "//" + q.Host
	}
	for _, id := range sortedKeys(v.c.sources) {
		if s := v.c.sources[id]; v.steers && s.Browser && s.WriteKey != "" {
			e.key = s.WriteKey
			break
		}
	}
	return emptyBody(v, e)
}

// bodies are the parts of a page, drawn, by name.
type bodies = map[string]templ.Component
