package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"regia/internal/app"
	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/testkit"
)

// doorAnswer is what the front door says.
type doorAnswer struct {
	Accepted int
	Rejected []struct {
		Index     int
		MessageID string `json:"message_id"`
		Error     string
	}
	Error string
}

func (h *house) knock(path, body string) (int, doorAnswer) {
	h.t.Helper()
	w := h.visit(visit{method: http.MethodPost, path: path, body: body, header: map[string]string{"X-Write-Key": h.key}})
	var a doorAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		h.t.Errorf("%s answers no JSON: %d %s", path, w.Code, w.Body)
	}
	return w.Code, a
}

// TestBadEventsTakeNothingWithThem: in a batch of good and bad events each bad
// one is told, by its place and with a reason, and the good ones arrive.
func TestBadEventsTakeNothingWithThem(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	before := h.interactions()
	future := h.Clock().Add(72 * time.Hour).UTC().Format(time.RFC3339)
	bad := []struct{ event, reason string }{
		{`{"type":"track","userId":"b","event":"X","timestamp":"` + future + `"}`, "future"},
		{`{"type":"track","userId":"b","event":"X","timestamp":"1970-01-01T00:00:00Z"}`, "197"},
		{`{"type":"track","userId":"b","event":"X","timestamp":1767225600}`, "seconds"},
		{`{"type":"track","userId":"b","event":"X","timestamp":"yesterday"}`, "timestamp"},
		{`{"type":"track","userId":"b","event":"X","timestamp":{"at":1}}`, "timestamp"},
		{`{"type":"track","event":"X"}`, "userId"},
		{`{"type":"track","userId":"","anonymousId":null,"event":"X"}`, "userId"},
		{`{"type":"track","userId":{"id":1},"event":"X"}`, "userId"},
		{`{"type":"track","userId":"b"}`, "event"},
		{`{"type":"track","userId":"b","event":["X"]}`, "event"},
		{`{"type":"track","userId":"b","event":"X","properties":[1]}`, "properties"},
		{`{"type":"track","userId":"b","event":"X","properties":"none"}`, "properties"},
		{`{"type":"identify","userId":"b","traits":"Anna"}`, "traits"},
		{`{"type":"track","userId":"b","event":"X","context":7}`, "context"},
		{`{"type":"track","userId":"b","event":"X","messageId":{}}`, "messageId"},
		{`{"type":"dance","userId":"b"}`, "type"},
		{`{"userId":"b","event":"X"}`, "type"},
		{`{"type":5,"userId":"b"}`, "type"},
		{`"a text"`, "object"},
		{`null`, "object"},
		{`[[]]`, "object"},
		{`{"type":"track","userId":"` + strings.Repeat("b", 600) + `","event":"X"}`, "userId"},
		{`{"type":"track","userId":"b","event":"` + strings.Repeat("X", 300) + `"}`, "name"},
		{`{"type":"track","userId":"b","event":"X","properties":{"n":1e400}}`, "number"},
		{`{"type":"track","userId":"b","event":"X","properties":` + strings.Repeat(`{"a":`, 80) + "1" + strings.Repeat("}", 80) + `}`, "nested"},
		{`{"type":"track","userId":"b","event":"X","properties":{"long":"` + strings.Repeat("x", 33<<10) + `"}}`, "bytes"},
	}
	var batch []string
	for _, b := range bad {
		batch = append(batch, b.event, `{"type":"track","userId":"good","event":"Good","unknown key":{"is":"ignored"}}`)
	}
	status, answer := h.knock("/v1/batch", `{"batch":[`+strings.Join(batch, ",")+`]}`)
	if status != http.StatusOK || answer.Accepted != len(bad) || len(answer.Rejected) != len(bad) {
		t.Errorf("%d: %d accepted, %d rejected; want %d of each: %+v", status, answer.Accepted, len(answer.Rejected), len(bad), answer)
	}
	told := map[int]string{}
	for _, r := range answer.Rejected {
		told[r.Index] = r.Error
	}
	for k, b := range bad {
		if !strings.Contains(told[2*k], b.reason) {
			t.Errorf("%.100s: the reason is %q, and says nothing of %q", b.event, told[2*k], b.reason)
		}
		status, answer := h.knock("/v1/batch", `{"batch":[`+b.event+`]}`)
		if status != http.StatusOK || answer.Accepted != 0 || len(answer.Rejected) != 1 {
			t.Errorf("alone in a batch, %.100s gets %d %+v", b.event, status, answer)
		}
	}
	h.must(h.Caught(t.Context()))
	if got := h.interactions() - before; got != int64(len(bad)) {
		t.Errorf("%d good events arrived, want %d", got, len(bad))
	}
}

func (h *house) interactions() int64 {
	h.t.Helper()
	s, err := h.Status.Status(h.t.Context())
	h.must(err)
	return s.Interactions
}

// TestBadBodies: what is no batch, or a single bad event, is refused as a
// whole, in words; and takes nothing in.
func TestBadBodies(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	before := h.interactions()
	for _, c := range []struct {
		path, body string
		status     int
		reason     string
	}{
		{"/v1/batch", ``, 400, "body"},
		{"/v1/batch", `{"batch":[{"type":"track","userId":"b","event":"X"}`, 400, "JSON"},
		{"/v1/batch", `{"batch":[{"type":"track" "userId":"b"}]}`, 400, "JSON"},
		{"/v1/batch", `not json`, 400, "JSON"},
		{"/v1/batch", `{"batch":[{"type":"track","userId":"b","event":"X"}]} and more`, 400, "JSON"},
		{"/v1/batch", `{}`, 400, "batch"},
		{"/v1/batch", `{"batch":"all"}`, 400, "batch"},
		{"/v1/batch", `{"batch":[` + strings.Repeat(`{},`, 600) + `{}]}`, 413, "500"},
		{"/v1/batch", `{"batch":["` + strings.Repeat("x", 5<<20) + `"]}`, 413, "large"},
		{"/v1/track", `{"userId":"b"}`, 400, "event"},
		{"/v1/track", `[]`, 400, "object"},
		{"/v1/track", "\xff\xfe{}", 400, "UTF-8"},
		{"/v1/identify", `{"traits":{"email":"a@b.it"}}`, 400, "userId"},
		{"/v1/import", `{"batch":[{"type":"track","userId":"b","event":"X"}]}`, 200, "messageId"},
	} {
		status, a := h.knock(c.path, c.body)
		said := a.Error
		if len(a.Rejected) > 0 {
			said = a.Rejected[0].Error
		}
		if status != c.status || !strings.Contains(said, c.reason) || a.Accepted != 0 {
			t.Errorf("%s %.60s: %d %q, %d accepted; want %d and a word of %q", c.path, c.body, status, said, a.Accepted, c.status, c.reason)
		}
	}
	for key, want := range map[string]int{"": 401, "wk_made-up": 401} {
		w := h.visit(visit{method: "POST", path: "/v1/track", body: `{"userId":"b","event":"X"}`, header: map[string]string{"X-Write-Key": key}})
		if w.Code != want || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("with the key %q: %d %s", key, w.Code, w.Body)
		}
	}
	h.must(h.Caught(t.Context()))
	if got := h.interactions(); got != before {
		t.Errorf("bad bodies brought %d interactions in", got-before)
	}
}

// TestNoEventHoldsTheWeaverUp: texts that no database keeps as they are pass,
// whatever part of an event or of a decision they stand in, and what comes
// after them is woven.
func TestNoEventHoldsTheWeaverUp(t *testing.T) {
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t, config(t))
			h.furnish()
			server, err := h.Sources.Create(t.Context(), "Server", collect.ServerSource, "") // which may send identifiers
			h.must(err)
			h.key = server.WriteKey
			for _, n := range []string{`\u0000`, `\ud800`, `\uffff`, `\u202e`} {
				for _, event := range []string{
					`{"type":"track","userId":"u","event":"E` + n + `"}`,
					`{"type":"track","userId":"u` + n + `1","anonymousId":"a` + n + `1","event":"E"}`,
					`{"type":"track","userId":"u","event":"E","messageId":"m` + n + `1"}`,
					`{"type":"track","userId":"u","event":"E","properties":{"p` + n + `":"v` + n + `","order_id":"o` + n + `","product_id":"p` + n + `","total":1,"currency":"E` + n + `R"}}`,
					`{"type":"track","userId":"u","event":"E","context":{"c` + n + `":"` + n + `","consent":{"c` + n + `":true},"ip":"` + n + `","userAgent":"` + n + `"}}`,
					`{"type":"identify","userId":"u","traits":{"email":"a` + n + `@b.it","firstName":"N` + n + `","loyalty_card":"c` + n + `1","t` + n + `":{"x` + n + `":"` + n + `"}}}`,
					`{"type":"track","userId":"u","event":"E","identifiers":[{"kind":"loyalty_card","value":"c` + n + `2"},{"kind":"k` + n + `","value":"c"}]}`,
					`{"type":"track","userId":"u","event":"E","identifiers":{"loyalty_card":"c` + n + `3"}}`,
					`{"type":"alias","userId":"u","previousId":"v` + n + `1"}`,
					`{"type":"group","userId":"u","groupId":"g` + n + `","traits":{"name":"` + n + `"}}`,
					`{"type":"page","userId":"u","name":"p` + n + `","category":"c` + n + `"}`,
				} {
					h.knock("/v1/batch", `{"batch":[`+event+`]}`)
				}
			}
			body := "{\"action\":\"shared\",\"a\":{\"kind\":\"email\",\"value\":\"a\\u0000b@example.it\"}}"
			w := h.visit(visit{method: "POST", path: "/api/v1/people/decisions", token: h.tokens[experience.Agent], body: body})
			h.problem(w, http.StatusBadRequest)
			h.afterAll()
		})
	}
}

// afterAll checks that what is sent now is woven.
func (h *house) afterAll() {
	h.t.Helper()
	before := h.interactions()
	h.send(`{"type":"track","userId":"after","event":"After All"}`)
	deadline := time.After(20 * time.Second)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for h.interactions() == before {
		select {
		case <-deadline:
			h.t.Fatal("the weaver is held up by something that was sent")
		case <-look.C:
		}
	}
}

// engines are what Regia can keep its books in.
var engines = map[string]func(*testing.T) app.Config{
	"embedded": func(*testing.T) app.Config { return app.Config{} },
	"postgres": func(t *testing.T) app.Config {
		return app.Config{Registry: testkit.Postgres(t), Ledger: testkit.Postgres(t)}
	},
}
