package stream

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"regia/internal/experience"
)

// BenchmarkAppend has callers write n records of 500 bytes at a time, each call
// answered once it is on disk.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ callers, records int }{{8, 1}, {16, 1}, {64, 1}, {64, 100}} {
		n := c.records
		b.Run(fmt.Sprintf("%d of %d callers", n, c.callers), func(b *testing.B) {
			l, err := Open(b.Context(), Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			body := make([]experience.Record, n)
			for i := range body {
				body[i] = record(strings.Repeat("x", 500))
			}
			b.SetParallelism(max(1, c.callers/runtime.GOMAXPROCS(0)))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := l.Append(b.Context(), body); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
