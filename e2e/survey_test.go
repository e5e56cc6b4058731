package e2e

import (
	"context"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// respondents answer a survey on its public pages until they are stopped, and
// keep account of the answers that were thanked for.
type respondents struct {
	r       *regia
	path    string // of the survey
	mu      sync.Mutex
	thanked map[string]bool // message ids of their events
	begun   map[string]bool // sent, whatever came back
	stop    context.CancelFunc
	all     sync.WaitGroup
}

const atOnce = 8

func (x *respondents) start() {
	ctx, stop := context.WithCancel(context.Background())
	x.stop = stop
	client := &http.Client{Timeout: soon, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range atOnce {
		x.all.Go(func() {
			for ctx.Err() == nil {
				if err := x.one(ctx, client); err != nil { // its server was killed: whoever was answering goes away
					select {
					case <-time.After(20 * time.Millisecond):
					case <-ctx.Done():
					}
				}
			}
		})
	}
}

func (x *respondents) end() {
	x.stop()
	x.all.Wait()
}

var hidden = regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`)

// one answers the whole survey as one person.
func (x *respondents) one(ctx context.Context, client *http.Client) error {
	page, _, err := x.ask(ctx, client, http.MethodGet, x.path, nil)
	if err != nil {
		return err
	}
	for _, answers := range []url.Values{{"q1": {"5"}}, {"q3": {"9"}, "q4": {"È andato tutto bene"}}} {
		for _, m := range hidden.FindAllStringSubmatch(page, -1) {
			answers.Set(m[1], m[2])
		}
		id := messageOf(answers.Get("r"))
		x.mu.Lock()
		x.begun[id] = true
		x.mu.Unlock()
		_, to, err := x.ask(ctx, client, http.MethodPost, x.path, answers)
		if err != nil {
			return err
		}
		if strings.Contains(to, "done=1") {
			x.mu.Lock()
			x.thanked[id] = true
			x.mu.Unlock()
		}
		if page, _, err = x.ask(ctx, client, http.MethodGet, to, nil); err != nil {
			return err
		}
	}
	return nil
}

// messageOf gives the message id of the event that an answer becomes: its id
// leads the receipt in the page.
func messageOf(receipt string) string {
	raw, err := base64.RawURLEncoding.DecodeString(receipt)
	if err != nil || len(raw) < 16 {
		return "none"
	}
	return fmt.Sprintf("survey-%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:16])
}

func (x *respondents) ask(ctx context.Context, client *http.Client, method, path string, form url.Values) (body, to string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+x.r.addr+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusSeeOther {
		x.r.t.Errorf("%s of a survey answers %s: %.300s", method, answer.Status, raw)
		err = fmt.Errorf("%s", answer.Status)
	}
	return string(raw), answer.Header.Get("Location"), err
}

func (x *respondents) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.thanked)
}

// TestAnswersOutliveAKill kills the server without warning while people answer
// a survey. Every answer that was thanked for is in the ledger once, and none
// twice; nothing is there that nobody gave.
func TestAnswersOutliveAKill(t *testing.T) {
	const rounds = 4
	r := install(t)
	x := &respondents{r: r, thanked: map[string]bool{}, begun: map[string]bool{}}
	for round := range rounds {
		r.start()
		if round == 0 {
			x.path = r.published("after-delivery")
		}
		before := x.count()
		x.start()
		r.eventually(later, "some have answered", func() error {
			if n := x.count() - before; n < 150 {
				return fmt.Errorf("%d have", n)
			}
			return nil
		})
		r.kill()
		x.end()
	}
	r.start()
	r.eventually(later, "all answers are told", func() error {
		if now := r.woven(); int(now.Interactions) < x.count() {
			return fmt.Errorf("%d of %d are", now.Interactions, x.count())
		}
		return nil
	})
	r.stop()
	r.process = nil
	file := filepath.Join(filepath.Dir(r.dir), "all.csv")
	if out, errs, code := r.command("export", "interactions", "--data", r.dir, "--all", "--out", file); code != 0 {
		t.Fatalf("regia export ended with %d: %s\n%s", code, out, errs)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(rows[0], "message_id")
	there := map[string]int{}
	for _, row := range rows[1:] {
		there[row[column]]++
	}
	for id := range x.thanked {
		if there[id] != 1 {
			t.Errorf("an answer that was thanked for is there %d times", there[id])
		}
	}
	for id, n := range there {
		if strings.HasPrefix(id, "survey-") && (n > 1 || !x.begun[id]) {
			t.Errorf("%s is there %d times, and was begun: %t", id, n, x.begun[id])
		}
	}
	t.Logf("%d answers were thanked for, %d are in the ledger", len(x.thanked), len(there))
}

// published begins a ready-made survey, opens it and gives the path where it is
// answered.
func (r *regia) published(set string) string {
	r.t.Helper()
	var made struct{ Path string }
	r.order("/api/v1/surveys", `{"set":"`+set+`"}`, &made)
	r.order("/api/v1/surveys/"+set+"/publish", "", &made)
	return made.Path
}

// order posts JSON to the API with the owner's rights.
func (r *regia) order(path, body string, into any) {
	r.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+r.addr+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.keys.APIToken)
	request.Header.Set("Content-Type", "application/json")
	if code, text, err := r.do(request, into); err != nil || code != http.StatusOK {
		r.t.Fatalf("POST %s answers %d: %v %s", path, code, err, text)
	}
}
