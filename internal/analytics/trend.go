package analytics

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Measure is what a trend counts.
type Measure string

// The measures.
const (
	Interactions Measure = "interactions"
	Cases        Measure = "cases"
	Revenue      Measure = "revenue" // in minor units; never over several currencies
)

const (
	maxSeries = 12 // values shown by themselves; the rest are "other"
	maxPieces = 4000
)

// Trend asks how much happened over time.
type Trend struct {
	Scope
	What    Match   `json:"what,omitzero" doc:"Which interactions count; empty: every one"`
	Measure Measure `json:"measure,omitempty" enum:"interactions,cases,revenue" doc:"interactions when absent"`
	Unit    Unit    `json:"unit,omitempty" enum:"hour,day,week,month" doc:"day when absent"`
	By      string  `json:"by,omitempty" doc:"A series for each value of this field"`
}

// TrendAnswer is one or several series over the same pieces of time.
type TrendAnswer struct {
	Unit   Unit        `json:"unit"`
	Times  []time.Time `json:"times" doc:"When each piece begins"`
	Series []Series    `json:"series" doc:"Largest first; the last one may be the rest. Of revenue the 12 largest only: a rest would mix currencies"`
}

// Series is one line of a trend.
type Series struct {
	Value    string  `json:"value"`
	Other    bool    `json:"other,omitempty" doc:"All further values together"`
	Currency string  `json:"currency,omitempty" doc:"Of revenue"`
	Counts   []int64 `json:"counts" doc:"One for each piece of time"`
	Total    int64   `json:"total" doc:"Over all of the period: of cases, each counts once"`
}

// Ask answers it, with calendars of a zone.
func (t Trend) Ask(ctx context.Context, l *ledger.Ledger, zone *time.Location) (TrendAnswer, error) {
	t, c, any, err := t.prepared(ctx, l, zone)
	out := TrendAnswer{Unit: t.Unit, Times: []time.Time{}, Series: []Series{}}
	if err != nil || !any {
		return out, err
	}
	low, high := c.number(t.From), c.number(t.To.Add(-time.Nanosecond))
	if high-low >= maxPieces {
		return out, experience.Errorf(experience.Invalid, "a trend has at most %d pieces; ask for longer ones, or for a shorter period", maxPieces)
	}
	for n := low; n <= high; n++ {
		out.Times = append(out.Times, c.start(n))
	}
	if t.Measure != Cases { // what can be added up is counted once
		var whole bool
		if out.Series, whole, err = t.added(ctx, l, c, low, len(out.Times)); err != nil || whole {
			return out, err
		}
	}
	if out.Series, err = t.series(ctx, l); err != nil {
		return out, err
	}
	return out, t.count(ctx, l, c, low, out.Series, len(out.Times))
}

// prepared checks a question and fills in what it leaves open. It gives false
// where there is nothing.
func (t Trend) prepared(ctx context.Context, l *ledger.Ledger, zone *time.Location) (Trend, calendar, bool, error) {
	t.Unit, t.Measure = cmp.Or(t.Unit, Day), cmp.Or(t.Measure, Interactions)
	c, err := newCalendar(t.Unit, zone)
	if err != nil {
		return t, c, false, err
	}
	if err := cmp.Or(t.What.check(), checkField(t.By), t.Scope.check()); err != nil {
		return t, c, false, err
	}
	if t.measure() == "" {
		return t, c, false, experience.Errorf(experience.Invalid, "%q is none of interactions, cases and revenue", t.Measure)
	}
	scope, any, err := t.extent(ctx, l)
	t.Scope = scope
	return t, c, any, err
}

// maxAdded is how many sums of a series and a piece are taken out of the ledger.
const maxAdded = 100_000

// added counts every series in every piece at once, and adds them up. It gives
// false where these are too many.
func (t Trend) added(ctx context.Context, l *ledger.Ledger, c calendar, low int64, pieces int) ([]Series, bool, error) {
	b := &builder{ledger: l}
	value, currency := t.parts(b)
	type key struct{ value, currency string }
	found := map[key]*Series{}
	list := []*Series{}
	n := 0
	err := b.each(ctx, `SELECT `+value+`, `+currency+`, `+c.sql(l, t.From, t.To)+`, `+t.measure()+` FROM interactions WHERE `+t.condition(b)+`
		GROUP BY 1, 2, 3 LIMIT `+b.arg(maxAdded+1), func(rows *sql.Rows) error {
		var k key
		var piece, count int64
		if err := rows.Scan(&k.value, &k.currency, &piece, &count); err != nil {
			return err
		}
		s := found[k]
		if s == nil {
			s = &Series{Value: k.value, Currency: k.currency, Counts: make([]int64, pieces)}
			found[k], list = s, append(list, s)
		}
		n++
		if s.Total += count; piece >= low && piece < low+int64(pieces) {
			s.Counts[piece-low] += count
		}
		return nil
	})
	if err != nil || n > maxAdded {
		return nil, false, err
	}
	slices.SortFunc(list, func(a, b *Series) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Currency, b.Currency))
	})
	return t.largest(list, pieces), true, nil
}

// largest keeps the largest series, and adds up the rest where that can be done.
func (t Trend) largest(list []*Series, pieces int) []Series {
	out := []Series{}
	rest := Series{Other: true, Counts: make([]int64, pieces)}
	for i, s := range list {
		if i < maxSeries || len(list) == maxSeries+1 {
			out = append(out, *s)
			continue
		}
		rest.Total += s.Total
		for k, n := range s.Counts {
			rest.Counts[k] += n
		}
	}
	if len(list) > maxSeries+1 && t.Measure != Revenue { // the rest would mix currencies
		out = append(out, rest)
	}
	return out
}

// measure gives SQL for what is counted.
func (t Trend) measure() string {
	return map[Measure]string{Interactions: "count(*)", Cases: "count(DISTINCT c)", Revenue: "CAST(sum(revenue) AS BIGINT)"}[t.Measure]
}

// condition gives SQL for what counts.
func (t Trend) condition(b *builder) string {
	where := ""
	switch t.Measure {
	case Cases:
		where = b.scope(t.Scope)
	case Revenue:
		where = b.counted(t.Scope) + " AND currency <> ''"
	default:
		where = b.counted(t.Scope)
	}
	return where + " AND " + b.match(t.What)
}

// parts gives SQL for what a series is of: the field, and the currency.
func (t Trend) parts(b *builder) (value, currency string) {
	value, currency = "''", "''"
	if t.By != "" {
		value = "coalesce(" + b.field(t.By) + ", '')"
	}
	if t.Measure == Revenue {
		currency = "currency"
	}
	return value, currency
}

// series lists what there is, largest first, with totals.
func (t Trend) series(ctx context.Context, l *ledger.Ledger) ([]Series, error) {
	b := &builder{ledger: l}
	value, currency := t.parts(b)
	list := []Series{}
	err := b.each(ctx, `SELECT value, currency, `+t.measure()+` AS n FROM (
			SELECT `+value+` AS value, `+currency+` AS currency, revenue, `+b.caseOf(t.Scope)+` AS c FROM interactions WHERE `+t.condition(b)+`) AS e
		GROUP BY value, currency ORDER BY n DESC, value, currency LIMIT `+b.arg(maxSeries+2), func(rows *sql.Rows) error {
		var s Series
		err := rows.Scan(&s.Value, &s.Currency, &s.Total)
		list = append(list, s)
		return err
	})
	if err == nil && len(list) > maxSeries+1 {
		list = list[:maxSeries]
		if t.Measure != Revenue { // the rest would mix currencies
			var rest Series
			rest, err = t.rest(ctx, l, list)
			list = append(list, rest)
		}
	}
	return list, err
}

// rest gives everything that is not in a list of series, as one.
func (t Trend) rest(ctx context.Context, l *ledger.Ledger, but []Series) (Series, error) {
	b := &builder{ledger: l}
	value, _ := t.parts(b)
	values := make([]string, len(but))
	for i, s := range but {
		values[i] = b.text(s.Value)
	}
	out := Series{Other: true}
	err := b.each(ctx, `SELECT `+t.measure()+` FROM (SELECT `+value+` AS value, `+b.caseOf(t.Scope)+` AS c FROM interactions WHERE `+t.condition(b)+`) AS e
		WHERE value NOT IN (`+strings.Join(values, ", ")+`)`, func(rows *sql.Rows) error { return rows.Scan(&out.Total) })
	return out, err
}

// count fills in the counts of each series.
func (t Trend) count(ctx context.Context, l *ledger.Ledger, c calendar, low int64, series []Series, pieces int) error {
	if len(series) == 0 {
		return nil
	}
	b := &builder{ledger: l}
	value, currency := t.parts(b)
	which := strings.Builder{}
	which.WriteString("CASE")
	rest := -1
	for i, s := range series {
		if s.Other {
			rest = i
			continue
		}
		which.WriteString(" WHEN value = " + b.text(s.Value) + " AND currency = " + b.text(s.Currency) + " THEN " + strconv.Itoa(i))
	}
	which.WriteString(" ELSE " + strconv.Itoa(rest) + " END")
	for i := range series {
		series[i].Counts = make([]int64, pieces)
	}
	return b.each(ctx, `SELECT `+which.String()+` AS which, piece, `+t.measure()+` FROM (
			SELECT `+value+` AS value, `+currency+` AS currency, revenue, `+b.caseOf(t.Scope)+` AS c, `+c.sql(l, t.From, t.To)+` AS piece
			FROM interactions WHERE `+t.condition(b)+`) AS e GROUP BY 1, 2`, func(rows *sql.Rows) error {
		var which, piece, n int64
		if err := rows.Scan(&which, &piece, &n); err != nil {
			return err
		}
		if which >= 0 && piece >= low && piece < low+int64(pieces) {
			series[which].Counts[piece-low] = n
		}
		return nil
	})
}
