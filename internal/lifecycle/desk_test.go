package lifecycle

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

// house is the room on a site.
type house struct {
	t    *testing.T
	room *Room
	site *web.Site
	rows []experience.Interaction
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, room: on(books.Ledger(t), books.Registry(t))}
	h.room.Clock = func() time.Time { return now }
	h.room.Patience = time.Minute
	var err error
	if h.site, err = web.New(web.Options{Auth: byHeader{}, Clock: h.room.Clock}); err != nil {
		t.Fatal(err)
	}
	if err := h.room.Register(h.site); err != nil {
		t.Fatal(err)
	}
	return h
}

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// byHeader signs in whoever says a role in the cookie.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(role), Language: language}, nil
}

func (h *house) ask(method, target, cookie string, body string, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Cookie", "role="+cookie)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

func (h *house) get(target, cookie string, header ...string) string {
	h.t.Helper()
	w := h.ask(http.MethodGet, target, cookie, "", header...)
	if w.Code != http.StatusOK {
		h.t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

func (h *house) send(target, cookie string, form url.Values, header ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.ask(http.MethodPost, target, cookie, form.Encode(), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("the page does not say %q", p)
		}
	}
}
