package collect

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"regia/internal/experience"
)

// batchOf makes a body of n events as Segment's libraries send them, with
// something said once for all of them.
func batchOf(n int, around string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"sentAt":"2026-11-22T10:30:00.000Z",` + around + `"batch":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"track","messageId":"ajs-next-%d","anonymousId":"8d9f0f2c-5f0e-4b1e-9d59-3a35a2f0c%03d","event":"Product Viewed","timestamp":"2026-11-22T10:29:59.%03dZ",`+
			`"properties":{"product_id":"P-%d","name":"Tazzina da caffè","price":12.5,"currency":"EUR","category":"Cucina"},`+
			`"context":{"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36","locale":"it-IT","page":{"path":"/p/%d","title":"Tazzina"}}}`, i, i%1000, i%1000, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// BenchmarkDoor takes batches of 100 events in, without a log behind.
func BenchmarkDoor(b *testing.B) {
	h := newHouse(b, func(o *Options) {
		o.Limits.Rate, o.Limits.Burst = 1e12, 1<<40
		o.Company = nil
	})
	h.door.o.Log = nowhere{}
	for name, around := range map[string]string{
		"own context": "", "shared context": `"context":{"library":{"name":"analytics.js","version":"2.1.0"}},`,
	} {
		body := batchOf(100, around)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/v1/batch", bytes.NewReader(body))
				r.SetBasicAuth(h.keys[Site], "")
				w := httptest.NewRecorder()
				h.mux.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
			b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

type nowhere struct{}

func (nowhere) Append(context.Context, []experience.Record) error { return nil }
