package stream

import (
	"fmt"
	"strings"
	"testing"

	"regia/internal/experience"
)

// BenchmarkAppend has callers write n records of 500 bytes at a time, each call
// answered once it is on disk.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, err := Open(b.Context(), Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			body := make([]experience.Record, n)
			for i := range body {
				body[i] = record(strings.Repeat("x", 500))
			}
			b.SetParallelism(32)
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
