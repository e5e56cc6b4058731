package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit"
)

const (
	benchRows    = 1_000_000
	benchPersons = 50_000
	benchBatch   = 5_000
)

// BenchmarkLedger writes a million interactions and then reads them, on each
// engine: go test -run - -bench Ledger -benchtime 1x.
func BenchmarkLedger(b *testing.B) {
	for _, engine := range []string{"DuckDB", "PostgreSQL"} {
		b.Run(engine, func(b *testing.B) { benchEngine(b, engine) })
	}
}

func benchEngine(b *testing.B, engine string) {
	ctx := context.Background()
	o := ledger.Options{Path: filepath.Join(b.TempDir(), "ledger.duckdb")}
	if engine == "PostgreSQL" {
		o = ledger.Options{URL: testkit.Postgres(b)}
	}
	l, err := ledger.Open(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	took := func(what string, f func()) {
		start := time.Now()
		f()
		b.Logf("%-42s %9.1f ms   %s", what, float64(time.Since(start).Microseconds())/1000, resident())
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	rome, err := time.LoadLocation("Europe/Rome")
	must(err)
	for b.Loop() {
		took("idle", func() {})
		head, err := l.Head(ctx)
		must(err)
		start := time.Now()
		var fresh, append_ time.Duration
		for n := 0; n < benchRows; n += benchBatch {
			rows := make([]experience.Interaction, benchBatch)
			for i := range rows {
				rows[i] = benchRow(n + i)
			}
			t := time.Now()
			_, err := l.Fresh(ctx, rows)
			must(err)
			fresh += time.Since(t)
			t = time.Now()
			after := at(head.Position.Sequence + 1)
			must(l.Append(ctx, ledger.Batch{Before: head.Position, After: after, Rows: rows}))
			append_ += time.Since(t)
			head.Position = after
		}
		b.Logf("rows/s: append %.0f, fresh %.0f; all %v; %s", benchRows/append_.Seconds(), benchRows/fresh.Seconds(), time.Since(start), resident())
		ask := func(what, query string, args ...any) {
			for _, run := range []string{"first", "again"} {
				took(what+", "+run, func() {
					rows, err := l.Query(ctx, query, args...)
					must(err)
					for rows.Next() {
					}
					must(rows.Close())
				})
			}
		}
		timeline := func(what string) {
			start := time.Now()
			for i := range 100 {
				items, _, err := l.Timeline(ctx, ledger.TimelineQuery{Person: benchPerson(i * 37)})
				must(err)
				if len(items) == 0 {
					b.Fatal("an empty timeline")
				}
			}
			b.Logf("%-42s %9.2f ms each", "timeline "+what, float64(time.Since(start).Microseconds())/100_000)
		}
		questions := func() {
			ask("trend", `SELECT date_trunc('day', time AT TIME ZONE $1) AS day, count(*), sum(revenue)::BIGINT FROM interactions
				WHERE flags = 0 GROUP BY 1 ORDER BY 1`, "Europe/Rome")
			ask("trend, by Local", `SELECT date_trunc('day', `+ledger.Local(rome, day0, day0.AddDate(1, 0, 0))+`) AS day, count(*), sum(revenue)::BIGINT
				FROM interactions WHERE flags = 0 GROUP BY 1 ORDER BY 1`)
			ask("persons by name", `SELECT name, count(DISTINCT person_id) FROM interactions WHERE flags = 0 GROUP BY 1`)
			ask("property", `SELECT (properties ->> 'category'), count(*) FROM interactions WHERE flags = 0 GROUP BY 1`)
		}
		timeline("hot")
		questions()
		took("compact", func() {
			s, err := l.Compact(ctx, ledger.Beside{})
			must(err)
			b.Logf("%+v", s)
		})
		timeline("compacted")
		took("scan of all rows", func() {
			n := 0
			must(l.Scan(ctx, ledger.Filter{}, func(experience.Interaction) error { n++; return nil }))
			if n < benchRows {
				b.Fatalf("%d rows", n)
			}
		})
		questions()
		moves := make([]ledger.Move, 500)
		for i := range moves {
			moves[i] = ledger.Move{Number: head.Move + int64(i) + 1, Subject: benchSubject(i * 37), Was: benchPerson(i * 37), Person: benchPerson(i*37 + 1)}
		}
		after := at(head.Position.Sequence + 1)
		took("500 moves", func() { must(l.Append(ctx, ledger.Batch{Before: head.Position, After: after, Moves: moves})) })
		questions()
		took("timeline after moves", func() {
			_, _, err := l.Timeline(ctx, ledger.TimelineQuery{Person: benchPerson(1)})
			must(err)
		})
		head.Position = after
		took("compact all", func() {
			s, err := l.CompactAll(ctx)
			must(err)
			b.Logf("%+v", s)
		})
		after = at(head.Position.Sequence + 1)
		took("retouch", func() {
			must(l.Append(ctx, ledger.Batch{Before: head.Position, After: after, Retouch: &ledger.Retouch{Catalogue: 2, Bindings: []experience.Binding{
				{ID: "a", Touchpoint: "shoes", Name: "Product Viewed", Conditions: []experience.Condition{{Property: "category", Op: experience.Is, Value: "Shoes 3"}}},
				{ID: "b", Touchpoint: "site", Source: "web"}}}}))
		})
	}
}

func benchPerson(i int) experience.ID  { return id(fmt.Sprint("person ", i%benchPersons)) }
func benchSubject(i int) experience.ID { return id(fmt.Sprint("subject ", i%benchPersons)) }

func benchRow(i int) experience.Interaction {
	t := day0.Add(time.Duration(i) * 15 * time.Second)
	r := experience.Interaction{ID: id(fmt.Sprint("row ", i)), MessageID: fmt.Sprint("message-", i), Source: "web", Kind: experience.Track,
		Name: []string{"Product Viewed", "Order Completed", "Cart Viewed", "Page"}[i%4], Time: t, ReceivedAt: t, Subject: benchSubject(i * 7919),
		Person: benchPerson(i * 7919), Touchpoint: fmt.Sprint("t", i%20), ProductID: fmt.Sprint("P-", i%1000),
		Properties: json.RawMessage(fmt.Sprintf(`{"product":"Scarpe rosse %d","price":%d.90,"category":"shoes %d","url":"https://example.it/p/%d"}`, i, i%300, i%7, i)),
		Context:    json.RawMessage(fmt.Sprintf(`{"page":{"path":"/p/%d","referrer":"https://example.it/"},"locale":"it-IT","userAgent":"Mozilla/5.0"}`, i))}
	if i%4 == 1 {
		r.Revenue, r.Currency, r.OrderID = int64(1000+i%500), "EUR", fmt.Sprint("O-", i)
	}
	return r
}

func resident() string {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmRSS") {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return ""
}
