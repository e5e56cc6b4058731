package access

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"regia/internal/experience"
	"regia/internal/web"
)

// house is the room on a site that answers over HTTP.
type house struct {
	*bench
	server *httptest.Server
	site   *web.Site
}

func newHouse(t *testing.T) *house {
	t.Helper()
	b := sqlite(t)
	site, err := web.New(web.Options{Auth: b.Access, Clock: b.clock, SaveLanguage: b.SaveLanguage})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Register(site); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return &house{bench: b, server: server, site: site}
}

// browser keeps cookies and stops at redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	token  string
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{t: h.t, base: h.server.URL, client: &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser signed in with a role; "" is nobody.
func (h *house) as(role experience.Role) *browser {
	b := h.browser()
	if role == "" {
		return b
	}
	email := string(role) + "@example.it"
	if _, err := h.UserByEmail(h.t.Context(), email); err != nil {
		h.user(email, role)
	}
	u, err := url.Parse(h.server.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: cookieName, Value: h.signIn(email)}})
	return b
}

type page struct {
	status   int
	text     string
	location string
	header   http.Header
	cookies  []*http.Cookie
}

func (b *browser) do(method, path, contentType, body string, headers ...string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Accept", "text/html")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	var text strings.Builder
	if _, err := io.Copy(&text, answer.Body); err != nil {
		b.t.Fatal(err)
	}
	return page{answer.StatusCode, text.String(), answer.Header.Get("Location"), answer.Header, answer.Cookies()}
}

func (b *browser) get(path string, headers ...string) page {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", "", headers...)
}

func (b *browser) post(path string, fields ...string) page {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode())
}

func (p page) want(t *testing.T, what string, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: status %d, want %d\n%s", what, p.status, status, p.text)
	}
	for _, s := range texts {
		if !strings.Contains(p.text, s) {
			t.Errorf("%s: the page does not say %q\n%s", what, s, p.text)
		}
	}
}
