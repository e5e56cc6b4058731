package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// heartbeat keeps proxies from closing a quiet stream.
const heartbeat = 20 * time.Second

// Event is one message of an event stream. Data may have several lines; a page
// that listens with sse-swap expects HTML.
type Event struct {
	Name string // "" is "message"
	Data string
}

// EventOf renders a component into an event.
func EventOf(ctx context.Context, name string, body templ.Component) (Event, error) {
	var b bytes.Buffer
	err := body.Render(ctx, &b)
	return Event{Name: name, Data: b.String()}, err
}

// Events sends what arrives on ch as server-sent events until the reader
// leaves, ch is closed, or the server shuts down. The caller stops feeding ch
// when the request's context is done.
func (s *Site) Events(w http.ResponseWriter, r *Request, ch <-chan Event) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	stream := http.NewResponseController(w)
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	text := "retry: 3000\n\n"
	for {
		// A reader that takes nothing for two heartbeats is gone; writers
		// without deadlines (tests) say so, and that is fine.
		_ = stream.SetWriteDeadline(time.Now().Add(2 * heartbeat))
		if _, err := fmt.Fprint(w, text); err != nil {
			return nil // the reader left
		}
		if err := stream.Flush(); err != nil {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-s.closed:
			return nil
		case <-tick.C:
			text = ": still here\n\n"
		case e, open := <-ch:
			if !open {
				return nil
			}
			text = e.wire()
		}
	}
}

func (e Event) wire() string {
	var b strings.Builder
	if e.Name != "" {
		b.WriteString("event: " + strings.NewReplacer("\n", "", "\r", "").Replace(e.Name) + "\n")
	}
	data := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(e.Data)
	for _, line := range strings.Split(data, "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteString("\n")
	return b.String()
}
