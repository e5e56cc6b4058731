package access

import (
	"net/http"

	"regia/internal/experience"
	"regia/internal/web"
)

// meView is what users see of themselves.
type meView struct {
	user     User
	sessions int
	profile  *form
	password *form
}

// me is the user who is asking. Tokens have no page of their own.
func (m *room) me(r *web.Request) (User, error) {
	id, err := experience.ParseID(r.User.ID)
	if err != nil || r.User.Token {
		return User{}, experience.Errorf(experience.Forbidden, "this page is for people, not for tokens")
	}
	return m.User(r.Context(), id)
}

func (m *room) mePage(w http.ResponseWriter, r *web.Request) error {
	u, err := m.me(r)
	if err != nil {
		return err
	}
	return m.showMe(w, r, u, nil, nil)
}

// showMe shows the page with one of its two forms as it was refused; nil is as stored.
func (m *room) showMe(w http.ResponseWriter, r *web.Request, u User, profile, password *form) error {
	status := http.StatusOK
	if profile == nil {
		profile = emptyForm(map[string]string{"name": u.Name, "language": u.Language})
	}
	if password == nil {
		password = emptyForm(nil)
	}
	status = max(status, profile.status, password.status)
	n, err := m.Sessions(r.Context(), u.ID)
	if err != nil {
		return err
	}
	said := r.L.T("access.me.answer", "name", u.Name, "role", r.L.RoleLabel(u.Role))
	return m.show(w, r, status, "me", said, meBody(meView{user: u, sessions: n, profile: profile, password: password}))
}

func (m *room) saveMe(w http.ResponseWriter, r *web.Request) error {
	u, err := m.me(r)
	if err != nil {
		return err
	}
	f, err := readForm(w, r, "name", "language")
	if err != nil {
		return err
	}
	if err = m.SetName(r.Context(), u.ID, f.values["name"]); err == nil {
		err = m.SetLanguage(r.Context(), u.ID, f.values["language"])
	}
	if err != nil {
		if !f.refused(r.L, err) {
			return err
		}
		return m.showMe(w, r, u, f, nil)
	}
	return done(w, r, "/settings/me", "me")
}

func (m *room) changePassword(w http.ResponseWriter, r *web.Request) error {
	u, err := m.me(r)
	if err != nil {
		return err
	}
	f, err := readForm(w, r, "present", "password")
	if err != nil {
		return err
	}
	secret, err := m.ChangePassword(r.Context(), u.ID, f.values["present"], f.values["password"])
	if err != nil {
		if !f.refused(r.L, err) {
			return err
		}
		return m.showMe(w, r, u, nil, f)
	}
	keepSession(w, r.Request, secret)
	return done(w, r, "/settings/me", "password")
}

func (m *room) signOutEverywhere(w http.ResponseWriter, r *web.Request) error {
	u, err := m.me(r)
	if err != nil {
		return err
	}
	if err := m.SignOutEverywhere(r.Context(), u.ID); err != nil {
		return err
	}
	dropSession(w, r.Request)
	return done(w, r, "/sign-in", "everywhere")
}
