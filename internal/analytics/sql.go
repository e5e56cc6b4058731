package analytics

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/ledger"
)

// builder writes one query and collects its parameters.
type builder struct {
	ledger *ledger.Ledger
	args   []any
}

func (b *builder) arg(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

func (b *builder) text(v string) string      { return "CAST(" + b.arg(v) + " AS TEXT)" }
func (b *builder) moment(t time.Time) string { return "CAST(" + b.arg(t.UTC()) + " AS TIMESTAMPTZ)" }

// caseOf gives SQL for what a case is called; NULL or ” for none.
func (b *builder) caseOf(s Scope) string {
	switch s.Case {
	case "", "person":
		return "person_id"
	case "visit": // two sources may number their visits alike
		return "CASE WHEN visit = '' THEN NULL ELSE source || ' ' || visit END"
	case "order":
		return "CASE WHEN order_id = '' THEN NULL ELSE source || ' ' || order_id END"
	}
	return "nullif(" + b.field(s.Case) + ", '')"
}

// field gives SQL for a field as text.
func (b *builder) field(name string) string {
	if p, ok := property(name); ok {
		return b.ledger.Property(p)
	}
	if name == "revenue" {
		return "CAST(revenue AS TEXT)"
	}
	return columns[name]
}

// scope gives the condition for the interactions of a question that belong to
// a case.
func (b *builder) scope(s Scope) string { return b.caseOf(s) + " IS NOT NULL AND " + b.counted(s) }

// counted gives the condition for the interactions of a question.
func (b *builder) counted(s Scope) string {
	list := []string{"TRUE"}
	if !s.From.IsZero() {
		list = append(list, "time >= "+b.moment(s.From))
	}
	if !s.To.IsZero() {
		list = append(list, "time < "+b.moment(s.To))
	}
	if s.Everyone {
		list = append(list, ledger.Contacts)
	} else {
		list = append(list, "flags = 0")
	}
	return strings.Join(append(list, b.filters(s.Where)...), " AND ")
}

// match gives the condition for the interactions that are meant.
func (b *builder) match(m Match) string {
	var list []string
	for _, c := range []struct{ column, value string }{{"name", m.Event}, {"kind", string(m.Kind)}, {"touchpoint", m.Touchpoint}} {
		if c.value != "" {
			list = append(list, c.column+" = "+b.text(c.value))
		}
	}
	list = append(list, b.filters(m.Where)...)
	if len(list) == 0 {
		return "TRUE"
	}
	return "(" + strings.Join(list, " AND ") + ")"
}

func (b *builder) filters(filters []Filter) []string {
	list := make([]string, len(filters))
	for i, f := range filters {
		list[i] = b.filter(f)
	}
	return list
}

// filter gives a condition that is never NULL, so that it may be negated.
func (b *builder) filter(f Filter) string {
	field := b.field(f.Field)
	if op, ok := comparisons[f.Is]; ok {
		number := "revenue"
		if f.Field != "revenue" {
			number = b.ledger.Number(field)
		}
		return fmt.Sprintf("coalesce(%s %s CAST(%s AS DOUBLE PRECISION), FALSE)", number, op, b.text(f.Values[0]))
	}
	field = "coalesce(" + field + ", '')"
	switch f.Is {
	case present:
		return field + " <> ''"
	case absent:
		return field + " = ''"
	case contains:
		list := make([]string, len(f.Values))
		for i, v := range f.Values {
			list[i] = "strpos(lower(" + field + "), lower(" + b.text(v) + ")) > 0"
		}
		return "(" + strings.Join(list, " OR ") + ")"
	}
	list := make([]string, len(f.Values))
	for i, v := range f.Values {
		list[i] = b.text(v)
	}
	not := ""
	if f.Is == notEqual {
		not = "NOT "
	}
	in := field + " " + not + "IN (" + strings.Join(list, ", ") + ")"
	if _, ok := property(f.Field); ok && f.Is == equal && !slices.Contains(f.Values, "") {
		return "CASE WHEN " + b.ledger.Mentions(f.Values, b.text) + " THEN " + in + " ELSE FALSE END"
	}
	return in
}

// each runs a query and calls scan for each row.
func (b *builder) each(ctx context.Context, query string, scan func(*sql.Rows) error) error {
	rows, err := b.ledger.Query(ctx, query, b.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
