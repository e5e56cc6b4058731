package collect

import (
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"regia/internal/experience"
)

const goodBatch = `{"sentAt":"2026-11-22T10:30:00Z","context":{"library":{"name":"x"}},"batch":[` +
	`{"type":"track","userId":"u","event":"Order Completed","messageId":"m","timestamp":"2026-11-22T10:29:00Z","properties":{"total":12.5,"items":[{"sku":"a\u00e9"}]}},` +
	`{"type":"identify","anonymousId":"a","traits":{"name":"Città","ok":true,"no":null}}]}`

// brokenBodies makes bodies that are no JSON: cut, and with bytes changed.
func brokenBodies(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	list := []string{"", " ", "null", "true", "7", `"text"`, "[]", "[{}]", "{", "}", "{]", `{"batch":[}`, `{"batch":[{]}`, `{"a":1}}`, "\x00", "\xff\xfe{}", "<xml/>", "a=b&c=d",
		`{"batch":[1,]}`, `{'batch':[]}`, `{"batch":[]} x`, "{\"batch\":[\"\xc3\x28\"]}", "{\"batch\":[\"\n\"]}", `{"batch":[NaN]}`, `{"batch":[01]}`, `{"batch":[{"userId":"\x"}]}`,
		strings.Repeat("[", 100_000), strings.Repeat(`{"batch":`, 100_000)}
	for len(list) < n {
		b := []byte(goodBatch)
		switch r.IntN(3) {
		case 0:
			b = b[:r.IntN(len(b))]
		case 1:
			b[r.IntN(len(b))] = byte(r.IntN(256))
		case 2:
			i := r.IntN(len(b))
			b = append(b[:i:i], b[min(len(b), i+1+r.IntN(8)):]...)
		}
		if !json.Valid(b) || !utf8.Valid(b) {
			list = append(list, string(b))
		}
	}
	return list
}

// Broken bodies are refused with 4xx, and change nothing.
func TestBrokenBodies(t *testing.T) {
	h := newHouse(t, nil)
	for _, body := range brokenBodies(220) {
		for _, path := range []string{"/v1/batch", "/v1/import", "/v1/track"} {
			if path == "/v1/track" && json.Valid([]byte(body)) {
				continue // a list or a number is refused as well, but that is another test's
			}
			a := h.post(ServerSource, path, body)
			if a.status < 400 || a.status > 499 || a.Accepted != 0 || a.Error == "" {
				t.Errorf("%s %.80q: %d %q", path, body, a.status, a.Error)
			}
		}
	}
	if n := len(h.records()); n != 0 {
		t.Errorf("%d events in the log", n)
	}
	if a := h.post(ServerSource, "/v1/batch", goodBatch); a.Accepted != 2 {
		t.Errorf("the good one: %+v", a)
	}
}

// Whatever arrives, the door answers and the log holds only whole events that
// the books can keep.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{goodBatch, `{"userId":1,"event":"X"}`, `{"batch":[{"type":"page","userId":"\ud800","context":{"ip":"x"}}]}`,
		`{"batch":[{"type":"alias","userId":"a","previousId":"b","identifiers":[{"kind":"email","value":"x"}],"context":{"externalIds":[{"type":"a","id":"b"}]}}]}`} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(6))
	}
	h := newHouse(f, nil)
	paths := []string{"identify", "track", "page", "screen", "group", "alias", "batch", "import"}
	f.Fuzz(func(t *testing.T, body string, path uint8) {
		r := httptest.NewRequest("POST", "/v1/"+paths[int(path)%len(paths)], strings.NewReader(body))
		r.SetBasicAuth(h.keys[ServerSource], "")
		w := httptest.NewRecorder()
		h.mux.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var a answered
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		records := h.records()
		if a.Accepted != len(records) {
			t.Fatalf("%d accepted, %d in the log", a.Accepted, len(records))
		}
		for _, rec := range records {
			checkRecord(t, rec)
		}
	})
}

func checkRecord(t *testing.T, rec experience.Record) {
	t.Helper()
	var e experience.Event
	if err := json.Unmarshal(rec.Event, &e); err != nil {
		t.Fatalf("%s: %v", rec.Event, err)
	}
	if e.MessageID == "" || e.Kind == "" || e.Time.IsZero() || e.UserID == "" && e.AnonymousID == "" && len(e.Identifiers) == 0 {
		t.Fatalf("incomplete: %s", rec.Event)
	}
	if text := string(rec.Event); !utf8.ValidString(text) || strings.Contains(strings.ReplaceAll(text, `\\`, ""), `\u0000`) {
		t.Fatalf("the books cannot keep %q", text)
	}
	for _, object := range []json.RawMessage{e.Properties, e.Traits, e.Context} {
		if object != nil && object[0] != '{' {
			t.Fatalf("not an object: %s", object)
		}
	}
}
