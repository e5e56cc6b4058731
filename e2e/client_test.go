package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// status is what GET /api/v1/status answers.
type status struct {
	Interactions int64  `json:"interactions"`
	People       int64  `json:"people"`
	LagBlocks    int64  `json:"lag_blocks"`
	LagMS        int64  `json:"lag_ms"`
	Version      string `json:"version"`
}

// accepted is what the front door answers.
type accepted struct {
	Accepted int `json:"accepted"`
	Rejected []struct {
		Index     int    `json:"index"`
		MessageID string `json:"message_id"`
		Error     string `json:"error"`
	} `json:"rejected"`
	Error string `json:"error"`
}

// list is one page of any list of the API.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// person is what these scenarios ask of a person.
type person struct {
	ID string `json:"id"`
}

// moment is one item of a timeline.
type moment struct {
	ID         string          `json:"id"`
	MessageID  string          `json:"message_id"`
	Time       time.Time       `json:"time"`
	ReceivedAt time.Time       `json:"received_at"`
	Name       string          `json:"name"`
	Kind       string          `json:"kind"`
	Touchpoint string          `json:"touchpoint"`
	Channel    string          `json:"channel"`
	Source     string          `json:"source"`
	Properties json.RawMessage `json:"properties"`
}

// event is a call of Segment's API, or an item of a batch.
type event map[string]any

// post sends a body to the front door with the installation's write key.
func (r *regia) post(path string, body any) (int, accepted) {
	r.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, "http://"+r.addr+path, bytes.NewReader(raw))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(r.keys.WriteKey, "")
	var answer accepted
	code, text, err := r.do(request, &answer)
	if err != nil {
		r.t.Fatalf("POST %s: %v\n%s", path, err, text)
	}
	return code, answer
}

// send posts events as one batch, and expects all of them to be accepted.
func (r *regia) send(events ...event) {
	r.t.Helper()
	code, answer := r.post("/v1/batch", map[string]any{"batch": events})
	if code != http.StatusOK || answer.Accepted != len(events) || len(answer.Rejected) > 0 {
		r.t.Fatalf("of %d events the front door said %d, %+v", len(events), code, answer)
	}
}

// get asks the API with the installation's token; only 200 is right.
func (r *regia) get(path string, query url.Values, into any) {
	r.t.Helper()
	if err := r.try(path, query, into); err != nil {
		r.t.Fatal(err)
	}
}

func (r *regia) try(path string, query url.Values, into any) error {
	where := "http://" + r.addr + path
	if len(query) > 0 {
		where += "?" + query.Encode()
	}
	request, err := http.NewRequest(http.MethodGet, where, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.keys.APIToken)
	code, text, err := r.do(request, into)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("it answered %d", code)
	}
	if err != nil {
		return fmt.Errorf("GET %s: %w\n%s", path, err, text)
	}
	return nil
}

// do sends a request and decodes what comes back, when that is JSON of success.
func (r *regia) do(request *http.Request, into any) (code int, text []byte, err error) {
	answer, err := r.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		return answer.StatusCode, text, err
	}
	if answer.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, into)
	}
	return answer.StatusCode, text, err
}

// woven waits until everything that was accepted stands in both books.
func (r *regia) woven() status {
	r.t.Helper()
	var now status
	r.eventually(soon, "everything is woven", func() error {
		if err := r.try("/api/v1/status", nil, &now); err != nil {
			return err
		}
		if now.LagBlocks != 0 {
			return fmt.Errorf("%d blocks wait", now.LagBlocks)
		}
		return nil
	})
	return now
}

// person finds the one person with an identifier: "user_id:42".
func (r *regia) person(identifier string) person {
	r.t.Helper()
	var found list[person]
	r.get("/api/v1/people", url.Values{"identifier": {identifier}}, &found)
	if len(found.Items) != 1 {
		r.t.Fatalf("%d people have %s, want one", len(found.Items), identifier)
	}
	return found.Items[0]
}

// timeline reads a person's whole timeline, limit items at a time, newest first.
func (r *regia) timeline(id string, limit int) []moment {
	r.t.Helper()
	var all []moment
	query := url.Values{"limit": {fmt.Sprint(limit)}}
	for {
		var page list[moment]
		r.get("/api/v1/people/"+url.PathEscape(id)+"/timeline", query, &page)
		if len(page.Items) > limit {
			r.t.Fatalf("a page of the timeline has %d items, the limit was %d", len(page.Items), limit)
		}
		all = append(all, page.Items...)
		if page.Next == nil {
			return all
		}
		if len(page.Items) == 0 {
			r.t.Fatal("an empty page of the timeline says that there is more")
		}
		query.Set("before", *page.Next)
	}
}

// eventually asks again and again, less and less often, until cond is content.
func (r *regia) eventually(within time.Duration, what string, cond func() error) {
	r.t.Helper()
	deadline := time.After(within)
	pause := 5 * time.Millisecond
	for {
		err := cond()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			r.t.Fatalf("after %v it was still not so that %s: %v", within, what, err)
		case <-time.After(pause):
			pause = min(2*pause, 250*time.Millisecond)
		}
	}
}
