package analytics

import (
	"cmp"
	"context"
	"database/sql"
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
	t.Unit, t.Measure = cmp.Or(t.Unit, Day), cmp.Or(t.Measure, Interactions)
	out := TrendAnswer{Unit: t.Unit, Times: []time.Time{}, Series: []Series{}}
	c, err := newCalendar(t.Unit, zone)
	if err != nil {
		return out, err
	}
	if err := cmp.Or(t.What.check(), checkField(t.By), t.Scope.check()); err != nil {
		return out, err
	}
	if t.measure() == "" {
		return out, experience.Errorf(experience.Invalid, "%q is none of interactions, cases and revenue", t.Measure)
	}
	scope, any, err := t.extent(ctx, l)
	if err != nil || !any {
		return out, err
	}
	t.Scope = scope
	low, high := c.number(t.From), c.number(t.To.Add(-time.Nanosecond))
	if high-low >= maxPieces {
		return out, experience.Errorf(experience.Invalid, "a trend has at most %d pieces; ask for longer ones, or for a shorter period", maxPieces)
	}
	for n := low; n <= high; n++ {
		out.Times = append(out.Times, c.start(n))
	}
	if out.Series, err = t.series(ctx, l); err != nil {
		return out, err
	}
	return out, t.count(ctx, l, c, low, out.Series, len(out.Times))
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
			SELECT `+value+` AS value, `+currency+` AS currency, revenue, `+b.caseOf(t.Scope)+` AS c, `+c.sql(t.From, t.To)+` AS piece
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
