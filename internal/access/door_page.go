package access

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"regia/internal/registry"
	"regia/internal/web"
)

// registerDoor puts up the pages before the door: sign-in and links.
func (m *room) registerDoor() {
	m.site.Public("GET /sign-in", m.signInPage)
	m.site.Public("POST /sign-in", m.signIn)
	m.site.Public("POST /sign-out", m.signOut)
	m.site.Public("GET /setup/{token}", m.linkPage)
	m.site.Public("POST /setup/{token}", m.useLink)
}

func (m *room) signInPage(w http.ResponseWriter, r *web.Request) error {
	next := web.SafeNext(r.URL.Query().Get("next"))
	if r.User != nil && !r.User.Token {
		http.Redirect(w, r.Request, next, http.StatusSeeOther)
		return nil
	}
	return m.showSignIn(w, r, emptyForm(map[string]string{"next": next}))
}

func (m *room) showSignIn(w http.ResponseWriter, r *web.Request, f *form) error {
	empty, err := m.nobodyYet(r.Context())
	if err != nil {
		return err
	}
	return m.site.RenderStatus(w, r, f.status, web.Page{Title: r.L.T("access.signin.title"), Plain: true}, signInBody(f, empty, doneText(r)))
}

// nobodyYet tells whether there is no user at all: then a hint helps more than a form.
func (a *Access) nobodyYet(ctx context.Context) (empty bool, err error) {
	err = a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1) AS anybody`).Scan(&n)
		empty = n == 0
		return err
	})
	return empty, err
}

func (m *room) signIn(w http.ResponseWriter, r *web.Request) error {
	f, err := readForm(w, r, "email", "password", "next")
	if err != nil {
		return err
	}
	secret, err := m.SignIn(r.Context(), f.values["email"], f.values["password"], m.Access.address(r.Request))
	if err != nil {
		if !f.refused(r.L, err) {
			return err
		}
		if f.status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "60")
		}
		return m.showSignIn(w, r, f)
	}
	return m.enterWith(w, r, secret, f.values["next"])
}

// enterWith changes the browser's session for a new one and goes on.
func (m *room) enterWith(w http.ResponseWriter, r *web.Request, secret, next string) error {
	if old := sessionSecret(r.Request); old != "" {
		if err := m.SignOut(r.Context(), old); err != nil {
			return err
		}
	}
	keepSession(w, r.Request, secret)
	http.Redirect(w, r.Request, web.SafeNext(next), http.StatusSeeOther)
	return nil
}

func (m *room) signOut(w http.ResponseWriter, r *web.Request) error {
	if secret := sessionSecret(r.Request); secret != "" {
		if err := m.SignOut(r.Context(), secret); err != nil {
			return err
		}
	}
	dropSession(w, r.Request)
	return done(w, r, "/sign-in", "signedout")
}

// linkPage shows what a link asks for; a sign-in link opens the door at once.
func (m *room) linkPage(w http.ResponseWriter, r *web.Request) error {
	secret := r.PathValue("token")
	l, err := m.link(r.Context(), secret)
	if err != nil {
		return m.deadLink(w, r, err)
	}
	if l.Kind == OneClickLink {
		if onlyLooking(r.Request) {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		session, err := m.UseSignInLink(r.Context(), secret)
		if err != nil {
			return m.deadLink(w, r, err)
		}
		return m.enterWith(w, r, session, "/")
	}
	return m.showLink(w, r, l, emptyForm(map[string]string{"email": l.Email}))
}

// onlyLooking tells a browser or a mail program that fetches ahead from a
// person who opens the link: the link must not be spent on it.
func onlyLooking(r *http.Request) bool {
	purpose := r.Header.Get("Sec-Purpose") + r.Header.Get("Purpose")
	return r.Method == http.MethodHead || strings.Contains(purpose, "prefetch")
}

// deadLink explains that a link does not open anything any more. Who opens it
// again in the browser that it let in simply goes on.
func (m *room) deadLink(w http.ResponseWriter, r *web.Request, err error) error {
	if !errors.Is(err, errLink) {
		return err
	}
	if r.User != nil {
		http.Redirect(w, r.Request, "/", http.StatusSeeOther)
		return nil
	}
	return m.site.RenderStatus(w, r, http.StatusNotFound, web.Page{Title: r.L.T("access.link.dead.title"), Plain: true}, deadLinkBody())
}

func (m *room) showLink(w http.ResponseWriter, r *web.Request, l Link, f *form) error {
	page := web.Page{Title: r.L.T("access.setup.title"), Plain: true}
	if l.Kind == InviteLink {
		return m.site.RenderStatus(w, r, f.status, page, setupBody(l, f))
	}
	u, err := m.User(r.Context(), l.User)
	if err != nil {
		return err
	}
	page.Title = r.L.T("access.newpassword.title")
	return m.site.RenderStatus(w, r, f.status, page, newPasswordBody(u, f))
}

func (m *room) useLink(w http.ResponseWriter, r *web.Request) error {
	secret := r.PathValue("token")
	l, err := m.link(r.Context(), secret)
	if err != nil {
		return m.deadLink(w, r, err)
	}
	f, err := readForm(w, r, "name", "email", "password")
	if err != nil {
		return err
	}
	var session string
	switch l.Kind {
	case InviteLink:
		session, err = m.Accept(r.Context(), secret, NewUser{Email: f.values["email"], Name: f.values["name"],
			Password: f.values["password"], Language: r.L.Lang()})
	case PasswordLink:
		session, err = m.UsePasswordLink(r.Context(), secret, f.values["password"])
	default:
		session, err = m.UseSignInLink(r.Context(), secret)
	}
	switch {
	case err == nil:
		return m.enterWith(w, r, session, "/")
	case errors.Is(err, errLink):
		return m.deadLink(w, r, err)
	case !f.refused(r.L, err):
		return err
	}
	return m.showLink(w, r, l, f)
}
