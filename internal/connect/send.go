package connect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"regia/internal/experience"
	"regia/internal/mapping"
)

// Sender hands a batch of items to Regia. A nil error means that every item
// was either accepted or is among the rejected ones. Send is called from
// several goroutines.
type Sender interface {
	Send(ctx context.Context, items []mapping.Item) (Result, error)
}

// Result is what became of a batch. It counts also when an error came with it.
type Result struct {
	Accepted int
	Rejected []RejectedItem
}

// RejectedItem is an item that the server refused, by its index in the batch.
type RejectedItem struct {
	Index     int    `json:"index"`
	MessageID string `json:"message_id"`
	Error     string `json:"error"`
}

// HTTPSender sends to POST /v1/import of a running server. What may pass (a
// full server, a broken connection) is tried again with growing pauses, which
// is safe: message ids stay the same.
type HTTPSender struct {
	Server   string // such as http://127.0.0.1:8080
	WriteKey string
	Import   experience.ID // what the items come with; zero: nothing is said
	Client   *http.Client  // its Transport may also lead straight into a handler
	Plain    bool          // no gzip: for a server on this machine
	Patience time.Duration // how long to go on trying a batch; 0: five minutes
	// Wait pauses between tries; nil waits by the clock.
	Wait func(context.Context, time.Duration) error
}

// errAgain marks a failure that may pass.
type errAgain struct {
	err   error
	after time.Duration // what the server asked for; 0: nothing
}

func (e *errAgain) Error() string { return e.err.Error() }
func (e *errAgain) Unwrap() error { return e.err }

// Send hands over a batch, in parts where the server finds it too large.
func (s *HTTPSender) Send(ctx context.Context, items []mapping.Item) (Result, error) {
	result, err := s.persist(ctx, items)
	switch experience.CodeOf(err) {
	case experience.TooLarge:
		if len(items) > 1 {
			return s.halves(ctx, items)
		}
		return Result{Rejected: []RejectedItem{{0, items[0].MessageID, err.Error()}}}, nil
	case experience.Invalid:
		if len(items) == 1 { // a single bad event is a 400
			return Result{Rejected: []RejectedItem{{0, items[0].MessageID, err.Error()}}}, nil
		}
	}
	return result, err
}

func (s *HTTPSender) halves(ctx context.Context, items []mapping.Item) (Result, error) {
	half := len(items) / 2
	first, err := s.Send(ctx, items[:half])
	if err != nil {
		return first, err
	}
	second, err := s.Send(ctx, items[half:])
	first.Accepted += second.Accepted
	for _, r := range second.Rejected {
		r.Index += half
		first.Rejected = append(first.Rejected, r)
	}
	return first, err
}

// persist tries until it works, cannot work, or patience ends.
func (s *HTTPSender) persist(ctx context.Context, items []mapping.Item) (Result, error) {
	body, err := s.encode(items)
	if err != nil {
		return Result{}, err
	}
	patience := s.Patience
	if patience <= 0 {
		patience = 5 * time.Minute
	}
	pause, waited := 250*time.Millisecond, time.Duration(0)
	for {
		result, err := s.try(ctx, body, len(items))
		var again *errAgain
		if !errors.As(err, &again) {
			return result, err
		}
		wait := pause/2 + rand.N(pause/2+1)
		if again.after > 0 {
			wait = again.after
		}
		if waited += wait; waited > patience {
			return Result{}, experience.Errorf(experience.Unavailable,
				"%s. It was tried again for %s. What was accepted is kept: run the import again to do the rest", again.err, patience)
		}
		if err := s.wait(ctx, wait); err != nil {
			return Result{}, err
		}
		pause = min(2*pause, 15*time.Second)
	}
}

func (s *HTTPSender) wait(ctx context.Context, d time.Duration) error {
	if s.Wait != nil {
		return s.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *HTTPSender) encode(items []mapping.Item) ([]byte, error) {
	body := make([]byte, 0, 512<<10)
	body = append(body, '{')
	if !s.Import.IsZero() {
		body = append(body, `"importId":"`+s.Import.String()+`",`...)
	}
	body = append(body, `"batch":[`...)
	for i := range items {
		if i > 0 {
			body = append(body, ',')
		}
		body = items[i].AppendJSON(body)
	}
	body = append(body, "]}"...)
	if s.Plain {
		return body, nil
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	return packed.Bytes(), err
}

func (s *HTTPSender) try(ctx context.Context, body []byte, items int) (Result, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(s.Server, "/")+"/v1/import", bytes.NewReader(body))
	if err != nil {
		return Result{}, experience.Errorf(experience.Invalid, "%q is not the address of a server: %w", s.Server, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Write-Key", s.WriteKey)
	if !s.Plain {
		request.Header.Set("Content-Encoding", "gzip")
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return Result{}, context.Cause(ctx)
		}
		return Result{}, &errAgain{err: fmt.Errorf("the server at %s cannot be reached: %w", s.Server, err)}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return Result{}, &errAgain{err: fmt.Errorf("the server's answer broke off: %w", err)}
	}
	return s.judge(response, answer, items)
}

// judge reads the server's answer.
func (s *HTTPSender) judge(response *http.Response, answer []byte, items int) (Result, error) {
	var body struct {
		Accepted int            `json:"accepted"`
		Rejected []RejectedItem `json:"rejected"`
		Detail   string         `json:"detail"` // problem+json
		Title    string         `json:"title"`
		Error    string         `json:"error"`
	}
	unread := json.Unmarshal(answer, &body)
	said := firstOf(body.Detail, body.Error, body.Title, http.StatusText(response.StatusCode))
	switch status := response.StatusCode; {
	case status == http.StatusOK && unread == nil && body.Accepted+len(body.Rejected) == items:
		return Result{body.Accepted, body.Rejected}, nil
	case status == http.StatusOK:
		return Result{}, experience.Errorf(experience.Internal, "the server at %s did not answer as Regia does (%d items sent, %d accepted, %d rejected)",
			s.Server, items, body.Accepted, len(body.Rejected))
	case status == http.StatusBadRequest && unread == nil && len(body.Rejected) > 0 && body.Accepted+len(body.Rejected) == items:
		return Result{body.Accepted, body.Rejected}, nil
	case status == http.StatusBadRequest:
		return Result{}, experience.Errorf(experience.Invalid, "%s", said)
	case status == http.StatusUnauthorized:
		return Result{}, experience.Errorf(experience.Unauthorised, "the server does not know this write key (%s)", said)
	case status == http.StatusForbidden:
		return Result{}, experience.Errorf(experience.Forbidden, "the source of this write key is disabled (%s)", said)
	case status == http.StatusRequestEntityTooLarge:
		return Result{}, experience.Errorf(experience.TooLarge, "%s", said)
	case status == http.StatusTooManyRequests || status >= 500:
		return Result{}, &errAgain{fmt.Errorf("the server at %s answered %d: %s", s.Server, status, said), retryAfter(response)}
	}
	return Result{}, experience.Errorf(experience.Internal, "the server at %s answered %d: %s", s.Server, response.StatusCode, said)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return "no reason given"
}

// retryAfter reads the header in seconds or as a date, relative to the
// server's own clock. At most two minutes are believed.
func retryAfter(r *http.Response) time.Duration {
	h := r.Header.Get("Retry-After")
	if n, err := strconv.Atoi(h); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, 2*time.Minute)
	}
	at, err := http.ParseTime(h)
	now, err2 := http.ParseTime(r.Header.Get("Date"))
	if err != nil || err2 != nil || !at.After(now) {
		return 0
	}
	return min(at.Sub(now), 2*time.Minute)
}
