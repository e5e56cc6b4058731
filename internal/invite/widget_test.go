package invite

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regia/internal/testkit/books"
)

func TestTheWidgetIsOfferedWhatIsPlannedOnce(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	ask := func(body string) (code int, offer widgetOffer) {
		a := httptest.NewRecorder()
		w.site.ServeHTTP(a, httptest.NewRequest(http.MethodPost, "/v1/survey", strings.NewReader(body)))
		if a.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Error("other origins cannot read the answer")
		}
		if a.Code == http.StatusOK {
			if err := json.Unmarshal(a.Body.Bytes(), &offer); err != nil {
				t.Fatal(err)
			}
		}
		return a.Code, offer
	}
	rule := usualRule()
	rule.By, rule.Delay = Widget, 0
	w.rule(rule)
	w.happens(w.people.add(1))
	w.people.add(2)
	w.step()
	if code, _ := ask(`{"writeKey":"wk_other","anonymousId":"visitor-1"}`); code != http.StatusUnauthorized {
		t.Errorf("another key: %d", code)
	}
	if code, _ := ask(`{`); code != http.StatusBadRequest {
		t.Errorf("no JSON: %d", code)
	}
	if code, _ := ask(`{"writeKey":"` + strings.Repeat("x", maxWidget) + `"}`); code != http.StatusRequestEntityTooLarge {
		t.Errorf("too much: %d", code)
	}
	if _, offer := ask(`{"writeKey":"wk_site","anonymousId":"visitor-2"}`); offer.URL != "" {
		t.Errorf("somebody else is offered %s", offer.URL)
	}
	if _, offer := ask(`{"writeKey":"wk_site"}`); offer.URL != "" {
		t.Errorf("nobody is offered %s", offer.URL)
	}
	_, offer := ask(`{"writeKey":"wk_site","anonymousId":"visitor-1","language":"en-GB"}`)
	if !strings.HasPrefix(offer.URL, "https://regia.example/s/widget-") || offer.Title != "A question from Bottega" {
		t.Errorf("offered %+v", offer)
	}
	if _, again := ask(`{"writeKey":"wk_site","anonymousId":"visitor-1"}`); again.URL != "" {
		t.Errorf("offered again: %s", again.URL)
	}
	if _, again := ask(`{"writeKey":"wk_site","anonymousId":"visitor-1","survey":"consegna"}`); again.URL != "" {
		t.Errorf("the guard is passed by the page: %s", again.URL)
	}
	if _, open := ask(`{"writeKey":"wk_site","survey":"consegna"}`); !strings.HasSuffix(open.URL, "/s/widget-") {
		t.Errorf("who may not be recognised: %+v", open)
	}
	if _, fresh := ask(`{"writeKey":"wk_site","anonymousId":"stranger","survey":"consegna"}`); !strings.HasSuffix(fresh.URL, "/s/widget-?anonymous_id=stranger") {
		t.Errorf("who was not seen yet: %+v", fresh)
	}
	if _, asked := ask(`{"writeKey":"wk_site","anonymousId":"visitor-2","survey":"consegna"}`); len(asked.URL) < 40 {
		t.Errorf("who is known and was not asked: %+v", asked)
	}
	if code, _ := ask(`{"writeKey":"wk_site","survey":"altro"}`); code != http.StatusBadRequest {
		t.Errorf("another survey: %d", code)
	}
	w.after(time.Minute)
	if len(w.told) != 2 || w.told[0].Name != "Survey Sent" {
		t.Errorf("told %+v", w.told)
	}
}
