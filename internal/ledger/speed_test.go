package ledger_test

import (
	"context"
	"path/filepath"
	"sort"
	"syscall"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWriting tells what Fresh and Append take of a row, in batches of
// 20,000: go test -run - -bench Writing -benchtime 1x ./internal/ledger.
func BenchmarkWriting(b *testing.B) {
	ctx := context.Background()
	l, err := ledger.Open(ctx, ledger.Options{Path: filepath.Join(b.TempDir(), "ledger.duckdb")})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	const batch, n = 20_000, 1_000_000
	var head experience.Position
	var fresh, appended, freshCPU, appendedCPU time.Duration
	var each []time.Duration
	for b.Loop() {
		for start := 0; start < n; start += batch {
			rows := make([]experience.Interaction, batch)
			for i := range rows {
				rows[i] = benchRow(start + i)
			}
			t, c := time.Now(), cpu()
			if _, err := l.Fresh(ctx, rows); err != nil {
				b.Fatal(err)
			}
			fresh += time.Since(t)
			freshCPU += cpu() - c
			t, c = time.Now(), cpu()
			after := at(head.Sequence + 1)
			if err := l.Append(ctx, ledger.Batch{Before: head, After: after, Rows: rows, Checked: true}); err != nil {
				b.Fatal(err)
			}
			d := time.Since(t)
			each = append(each, d)
			appended += d
			appendedCPU += cpu() - c
			head = after
		}
	}
	sort.Slice(each, func(i, j int) bool { return each[i] < each[j] })
	rows := float64(head.Sequence) * batch
	us := func(d time.Duration) float64 { return float64(d.Microseconds()) / rows }
	b.Logf("Fresh %.2f us/row (CPU %.2f), Append %.2f us/row (CPU %.2f); a batch: median %v, longest %v; %s",
		us(fresh), us(freshCPU), us(appended), us(appendedCPU), each[len(each)/2], each[len(each)-1], resident())
}
