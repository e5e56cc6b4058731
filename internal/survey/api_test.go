package survey

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"regia/internal/experience"
)

// call asks the API, and gives the status.
func (d *desk) call(method, path, body string, into any) int {
	d.t.Helper()
	request, err := http.NewRequest(method, d.server.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Cookie", "who=test")
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && into != nil && answer.StatusCode == http.StatusOK {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		d.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
	}
	return answer.StatusCode
}

func TestAPI(t *testing.T) {
	d := newDesk(t)
	const one = "/api/v1/surveys/shop-visit"
	var made struct {
		Version  int
		Path     string
		Problems []string
	}
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/api/v1/surveys", `{"set":"none-such"}`, 404},
		{"POST", "/api/v1/surveys", `{"set":"shop-visit"}`, 200},
		{"POST", one + "/responses", `{"answers":{"q1":{"score":5}}}`, 404}, // not published
		{"POST", one + "/publish", ``, 200},
		{"POST", one + "/responses", `{"answers":{"q1":{"score":6}}}`, 400},
		{"POST", one + "/responses", `{"answers":{"q9":{"score":5}}}`, 400},
		{"POST", one + "/responses", `{"answers":{}}`, 400}, // q1 is required
		{"POST", one + "/links", `{"channel":"qr","shop":"Trento"}`, 200},
		{"PUT", one + "/status", `{"status":"closed"}`, 200},
		{"POST", one + "/responses", `{"answers":{"q1":{"score":5}}}`, 409},
		{"PUT", one + "/status", `{"status":"open"}`, 200},
		{"DELETE", one, ``, 409},
	} {
		if got := d.call(c.method, c.path, c.body, &made); got != c.want {
			t.Errorf("%s %s %s answers %d, want %d", c.method, c.path, c.body, got, c.want)
		}
	}
	if made.Version != 1 || !strings.HasPrefix(made.Path, "/s/") || len(made.Problems) > 0 {
		t.Errorf("published %+v", made)
	}
	var taken, again surveyTaken
	const answer = `{"answers":{"q1":{"score":5},"q2":{"choice":["staff"]}},"shop":"Trento","reference":"till-7",
		"identifiers":[{"kind":"loyalty_card","value":"C-1"}]}`
	d.call("POST", one+"/responses", answer, &taken.Body)
	d.call("POST", one+"/responses", answer, &again.Body)
	if taken.Body.Response == "" || taken.Body.Response != again.Body.Response || taken.Body.Repeated || !again.Body.Repeated {
		t.Errorf("taken as %+v, then %+v", taken.Body, again.Body)
	}
	events, said := d.told()
	if len(events) != 1 || events[0].Identifiers[0].Kind != experience.LoyaltyCard || said[0].Channel != ByAPI || said[0].Scale != "smiley" {
		t.Errorf("told %+v %+v", events, said)
	}
	id := must[experience.ID](t)(experience.ParseID(taken.Body.Response))
	if r := must[Response](t)(d.Store.Response(t.Context(), id)); len(r.Who) > 0 || !r.Told {
		t.Errorf("who answered is still kept: %+v", r)
	}
	var results surveyResults
	d.call("GET", one+"/results", "", &results.Body)
	if results.Body.Finished != 1 || results.Body.Figures[0].N != 1 || results.Body.Figures[0].Value != nil {
		t.Errorf("results %+v", results.Body)
	}
	d.as.Role = experience.Viewer
	if got := d.call("POST", one+"/publish", "", nil); got != http.StatusForbidden {
		t.Errorf("a viewer publishes with %d", got)
	}
}
