package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestDirect: an address for programs has no policy for scripts and is not
// compressed; what goes wrong in it is answered like everywhere.
func TestDirect(t *testing.T) {
	var logs strings.Builder
	s := testSite(t, &logs)
	s.Handle("/v1/long", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("panic") {
			panic("at the disco")
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(r.Pattern + strings.Repeat(" ", 2*compressFrom)))
	}))
	w := ask(s, "POST", "/v1/long", "Accept-Encoding: gzip", "X-Forwarded-Proto: https")
	h := w.Header()
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Strict-Transport-Security") == "" || h.Get("Content-Security-Policy")+h.Get("Content-Encoding") != "" {
		t.Errorf("headers: %v", h)
	}
	if !strings.HasPrefix(w.Body.String(), "/v1/long ") {
		t.Errorf("the handler was told %.20q", w.Body)
	}
	w = ask(s, "POST", "/v1/long?panic=1", "Accept: application/json")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "disco") || !strings.Contains(logs.String(), "at the disco") {
		t.Errorf("%d %s, logged %s", w.Code, w.Body, logs.String())
	}
}
