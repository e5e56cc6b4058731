package collect

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// fakeBus notes what is published.
type fakeBus struct {
	mu   sync.Mutex
	said []string
}

func (b *fakeBus) Publish(subject string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, subject+" "+string(data))
	return nil
}

func TestRejectionsAreWrittenDown(t *testing.T) {
	bus := &fakeBus{}
	h := newHouse(t, func(o *Options) { o.Bus = bus })
	h.post(Site, "/v1/batch", `{"batch":[{"type":"page","userId":"u"},
		{"type":"track","event":"Order Completed","messageId":"m1","properties":{"email":"anna@example.it","total":12,"anna@example.it":"x","items":[{"a":"b"}],"ok":true,"no":null}},
		{"type":"track","userId":"Anna Rossi"}]}`)
	h.post(Shop, "/v1/track", `{"broken`)
	h.post(Shop, "/v1/batch", `{}`)
	h.post("", "/v1/track", `{"writeKey":"nobody's"}`)
	h.door.Close() // writes what waits

	got, err := h.sources.Rejections(t.Context(), "site", 10)
	must(t, err)
	if len(got) != 2 {
		t.Fatalf("%d rejections of the site", len(got))
	}
	first, second := got[1], got[0]
	if first.MessageID != "m1" || first.Name != "Order Completed" || first.Class != "who" || !strings.Contains(first.Reason, "who?") || !first.Time.Equal(testNow) {
		t.Errorf("the first: %+v", first)
	}
	if want := `{"type":text,"event":text,"messageId":text,"properties":{"email":text,"total":number,"…":text,"items":list,"ok":boolean,"no":null}}`; first.Excerpt != want {
		t.Errorf("its shape is\n%s, want\n%s", first.Excerpt, want)
	}
	if second.MessageID != "" || second.Name != "track" || second.Class != "name" {
		t.Errorf("the second: %+v", second)
	}
	for _, r := range got {
		if text := fmt.Sprintf("%+v", r); strings.Contains(strings.ToLower(text), "anna") {
			t.Errorf("personal data in %s", text)
		}
	}
	got, err = h.sources.Rejections(t.Context(), "shop", 10)
	must(t, err)
	if len(got) != 2 || got[0].Class != "body" || got[1].Class != "body" {
		t.Errorf("of the shop: %+v", got)
	}
	told := map[string]bool{}
	for _, s := range bus.said {
		var data struct{ Sources []string }
		rest, ok := strings.CutPrefix(s, RejectedSubject+" ")
		if !ok || json.Unmarshal([]byte(rest), &data) != nil {
			t.Errorf("said %q", s)
		}
		for _, id := range data.Sources {
			told[id] = true
		}
	}
	if !told["site"] || !told["shop"] || len(told) != 2 {
		t.Errorf("told of %v", told)
	}
}

func TestOnlyTheLastRejectionsAreKept(t *testing.T) {
	h := newHouse(t, nil)
	for i := range 3 {
		var batch []string
		for j := range 90 {
			batch = append(batch, fmt.Sprintf(`{"type":"page","messageId":"%d"}`, i*90+j))
		}
		h.post(Site, "/v1/batch", `{"batch":[`+strings.Join(batch, ",")+`]}`)
	}
	h.door.Close()
	got, err := h.sources.Rejections(t.Context(), "site", 1000)
	must(t, err)
	if len(got) != keptRejections || got[0].MessageID != "269" || got[len(got)-1].MessageID != "70" {
		t.Errorf("%d rejections, from %s to %s", len(got), got[len(got)-1].MessageID, got[0].MessageID)
	}
}

// What is refused because the log is full comes again: it is not written down.
func TestRejectionsOfARetry(t *testing.T) {
	h := newHouse(t, nil)
	h.log.err = fmt.Errorf("down")
	h.post(Site, "/v1/batch", `{"batch":[{"type":"page","userId":"u"},{"type":"page"}]}`)
	h.door.Close()
	if got, err := h.sources.Rejections(t.Context(), "site", 10); err != nil || len(got) != 0 {
		t.Errorf("%d rejections, %v", len(got), err)
	}
}

func TestShapeIsShort(t *testing.T) {
	long := `{` + strings.Repeat(`"é":{"é":{"é":{"é":{}}}},`, 100) + `"x":1}`
	for _, raw := range []string{long, strings.ReplaceAll(long, `"é"`, `"ab"`), `{"a":` + strings.Repeat(`[`, 500) + strings.Repeat(`]`, 500) + `}`, ``, `7`} {
		if got := shapeOf([]byte(raw)); len(got) > excerptLength || strings.Contains(got, "\ufffd") {
			t.Errorf("a shape of %d bytes: %s", len(got), got)
		}
	}
}
