package collect

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what the door takes. A zero field means the default.
type Limits struct {
	Event       int     // bytes of an event; 32 KB
	ImportEvent int     // bytes of an event at /v1/import; 512 KB
	Body        int     // bytes of a body, as sent and inflated; 4 MB
	Batch       int     // events of a batch; 500
	ImportBatch int     // events of a batch at /v1/import; 5,000
	Rate        float64 // events a second of one source; 20,000
	Burst       int     // events a source may send at once; 40,000
}

// DefaultLimits are those of a shop that sells to a whole country.
var DefaultLimits = Limits{
	Event: 32 << 10, ImportEvent: 512 << 10, Body: 4 << 20,
	Batch: 500, ImportBatch: 5000, Rate: 20_000, Burst: 40_000,
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	for _, f := range []struct{ to, from *int }{
		{&l.Event, &d.Event}, {&l.ImportEvent, &d.ImportEvent}, {&l.Body, &d.Body},
		{&l.Batch, &d.Batch}, {&l.ImportBatch, &d.ImportBatch}, {&l.Burst, &d.Burst},
	} {
		if *f.to <= 0 {
			*f.to = *f.from
		}
	}
	if l.Rate <= 0 {
		l.Rate = d.Rate
	}
	// A batch that is allowed must fit the bucket, or it could never pass.
	l.Burst = max(l.Burst, l.Batch, l.ImportBatch)
	return l
}

// buckets hold what each source may still send now.
type buckets struct {
	limits Limits
	mu     sync.Mutex
	of     map[string]*rate.Limiter
}

// take lets n events of a source in, or tells how many seconds to wait.
func (b *buckets) take(source string, n int, now time.Time) (wait int) {
	b.mu.Lock()
	bucket := b.of[source]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(b.limits.Rate), b.limits.Burst)
		b.of[source] = bucket
	}
	b.mu.Unlock()
	if bucket.AllowN(now, n) {
		return 0
	}
	missing := float64(n) - bucket.TokensAt(now)
	return max(1, int(math.Ceil(missing/b.limits.Rate)))
}
