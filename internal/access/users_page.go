package access

import (
	"context"
	"net/http"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// madeLink is a link just made, to be copied and handed over.
type madeLink struct {
	url    string
	reason string // key of the text that says what it is for
	who    string
	until  time.Time
}

// usersView is what the page of users shows.
type usersView struct {
	users       []User
	invitations []Link
	form        *form
	made        *madeLink
	me          string // id of the reader
}

func (m *room) usersPage(w http.ResponseWriter, r *web.Request) error {
	return m.showUsers(w, r, emptyForm(map[string]string{"role": string(experience.Agent)}), nil)
}

func (m *room) showUsers(w http.ResponseWriter, r *web.Request, f *form, made *madeLink) error {
	v := usersView{form: f, made: made, me: r.User.ID}
	var err error
	if v.users, err = m.ListUsers(r.Context()); err != nil {
		return err
	}
	if v.invitations, err = m.Invitations(r.Context()); err != nil {
		return err
	}
	active := 0
	for _, u := range v.users {
		if !u.Disabled {
			active++
		}
	}
	return m.show(w, r, f.status, "users", r.L.T("access.users.title", "n", active), usersBody(v))
}

func (m *room) invite(w http.ResponseWriter, r *web.Request) error {
	f, err := readForm(w, r, "email", "role")
	if err != nil {
		return err
	}
	path, err := "", error(errEmail)
	if f.values["email"] != "" { // a page invites somebody by name; links for anybody are the command line's
		path, err = m.Invite(r.Context(), f.values["email"], experience.Role(f.values["role"]), inviteFor)
	}
	if err != nil {
		if !f.refused(r.L, err) {
			return err
		}
		return m.showUsers(w, r, f, nil)
	}
	made := &madeLink{url: here(r.Request, path), reason: "access.users.link.invite", who: f.values["email"], until: r.Now.Add(inviteFor)}
	return m.showUsers(w, r, emptyForm(map[string]string{"role": f.values["role"]}), made)
}

func (m *room) passwordLink(w http.ResponseWriter, r *web.Request) error {
	id, err := experience.ParseID(r.PathValue("id"))
	if err != nil {
		return errNoUser
	}
	u, err := m.User(r.Context(), id)
	if err != nil {
		return err
	}
	path, err := m.NewPasswordLink(r.Context(), id, inviteFor)
	if err != nil {
		return err
	}
	made := &madeLink{url: here(r.Request, path), reason: "access.users.link.password", who: u.Name, until: r.Now.Add(inviteFor)}
	return m.showUsers(w, r, emptyForm(map[string]string{"role": string(experience.Agent)}), made)
}

func (m *room) setRole(w http.ResponseWriter, r *web.Request) error {
	if _, err := readForm(w, r); err != nil {
		return err
	}
	role := experience.Role(r.PostForm.Get("role"))
	return m.userAction("role", func(ctx context.Context, id experience.ID) error { return m.SetRole(ctx, id, role) })(w, r)
}

// userAction does one thing to one user. What is refused (the last owner) is
// said on the page.
func (m *room) userAction(what string, do func(context.Context, experience.ID) error) web.Handler {
	return func(w http.ResponseWriter, r *web.Request) error {
		id, err := experience.ParseID(r.PathValue("id"))
		if err != nil {
			return errNoUser
		}
		if err := do(r.Context(), id); err != nil {
			f := emptyForm(map[string]string{"role": string(experience.Agent)})
			if experience.CodeOf(err) != experience.Conflict || !f.refused(r.L, err) {
				return err
			}
			return m.showUsers(w, r, f, nil)
		}
		return done(w, r, "/settings/users", what)
	}
}

func (m *room) withdraw(w http.ResponseWriter, r *web.Request) error {
	id, err := experience.ParseID(r.PathValue("id"))
	if err != nil {
		return errLink
	}
	if err := m.Withdraw(r.Context(), id); err != nil {
		return err
	}
	return done(w, r, "/settings/users", "withdrawn")
}
