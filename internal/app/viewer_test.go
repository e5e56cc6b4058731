package app_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"regia/internal/app"
	"regia/internal/experience"
	"regia/internal/web"
)

// looks are ways of asking for a route that may show more than the bare one:
// queries, or whole paths. None carries one of the secrets: an answer may repeat what was asked.
var looks = map[string][]string{
	"/explore/funnel":                 {"?step=event%3ALogin&by=properties.email&period=all", "?step=kind%3Aidentify&period=all"},
	"/explore/funnel/people":          {"?step=kind%3Aidentify&at=1&period=all", "?step=kind%3Atrack&case=properties.email&at=1&period=all"},
	"/explore/paths":                  {"?anchor=kind%3Atrack&by=properties.email&period=all", "?anchor=kind%3Atrack&period=all"},
	"/explore/process":                {"?by=properties.email&period=all", "?case=properties.email&period=all"},
	"/explore/trends":                 {"?by=properties.email&period=all", "?by=event&period=all"},
	"/explore/trends.csv":             {"?by=properties.email&period=all", "?by=properties.name&period=all"},
	"/people":                         {"?q=zebe", "?q=uni"},
	"/people/suggest":                 {"?q=zebe", "?q=uni"},
	"/people/{id}/timeline":           {"?all=true", "?before=2030-01-01T00:00:00Z"},
	"/pulse":                          {"?period=12m", "?period=today", "?period=12m&all=1"},
	"/api/v1/people":                  {"?q=zebe", "?identifier=user_id:z-1", "?identifier=user_id:z-2", "?limit=200"},
	"/api/v1/people/{id}/timeline":    {"?all=true&limit=1000"},
	"/api/v1/pulse":                   {"?period=12m&all=true"},
	"/touchpoints/unbound":            {"?all=1"},
	"/api/v1/touchpoints/unbound":     {"?limit=200"},
	"/api/v1/sources/{id}/rejections": {"?limit=200"},
}

// whereSecretsAre are pages and operations that show Zebedeo to an owner: where
// a viewer's silence means something.
var whereSecretsAre = []string{
	"/people", "/people/suggest", "/people/{id}", "/people/{id}/timeline",
	"/api/v1/people", "/api/v1/people/{id}", "/api/v1/people/{id}/timeline",
	"/surveys/{key}/results", "/surveys/{key}/texts", "/surveys/{key}/answers.csv",
}

// TestViewersNeverSeePersonalData walks all that a viewer may look at, as a
// page, as a piece of one and as JSON, in both languages.
func TestViewersNeverSeePersonalData(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	var shown []string
	for _, r := range h.Site.Routes() {
		if r.Method != http.MethodGet || slices.Contains(streams, r.Pattern) {
			continue
		}
		for _, path := range append([]string{""}, looks[r.Pattern]...) {
			if !strings.HasPrefix(path, "/") {
				path = h.path(r.Pattern) + path
			}
			if w := h.look(r, path, experience.Owner, nil); w.Code == http.StatusOK && leaked(w.Body.String()) != "" {
				shown = append(shown, r.Pattern)
			}
			for _, header := range []map[string]string{
				{"Accept-Language": "it"}, {"Accept-Language": "en"}, {"Accept": "application/json"}, {"HX-Request": "true"},
				{"HX-Request": "true", "HX-Target": "people"},
			} {
				w := h.look(r, path, experience.Viewer, header)
				if s := leaked(w.Body.String() + fmt.Sprint(w.Header())); s != "" {
					t.Errorf("GET %s (%v) tells a viewer %q: …%s…", path, header, s, around(w.Body.String(), s))
				}
			}
		}
	}
	shown = slices.Compact(shown)
	for _, pattern := range whereSecretsAre {
		if !slices.Contains(shown, pattern) {
			t.Errorf("%s shows an owner nothing of Zebedeo: a viewer's silence there proves nothing", pattern)
		}
	}
}

func (h *house) look(r web.Route, path string, role experience.Role, header map[string]string) *httptest.ResponseRecorder {
	v := visit{method: http.MethodGet, path: path, header: header}
	if r.Kind == "api" {
		v.token = h.tokens[role]
	} else {
		v.session = h.session(role)
	}
	return h.visit(v)
}

// leaked gives the first secret in a text; "" when there is none.
func leaked(text string) string {
	text = strings.ToLower(text)
	for _, s := range secrets {
		if strings.Contains(text, s) {
			return s
		}
	}
	return ""
}

func around(text, secret string) string {
	at := strings.Index(strings.ToLower(text), secret)
	return text[max(0, at-120):min(len(text), max(at, 0)+60)]
}

// TestViewersHearNothingPersonal: what the Pulse tells as it happens is masked
// as the page is.
func TestViewersHearNothingPersonal(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	server := httptest.NewServer(h.Site)
	defer server.Close()
	defer h.Site.CloseStreams()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/pulse/events", nil)
	h.must(err)
	r.AddCookie(&http.Cookie{Name: "regia_session", Value: h.session(experience.Viewer)})
	answer, err := server.Client().Do(r)
	h.must(err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 4<<20)
	told := 0
	for sent := false; lines.Scan(); {
		if !sent { // the stream is open: its first line is there
			h.send(`{"type":"track","userId":"z-1","event":"Product Viewed","properties":{"recipient":"Zebedeo Unico"}}`)
			sent = true
		}
		if s := leaked(lines.Text()); s != "" {
			t.Fatalf("the stream tells a viewer %q", s)
		}
		if strings.HasPrefix(lines.Text(), "data: ") {
			told++
		} else if told > 0 && lines.Text() == "" {
			return
		}
	}
	t.Fatalf("the stream told nothing: %v", lines.Err())
}
