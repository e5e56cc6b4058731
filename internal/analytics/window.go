package analytics

import (
	"math"
	"slices"
	"strconv"
	"time"

	"regia/internal/experience"
)

// Window is a length of time: 90s, 30m, 12h, 14d or 2w; "" is no limit.
type Window string

var windowUnits = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

// longestWindow is a hundred years.
const longestWindow = 100 * 365 * 24 * time.Hour

// Duration gives the length; 0 where there is no limit.
func (w Window) Duration() (time.Duration, error) {
	if w == "" {
		return 0, nil
	}
	unit, ok := windowUnits[w[len(w)-1]]
	n, err := strconv.Atoi(string(w[:len(w)-1]))
	if !ok || err != nil || n < 0 || time.Duration(n) > longestWindow/unit {
		return 0, experience.Errorf(experience.Invalid, "%q is not a length of time such as 30m, 12h, 14d or 2w", string(w))
	}
	return time.Duration(n) * unit, nil
}

// micros gives the length in microseconds, very many where there is no limit.
// The window was checked before.
func (w Window) micros() int64 {
	d, err := w.Duration()
	if err != nil || d == 0 {
		return math.MaxInt64
	}
	return d.Microseconds()
}

// first keeps the first names after one, in order.
type first struct {
	after string
	limit int
	list  []string
}

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
