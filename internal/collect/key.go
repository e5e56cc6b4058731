package collect

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"regia/internal/experience"
)

// errNoKey says that a request carries no key outside its body.
var errNoKey = experience.Errorf(experience.Unauthorised, "the write key is missing: send it as the user of Basic authentication, as writeKey, or as X-Write-Key")

// keyOf finds the key of a request outside its body.
func keyOf(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok && user != "" {
		return user
	}
	if key := sent(r.Header, "X-Write-Key"); key != "" {
		return key
	}
	if strings.Contains(r.URL.RawQuery, "writeKey") {
		return r.URL.Query().Get("writeKey")
	}
	return ""
}

// authenticate finds the source a key belongs to. Codes: Unauthorised,
// Forbidden (disabled), Unavailable (the registry does not answer).
func (d *Door) authenticate(ctx context.Context, key string, now time.Time) (Source, error) {
	key = strings.TrimSpace(key)
	if key == "" {
		return Source{}, errNoKey
	}
	source, err := d.o.Sources.byKey(ctx, key, now)
	switch {
	case errors.Is(err, errNoSource):
		return Source{}, experience.Errorf(experience.Unauthorised, "no source has this write key")
	case err != nil:
		d.o.Logger.ErrorContext(ctx, "sources cannot be read", "error", err)
		return Source{}, experience.Errorf(experience.Unavailable, "the sources cannot be read now; please send again in a moment")
	case source.Disabled:
		return Source{}, experience.Errorf(experience.Forbidden, "this source is disabled")
	}
	return source, nil
}

// sent gives the first value of a header, whose name must be in canonical form.
func sent(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
