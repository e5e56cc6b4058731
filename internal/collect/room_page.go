package collect

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const (
	roomKey   = "collect"
	homePath  = "/sources"
	shown     = 15 // events and rejections on a source's page
	breath    = time.Second
	lookLimit = 5 * time.Second
	// wovenSubject is where the bus tells that new events stand in the ledger.
	wovenSubject = "regia.woven"
	activeSince  = 24 * time.Hour
)

func (r *Room) registerPages() {
	s := r.site
	s.Page("GET /sources", lookers, r.listPage)
	s.Page("GET /sources/new", steerers, r.newPage)
	s.Page("POST /sources", steerers, r.createPage)
	s.Page("GET /sources/{id}", lookers, r.sourcePage)
	s.Page("POST /sources/{id}", steerers, r.changePage)
	s.Page("POST /sources/{id}/state", steerers, r.statePage)
	s.Page("POST /sources/{id}/rotate", steerers, r.rotatePage)
	s.Page("GET /sources/{id}/live", lookers, r.livePage)
	s.Page("GET /sources/{id}/events", lookers, r.eventsPage)
}

func pathOf(id string) string { return homePath + "/" + url.PathEscape(id) }

func page(title string) web.Page { return web.Page{Room: roomKey, Title: title} }

func (r *Room) listPage(w http.ResponseWriter, q *web.Request) error {
	all, err := r.Sources.List(q.Context())
	if err != nil {
		return err
	}
	activity, err := r.activity(q.Context(), q.Now)
	v := listOf(q.L, all, activity, err, q.User.May(steerers))
	if len(v.rows) == 0 {
		v.empty = web.EmptyProps{Icon: "sources", Title: q.L.T("collect.empty.title"), Text: q.L.T("collect.empty.text"),
			CodeLabel: q.L.T("collect.empty.code"), Code: snippets(ServerSource, place{base: r.base(q), key: "wk_…"})[0].code}
		if v.steers {
			v.empty.ActionLabel, v.empty.ActionURL = q.L.T("collect.new"), homePath+"/new"
		}
	}
	return r.site.Render(w, q, page(q.L.T("collect.room")), listBody(v))
}

func (r *Room) activity(ctx context.Context, now time.Time) (map[string]Activity, error) {
	if r.Recent == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	return r.Recent.Activity(ctx, now.Add(-activeSince))
}

func (r *Room) newPage(w http.ResponseWriter, q *web.Request) error {
	return r.site.Render(w, q, page(q.L.T("collect.new")), newBody(formOf(q.L, Source{Kind: Site}, nil)))
}

func (r *Room) createPage(w http.ResponseWriter, q *web.Request) error {
	sent := Source{Name: q.FormValue("name"), Kind: SourceKind(q.FormValue("kind")), Channel: experience.Channel(q.FormValue("channel"))}
	made, err := r.create(q.Context(), sent.Name, sent.Kind, sent.Channel)
	if experience.CodeOf(err) == experience.Invalid {
		return r.site.RenderStatus(w, q, http.StatusBadRequest, page(q.L.T("collect.new")), newBody(formOf(q.L, sent, err)))
	}
	if err != nil {
		return err
	}
	if made.Kind == WebhookSource { // what it is to take comes next
		http.Redirect(w, q.Request, pathOf(made.ID)+"/webhook", http.StatusSeeOther)
		return nil
	}
	return back(w, q, made.ID, "created")
}

// back goes to a source's page and says what was done.
func back(w http.ResponseWriter, q *web.Request, id, done string) error {
	http.Redirect(w, q.Request, pathOf(id)+"?done="+done, http.StatusSeeOther)
	return nil
}

func (r *Room) sourcePage(w http.ResponseWriter, q *web.Request) error {
	x, err := r.Sources.Get(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	v := r.detail(q, x)
	if key := "collect.done." + q.URL.Query().Get("done"); q.L.Has(key) {
		v.done = q.L.T(key)
	}
	return r.site.Render(w, q, page(x.Name), sourceBody(v))
}

func (r *Room) changePage(w http.ResponseWriter, q *web.Request) error {
	id := q.PathValue("id")
	name, channel := q.FormValue("name"), experience.Channel(q.FormValue("channel"))
	_, err := r.change(q.Context(), id, Change{Name: &name, Channel: &channel})
	if experience.CodeOf(err) == experience.Invalid {
		x, getErr := r.Sources.Get(q.Context(), id)
		if getErr != nil {
			return getErr
		}
		v := r.detail(q, x)
		x.Name, x.Channel = name, channel
		v.form = formOf(q.L, x, err)
		return r.site.RenderStatus(w, q, http.StatusBadRequest, page(x.Name), sourceBody(v))
	}
	if err != nil {
		return err
	}
	return back(w, q, id, "saved")
}

func (r *Room) statePage(w http.ResponseWriter, q *web.Request) error {
	id, off := q.PathValue("id"), q.FormValue("disabled") == "true"
	if _, err := r.Sources.Update(q.Context(), id, Change{Disabled: &off}); err != nil {
		return err
	}
	done := "enabled"
	if off {
		done = "disabled"
	}
	return back(w, q, id, done)
}

func (r *Room) rotatePage(w http.ResponseWriter, q *web.Request) error {
	id := q.PathValue("id")
	if _, err := r.Sources.Rotate(q.Context(), id); err != nil {
		return err
	}
	return back(w, q, id, "rotated")
}

func (r *Room) livePage(w http.ResponseWriter, q *web.Request) error {
	x, err := r.Sources.Get(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	return r.site.RenderFragment(w, q, liveBody(r.live(q, x)))
}

// eventsPage sends the live part of a source's page anew whenever something
// came in or was refused, at most once a breath.
func (r *Room) eventsPage(w http.ResponseWriter, q *web.Request) error {
	x, err := r.Sources.Get(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if r.Bus == nil {
		return experience.Errorf(experience.Unavailable, "collect.error.nolive")
	}
	ctx, cancel := context.WithCancel(q.Context())
	defer cancel()
	told := make(chan struct{}, 1)
	for _, subject := range []string{wovenSubject, RejectedSubject} {
		unsubscribe, err := r.Bus.Subscribe(subject, func([]byte) {
			select {
			case told <- struct{}{}:
			default: // the page will look anyway
			}
		})
		if err != nil {
			return err
		}
		defer unsubscribe()
	}
	out := make(chan web.Event)
	go r.tell(ctx, q, x, told, out)
	return r.site.Events(w, q, out)
}

// tell feeds out until ctx ends, only when there is something new to show.
func (r *Room) tell(ctx context.Context, q *web.Request, x Source, told <-chan struct{}, out chan<- web.Event) {
	defer close(out)
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-told:
		}
		v := r.live(q, x)
		if v.eventsErr != nil {
			r.Logger.WarnContext(ctx, "a live view missed a beat", "error", v.eventsErr)
		} else if v.state() != last {
			last = v.state()
			e, err := web.EventOf(q.Context(), "live", liveBody(v))
			if err != nil {
				r.Logger.ErrorContext(ctx, "a live view cannot be drawn", "error", err)
				return
			}
			select {
			case <-ctx.Done():
				return
			case out <- e:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(breath):
		}
	}
}

// mqtt is host:port where devices reach this Regia; "" when nowhere.
func (r *Room) mqtt(q *web.Request) string {
	host, port, err := net.SplitHostPort(r.MQTT)
	if err != nil {
		return ""
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && (a.IsUnspecified() || a.IsLoopback()) {
		if u, err := url.Parse(r.base(q)); err == nil && u.Hostname() != "" {
			host = u.Hostname()
		}
	}
	return net.JoinHostPort(host, port)
}

// base is the address of this Regia as others reach it.
func (r *Room) base(q *web.Request) string {
	return baseOf(r.BaseURL, q.Request)
}
