package export

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const (
	// stalled is how long a client may take no byte: while it is waited for, the
	// ledger keeps what compaction has replaced.
	stalled = 60 * time.Second
	// rowsTrailer tells, after the last byte, how many rows there were.
	rowsTrailer = "Regia-Rows"
	// leftOutHeader tells what the file leaves out unless asked for.
	leftOutHeader = "Regia-Left-Out"
)

// errBusy says that as many exports run as may.
var errBusy = experience.Errorf(experience.Unavailable, "export.error.busy")

// deliver writes a file as an answer. Before the first bytes are out its error
// is for the caller to answer; after that it breaks the connection, so that
// nobody takes a piece for the whole.
func (r *Room) deliver(ctx context.Context, w http.ResponseWriter, want wanted) error {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		return errBusy
	}
	user, began := web.UserFrom(ctx), r.Clock()
	client := &client{ResponseWriter: w, control: http.NewResponseController(w)}
	client.open()
	defer client.close()
	header := client.describe(want, began)
	out := bufio.NewWriterSize(client, 64<<10)
	rows, err := r.produce(ctx, want, user, out)
	if err == nil {
		err = out.Flush()
	}
	r.record(ctx, want, user, rows, r.Clock().Sub(began), err)
	switch {
	case err == nil:
		w.Header().Set(rowsTrailer, strconv.FormatInt(rows, 10))
		return nil
	case !client.began:
		for _, name := range header {
			w.Header().Del(name)
		}
		return err
	}
	panic(http.ErrAbortHandler)
}

// record notes who took what out. The filter names no person.
func (r *Room) record(ctx context.Context, want wanted, user *web.User, rows int64, took time.Duration, err error) {
	f := want.filter
	attributes := []any{"what", want.what, "format", string(want.format), "user", user.ID, "masked", !user.SeesPeople(), "rows", rows,
		"whole", err == nil, "took", took.Round(time.Millisecond)}
	if want.what == "interactions" {
		attributes = append(attributes, "from", f.From, "to", f.To, "source", f.Source, "touchpoint", f.Touchpoint,
			"one_person", !f.Person.IsZero(), "flagged", f.IncludeFlagged)
	} else {
		attributes = append(attributes, "anonymous", want.anonymous)
	}
	if err != nil && ctx.Err() == nil {
		r.Logger.WarnContext(ctx, "an export broke off", append(attributes, "error", err)...)
		return
	}
	r.Logger.InfoContext(ctx, "data were exported", attributes...)
}

// client is who the file goes to.
type client struct {
	http.ResponseWriter
	control *http.ResponseController
	began   bool // bytes are out
}

// open takes away the time limit that a request is read under: while it holds,
// a long answer is taken for one that nobody waits for.
func (c *client) open() { _ = c.control.SetReadDeadline(time.Time{}) } // not every writer has a connection

func (c *client) close() { _ = c.control.SetWriteDeadline(time.Time{}) }

func (c *client) Write(p []byte) (int, error) {
	_ = c.control.SetWriteDeadline(time.Now().Add(stalled)) // not every writer has a connection
	c.began = true
	return c.ResponseWriter.Write(p)
}

// describe sets the answer's headers and gives their names.
func (c *client) describe(want wanted, now time.Time) []string {
	header := map[string]string{
		"Content-Type":        want.format.mime(),
		"Content-Disposition": fmt.Sprintf(`attachment; filename="regia-%s-%s.%s"`, want.what, now.UTC().Format(time.DateOnly), want.format),
		"Cache-Control":       "no-store",
		"Trailer":             rowsTrailer,
	}
	switch {
	case want.what == "people" && !want.anonymous:
		header[leftOutHeader] = "anonymous"
	case want.what == "interactions" && !want.filter.IncludeFlagged:
		header[leftOutHeader] = "bots, staff"
	}
	var names []string
	for name, value := range header {
		c.Header().Set(name, value)
		names = append(names, name)
	}
	return names
}
