package access

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"regia/internal/experience"
	"regia/internal/web"
)

func (m *room) registerSettings() {
	s := m.site
	s.Page("GET /settings", anybody, m.companyPage)
	s.Page("POST /settings", steerers, m.saveCompany)

	s.Page("GET /settings/users", keepers, m.usersPage)
	s.Page("POST /settings/users/invite", keepers, m.invite)
	s.Page("POST /settings/users/{id}/role", keepers, m.setRole)
	s.Page("POST /settings/users/{id}/disable", keepers, m.userAction("disabled", m.Disable))
	s.Page("POST /settings/users/{id}/enable", keepers, m.userAction("enabled", m.Enable))
	s.Page("POST /settings/users/{id}/remove", keepers, m.userAction("removed", m.Remove))
	s.Page("POST /settings/users/{id}/password-link", keepers, m.passwordLink)
	s.Page("POST /settings/invitations/{id}/withdraw", keepers, m.withdraw)

	s.Page("GET /settings/tokens", keepers, m.tokensPage)
	s.Page("POST /settings/tokens", keepers, m.makeToken)
	s.Page("POST /settings/tokens/{id}/revoke", keepers, m.revokeToken)

	s.Page("GET /settings/me", anybody, m.mePage)
	s.Page("POST /settings/me", anybody, m.saveMe)
	s.Page("POST /settings/me/password", anybody, m.changePassword)
	s.Page("POST /settings/me/sign-out-everywhere", anybody, m.signOutEverywhere)
}

// Tabs are the parts of the settings that the reader may see.
func Tabs(r *web.Request, active string) []web.Tab {
	var out []web.Tab
	add := func(key, path string, allow []experience.Role) {
		if r.User.May(allow) {
			out = append(out, web.Tab{Label: r.L.T("access.tab." + key), URL: path, Active: key == active})
		}
	}
	add("company", "/settings", steerers)
	add("users", "/settings/users", keepers)
	add("tokens", "/settings/tokens", keepers)
	add("mail", "/settings/mail", keepers)
	add("me", "/settings/me", anybody)
	return out
}

// show renders one part of the settings; said is the answer to its question.
func (m *room) show(w http.ResponseWriter, r *web.Request, status int, part, said string, body templ.Component) error {
	p := web.Page{Room: "settings", Title: r.L.T("access.tab." + part)}
	head := web.HeadProps{Question: r.L.T("access." + part + ".question"), Answer: said}
	return m.site.RenderStatus(w, r, status, p, settingsBody(head, Tabs(r, part), doneText(r), body))
}

func (m *room) companyPage(w http.ResponseWriter, r *web.Request) error {
	if !r.User.May(steerers) {
		http.Redirect(w, r.Request, "/settings/me", http.StatusSeeOther)
		return nil
	}
	c, err := m.db.Company(r.Context())
	if err != nil {
		return err
	}
	return m.showCompany(w, r, companyForm(c), c)
}

func (m *room) showCompany(w http.ResponseWriter, r *web.Request, f *form, c experience.Company) error {
	said := r.L.T("access.company.answer", "zone", strings.ReplaceAll(c.TimeZone, "_", " "), "currency", c.Currency)
	return m.show(w, r, f.status, "company", said, companyBody(f))
}

func (m *room) saveCompany(w http.ResponseWriter, r *web.Request) error {
	f, err := readForm(w, r, companyFields...)
	if err != nil {
		return err
	}
	c, ok := companyFrom(f, r.L)
	if !ok {
		return m.showCompany(w, r, f, r.Company)
	}
	if err := m.db.SaveCompany(r.Context(), c); err != nil {
		return err
	}
	m.log.InfoContext(r.Context(), "company saved", "by", r.User.ID)
	m.companyChanged(r.Context())
	return done(w, r, "/settings", "company")
}

func (m *room) tokensPage(w http.ResponseWriter, r *web.Request) error {
	return m.showTokens(w, r, emptyForm(map[string]string{"role": string(experience.Viewer)}), "")
}

// showTokens lists the tokens; secret is that of one just made, shown this once.
func (m *room) showTokens(w http.ResponseWriter, r *web.Request, f *form, secret string) error {
	tokens, err := m.ListTokens(r.Context())
	if err != nil {
		return err
	}
	title := r.L.T("access.tokens.title", "n", len(tokens))
	if len(tokens) == 0 {
		title = r.L.T("access.tokens.title.none")
	}
	return m.show(w, r, f.status, "tokens", title, tokensBody(tokens, f, secret, here(r.Request, "")))
}

func (m *room) makeToken(w http.ResponseWriter, r *web.Request) error {
	f, err := readForm(w, r, "name", "role")
	if err != nil {
		return err
	}
	secret, err := m.CreateToken(r.Context(), f.values["name"], experience.Role(f.values["role"]))
	if err != nil {
		if !f.refused(r.L, err) {
			return err
		}
		return m.showTokens(w, r, f, "")
	}
	return m.showTokens(w, r, emptyForm(map[string]string{"role": f.values["role"]}), secret)
}

func (m *room) revokeToken(w http.ResponseWriter, r *web.Request) error {
	id, err := experience.ParseID(r.PathValue("id"))
	if err != nil {
		return errNoToken
	}
	if err := m.RevokeToken(r.Context(), id); err != nil {
		return err
	}
	return done(w, r, "/settings/tokens", "revoked")
}
