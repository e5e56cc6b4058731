package analytics

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

const maxPeriods = 60

// Retention asks how many come back.
//
// A case belongs to the period of its first start. It is retained in a later
// period when a return happens in it; with OnOrAfter, when one happens in it or
// in any later one.
type Retention struct {
	Scope
	Start     Match `json:"start" doc:"What makes a case one to be watched; empty: anything"`
	Return    Match `json:"return" doc:"What counts as coming back; empty: anything"`
	Unit      Unit  `json:"unit,omitempty" enum:"day,week,month" doc:"week when absent"`
	Periods   int   `json:"periods,omitempty" minimum:"1" maximum:"60" doc:"How many after the first; 8 when absent"`
	OnOrAfter bool  `json:"on_or_after,omitempty" doc:"Who comes back later counts as retained until then"`
}

// RetentionAnswer is a table: a line for each period of starting.
type RetentionAnswer struct {
	Unit    Unit     `json:"unit"`
	Cohorts []Cohort `json:"cohorts" doc:"In order of time; those that are empty are left out"`
	All     Cohort   `json:"all" doc:"All cohorts together. At each period only those count that have had all of it, so shares can be compared"`
}

// Cohort are the cases that started in one period.
type Cohort struct {
	Start    time.Time `json:"start,omitzero"`
	Cases    int64     `json:"cases"`
	Returned []Kept    `json:"returned" doc:"For the first period after the start, the second, …"`
}

// Kept is how many of a cohort came back in one period.
type Kept struct {
	Cases   int64   `json:"cases"`
	Of      int64   `json:"of" doc:"Who could have"`
	Share   float64 `json:"share" doc:"0 to 1; 0 where nobody could"`
	Partial bool    `json:"partial,omitempty" doc:"The period is not over, or has not begun"`
}

// Ask answers it, with calendars of a zone.
func (r Retention) Ask(ctx context.Context, l *ledger.Ledger, zone *time.Location) (RetentionAnswer, error) {
	r.Unit, r.Periods = cmp.Or(r.Unit, Week), cmp.Or(r.Periods, 8)
	out := RetentionAnswer{Unit: r.Unit, Cohorts: []Cohort{}, All: Cohort{Returned: []Kept{}}}
	calendar, err := newCalendar(r.Unit, zone)
	if err != nil {
		return out, err
	}
	if r.Unit == Hour {
		return out, experience.Errorf(experience.Invalid, "retention is by day, week or month")
	}
	if r.Periods < 1 || r.Periods > maxPeriods {
		return out, experience.Errorf(experience.Invalid, "retention looks at 1 to %d periods", maxPeriods)
	}
	if err := cmp.Or(r.Start.check(), r.Return.check(), r.Scope.check()); err != nil {
		return out, err
	}
	scope, any, err := r.extent(ctx, l)
	if err != nil || !any {
		return out, err
	}
	r.Scope = scope
	counts, err := r.count(ctx, l, calendar)
	if err != nil {
		return out, err
	}
	out.fill(r, calendar, counts)
	return out, nil
}

// cohortCounts gives, by period of the start, how many cases were last or ever
// seen so many periods later: 0 is the cohort itself.
type cohortCounts map[int64]map[int64]int64

func (r Retention) count(ctx context.Context, l *ledger.Ledger, c calendar) (cohortCounts, error) {
	b := &builder{ledger: l}
	counts := cohortCounts{}
	later := `SELECT first, b - first AS later FROM x JOIN f ON f.c = x.c WHERE rt AND b > first`
	if r.OnOrAfter {
		later = `SELECT first, max(b - first) AS later FROM x JOIN f ON f.c = x.c WHERE rt AND b > first GROUP BY f.c, first`
	}
	err := b.each(ctx, `WITH x AS (
			SELECT c, b, bool_or(st) AS st, bool_or(rt) AS rt
			FROM (SELECT `+b.caseOf(r.Scope)+` AS c, `+c.sql(r.From, r.To)+` AS b, `+b.match(r.Start)+` AS st, `+b.match(r.Return)+` AS rt
				FROM interactions WHERE `+b.scope(r.Scope)+`) AS e
			WHERE st OR rt GROUP BY c, b),
		f AS (SELECT c, min(b) AS first FROM x WHERE st GROUP BY c)
		SELECT first, later, count(*) FROM (`+later+`) AS g GROUP BY 1, 2
		UNION ALL SELECT first, 0, count(*) FROM f GROUP BY 1`, func(rows *sql.Rows) error {
		var first, later, n int64
		err := rows.Scan(&first, &later, &n)
		if counts[first] == nil {
			counts[first] = map[int64]int64{}
		}
		counts[first][later] += n
		return err
	})
	if r.OnOrAfter {
		counts.accumulate()
	}
	return counts, err
}

// accumulate turns "last seen so many periods later" into "seen then or later".
func (c cohortCounts) accumulate() {
	for _, of := range c {
		var latest int64
		for later := range of {
			latest = max(latest, later)
		}
		for k := latest - 1; k >= 1; k-- {
			of[k] += of[k+1]
		}
	}
}

func (a *RetentionAnswer) fill(r Retention, c calendar, counts cohortCounts) {
	last := c.number(r.To.Add(-time.Nanosecond))
	whole := last // the last period that is over
	if c.start(last + 1).After(r.To) {
		whole--
	}
	all := make([]Kept, r.Periods)
	firsts := make([]int64, 0, len(counts))
	for first := range counts {
		firsts = append(firsts, first)
	}
	slices.Sort(firsts)
	for _, first := range firsts {
		cohort := Cohort{Start: c.start(first), Cases: counts[first][0], Returned: make([]Kept, r.Periods)}
		for i := range cohort.Returned {
			at := first + int64(i) + 1
			k := Kept{Cases: counts[first][int64(i)+1], Of: cohort.Cases, Partial: at > whole}
			k.Share = share(k.Cases, k.Of)
			cohort.Returned[i] = k
			if !k.Partial {
				all[i].Cases, all[i].Of = all[i].Cases+k.Cases, all[i].Of+k.Of
			}
		}
		a.All.Cases += cohort.Cases
		a.Cohorts = append(a.Cohorts, cohort)
	}
	for i := range all {
		all[i].Share, all[i].Partial = share(all[i].Cases, all[i].Of), all[i].Of == 0
	}
	a.All.Returned = all
}
