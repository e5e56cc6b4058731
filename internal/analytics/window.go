package analytics

import (
	"slices"
	"strconv"
	"time"

	"regia/internal/experience"
)

// Window is a length of time, written 30m, 12h, 14d or 2w; 0 is no limit.
type Window time.Duration

var windowUnits = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

// UnmarshalText reads a window.
func (w *Window) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*w = 0
		return nil
	}
	unit, ok := windowUnits[text[len(text)-1]]
	n, err := strconv.Atoi(string(text[:len(text)-1]))
	if !ok || err != nil || n < 0 || time.Duration(n) > 100*365*24*time.Hour/unit {
		return experience.Errorf(experience.Invalid, "%q is not a length of time such as 30m, 12h, 14d or 2w", text)
	}
	*w = Window(time.Duration(n) * unit)
	return nil
}

// MarshalText writes a window in its largest whole unit.
func (w Window) MarshalText() ([]byte, error) {
	d := time.Duration(w)
	for _, u := range []byte("wdhms") {
		if unit := windowUnits[u]; d >= unit && d%unit == 0 {
			return append(strconv.AppendInt(nil, int64(d/unit), 10), u), nil
		}
	}
	return []byte("0s"), nil
}

// first keeps the first names after one, in order.
type first struct {
	after string
	limit int
	list  []string
}

func newFirst(after string, limit int) *first { return &first{after: after, limit: limit} }

func (f *first) add(name string) {
	if name <= f.after || f.limit <= 0 {
		return
	}
	at, known := slices.BinarySearch(f.list, name)
	if known || at >= f.limit {
		return
	}
	f.list = slices.Insert(f.list, at, name)
	if len(f.list) > f.limit {
		f.list = f.list[:f.limit]
	}
}

func (f *first) names() []string { return f.list }
