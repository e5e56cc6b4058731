package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// TestOneSQL asks both engines the same questions, in the same words, of the
// same rows, partly compacted and partly moved.
func TestOneSQL(t *testing.T) {
	names := []string{"Product Viewed", "Cart Viewed", "Order Completed", "È arrivato", "zeta", "Alfa"}
	var rows []experience.Interaction
	for i := range 600 {
		r := row(fmt.Sprint(i), fmt.Sprint("s", i%37), fmt.Sprint("p", i%37), i*i%90_000)
		r.Name = names[i*7%len(names)]
		if r.Name == "Order Completed" {
			r.Revenue, r.Currency = int64(i*100-5_000), "EUR"
		}
		r.Flags = experience.Flags(i % 50 / 49)
		rows = append(rows, r)
	}
	questions := map[string]struct {
		query string
		args  []any
	}{
		"trend": {`SELECT date_trunc('day', time AT TIME ZONE $1) AS day, count(*), count(DISTINCT person_id), sum(revenue)::BIGINT
			FROM interactions WHERE flags = 0 AND time >= $2 GROUP BY 1 ORDER BY 1`, []any{"Europe/Rome", day0.Add(72 * time.Hour)}},
		"funnel": {`WITH steps AS (
				SELECT person_id, min(time) FILTER (WHERE name = 'Product Viewed') AS seen
				FROM interactions WHERE flags = 0 AND person_id IS NOT NULL GROUP BY 1),
			carts AS (SELECT s.person_id, min(i.time) AS cart FROM steps s JOIN interactions i ON i.person_id = s.person_id
				AND i.name = 'Cart Viewed' AND i.time > s.seen AND i.flags = 0 GROUP BY 1),
			orders AS (SELECT c.person_id, min(i.time) AS ordered FROM carts c JOIN interactions i ON i.person_id = c.person_id
				AND i.name = 'Order Completed' AND i.time > c.cart AND i.flags = 0 GROUP BY 1)
			SELECT (SELECT count(*) FROM steps WHERE seen IS NOT NULL), (SELECT count(*) FROM carts), (SELECT count(*) FROM orders)`, nil},
		"retention": {`WITH weeks AS (SELECT DISTINCT person_id, date_trunc('week', time AT TIME ZONE 'Europe/Rome') AS week FROM interactions WHERE flags = 0),
			first AS (SELECT person_id, min(week) AS cohort FROM weeks GROUP BY 1)
			SELECT f.cohort, ((w.week::DATE - f.cohort::DATE) / 7)::BIGINT AS later, count(*) FROM weeks w JOIN first f ON f.person_id = w.person_id
			GROUP BY 1, 2 ORDER BY 1, 2`, nil},
		"property": {`SELECT (properties ->> 'n')::BIGINT % 7 AS n, name, count(*) FROM interactions GROUP BY 1, 2 ORDER BY 1, 2`, nil},
		"gaps": {`SELECT person_id::TEXT, count(*) FILTER (WHERE gap > INTERVAL '30 minutes' OR gap IS NULL) AS visits FROM (
			SELECT person_id, time - lag(time) OVER (PARTITION BY person_id ORDER BY time, id) AS gap FROM interactions) g GROUP BY 1 ORDER BY 2 DESC, 1`, nil},
		"one person": {`SELECT id::TEXT, time, name FROM interactions WHERE person_id = $1::UUID ORDER BY time DESC, interactions.id LIMIT 50`, []any{id("p3")}},
		"a list":     {`SELECT count(*) FROM interactions WHERE person_id IN (SELECT x::UUID FROM unnest(string_to_array($1::TEXT, ',')) AS t(x))`, []any{id("p3").String() + "," + id("p4").String()}},
	}
	answers := map[string]map[string][]string{}
	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(rows[:400]...)
		_, err := b.CompactAll(context.Background())
		b.check(err)
		b.append(ledger.Batch{Rows: rows[400:], Moves: []ledger.Move{move(1, "s1", "p1", "p2"), move(2, "s3", "p3", ""), move(3, "s4", "p4", "p3"), move(4, "s1", "p2", "p3")}})
		answers[b.Engine()] = map[string][]string{}
		for name, q := range questions {
			answer := b.ask(q.query, q.args...)
			if len(answer) == 0 {
				t.Errorf("%s: no answer", name)
			}
			answers[b.Engine()][name] = answer
		}
	})
	if diff := cmp.Diff(answers["DuckDB"], answers["PostgreSQL"]); diff != "" {
		t.Errorf("DuckDB (-) and PostgreSQL (+) differ: %s", diff)
	}
}

func TestDaysAreTheCompanysOwn(t *testing.T) {
	utc := func(s string) time.Time {
		at, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	// In Rome the clock goes from 2 to 3 on 29 March 2026 (01:00 UTC) and from 3
	// back to 2 on 25 October (01:00 UTC): days of 23 and 25 hours.
	times := []string{"2026-03-28 22:59:59", "2026-03-28 23:00:00", "2026-03-29 00:59:59", "2026-03-29 01:00:00", "2026-03-29 21:59:59",
		"2026-03-29 22:00:00", "2026-10-24 21:59:59", "2026-10-24 22:00:00", "2026-10-25 00:30:00", "2026-10-25 01:30:00",
		"2026-10-25 22:59:59", "2026-10-25 23:00:00", "2025-12-31 23:00:00", "2026-12-31 22:59:59"}
	want := []string{"2026-01-01 00:00:00|1", "2026-03-28 00:00:00|1", "2026-03-29 00:00:00|4", "2026-03-30 00:00:00|1", "2026-10-24 00:00:00|1",
		"2026-10-25 00:00:00|4", "2026-10-26 00:00:00|1", "2026-12-31 00:00:00|1"}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	everyEngine(t, func(t *testing.T, b *book) {
		var rows []experience.Interaction
		for i, s := range times {
			r := row(fmt.Sprint(i), "s", "p", 0)
			r.Time = utc(s)
			rows = append(rows, r)
		}
		b.rows(rows...)
		for what, local := range map[string]string{
			"AT TIME ZONE": `time AT TIME ZONE 'Europe/Rome'`,
			"Local":        ledger.Local(rome, utc("2025-12-31 00:00:00"), utc("2027-01-01 00:00:00")),
		} {
			if diff := cmp.Diff(want, b.ask(`SELECT date_trunc('day', `+local+`), count(*) FROM interactions GROUP BY 1 ORDER BY 1`)); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
		}
	})
}

func TestLocalIsTheZonesClock(t *testing.T) {
	from, to := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	everyEngine(t, func(t *testing.T, b *book) {
		var rows []experience.Interaction
		for i := range 5000 {
			r := row(fmt.Sprint(i), "s", "p", 0)
			r.Time = from.Add(time.Duration(i) * to.Sub(from) / 5000).Truncate(time.Microsecond)
			rows = append(rows, r)
		}
		b.rows(rows...)
		for _, name := range []string{"Europe/Rome", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe"} {
			zone, err := time.LoadLocation(name)
			b.check(err)
			wrong := b.ask(`SELECT time, time AT TIME ZONE $1, `+ledger.Local(zone, from, to)+` FROM interactions
				WHERE time AT TIME ZONE $1 <> `+ledger.Local(zone, from, to)+` LIMIT 5`, name)
			if len(wrong) > 0 {
				t.Errorf("%s: %s", name, strings.Join(wrong, "\n"))
			}
		}
	})
}

func TestQueriesOnlyRead(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(row("a", "s", "p", 1))
		forbidden := []string{`DELETE FROM interactions RETURNING name`}
		if b.Engine() == "DuckDB" {
			forbidden = []string{`SELECT * FROM read_csv('/etc/passwd')`, `COPY interactions TO '/tmp/regia-ledger-leak'`,
				`SET GLOBAL enable_external_access = true`, `ATTACH '/tmp/regia-ledger-leak'`, `INSTALL httpfs`}
		}
		for _, q := range forbidden {
			rows, err := b.Query(context.Background(), q)
			if err == nil {
				rows.Next()
				err = rows.Err()
				rows.Close()
			}
			if err == nil {
				t.Errorf("%s was allowed", q)
			}
		}
		if v := b.Version(context.Background()); v == "" || !slices.Contains([]string{"DuckDB", "PostgreSQL"}, b.Engine()) {
			t.Errorf("engine %q, version %q", b.Engine(), v)
		}
	})
}
