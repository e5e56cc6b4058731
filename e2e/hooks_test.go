package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A shopkeeper connects a shop system on the pages and takes data out; what the
// shop tells survives a kill, and told again changes nothing.
func TestWebhookAndExport(t *testing.T) {
	r := install(t)
	r.start()
	b := r.browse()
	b.signIn()
	b.speak("en")
	fill := func(path, script string) {
		b.do(t, "open "+path, chromedp.Navigate("http://"+r.addr+path), chromedp.WaitReady(chromedp.CSS("main form[method=post]")))
		ask[bool](t, b, "(() => {"+script+"; return true})()")
	}
	fill("/sources/new", `const f = document.querySelector("main form");
		f.elements.name.value = "Online shop"; f.elements.kind.value = "webhook"; f.requestSubmit()`)
	const path = "/sources/online-shop/webhook"
	b.do(t, "the next page", chromedp.WaitReady(chromedp.CSS(`select[name=preset]`)))
	fill(path, `const f = document.querySelector("#setup form"); f.elements.preset.value = "generic"; f.requestSubmit()`)
	b.do(t, "the secret", chromedp.WaitReady(chromedp.CSS("#secret code")))
	secret := ask[string](t, b, `document.querySelector("#secret code").textContent`)

	body := `{"id":"T-1","event":"Order Completed","time":"2026-03-02T10:15:00Z","amount":"12.50","currency":"EUR","customer":{"email":"anna@example.com","first_name":"Anna"}}`
	deliver := func() (answer struct {
		Accepted int
		Repeated bool
	}) {
		now := time.Now().Unix()
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", now, body)
		q, err := http.NewRequest(http.MethodPost, "http://"+r.addr+"/hooks/online-shop", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Regia-Signature", fmt.Sprintf("t=%d,v1=%x", now, mac.Sum(nil)))
		got, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		if err := json.NewDecoder(got.Body).Decode(&answer); err != nil || got.StatusCode != http.StatusOK {
			t.Fatalf("the delivery is answered %d (%v)", got.StatusCode, err)
		}
		return answer
	}
	want(t, "accepted", deliver().Accepted, 2)
	r.kill()
	r.start()
	want(t, "repeated", deliver().Repeated, true)
	r.woven()
	want(t, "the customer's contacts", len(r.timeline(r.person("email:anna@example.com").ID, 10)), 2)

	fill(path, `document.querySelector("#test form").requestSubmit()`)
	b.do(t, "the test's outcome", chromedp.WaitReady(chromedp.CSS("#test [role=status]")))
	if text := ask[string](t, b, `document.querySelector("#test").textContent`); !strings.Contains(text, "It makes 2 contacts") || !strings.Contains(text, "Order Completed") {
		t.Errorf("the test box says %q", text)
	}
	for _, language := range []string{"it", "en"} {
		b.speak(language)
		for _, page := range []string{path, "/export", "/sources/online-shop", "/people"} {
			b.look(t, page, language, 1280, 900, false)
			b.look(t, page, language, 390, 844, true)
		}
	}
	for _, said := range b.complaints() {
		t.Errorf("the console says: %s", said)
	}
}
