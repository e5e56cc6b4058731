package connect

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// roundTripper leads requests straight into a handler, as a CLI in one process
// with the server does.
type roundTripper struct{ http.Handler }

func (h roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// script answers one request after another, the last one for ever.
type script struct {
	t       *testing.T
	answers []func(w http.ResponseWriter, items []map[string]any)
	waits   []time.Duration
	seen    int
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/import" || r.Header.Get("X-Write-Key") != "key" {
		s.t.Errorf("%s %s with key %q", r.Method, r.URL, r.Header.Get("X-Write-Key"))
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			s.t.Error(err)
		}
		body = z
	}
	var batch struct{ Batch []map[string]any }
	if err := json.NewDecoder(body).Decode(&batch); err != nil {
		s.t.Error(err)
	}
	answer := s.answers[min(s.seen, len(s.answers)-1)]
	s.seen++
	answer(w, batch.Batch)
}

func (s *script) sender(plain bool) *HTTPSender {
	return &HTTPSender{Server: "http://regia.example/", WriteKey: "key", Client: &http.Client{Transport: roundTripper{s}}, Plain: plain,
		Patience: time.Minute, Wait: func(_ context.Context, d time.Duration) error {
			s.waits = append(s.waits, d)
			return nil
		}}
}

func takeAll(w http.ResponseWriter, items []map[string]any) {
	fmt.Fprintf(w, `{"accepted":%d,"rejected":[]}`, len(items))
}

func status(code int, header, body string) func(http.ResponseWriter, []map[string]any) {
	return func(w http.ResponseWriter, _ []map[string]any) {
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func atMost(n int) func(http.ResponseWriter, []map[string]any) {
	return func(w http.ResponseWriter, items []map[string]any) {
		if len(items) > n {
			status(http.StatusRequestEntityTooLarge, "", `{"error":"too large"}`)(w, items)
			return
		}
		for _, i := range items {
			if i["messageId"] == "m1" {
				fmt.Fprintf(w, `{"accepted":%d,"rejected":[{"index":%d,"message_id":"m1","error":"no"}]}`, len(items)-1, indexOf(items, i))
				return
			}
		}
		takeAll(w, items)
	}
}

func indexOf(items []map[string]any, one map[string]any) int {
	for n, i := range items {
		if i["messageId"] == one["messageId"] {
			return n
		}
	}
	return -1
}

func TestSend(t *testing.T) {
	items := func(n int) []mapping.Item {
		var out []mapping.Item
		for i := range n {
			out = append(out, mapping.Item{Type: experience.Track, MessageID: fmt.Sprintf("m%d", i), Event: "Bought \"x\"\n", Time: time.Unix(1, 0)})
		}
		return out
	}
	type answers = []func(http.ResponseWriter, []map[string]any)
	for _, c := range []struct {
		name     string
		answers  answers
		items    int
		accepted int
		rejected string
		code     experience.Code
		requests int
		waits    int
	}{
		{"all", answers{takeAll}, 3, 3, "", "", 1, 0},
		{"some", answers{status(200, "", `{"accepted":2,"rejected":[{"index":1,"message_id":"m1","error":"no"}]}`)}, 3, 2, "1:no", "", 1, 0},
		{"busy, then all", answers{status(503, "2", ""), status(429, "", ""), status(500, "", "{}"), takeAll}, 3, 3, "", "", 4, 3},
		{"busy for ever", answers{status(503, "40", "")}, 3, 0, "", experience.Unavailable, 2, 1},
		{"one bad item", answers{status(400, "", `{"error":"no name"}`)}, 1, 0, "0:no name", "", 1, 0},
		{"one bad item in problem+json", answers{status(400, "", `{"detail":"no name"}`)}, 1, 0, "0:no name", "", 1, 0},
		{"not understood", answers{status(400, "", `{"error":"not JSON"}`)}, 2, 0, "", experience.Invalid, 1, 0},
		{"too large, in halves", answers{atMost(2)}, 5, 4, "1:no", "", 5, 0},
		{"one too large", answers{atMost(0)}, 1, 0, "0:too large", "", 1, 0},
		{"wrong key", answers{status(401, "", "")}, 2, 0, "", experience.Unauthorised, 1, 0},
		{"disabled", answers{status(403, "", "")}, 2, 0, "", experience.Forbidden, 1, 0},
		{"another program", answers{status(200, "", "<html>")}, 2, 0, "", experience.Internal, 1, 0},
		{"miscounted", answers{status(200, "", `{"accepted":1,"rejected":[]}`)}, 2, 0, "", experience.Internal, 1, 0},
		{"not there", answers{status(404, "", "")}, 2, 0, "", experience.Internal, 1, 0},
	} {
		for _, plain := range []bool{true, false} {
			s := &script{t: t, answers: c.answers}
			r, err := s.sender(plain).Send(t.Context(), items(c.items))
			var rejected []string
			for _, x := range r.Rejected {
				rejected = append(rejected, fmt.Sprintf("%d:%s", x.Index, x.Error))
			}
			if r.Accepted != c.accepted || strings.Join(rejected, " ") != c.rejected || experience.CodeOf(err) != c.code || s.seen != c.requests || len(s.waits) != c.waits {
				t.Errorf("%s: accepted %d, rejected %q, %v, %d requests, waited %v", c.name, r.Accepted, rejected, err, s.seen, s.waits)
			}
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	s := &script{t: t, answers: []func(http.ResponseWriter, []map[string]any){status(503, "7", ""), takeAll}}
	if _, err := s.sender(true).Send(t.Context(), []mapping.Item{{MessageID: "m"}}); err != nil || len(s.waits) != 1 || s.waits[0] != 7*time.Second {
		t.Errorf("%v, waited %v", err, s.waits)
	}
	h := http.Header{"Retry-After": {"Mon, 02 Jan 2023 10:00:30 GMT"}, "Date": {"Mon, 02 Jan 2023 10:00:00 GMT"}}
	if got := retryAfter(&http.Response{Header: h}); got != 30*time.Second {
		t.Errorf("by date: %s", got)
	}
	h.Set("Retry-After", "1000000")
	if got := retryAfter(&http.Response{Header: h}); got != 2*time.Minute {
		t.Errorf("too long: %s", got)
	}
}

type failingTransport struct{ left int }

func (f *failingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.left--; f.left >= 0 {
		return nil, errors.New("connection refused")
	}
	return roundTripper{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"accepted":1}`) })}.RoundTrip(r)
}

func TestBrokenConnection(t *testing.T) {
	s := (&script{t: t}).sender(true)
	s.Client = &http.Client{Transport: &failingTransport{left: 3}}
	if r, err := s.Send(t.Context(), []mapping.Item{{MessageID: "m"}}); err != nil || r.Accepted != 1 {
		t.Errorf("%+v %v", r, err)
	}
	s.Client = &http.Client{Transport: &failingTransport{left: 1 << 20}}
	_, err := s.Send(t.Context(), []mapping.Item{{MessageID: "m"}})
	if experience.CodeOf(err) != experience.Unavailable || !strings.Contains(err.Error(), "run the import again") {
		t.Errorf("%v", err)
	}
}
