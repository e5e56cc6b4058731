package access

import (
	"embed"
	"net/http"
	"net/url"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Who may do what in the settings. Everybody may see to their own affairs.
var (
	keepers  = []experience.Role{experience.Owner}                     // users and tokens
	steerers = []experience.Role{experience.Owner, experience.Manager} // the company
	anybody  = experience.Roles
)

// inviteFor is how long an invitation or a new-password link made on a page or
// through the API stays good, unless said otherwise.
const inviteFor = 7 * 24 * time.Hour

// room is Access on a site.
type room struct {
	*Access
	site *web.Site
}

// Register puts the room's texts, pages and operations on the site.
func (a *Access) Register(site *web.Site) error {
	if err := site.Messages(messages); err != nil {
		return err
	}
	r := &room{Access: a, site: site}
	site.Room(web.Room{Key: "settings", Path: "/settings", Icon: "settings", Order: 90, Allow: anybody})
	r.registerDoor()
	r.registerSettings()
	r.registerAPI()
	return nil
}

// isHTTPS also believes a proxy's word: lying about it harms only the liar.
func isHTTPS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// here makes a whole URL of a path, as the reader's browser sees us.
func here(r *http.Request, path string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: path}
	if isHTTPS(r) {
		u.Scheme = "https"
	}
	return u.String()
}

// cookieLife is the longest a browser keeps a cookie. The session behind it
// ends earlier, and slides on while it is used: the registry knows when.
const cookieLife = 400 * 24 * time.Hour

// keepSession puts a session's secret into the browser.
func keepSession(w http.ResponseWriter, r *http.Request, secret string) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: secret, Path: "/", MaxAge: int(cookieLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: isHTTPS(r)})
}

func dropSession(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: isHTTPS(r)})
}

// sessionSecret is what the browser's cookie holds; "" without one.
func sessionSecret(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return c.Value
}
