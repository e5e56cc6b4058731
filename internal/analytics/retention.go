package analytics

import (
	"cmp"
	"context"
	"fmt"
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

// prepared checks a question and fills in what it leaves open. It gives false
// where there is nothing.
func (r Retention) prepared(ctx context.Context, l *ledger.Ledger, zone *time.Location) (Retention, calendar, bool, error) {
	r.Unit, r.Periods = cmp.Or(r.Unit, Week), cmp.Or(r.Periods, 8)
	c, err := newCalendar(r.Unit, zone)
	if err != nil {
		return r, c, false, err
	}
	if r.Unit == Hour {
		return r, c, false, experience.Errorf(experience.Invalid, "retention is by day, week or month")
	}
	if r.Periods < 1 || r.Periods > maxPeriods {
		return r, c, false, experience.Errorf(experience.Invalid, "retention looks at 1 to %d periods", maxPeriods)
	}
	if err := cmp.Or(r.Start.check(), r.Return.check(), r.Scope.check()); err != nil {
		return r, c, false, err
	}
	scope, any, err := r.extent(ctx, l)
	r.Scope = scope
	return r, c, any, err
}

// Ask answers it, with calendars of a zone.
func (r Retention) Ask(ctx context.Context, l *ledger.Ledger, zone *time.Location) (RetentionAnswer, error) {
	out := RetentionAnswer{Unit: cmp.Or(r.Unit, Week), Cohorts: []Cohort{}, All: Cohort{Returned: []Kept{}}}
	r, c, any, err := r.prepared(ctx, l, zone)
	if err != nil || !any {
		return out, err
	}
	counts, err := r.begin(l, c).count(ctx)
	if err == nil {
		out.fill(r, c, counts)
	}
	return out, err
}

// cohortCounts gives, by period of the start, how many cases came back so many
// periods later: 0 is the cohort itself.
type cohortCounts map[int64][]int64

// retentionWalk follows cases through the periods of an extent.
type retentionWalk struct {
	Retention
	b       *builder
	wanted  wanted
	periods periods
}

// What an event is in a retention's sequence.
const (
	starts  = 1
	returns = 2
)

func (r Retention) begin(l *ledger.Ledger, c calendar) *retentionWalk {
	w := &retentionWalk{Retention: r, b: &builder{ledger: l}, periods: c.periods(r.From, r.To)}
	start, back := w.b.match(r.Start), w.b.match(r.Return)
	w.wanted = wanted{
		code:  fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END + CASE WHEN %s THEN %d ELSE 0 END", start, starts, back, returns),
		where: "(" + start + " OR " + back + ")",
	}
	return w
}

// follow calls came with each of the periods after its first start in which a
// case came back, 1 to Periods, each once; it gives the period of the start.
func (w *retentionWalk) follow(events []Event, came func(later int)) (first int64, started bool) {
	begin := slices.IndexFunc(events, func(e Event) bool { return e.Code&starts != 0 })
	if begin < 0 {
		return 0, false
	}
	at := w.periods.of(events[begin].At, 0)
	last, from := 0, at
	for _, e := range events[begin+1:] {
		if e.Code&returns == 0 {
			continue
		}
		at = w.periods.of(e.At, at)
		later := min(at-from, w.Periods+1)
		if !w.OnOrAfter && later > last && later <= w.Periods {
			came(later)
		}
		last = max(last, later)
	}
	if w.OnOrAfter {
		for k := 1; k <= min(last, w.Periods); k++ {
			came(k)
		}
	}
	return w.periods.first + int64(from), true
}

func (w *retentionWalk) count(ctx context.Context) (cohortCounts, error) {
	tallies, err := gather(ctx, w.b, w.Scope, w.wanted, func() cohortCounts { return cohortCounts{} }, func(t cohortCounts, c ledger.Case) error {
		came := make([]int, 0, maxPeriods)
		first, started := w.follow(c.Events, func(later int) { came = append(came, later) })
		if !started {
			return nil
		}
		if t[first] == nil {
			t[first] = make([]int64, w.Periods+1)
		}
		t[first][0]++
		for _, k := range came {
			t[first][k]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tallies[1:] {
		for first, counts := range t {
			if tallies[0][first] == nil {
				tallies[0][first] = counts
				continue
			}
			for k, n := range counts {
				tallies[0][first][k] += n
			}
		}
	}
	return tallies[0], nil
}

// RetentionPlace is a number of a retention's table.
type RetentionPlace struct {
	Start  time.Time // a moment of the period in which the cohort began; zero: all cohorts together
	Period int       // who came back so many periods later; 0: all of the cohort
	Lost   bool      // who did not instead, of those who could have
}

// People gives the cases behind a number.
func (r Retention) People(ctx context.Context, l *ledger.Ledger, zone *time.Location, at RetentionPlace, page Page) (Behind, error) {
	r, c, any, err := r.prepared(ctx, l, zone)
	if err != nil || !any {
		return Behind{}, err
	}
	if at.Period < 0 || at.Period > r.Periods {
		return Behind{}, experience.Errorf(experience.Invalid, "this retention has no period %d", at.Period)
	}
	w, over := r.begin(l, c), c.lastOver(r.To)
	return people(ctx, w.b, w.Scope, w.wanted, page, func(one ledger.Case) (bool, error) {
		came := false
		first, started := w.follow(one.Events, func(later int) { came = came || later == at.Period })
		switch {
		case !started, !at.Start.IsZero() && first != c.number(at.Start):
			return false, nil
		case at.Start.IsZero() && at.Period > 0 && first+int64(at.Period) > over: // the line for all leaves these out
			return false, nil
		}
		return at.Period == 0 || came != at.Lost, nil
	})
}

func (a *RetentionAnswer) fill(r Retention, c calendar, counts cohortCounts) {
	over := c.lastOver(r.To)
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
			k := Kept{Cases: counts[first][i+1], Of: cohort.Cases, Partial: at > over}
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
