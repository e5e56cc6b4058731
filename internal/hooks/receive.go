package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"regia/internal/experience"
	"regia/internal/web"
)

// maxBody is the largest body, in bytes, as sent and inflated.
const maxBody = 4 << 20

// later is how many seconds a sender waits before it tries again.
const later = "5"

// outcome is what a delivery is answered.
type outcome struct {
	Accepted int      `json:"accepted"`           // interactions
	Repeated bool     `json:"repeated,omitempty"` // it was taken before: nothing changed
	Rejected []string `json:"rejected"`           // what of it could not be used, and why
	Error    string   `json:"error,omitempty"`
}

// receiver takes deliveries. 200 says that all of it is on disk, or was
// before. What cannot be understood is answered 200 as well, once its signature
// is right: sending it again would not help, and shop systems switch an address
// off that refuses too often. It stands on the source's page.
func (r *Room) receiver() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "webhooks are sent by POST", http.StatusMethodNotAllowed)
			return
		}
		out, err := r.receive(w, q)
		status := http.StatusOK
		if err != nil {
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				err = experience.Errorf(experience.Unavailable, "the request ended before its events were safe; please send again")
			}
			status, out.Error = web.Status(err), r.words(err)
			if status == http.StatusInternalServerError {
				r.Logger.ErrorContext(q.Context(), "a webhook could not be taken", "error", err)
			}
		}
		if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", later)
		}
		if out.Rejected == nil {
			out.Rejected = []string{}
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out) // whoever sent it may be gone
	})
}

// words are an error's own, in English: programs read them.
func (r *Room) words(err error) string {
	message := experience.MessageOf(err)
	if r.site != nil {
		return r.site.Locale("en", nil).T(message)
	}
	return message
}

func (r *Room) receive(w http.ResponseWriter, q *http.Request) (out outcome, err error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		return out, experience.Errorf(experience.Unavailable, "too much is arriving at once; please send again in a moment")
	}
	ctx, received := q.Context(), r.Clock()
	h, err := r.hook(ctx, q.PathValue("id"))
	if err != nil {
		return out, err
	}
	source, err := r.Source(ctx, h.source)
	switch {
	case err != nil:
		return out, err
	case source.Disabled:
		return out, experience.Errorf(experience.Forbidden, "this source is disabled")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil {
		return out, r.refuse(h, "size", unread(err))
	}
	if h.preset.ping(q.Header, raw) {
		return out, nil
	}
	if err := h.preset.verify(q.Header, raw, h.secrets(received), received); err != nil {
		return out, r.refuse(h, "signature", err)
	}
	d := delivery{key: h.preset.key(q.Header, raw), at: received, topic: h.preset.topic(q.Header)}
	if out.Repeated, err = r.known(ctx, h.source, d.key); err != nil || out.Repeated {
		return out, err
	}
	body, err := inflated(q.Header.Get("Content-Encoding"), raw)
	if err != nil {
		return out, r.refuse(h, "body", err)
	}
	return r.take(ctx, h, d, body)
}

// take maps a delivery that is genuine and new, and brings what comes of it
// through the front door. It is remembered only then: what happens in between
// is sent again, and makes the same interactions.
func (r *Room) take(ctx context.Context, h hook, d delivery, body []byte) (out outcome, err error) {
	program, err := h.preset.compile(h.mapping)
	if err != nil {
		return out, err // it was sound when it was saved
	}
	document, err := documentOf(h.preset, d.topic, body)
	if err != nil {
		return out, r.refuse(h, "body", err)
	}
	items, faults := program.Map(document)
	for _, f := range faults {
		out.Rejected = append(out.Rejected, f.Reason)
	}
	if len(items) > 0 {
		taken, err := r.Door.Take(ctx, h.source, items)
		if err != nil {
			return outcome{}, err
		}
		out.Accepted, out.Rejected = taken.Accepted, append(out.Rejected, taken.Rejected...)
	}
	for _, f := range faults { // only now: an answer of 503 brings them all again
		r.Door.Refused(h.source, "mapping", f.Reason)
	}
	d.events = out.Accepted
	if len(out.Rejected) > 0 {
		d.note = cut(out.Rejected[0], 300)
	}
	return out, r.remember(ctx, h.source, d)
}

func (r *Room) refuse(h hook, class string, err error) error {
	if experience.CodeOf(err) != experience.Unavailable {
		r.Door.Refused(h.source, class, experience.MessageOf(err))
	}
	return err
}

func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return experience.Errorf(experience.TooLarge, "the body is larger than %d bytes, sent or inflated", maxBody)
	}
	return experience.Errorf(experience.Invalid, "the body could not be read to its end: %w", err)
}

// inflated undoes the content encoding. The signature is of what was sent.
func inflated(encoding string, raw []byte) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(io.LimitReader(z, maxBody+1))
		}
		switch {
		case err != nil:
			return nil, unread(err)
		case len(raw) > maxBody:
			return nil, unread(&http.MaxBytesError{Limit: maxBody})
		}
	default:
		return nil, experience.Errorf(experience.Invalid, "this content encoding is not read here: send gzip, or none")
	}
	if !utf8.Valid(raw) {
		return nil, experience.Errorf(experience.Invalid, "the body is not valid UTF-8")
	}
	return raw, nil
}
