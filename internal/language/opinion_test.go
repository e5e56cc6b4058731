package language

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
)

func TestSecondOpinion(t *testing.T) {
	var asked struct {
		Model    string
		Messages []struct{ Role, Content string }
	}
	reply := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("%s, %v", r.URL, err)
		}
		if reply == "" {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		content, err := json.Marshal(reply)
		if err != nil {
			t.Error(err)
		}
		if _, err := io.WriteString(w, `{"choices":[{"message":{"content":`+string(content)+`}}]}`); err != nil {
			t.Log(err) // the client reads no more than it wants
		}
	}))
	defer server.Close()
	e := Endpoint{URL: server.URL + "/v1/", Model: "m", Key: "k", HTTP: server.Client()}
	reply = `{"sentiment": "negative", "topics": ["delivery", "weather"]}`
	got, err := e.Opinion(t.Context(), "Pacco perso"+strings.Repeat("à", opinionText), Topics)
	if d := cmp.Diff(Opinion{"negative", []string{"delivery"}}, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if n := len(asked.Messages[1].Content); asked.Model != "m" || n > opinionText || n < opinionText-2 {
		t.Errorf("sent %d bytes to %s", n, asked.Model)
	}
	for _, bad := range []string{"", "nonsense", `{"sentiment": "glad"}`, `{"sentiment": "` + strings.Repeat("x", opinionSize) + `"}`} {
		reply = bad
		if _, err := e.Opinion(t.Context(), "x", Topics); experience.CodeOf(err) != experience.Unavailable {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	for _, at := range []string{"http://example.com/v1", "ftp://localhost", "", "https://"} {
		if _, err := (Endpoint{URL: at}).Opinion(t.Context(), "x", nil); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("%q: %v", at, err)
		}
	}
}
