package collect

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
)

func (h *house) deliver(kind SourceKind, what, body, id string) (again time.Duration) {
	h.t.Helper()
	return h.door.Take(h.t.Context(), Delivery{Key: h.keys[kind], What: what, Body: []byte(body), ReceivedAt: testNow.Add(-time.Minute), ID: id})
}

func TestDeliveriesAreTaken(t *testing.T) {
	h := newHouse(t, nil)
	for _, c := range []struct{ what, body string }{
		{"track", `{"userId":"u","event":"X"}`},
		{"identify", "\xef\xbb\xbf" + `{"userId":"u"}`},
		{"batch", `{"batch":[{"type":"track","userId":"u","event":"A"},{"type":"track","userId":"u","event":"B","messageId":"mine"},{"type":"track","userId":"u","event":"C"}]}`},
		{"batch", `{"batch":[]}`},
	} {
		if again := h.deliver(Shop, c.what, c.body, "d1"); again != 0 {
			t.Errorf("%s %s is wanted again after %v", c.what, c.body, again)
		}
	}
	var ids []string
	for _, r := range h.records() {
		var e experience.Event
		must(t, json.Unmarshal(r.Event, &e))
		ids = append(ids, e.MessageID)
		if !e.Time.Equal(testNow.Add(-time.Minute)) {
			t.Errorf("%s happened at %v, not when it was received", e.MessageID, e.Time)
		}
		if r.Source != "shop" || !r.ReceivedAt.Truncate(time.Millisecond).Equal(testNow.Add(-time.Minute).Truncate(time.Millisecond)) {
			t.Errorf("the record %+v", r)
		}
	}
	if want := []string{"d1-1", "d1-1", "d1-1", "mine", "d1-2"}; !slices.Equal(ids, want) {
		t.Errorf("the ids are %q, want %q", ids, want)
	}
}

// What is refused is refused for good, and noted for its source.
func TestDeliveriesAreRefused(t *testing.T) {
	h := newHouse(t, nil)
	for n, c := range []struct{ what, body, class string }{
		{"track", `{"userId":"u"}`, "name"},
		{"track", `{"userId":`, "body"},
		{"track", `[]`, "body"},
		{"track", "", "body"},
		{"track", "{\"userId\":\"\xff\"}", "body"},
		{"import", `{"batch":[]}`, "body"},
		{"track/now", `{"userId":"u","event":"X"}`, "body"},
		{"batch", `{"userId":"u","event":"X"}`, "body"},
		{"batch", `{"batch":[{"type":"nonsense","userId":"u"}]}`, "type"},
		{"track", `{"userId":"` + strings.Repeat("u", 5<<20) + `"}`, "size"},
		{"track", `{"userId":"u","event":"X","properties":{"p":"` + strings.Repeat("u", 40<<10) + `"}}`, "size"},
	} {
		if again := h.deliver(Shop, c.what, c.body, "d"); again != 0 {
			t.Errorf("%s %.40s is wanted again after %v", c.what, c.body, again)
		}
		list := h.rejections("shop", n+1)
		if len(list) != n+1 || list[0].Class != c.class {
			t.Fatalf("%s %.40s was noted as %+v", c.what, c.body, list)
		}
	}
	if n := len(h.records()); n != 0 {
		t.Errorf("%d events in the log", n)
	}
}

// rejections waits until n are written down.
func (h *house) rejections(source string, n int) []Rejection {
	h.t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		list, err := h.sources.Rejections(h.t.Context(), source, n)
		must(h.t, err)
		if len(list) >= n {
			return list
		}
		select {
		case <-again.C:
		case <-h.t.Context().Done():
			return list
		}
	}
}

func TestDeliveriesOfNobody(t *testing.T) {
	h := newHouse(t, nil)
	off := true
	disabled, err := h.sources.Create(t.Context(), "old", Shop, "")
	must(t, err)
	_, err = h.sources.Update(t.Context(), disabled.ID, Change{Disabled: &off})
	must(t, err)
	for _, key := range []string{"", "wk_unknown", RegiaID, disabled.WriteKey} {
		again := h.door.Take(t.Context(), Delivery{Key: key, What: "track", Body: []byte(`{"userId":"u","event":"X"}`), ReceivedAt: testNow})
		if again != 0 || len(h.records()) != 0 {
			t.Errorf("with the key %q: again after %v, %d events in the log", key, again, len(h.records()))
		}
	}
}

// What cannot be taken now is wanted again.
func TestDeliveriesComeAgain(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits = Limits{Rate: 1, Burst: 1, Batch: 1, ImportBatch: 1} })
	const event = `{"userId":"u","event":"X"}`
	h.log.err = experience.Errorf(experience.Unavailable, "the log is full")
	if again := h.deliver(Shop, "track", event, "d"); again <= 0 {
		t.Error("a full log")
	}
	h.log.err = errors.New("broken")
	if again := h.deliver(ServerSource, "track", event, "d"); again <= 0 {
		t.Error("a broken log")
	}
	h.log.err = nil
	if again := h.deliver(Shop, "track", event, "d"); again != time.Duration(later)*time.Second {
		t.Errorf("too fast: again after %v", again)
	}
	h.door.Close()
	if again := h.deliver(DeviceSource, "track", event, "d"); again <= 0 {
		t.Error("a closed door")
	}
	if n := len(h.records()); n != 0 {
		t.Errorf("%d events in the log", n)
	}
}

// A device may count without knowing anybody; nobody else may.
func TestNobody(t *testing.T) {
	h := newHouse(t, nil)
	const counted = `{"event":"Shop Visited","properties":{"in":3,"out":1}}`
	for _, kind := range Kinds {
		if kind == ImportSource {
			continue
		}
		a := h.post(kind, "/v1/track", counted)
		if want := map[bool]int{true: 200, false: 400}[kind == DeviceSource]; a.status != want {
			t.Errorf("%s: %d %s, want %d", kind, a.status, a.Error, want)
		}
	}
	if e := h.events(); len(e) != 1 || e[0].UserID != "" || e[0].AnonymousID != "" {
		t.Errorf("%+v", e)
	}
}

// Whatever a device sends to whatever topic, the door stands, what it takes is
// sound, and nothing is wanted again that could not get better.
func FuzzDelivery(f *testing.F) {
	f.Add("track", []byte(`{"userId":"u","event":"X","properties":{"a":[1,2.5e3,null]}}`), true)
	f.Add("batch", []byte(`{"batch":[{"type":"page","anonymousId":"a"}],"sentAt":"2026-11-22T10:30:00Z","context":{"ip":"::1"}}`), false)
	f.Add("track/x", []byte(`{"event":"\u0000\ud800"}`), true)
	h := newHouse(f, func(o *Options) { o.Limits = Limits{Rate: 1e9, Burst: 1e9, Body: 1 << 20} })
	f.Fuzz(func(t *testing.T, what string, body []byte, device bool) {
		kind := map[bool]SourceKind{true: DeviceSource, false: Shop}[device]
		x := Delivery{Key: h.keys[kind], What: what, Body: body, ReceivedAt: testNow, ID: "d"}
		if again := h.door.Take(t.Context(), x); again != 0 {
			t.Fatalf("wanted again after %v", again)
		}
		for _, r := range h.records() {
			if kind == Shop {
				checkRecord(t, r)
			}
			var e experience.Event
			if err := json.Unmarshal(r.Event, &e); err != nil || !utf8.Valid(r.Event) || e.MessageID == "" {
				t.Fatalf("%s: %v", r.Event, err)
			}
		}
	})
}
