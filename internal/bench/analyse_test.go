package bench

import (
	"context"
	"testing"
	"time"

	"regia/internal/testkit"
)

// The benchmark itself makes sure that Regia and SQL by hand say the same.
func TestAnalyseAgreesWithSQLByHand(t *testing.T) {
	t.Run("DuckDB", func(t *testing.T) { agrees(t, "", "trend.cpu_ratio") })
	t.Run("PostgreSQL", func(t *testing.T) { agrees(t, testkit.Postgres(t), "trend.ratio") })
}

func agrees(t *testing.T, url, last string) {
	b := &Bench{Dir: t.TempDir(), progress: t.Output(), clock: func() time.Time { return time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC) }}
	b.Report.Parameters = map[string]any{}
	a := analyseRun{Bench: b, rows: 20_000, rounds: 1, url: url}
	if err := a.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"funnel", "retention.property.ratio", "paths", last} {
		found := false
		for _, f := range b.Report.Figures {
			found = found || f.Name == name && f.N == 1
		}
		if !found {
			t.Errorf("there is no %s", name)
		}
	}
}
