package e2e

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// traffic sends batches of events from several clients until it is stopped, and
// keeps account of those that were acknowledged.
type traffic struct {
	r       *regia
	mu      sync.Mutex
	number  int
	acked   map[string]bool
	refused map[int]int // answers other than 200, by status
	stop    context.CancelFunc
	clients sync.WaitGroup
}

const (
	trafficClients = 4
	trafficBatch   = 50
)

func newTraffic(r *regia) *traffic {
	return &traffic{r: r, acked: map[string]bool{}, refused: map[int]int{}}
}

func (x *traffic) start() {
	ctx, stop := context.WithCancel(context.Background())
	x.stop = stop
	for range trafficClients {
		x.clients.Go(func() {
			for ctx.Err() == nil {
				if x.one(ctx) {
					continue
				}
				select { // refused: a moment later again
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
}

// end stops the clients; those whose server is gone end by that.
func (x *traffic) end() {
	x.stop()
	x.clients.Wait()
}

// batch makes the next events: visitors, some of whom sign in, so that people
// are found to be one.
func (x *traffic) batch() (ids []string, body []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var events []event
	for range trafficBatch {
		x.number++
		id := fmt.Sprintf("kill-%07d", x.number)
		e := event{"type": "track", "event": "Product Viewed", "messageId": id, "anonymousId": fmt.Sprint("visitor-", rand.IntN(2000)),
			"properties": map[string]any{"product_id": x.number % 100, "text": "una borsa molto bella, di pelle rossa"}}
		if x.number%20 == 0 {
			e["type"], e["userId"], e["traits"] = "identify", fmt.Sprint("user-", rand.IntN(500)), map[string]any{"email": fmt.Sprintf("u%d@example.it", rand.IntN(500))}
		}
		ids, events = append(ids, id), append(events, e)
	}
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		x.r.t.Error(err)
	}
	return ids, body
}

// one sends a batch, and tells whether it was acknowledged.
func (x *traffic) one(ctx context.Context) bool {
	ids, body := x.batch()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+x.r.addr+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		x.r.t.Error(err)
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(x.r.keys.WriteKey, "")
	var answer accepted
	code, _, err := x.r.do(request, &answer)
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case err != nil: // its server was killed, or the traffic stopped: nothing was promised
	case code != http.StatusOK:
		x.refused[code]++
	case answer.Accepted != len(ids):
		x.r.t.Errorf("of %d events %d were accepted", len(ids), answer.Accepted)
	default:
		for _, id := range ids {
			x.acked[id] = true
		}
		return true
	}
	return false
}

func (x *traffic) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.acked)
}

// proved stops the server and has regia verify prove the folder; then each
// acknowledged event must be there, and none twice.
func (x *traffic) proved() {
	r := x.r
	r.t.Helper()
	r.stop()
	r.process = nil
	out, errs, code := r.command(append([]string{"verify", "--data", r.dir}, r.flags...)...)
	if code != 0 {
		r.t.Fatalf("regia verify ended with %d: %s\n%s", code, out, errs)
	}
	file := filepath.Join(filepath.Dir(r.dir), "all.csv")
	if out, errs, code = r.command("export", "interactions", "--data", r.dir, "--all", "--out", file); code != 0 {
		r.t.Fatalf("regia export ended with %d: %s\n%s", code, out, errs)
	}
	f, err := os.Open(file)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		r.t.Fatal(err)
	}
	column := slices.Index(rows[0], "message_id")
	there := map[string]int{}
	for _, row := range rows[1:] {
		there[row[column]]++
	}
	lost, twice := 0, 0
	for id := range x.acked {
		if there[id] == 0 {
			lost++
		}
	}
	for _, n := range there {
		if n > 1 {
			twice++
		}
	}
	if lost > 0 || twice > 0 {
		r.t.Errorf("of %d acknowledged events %d are lost; %d stand there twice", len(x.acked), lost, twice)
	}
	r.t.Logf("%d events acknowledged, %d in the ledger; refused: %v", len(x.acked), len(there), x.refused)
}

// TestKillAgainAndAgain kills the server without warning while it takes events,
// weaves them and sorts the ledger. Every acknowledged event is there once.
func TestKillAgainAndAgain(t *testing.T) {
	const rounds = 20
	r := install(t)
	r.flags = []string{"--tidy-every", "100ms", "--ledger-hot-rows", "2000"}
	x := newTraffic(r)
	var slowest time.Duration
	for range rounds {
		began := time.Now()
		r.start()
		slowest = max(slowest, time.Since(began))
		before := x.count()
		x.start()
		r.eventually(later, "some events are acknowledged", func() error {
			if n := x.count() - before; n < 1000+rand.IntN(3000) {
				return fmt.Errorf("%d are", n)
			}
			return nil
		})
		r.kill()
		x.end()
	}
	r.start()
	r.woven()
	x.proved()
	t.Logf("the slowest of %d starts took %v", rounds, slowest)
}
