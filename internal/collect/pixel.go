package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
)

const (
	maxPixel = 8 << 10 // bytes of the parameters of a pixel
	// onePixel is a transparent GIF of one by one pixel.
	onePixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00," +
		"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)

// pixelHandler takes an event that an image's address says, where no script
// can run: in an e-mail, on a page of others. The answer is an image whatever
// becomes of the event. Its status is 200 when the event is safe, or when its
// refusal stands on the source's page: else a mail would show a broken image.
func (d *Door) pixelHandler(kind experience.Kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allow(w, r, http.MethodGet) {
			return
		}
		status := http.StatusServiceUnavailable
		if d.enter() {
			defer d.leave()
			status = d.takePixel(w, r, kind)
		}
		d.metrics.answered(status)
		h := w.Header()
		h.Set("Content-Type", "image/gif")
		h.Set("Content-Length", strconv.Itoa(len(onePixel)))
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, onePixel) // whoever asked may be gone
	})
}

// takePixel sends what a pixel says through the door, as the body of a call,
// and gives the status of the answer.
func (d *Door) takePixel(w http.ResponseWriter, r *http.Request, kind experience.Kind) int {
	body, err := pixelEvent(r.URL.RawQuery)
	out := reply{err: err}
	if err == nil {
		event := r.Clone(r.Context())
		event.Method, event.Body, event.ContentLength = http.MethodPost, io.NopCloser(bytes.NewReader(body)), int64(len(body))
		event.Header.Del("Content-Encoding")
		out = d.serve(w, event, call{kind: kind})
	}
	if out.err == nil {
		return http.StatusOK // taken, or refused and noted
	}
	source, authErr := d.authenticate(r.Context(), keyOf(r), d.o.Clock())
	if authErr != nil {
		out.err = authErr // nobody to note it for
		return out.status()
	}
	status := out.status()
	switch {
	case err != nil:
		d.refuseBody(source, d.o.Clock().Truncate(time.Microsecond).UTC(), err)
		return http.StatusOK
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge:
		return http.StatusOK // serve has noted it
	}
	// Nobody sends a pixel again, so what could not be taken is gone.
	d.rejections.add(Rejection{
		Source: source.ID, Time: d.o.Clock().Truncate(time.Microsecond).UTC(), Class: "lost", Name: string(kind),
		Reason: "the event of a pixel is lost, as it is not sent again: " + experience.MessageOf(out.err),
	})
	return status
}

// pixelEvent turns the parameters of a pixel into the JSON of an event. Those
// with a dot are members of objects: properties.color=red. Every value is a
// text, and parameters that are not known are ignored, like an event's unknown
// fields.
func pixelEvent(query string) ([]byte, error) {
	if len(query) > maxPixel {
		return nil, experience.Errorf(experience.TooLarge, "the parameters of a pixel have %d bytes, at most %d are taken", len(query), maxPixel)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, experience.Errorf(experience.Invalid, "the parameters of the pixel cannot be read: they are not encoded as an address must be")
	}
	event := map[string]any{}
	for name, list := range values {
		path := strings.Split(name, ".")
		value := list[len(list)-1] // as of a key that stands twice in an object
		if !pixelTakes(path) {
			continue
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, experience.Errorf(experience.Invalid, "the parameters of the pixel are not valid UTF-8")
		}
		if err := put(event, path, value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(event)
}

// pixelTakes tells whether a pixel may say something.
func pixelTakes(path []string) bool {
	switch path[0] {
	case "userId", "anonymousId", "messageId", "event", "name", "category", "timestamp", "originalTimestamp", "sentAt":
		return len(path) == 1
	case "properties", "context":
		return len(path) > 1
	}
	return false
}

var errPixelPath = errors.New("a parameter of the pixel has an empty part, or names both a text and an object")

func put(object map[string]any, path []string, value string) error {
	name, rest := path[0], path[1:]
	was, there := object[name]
	inner, isObject := was.(map[string]any)
	switch {
	case name == "", there && (len(rest) == 0 || !isObject):
		return experience.Errorf(experience.Invalid, "%w", errPixelPath)
	case len(rest) == 0:
		object[name] = value
		return nil
	case !there:
		inner = map[string]any{}
		object[name] = inner
	}
	return put(inner, rest, value)
}
