package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"regia/internal/experience"
)

// TestEvents has a connection write events and reads what they say.
func TestEvents(t *testing.T) {
	crowd := newCrowd(Population{People: 50, New: 0.2, Customers: 0.5, Identify: 0.8, Visit: 6, Visits: 8, Second: 0.2})
	s := &sender{load: &load{crowd: crowd, texts: newTexts(1, time.Now())}, random: rand.New(rand.NewPCG(1, 2)), visits: make([]visit, crowd.Visits)}
	messages, kinds, users := map[string]bool{}, map[experience.Kind]int{}, map[string]bool{}
	const n = 5000
	for range n {
		raw, kind := s.event(nil)
		var e struct {
			Type, MessageID, AnonymousID, UserID, Event string
			Timestamp                                   time.Time
			Properties, Traits, Context                 map[string]any
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if e.Type != string(kind) || e.AnonymousID == "" || e.Context["userAgent"] == nil || bytes.ContainsAny(raw, "@#$%!") && !strings.Contains(string(raw), "@example.it") {
			t.Fatalf("a %s event that is not whole: %s", kind, raw)
		}
		if (kind == experience.Identify) != (e.Traits["email"] != nil) {
			t.Fatalf("only who signs in has an e-mail address: %s", raw)
		}
		messages[e.MessageID] = true
		kinds[kind]++
		if e.UserID != "" {
			users[e.UserID] = true
		}
	}
	if len(messages) != n {
		t.Errorf("%d events have %d message ids", n, len(messages))
	}
	if kinds[experience.Track] < n/3 || kinds[experience.PageView] < n/5 || kinds[experience.Identify] == 0 || len(users) < 20 {
		t.Errorf("an odd crowd: %v, %d users", kinds, len(users))
	}
	if crowd.next.Load() < 60 {
		t.Errorf("nobody new came: %d people", crowd.next.Load())
	}
	if size := s.texts.size(); size < 600 || size > 680 {
		t.Errorf("an event has %.0f bytes, about 640 are meant", size)
	}
}

func TestAnswers(t *testing.T) {
	good := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{\"accepted\":1,\"rejected\":[]}"
	busy := "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
	for _, c := range []struct {
		name, stream string
		want         []int
		err          bool
	}{
		{"one", good, []int{200}, false},
		{"one after the other", good + busy + good, []int{200, 503, 200}, false},
		{"an event refused", strings.Replace(good, "[]", "[1", 1), nil, true},
		{"no length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", nil, true},
		{"not HTTP", "hello\r\n\r\n", nil, true},
		{"cut", good[:len(good)-3], nil, true},
		{"no end", strings.Repeat("x", 32<<10), nil, true},
	} {
		for how, reader := range map[string]io.Reader{"": strings.NewReader(c.stream), ", byte by byte": iotest.OneByteReader(strings.NewReader(c.stream))} {
			t.Run(c.name+how, func(t *testing.T) {
				a := answers{from: reader}
				for _, want := range c.want {
					if got, err := a.next(); err != nil || got != want {
						t.Fatalf("got %d and %v, want %d", got, err, want)
					}
				}
				if _, err := a.next(); c.err && (err == nil || err == io.EOF && c.name != "cut") {
					t.Errorf("read to the end without trouble: %v", err)
				}
			})
		}
	}
}

func TestFigures(t *testing.T) {
	three := several("a.ratio", "ratio", []float64{0.9, 0.7, 0.8})
	if three.Value != 0.8 || *three.Min != 0.7 || *three.Max != 0.9 || three.N != 3 {
		t.Errorf("three values: %+v", three)
	}
	if two := several("a", "s", []float64{1, 2}); two.Value != 1.5 {
		t.Errorf("the middle of two: %v", two.Value)
	}
	all := make([]time.Duration, 1000)
	for i := range all {
		all[i] = time.Duration(len(all)-i) * time.Millisecond
	}
	latency := times("a.latency", all)
	if p := latency.Percentiles; p["p50"] != 500 || p["p99"] != 990 || p["p999"] != 999 || *latency.Max != 1000 {
		t.Errorf("a thousand times: %v, most %v", p, *latency.Max)
	}
	latency.AtMost = promise(600)
	if kept, promised := latency.Kept(); kept || !promised {
		t.Error("a promise is held against the 99th percentile")
	}
	three.AtLeast = promise(0.75)
	if kept, _ := three.Kept(); !kept {
		t.Error("0.8 is at least 0.75")
	}
	r := Report{Benchmark: "a", Figures: []Figure{three, latency, {Name: "odd", Value: math.NaN()}}}
	raw, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(raw), `"p99":990`) || !strings.Contains(string(raw), `"at_least":0.75`) {
		t.Errorf("JSON: %s, %v", raw, err)
	}
	var text bytes.Buffer
	r.Print(&text)
	if got := text.String(); !strings.Contains(got, "kept (at least 0.750)") || !strings.Contains(got, "NOT KEPT (at most 600)") {
		t.Errorf("for people: %s", got)
	}
}

func TestLag(t *testing.T) {
	w := watcher{moments: []moment{{100, 10, 0}, {200, 20, 5}, {300, 30, 20}, {400, 40, 30}}}
	for _, c := range []struct {
		now  moment
		want time.Duration
	}{
		{moment{500, 50, 40}, 100},
		{moment{500, 50, 35}, 200},
		{moment{500, 50, 5}, 500}, // older than anything seen
	} {
		if got, ok := w.lag(c.now); !ok || got != c.want {
			t.Errorf("%+v: %d, %t; want %d", c.now, got, ok, c.want)
		}
	}
}
