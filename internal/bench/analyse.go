package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/ledger"
)

type analyseRun struct {
	*Bench
	rows   int64
	rounds int
	url    string // of an empty PostgreSQL database; "" is DuckDB
	ledger *ledger.Ledger
	from   time.Time // of the invented past: two years
	to     time.Time
}

// analyseBenchmark measures how long questions about millions of interactions
// take, beside SQL written by hand for the same figures.
func analyseBenchmark() Benchmark {
	return Benchmark{
		Name: "analyse", Short: "Funnel, retention, paths and trend over ten million interactions, beside SQL by hand",
		Example: "  regia bench analyse\n  regia bench analyse --rows 1000000 --rounds 3 --json\n  regia bench analyse --ledger postgres://regia@localhost/bench",
		Flags: func(f *pflag.FlagSet) func(context.Context, *Bench) error {
			a := analyseRun{}
			f.Int64Var(&a.rows, "rows", 10_000_000, "interactions in the ledger")
			f.IntVar(&a.rounds, "rounds", 5, "how often each question is asked, in turn with its reference")
			f.StringVar(&a.url, "ledger", "", "an empty PostgreSQL database for the ledger; \"\" = the embedded one")
			return func(ctx context.Context, b *Bench) error {
				a.Bench = b
				return a.run(ctx)
			}
		},
	}
}

// inquiry is one question: as Regia answers it, and by hand. Both give the
// same figures.
type inquiry struct {
	name   string
	ask    func(context.Context) (any, error)
	byHand func(context.Context) (any, error)
	most   float64 // seconds that are promised
}

func (a *analyseRun) run(ctx context.Context) (err error) {
	a.Report.Parameters["rows"], a.Report.Parameters["rounds"] = a.rows, a.rounds
	a.to = a.clock().UTC().Truncate(time.Hour)
	a.from = a.to.AddDate(-2, 0, -3)
	o := ledger.Options{Path: filepath.Join(a.Dir, "ledger.duckdb"), Logger: slog.New(slog.DiscardHandler)}
	if a.url != "" {
		o.Path, o.URL = "", a.url
	}
	a.ledger, err = ledger.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.ledger.Close()) }()
	a.Report.Parameters["engine"] = a.ledger.Engine()
	start := time.Now()
	people, err := a.ledger.Invent(ctx, a.rows, a.to.Add(-time.Hour), func(done int64) {
		a.Say("inventing the past: %d people after %.0f s", done, time.Since(start).Seconds())
	})
	if err != nil {
		return err
	}
	a.Figure(single("people", "people", float64(people)))
	for _, one := range a.inquiries() {
		if err := a.measure(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// measure asks a question and its reference in turn, after a round that only
// warms up, and makes sure that both say the same.
func (a *analyseRun) measure(ctx context.Context, one inquiry) error {
	a.Say("%s", one.name)
	var took, hand, ratio, busy, busyRatio []float64
	for round := range a.rounds + 1 {
		mine, t, c, err := clocked(ctx, one.ask)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		theirs, ht, hc, err := clocked(ctx, one.byHand)
		if err != nil {
			return fmt.Errorf("%s by hand: %w", one.name, err)
		}
		if !reflect.DeepEqual(mine, theirs) {
			return experience.Errorf(experience.Internal, "%s: Regia says %v, SQL by hand %v", one.name, mine, theirs)
		}
		if round > 0 {
			took, hand, ratio = append(took, t), append(hand, ht), append(ratio, t/ht)
			busy, busyRatio = append(busy, c), append(busyRatio, c/hc)
		}
	}
	f := several(one.name, "s", took)
	if one.most > 0 && a.rows <= 10_000_000 && a.url == "" {
		f.AtMost = promise(one.most)
	}
	for _, f := range []Figure{f, several(one.name+".by_hand", "s", hand), several(one.name+".ratio", "ratio", ratio)} {
		a.Figure(f)
	}
	if a.url == "" { // PostgreSQL's own time is not to be told from here
		a.Figure(several(one.name+".cpu", "s", busy))
		a.Figure(several(one.name+".cpu_ratio", "ratio", busyRatio))
	}
	return nil
}

// clocked runs a question and gives what it took, and of the processors, in
// seconds.
func clocked(ctx context.Context, f func(context.Context) (any, error)) (answer any, took, busy float64, err error) {
	start, before := time.Now(), usageOf(os.Getpid()).CPU
	answer, err = f(ctx)
	return answer, time.Since(start).Seconds(), (usageOf(os.Getpid()).CPU - before).Seconds(), err
}

var funnelSteps = [...]string{"Product Viewed", "Product Added", "Products Searched", "Order Completed"}

func (a *analyseRun) inquiries() []inquiry {
	category := analytics.Filter{Field: "properties.category", Is: "equal", Values: []string{"Borse 7"}}
	const byHand = ` AND contains(properties, 'Borse 7') AND json_extract_string(properties, '$.category') = 'Borse 7'`
	var list []inquiry
	for _, filtered := range []bool{false, true} {
		scope, name, sql, more := analytics.Scope{From: a.from, To: a.to}, "", ``, 1.0
		if filtered {
			scope.Where, name, sql, more = []analytics.Filter{category}, ".property", byHand, 2
		}
		list = append(list,
			inquiry{"funnel" + name, func(ctx context.Context) (any, error) { return a.funnel(ctx, scope) },
				func(ctx context.Context) (any, error) { return a.numbers(ctx, funnelSQL(sql)) }, 0.5 * more},
			inquiry{"retention" + name, func(ctx context.Context) (any, error) { return a.retention(ctx, scope) },
				func(ctx context.Context) (any, error) { return a.numbers(ctx, retentionSQL(sql)) }, 1.5 * more},
			inquiry{"paths" + name, func(ctx context.Context) (any, error) { return a.paths(ctx, scope) },
				func(ctx context.Context) (any, error) { return a.numbers(ctx, pathsSQL(sql)) }, 3 * more},
			inquiry{"trend" + name, func(ctx context.Context) (any, error) { return a.trend(ctx, scope) },
				func(ctx context.Context) (any, error) { return a.numbers(ctx, trendSQL(sql)) }, 0.7 * more},
		)
	}
	return list
}

// inPostgres says in PostgreSQL's words what the queries by hand say in DuckDB's.
func inPostgres(query string) string {
	return strings.NewReplacer(
		`epoch_us(time)`, `CAST(extract(epoch FROM time) * 1000000 AS BIGINT)`, `//`, `/`,
		`contains(properties, 'Borse 7')`, `position('Borse 7' IN properties::TEXT) > 0`,
		`json_extract_string(properties, '$.category')`, `properties->>'category'`,
	).Replace(query)
}

// numbers gives the one column of a query.
func (a *analyseRun) numbers(ctx context.Context, query string) ([]int64, error) {
	if a.url != "" {
		query = inPostgres(query)
	}
	rows, err := a.ledger.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

func (a *analyseRun) funnel(ctx context.Context, s analytics.Scope) ([]int64, error) {
	f := analytics.Funnel{Scope: s}
	for _, name := range funnelSteps {
		f.Steps = append(f.Steps, analytics.Match{Event: name})
	}
	answer, err := f.Ask(ctx, a.ledger)
	var list []int64
	for _, step := range answer.Steps {
		list = append(list, step.Count)
	}
	return list, err
}

// funnelSQL follows the first time of each step after the one before. Without a
// window that is all there is to it.
func funnelSQL(where string) string {
	sql, before := `WITH `, ``
	for i, name := range funnelSteps {
		if i > 0 {
			sql += `, `
			before = fmt.Sprintf(` JOIN s%d AS b USING (person_id)`, i-1)
		}
		sql += fmt.Sprintf(`s%d AS (SELECT i.person_id, min(i.time) AS t FROM interactions AS i%s WHERE person_id IS NOT NULL AND flags = 0 AND name = '%s'%s`, i, before, name, where)
		if i > 0 {
			sql += ` AND i.time >= b.t`
		}
		sql += ` GROUP BY 1)`
	}
	return sql + ` SELECT n FROM (SELECT 0 AS k, count(*) AS n FROM s0 UNION ALL SELECT 1, count(*) FROM s1 UNION ALL SELECT 2, count(*) FROM s2 UNION ALL SELECT 3, count(*) FROM s3) AS counts ORDER BY k`
}

// retention gives, of all cohorts, how many there are and how many came back
// the week after.
func (a *analyseRun) retention(ctx context.Context, s analytics.Scope) ([]int64, error) {
	answer, err := analytics.Retention{Scope: s}.Ask(ctx, a.ledger, time.UTC)
	if err != nil || len(answer.All.Returned) == 0 {
		return nil, err
	}
	var back int64
	for _, c := range answer.Cohorts {
		back += c.Returned[0].Cases
	}
	return []int64{answer.All.Cases, back}, nil
}

func retentionSQL(where string) string {
	return `WITH x AS (SELECT DISTINCT person_id AS p, (epoch_us(time) + 259200000000) // 604800000000 AS w FROM interactions WHERE person_id IS NOT NULL AND flags = 0` + where + `),
		f AS (SELECT p, min(w) AS first FROM x GROUP BY p),
		counts AS (SELECT first, w - first AS later, count(*) AS n FROM x JOIN f USING (p) WHERE w - first <= 8 GROUP BY 1, 2)
		SELECT coalesce(n, 0) FROM (VALUES (0), (1)) AS l(later) LEFT JOIN (SELECT later, sum(n)::BIGINT AS n FROM counts GROUP BY later) AS sums USING (later) ORDER BY later`
}

// paths gives how many went to each of the things that are shown right after
// the first order.
func (a *analyseRun) paths(ctx context.Context, s analytics.Scope) ([]int64, error) {
	answer, err := analytics.Paths{Scope: s, Anchor: analytics.Match{Event: "Order Completed"}}.Ask(ctx, a.ledger)
	if err != nil || len(answer.Levels) < 6 {
		return nil, err
	}
	var list []int64
	for _, l := range answer.Levels {
		for _, n := range l.Nodes {
			list = append(list, n.Cases)
		}
	}
	return list, nil
}

func pathsSQL(where string) string {
	return `WITH a AS (SELECT person_id, min(time) AS t FROM interactions WHERE person_id IS NOT NULL AND flags = 0 AND name = 'Order Completed'` + where + ` GROUP BY 1),
		n AS (SELECT i.name, row_number() OVER (PARTITION BY i.person_id ORDER BY i.time, i.received_at) - 1 AS level
			FROM interactions AS i JOIN a USING (person_id) WHERE i.time >= a.t AND flags = 0` + where + `)
		SELECT count(*) FROM n WHERE level <= 5 GROUP BY level, name ORDER BY level, count(*) DESC, name`
}

// trend gives the daily figures of each touchpoint.
func (a *analyseRun) trend(ctx context.Context, s analytics.Scope) ([]int64, error) {
	answer, err := analytics.Trend{Scope: s, By: "touchpoint"}.Ask(ctx, a.ledger, time.UTC)
	if err != nil {
		return nil, err
	}
	var list []int64
	for _, series := range answer.Series {
		for _, n := range series.Counts {
			if n > 0 {
				list = append(list, n)
			}
		}
	}
	return list, nil
}

func trendSQL(where string) string {
	return `SELECT n FROM (SELECT touchpoint, epoch_us(time) // 86400000000 AS day, count(*) AS n FROM interactions WHERE flags = 0` + where + ` GROUP BY 1, 2) AS days ORDER BY touchpoint, day`
}
