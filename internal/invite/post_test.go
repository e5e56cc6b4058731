package invite

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regia/internal/testkit/books"
)

func TestATextMessageIsSignedAndTriedAgain(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	var got []string
	answers := []int{http.StatusInternalServerError, http.StatusAccepted, http.StatusBadRequest}
	var secret string
	gateway := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, q *http.Request) {
		raw, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		if want := "v1," + signature(secret, q.Header.Get("Webhook-Id")+"."+q.Header.Get("Webhook-Timestamp")+"."+string(raw)); q.Header.Get("Webhook-Signature") != want {
			t.Errorf("signed %q, want %q", q.Header.Get("Webhook-Signature"), want)
		}
		got = append(got, string(raw))
		a.WriteHeader(answers[0])
		answers = answers[1:]
	}))
	t.Cleanup(gateway.Close)
	var err error
	if secret, err = w.SaveSettings(t.Context(), Settings{Window: 30, Gateway: gateway.URL}); err != nil || secret == "" {
		t.Fatal(secret, err)
	}
	if again, err := w.SaveSettings(t.Context(), Settings{Window: 30, Gateway: gateway.URL}); again != "" || err != nil {
		t.Errorf("the secret is shown again: %v", err)
	}
	rule := usualRule()
	rule.By, rule.Delay = SMS, 0
	w.rule(rule)
	w.happens(w.people.add(1))
	w.step()
	if f := w.figures(); len(got) != 1 || f.States[Queued] != 1 {
		t.Fatalf("%d messages, %+v", len(got), f)
	}
	w.after(2 * time.Minute)
	var said struct{ To, Text, ID string }
	if err := json.Unmarshal([]byte(got[1]), &said); err != nil || said.To != "+393331234561" || !strings.Contains(said.Text, "https://regia.example/s/sms-") || !strings.Contains(said.Text, "/u/") {
		t.Errorf("said %+v %v", said, err)
	}
	if f := w.figures(); f.States[Sent] != 1 {
		t.Errorf("%+v", f)
	}
	w.happens(w.people.add(2))
	w.after(time.Minute)
	if f := w.figures(); f.States[Bounced] != 1 || len(got) != 3 {
		t.Errorf("a number that is none: %+v, %d messages", f, len(got))
	}
}

func TestAGatewayElsewhereNeedsHTTPS(t *testing.T) {
	for address, good := range map[string]bool{
		"https://sms.example/send": true, "http://localhost:9000/": true, "http://127.0.0.1:9000": true, "http://sms.example/": false, "ftp://x": false, "https://a:b@sms.example/": false, "sms": false,
	} {
		_, err := Settings{Window: 1, Gateway: address}.checked()
		if (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}
