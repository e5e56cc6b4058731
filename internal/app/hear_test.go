package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"regia/internal/app"
	"regia/internal/experience"
)

// What is said elsewhere comes in by the front door, belongs to a touchpoint
// that is not the brand's, and is a customer's only where a human says so, for
// as long as they say so.
func TestWhatIsHeardBecomesSomebodysOnlyByAHuman(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	now := time.Now().UTC()
	day := func(back int) string { return now.AddDate(0, 0, -back).Format(time.RFC3339) }
	h.send(`{"type":"identify","userId":"m-1","traits":{"firstName":"Maria","lastName":"Rossi","email":"maria@example.it"}}`)
	h.send(`{"type":"track","userId":"m-1","event":"Order Completed","timestamp":"` + day(9) + `","properties":{"order_id":"m-o-1","total":80,"currency":"EUR"}}`)
	h.send(`{"type":"identify","userId":"m-2","traits":{"firstName":"Maria","lastName":"Rosati"}}`) // who never bought
	owner := h.tokens[experience.Owner]
	api := func(method, path, body, kind string, want int, into any) {
		t.Helper()
		w := h.visit(visit{method: method, path: path, body: body, token: owner, header: map[string]string{"Content-Type": kind}})
		if w.Code != want {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if into != nil {
			h.must(json.Unmarshal(w.Body.Bytes(), into))
		}
	}
	var post struct{ ID string }
	api("POST", "/api/v1/listening-posts", `{"kind":"google","listens_to":{"place":"Milano"}}`, "application/json", http.StatusCreated, &post)
	review := fmt.Sprintf(`{"reviews":[{"name":"accounts/1/locations/2/reviews/r1","starRating":"TWO","reviewer":{"displayName":"Maria R."},"comment":"Consegna in ritardo","createTime":%q}]}`, day(2))
	for range 2 { // brought twice, it counts once
		body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"reviews.json\"\r\n\r\n" + review + "\r\n--b--\r\n"
		api("POST", "/api/v1/listening-posts/"+post.ID+"/file", body, "multipart/form-data; boundary=b", http.StatusAccepted, nil)
		h.must(h.Listen.LookNow(t.Context(), post.ID, 10*time.Second))
	}
	h.must(h.Caught(t.Context()))
	var n int
	h.must(h.Ledger.QueryRow(t.Context(), `SELECT count(*) FROM interactions WHERE name = 'Review Posted' AND touchpoint = 'review'`).Scan(&n))
	if n != 1 {
		t.Fatalf("%d reviews in the record", n)
	}
	type suggestions struct {
		Items []struct {
			Author, Shown string
			Maybe         []struct {
				Name       string
				Identifier experience.Identifier
			}
		}
	}
	var maybe suggestions
	h.read("/api/v1/voice-authors", &maybe)
	if len(maybe.Items) != 1 || len(maybe.Items[0].Maybe) != 1 || maybe.Items[0].Maybe[0].Name != "Maria Rossi" {
		t.Fatalf("%+v", maybe)
	}
	holders := func() (people int) {
		t.Helper()
		h.must(h.Caught(t.Context()))
		seen := map[string]bool{}
		for _, i := range []string{"author:" + maybe.Items[0].Author, "user_id:m-1"} {
			var found struct{ Items []struct{ ID string } }
			h.read("/api/v1/people?identifier="+i, &found)
			for _, p := range found.Items {
				seen[p.ID] = true
			}
		}
		return len(seen)
	}
	if holders() != 2 {
		t.Fatal("the author was joined without anybody's word")
	}
	decide := func(action string) (id string) {
		t.Helper()
		text, err := json.Marshal(map[string]any{"author": maybe.Items[0].Author, "shown": "Maria R.", "platform": "Google", "person": maybe.Items[0].Maybe[0].Identifier, "action": action})
		h.must(err)
		var said struct{ ID string }
		api("POST", "/api/v1/voice-authors/decisions", string(text), "application/json", http.StatusAccepted, &said)
		return said.ID
	}
	same := decide("same")
	if holders() != 1 {
		t.Error("a human's word does not join")
	}
	w := h.visit(visit{method: "GET", path: "/voice/sources/authors", token: owner})
	if !strings.Contains(w.Body.String(), "Maria R.") {
		t.Errorf("the decision is not on the page: %d", w.Code)
	}
	api("DELETE", "/api/v1/voice-authors/decisions/"+same, "", "", http.StatusNoContent, nil)
	if holders() != 2 {
		t.Error("undone, they are still one")
	}
	decide("different")
	h.must(h.Caught(t.Context()))
	var none suggestions
	if h.read("/api/v1/voice-authors", &none); len(none.Items) != 0 {
		t.Errorf("dismissed, and suggested again: %+v", none)
	}
}
