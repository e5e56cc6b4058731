package listen

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// patience is how long a page waits for a look that somebody asked for.
const patience = 6 * time.Second

func (r *Room) registerPages() {
	s := r.site
	s.Page("GET "+homePath, lookers, r.homePage)
	s.Page("GET "+homePath+"/new", steerers, r.newPage)
	s.Page("POST "+homePath, steerers, r.createPage)
	s.Page("GET "+homePath+"/{id}", lookers, r.postPage)
	s.Page("POST "+homePath+"/{id}", steerers, r.changePage)
	s.Page("POST "+homePath+"/{id}/file", steerers, r.filePage)
	s.Page("POST "+homePath+"/{id}/look", steerers, r.lookPage)
	s.Page("POST "+homePath+"/{id}/pause", steerers, r.pausePage)
	s.Page("POST "+homePath+"/{id}/delete", steerers, r.deletePage)
}

// view is the page of all posts, or of one.
type view struct {
	l       *web.Locale
	now     time.Time
	steers  bool
	posts   []Post
	post    Post
	every   string
	waiting int // files
	done    string
	err     error
}

func (r *Room) view(q *web.Request) view {
	v := view{l: q.L, now: q.Now, steers: q.User.May(steerers)}
	if done := q.URL.Query().Get("done"); q.L.Has("listen.done." + done) {
		v.done = q.L.T("listen.done." + done)
	}
	return v
}

func (r *Room) homePage(w http.ResponseWriter, q *web.Request) (err error) {
	v := r.view(q)
	if v.posts, err = r.list(q.Context()); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "listen", Title: q.L.T("listen.room")}, homeBody(v))
}

func (r *Room) postPage(w http.ResponseWriter, q *web.Request) error {
	return r.showPost(w, q, http.StatusOK, nil)
}

func (r *Room) showPost(w http.ResponseWriter, q *web.Request, status int, wrong error) (err error) {
	v := r.view(q)
	v.err = wrong
	if v.post, err = r.get(q.Context(), q.PathValue("id")); err != nil {
		return err
	}
	v.every = everyText(v.post.Every)
	names, err := r.waiting(v.post.ID)
	if v.waiting = len(names); err != nil {
		return err
	}
	if wrong != nil && q.PostForm.Has("name") {
		v.post.Name, v.every = q.FormValue("name"), q.FormValue("every")
	}
	return r.site.RenderStatus(w, q, status, web.Page{Room: "listen", Title: v.post.Name}, postBody(v))
}

// form is a new post as it is typed.
type form struct {
	kind Kind
	name string
	c    Config
	err  error
}

func (r *Room) newPage(w http.ResponseWriter, q *web.Request) error {
	return r.showForm(w, q, http.StatusOK, form{kind: Kind(q.FormValue("kind")), c: Config{Country: "it"}})
}

func (r *Room) showForm(w http.ResponseWriter, q *web.Request, status int, f form) error {
	return r.site.RenderStatus(w, q, status, web.Page{Room: "listen", Title: q.L.T("listen.new")}, newBody(f))
}

func (r *Room) createPage(w http.ResponseWriter, q *web.Request) error {
	f := form{kind: Kind(q.FormValue("kind")), name: q.FormValue("name"), c: Config{
		Address: q.FormValue("address"), Hears: Hears(q.FormValue("hears")), Platform: q.FormValue("platform"), App: q.FormValue("app"),
		Country: q.FormValue("country"), Place: q.FormValue("place"), Mailbox: q.FormValue("mailbox"), User: q.FormValue("user"),
		Folder: q.FormValue("folder"), Since: q.FormValue("since"), Security: Security(q.FormValue("security")),
	}}
	p, err := r.create(q.Context(), Post{Kind: f.kind, Name: f.name, Config: f.c, secret: q.FormValue("password")}, q.User.ID)
	switch experience.CodeOf(err) {
	case "":
	case experience.Invalid, experience.Conflict, experience.TooMany:
		f.err = err
		return r.showForm(w, q, web.Status(err), f)
	default:
		return err
	}
	if !p.Kind.Files() {
		if err := r.LookNow(q.Context(), p.ID, patience); err != nil {
			return err
		}
	}
	http.Redirect(w, q.Request, postPath(p.ID)+"?done=made", http.StatusSeeOther)
	return nil
}

func (r *Room) changePage(w http.ResponseWriter, q *web.Request) error {
	every, err := time.Duration(0), error(nil)
	if text := q.FormValue("every"); text != "" {
		if every, err = time.ParseDuration(text); err != nil {
			err = invalid("listen.error.every")
		}
	}
	if err == nil {
		err = r.change(q.Context(), q.PathValue("id"), q.FormValue("name"), q.FormValue("password"), every)
	}
	return r.after(w, q, err, "saved")
}

func (r *Room) lookPage(w http.ResponseWriter, q *web.Request) error {
	return r.after(w, q, r.LookNow(q.Context(), q.PathValue("id"), patience), "looked")
}

// filePage takes a file, and begins to read it.
func (r *Room) filePage(w http.ResponseWriter, q *web.Request) error {
	id := q.PathValue("id")
	err := r.bring(q.Context(), w, q.Request, id)
	if err == nil {
		err = r.LookNow(q.Context(), id, patience)
	}
	return r.after(w, q, err, "brought")
}

func (r *Room) pausePage(w http.ResponseWriter, q *web.Request) error {
	paused := q.FormValue("paused") == "1"
	done := "resumed"
	if paused {
		done = "paused"
	}
	return r.after(w, q, r.pause(q.Context(), q.PathValue("id"), paused), done)
}

func (r *Room) deletePage(w http.ResponseWriter, q *web.Request) error {
	if err := r.remove(q.Context(), q.PathValue("id")); err != nil {
		return err
	}
	http.Redirect(w, q.Request, homePath+"?done=removed", http.StatusSeeOther)
	return nil
}

// after shows the post once something was done to it, or why it was not.
func (r *Room) after(w http.ResponseWriter, q *web.Request, err error, done string) error {
	switch experience.CodeOf(err) {
	case "":
		http.Redirect(w, q.Request, postPath(q.PathValue("id"))+"?done="+done, http.StatusSeeOther)
		return nil
	case experience.Invalid, experience.TooMany, experience.TooLarge:
		return r.showPost(w, q, web.Status(err), err)
	}
	return err
}

func postPath(id string) string { return homePath + "/" + url.PathEscape(id) }

// everyText writes a pause as a form has it.
func everyText(d time.Duration) string {
	text := d.String()
	text = strings.TrimSuffix(text, "0s")
	return cmp.Or(strings.TrimSuffix(text, "h0m")+map[bool]string{true: "h"}[strings.HasSuffix(text, "h0m")], "0s")
}

// paces are the pauses that a form offers.
func paces(l *web.Locale, chosen string) []web.Choice {
	out := []web.Choice{}
	known := false
	for _, d := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour} {
		text := everyText(d)
		known = known || text == chosen
		out = append(out, web.Choice{Value: text, Label: paceText(l, d), Selected: text == chosen})
	}
	if !known {
		if d, err := time.ParseDuration(chosen); err == nil {
			out = append(out, web.Choice{Value: chosen, Label: paceText(l, d), Selected: true})
		}
	}
	return out
}

func paceText(l *web.Locale, d time.Duration) string {
	if d < time.Hour || d%time.Hour != 0 {
		return l.T("listen.every.minutes", "n", int(d.Minutes()))
	}
	return l.T("listen.every.hours", "n", int(d.Hours()))
}

// answer is what the page of all posts says first.
func (v view) answer() string {
	var heard int64
	var troubled int
	var last time.Time
	for _, p := range v.posts {
		heard += p.Health.Heard
		if p.Health.LastNew.After(last) {
			last = p.Health.LastNew
		}
		if p.Health.Fault != "" {
			troubled++
		}
	}
	switch {
	case troubled > 0:
		return v.l.T("listen.answer.trouble", "n", troubled)
	case heard == 0:
		return v.l.T("listen.answer.silent")
	}
	return v.l.T("listen.answer", "n", heard, "when", v.l.DateTime(last))
}

// state is one word about a post.
func (v view) state(p Post) (web.Tone, string) {
	h := p.Health
	switch {
	case h.Looking:
		return web.Petrol, v.l.T("listen.state.looking")
	case p.Paused:
		return web.Sand, v.l.T("listen.state.paused")
	case v.now.Before(h.Until):
		return web.Ochre, v.l.T("listen.state.waiting")
	case h.Fault != "":
		return web.Terracotta, v.l.T("listen.state.fault")
	case h.LastLook.IsZero() && p.Kind.Files():
		return web.Sand, v.l.T("listen.state.empty")
	case h.LastLook.IsZero():
		return web.Sand, v.l.T("listen.state.new")
	}
	return web.Sage, v.l.T("listen.state.well")
}

// trouble says in plain words what the last look failed of; "" = nothing.
func (v view) trouble(p Post) string {
	if p.Health.Fault == "" {
		return ""
	}
	return v.l.T("listen.fault."+p.Health.Fault, "detail", p.Health.Detail)
}

// next says when a post looks again.
func (v view) next(p Post) string {
	h := p.Health
	switch {
	case p.Paused:
		return v.l.T("listen.next.paused")
	case h.Looking:
		return v.l.T("listen.next.now")
	case v.now.Before(h.Until):
		return v.l.T("listen.next.until", "when", v.l.DateTime(h.Until))
	case h.NextLook.IsZero():
		return v.l.T("listen.next.file")
	case !h.NextLook.After(v.now.Add(time.Minute)):
		return v.l.T("listen.next.soon")
	case h.Failures > 0:
		return v.l.T("listen.next.again", "when", v.l.DateTime(h.NextLook), "n", h.Failures)
	}
	return v.l.DateTime(h.NextLook)
}

// where says what a post listens to.
func (p Post) where() string {
	c := p.Config
	switch p.Kind {
	case Feed:
		return c.Address
	case AppStore:
		return "apps.apple.com/" + c.Country + "/app/id" + c.App
	case Google:
		return cmp.Or(c.Place, "Google")
	case Mailbox:
		return c.Mailbox + ", " + c.Folder + " (" + c.Address + ")"
	}
	return c.Mailbox
}

func count(ctx context.Context, n int64) string { return web.LocaleFrom(ctx).N(n) }
