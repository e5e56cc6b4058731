package collect

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"regia/internal/experience"
)

// A log that keeps so many bytes a second and no more, in order of arrival.
type slowLog struct {
	mu    sync.Mutex
	speed int       // bytes a second
	free  time.Time // when it has kept all that came so far
	kept  atomic.Int64
}

func (l *slowLog) Append(ctx context.Context, records []experience.Record) error {
	size := 0
	for _, r := range records {
		size += len(r.Event)
	}
	l.mu.Lock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(size) * time.Second / time.Duration(l.speed))
	turn := time.NewTimer(l.free.Sub(now))
	l.mu.Unlock()
	defer turn.Stop()
	select {
	case <-turn.C:
		l.kept.Add(int64(len(records)))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// At five times what the log can keep, as much as it can is let in and kept in
// good time; the others hear so at once, and memory stays what it was.
func TestOverload(t *testing.T) {
	const speed, event, each, senders = 8 << 20, 8 << 10, 20, 300
	l := &slowLog{speed: speed}
	h := newHouse(t, func(o *Options) { o.Log = l })
	server := httptest.NewServer(h.mux)
	defer server.Close()
	one := `{"type":"track","userId":"u","event":"X","properties":{"p":"` + strings.Repeat("x", event) + `"}}`
	body := `{"batch":[` + strings.Repeat(one+",", each-1) + one + `]}`

	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	before := memory.HeapAlloc
	ctx, stop := context.WithTimeout(t.Context(), 6*time.Second)
	defer stop()
	var mu sync.Mutex
	var accepted, refused []time.Duration
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	defer client.CloseIdleConnections()
	// An open loop: each sender sends at its own pace, whatever the answer.
	pace := time.Duration(senders) * time.Duration(len(body)) * time.Second / (5 * speed)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for ctx.Err() == nil {
				status, took, err := send(ctx, client, server.URL, h.keys[ServerSource], body)
				mu.Lock()
				switch {
				case ctx.Err() != nil:
				case err != nil:
					t.Error(err)
				case status == http.StatusOK:
					accepted = append(accepted, took)
				case status == http.StatusServiceUnavailable:
					refused = append(refused, took)
				default:
					t.Errorf("status %d", status)
				}
				mu.Unlock()
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
	runtime.GC()
	runtime.ReadMemStats(&memory)

	slices.Sort(accepted)
	slices.Sort(refused)
	if len(accepted) < 6*speed/len(body)/3 || len(refused) < len(accepted) {
		t.Fatalf("%d accepted, %d refused", len(accepted), len(refused))
	}
	slowest, median := accepted[len(accepted)-1], refused[len(refused)/2]
	t.Logf("%d accepted, the slowest in %v; %d refused, half of them within %v", len(accepted), slowest, len(refused), median)
	if slowest > 10*acceptable || accepted[len(accepted)/2] > 3*acceptable {
		t.Errorf("accepted ones took up to %v, half of them more than %v", slowest, accepted[len(accepted)/2])
	}
	if median > acceptable/2 {
		t.Errorf("half of the refused waited more than %v for it", median)
	}
	if grown := int64(memory.HeapAlloc) - int64(before); grown > 128<<20 {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
	if waiting := h.door.admission.waiting.Load(); waiting != 0 {
		t.Errorf("%d bytes are thought to wait", waiting)
	}
}

func send(ctx context.Context, client *http.Client, url, key, body string) (int, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/batch", strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	r.SetBasicAuth(key, "")
	start := time.Now()
	a, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer a.Body.Close()
	if _, err := io.Copy(io.Discard, a.Body); err != nil {
		return 0, 0, err
	}
	if a.StatusCode == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
		return 0, 0, fmt.Errorf("a refusal without Retry-After")
	}
	return a.StatusCode, time.Since(start), nil
}

// The limit follows the log: down when it is slow, up when it is fast again,
// shut while it stands still.
func TestAdmission(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	a := newAdmission(func() time.Time { return now })
	pass := func(n int, took time.Duration) {
		turn := a.wait(n)
		now = now.Add(took)
		turn.kept()
	}
	if a.check() != nil {
		t.Fatal("an idle door is shut")
	}
	pass(12<<20, 3*acceptable)
	if got := a.limit.Load(); got != 4<<20 {
		t.Errorf("12 MB in three times the acceptable: the limit is %d MB", got>>20)
	}
	pass(1000, time.Minute)
	if got := a.limit.Load(); got != leastWaiting {
		t.Errorf("a thousand bytes in a minute: the limit is %d", got)
	}
	turn := a.wait(leastWaiting + 1)
	if experience.CodeOf(a.check()) != experience.Unavailable {
		t.Error("more than the limit waits, and the door is open")
	}
	turn.kept()
	for n := 0; a.limit.Load() < mostWaiting; n++ {
		pass(int(a.limit.Load()), acceptable/10)
		if n > 100 {
			t.Fatalf("the log is fast again, and the limit stays at %d", a.limit.Load())
		}
	}
	turn = a.wait(1)
	now = now.Add(standstill + time.Second)
	if a.check() == nil {
		t.Error("the log stands still, and the door is open")
	}
	turn.kept()
	if a.check() != nil {
		t.Error("the log moves again, and the door is shut")
	}
}

// However many large bodies come in slowly, a single event finds room.
func TestLargeBodiesLeaveRoom(t *testing.T) {
	h := newHouse(t, nil)
	h.door.reader.inFlight.Store(maxLarge)
	defer h.door.reader.inFlight.Add(-maxLarge)
	large := `{"userId":"u","event":"X","properties":{"p":"` + strings.Repeat("x", 2*readStep) + `"}}`
	if a := h.post(Site, "/v1/track", large); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("a large one: %+v", a)
	}
	if a := h.post(Site, "/v1/track", `{"userId":"u","event":"X"}`); a.status != 200 {
		t.Errorf("a small one: %+v", a)
	}
}
