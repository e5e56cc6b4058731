package ledger

import (
	"strconv"
	"strings"
)

// The expressions that questions about what happened need and the engines write
// differently. They are SQL for use in Query.

// Property gives a scalar property of an interaction as text: NULL when it is
// absent or null. Texts and booleans are as their sender wrote them; a number
// may be written another way (1.10 as 1.1). Unlike what binds touchpoints it is
// made for millions of rows.
func (l *Ledger) Property(name string) string { return l.engine.property(name) }

// Mentions gives a condition that holds wherever a property may have one of
// these texts, and rarely elsewhere: looking for a text in all properties takes
// a fraction of reading one of them. A number may be written in several ways,
// so for those it gives TRUE.
func (l *Ledger) Mentions(texts []string, text func(string) string) string {
	list := []string{l.engine.mentions(quoted(`\`))} // whatever is escaped may mean anything
	for _, t := range texts {
		if _, err := strconv.ParseFloat(t, 64); err == nil || t == "" {
			return `TRUE`
		}
		list = append(list, l.engine.mentions(text(t)))
	}
	return `(` + strings.Join(list, ` OR `) + `)`
}

// Number gives a text as a DOUBLE PRECISION, NULL when it is no number.
func (l *Ledger) Number(expr string) string { return l.engine.number(expr) }

// Micros gives a TIMESTAMPTZ as microseconds since 1970, a BIGINT.
func (l *Ledger) Micros(expr string) string { return l.engine.micros(expr) }

func quoted(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

func (d *duck) property(name string) string {
	if strings.ContainsAny(name, `"\*?`) { // DuckDB's paths have no way to write these
		return d.scalar(quoted(name))
	}
	return `json_extract_string(properties, ` + quoted(`$."`+name+`"`) + `)`
}

func (d *duck) number(expr string) string { return `TRY_CAST(` + expr + ` AS DOUBLE)` }

func (d *duck) micros(expr string) string { return `epoch_us(` + expr + `)` }

func (p *postgres) property(name string) string { return `(properties ->> ` + quoted(name) + `)` }

// PostgreSQL has no cast that gives NULL for what it cannot read.
func (p *postgres) number(expr string) string {
	return `CASE WHEN ` + expr + ` ~ '^\s*[-+]?([0-9]{1,200}(\.[0-9]{0,200})?|\.[0-9]{1,200})([eE][-+]?[0-9]{1,2})?\s*$' THEN CAST(` + expr + ` AS DOUBLE PRECISION) END`
}

func (p *postgres) micros(expr string) string {
	return `CAST(extract(epoch FROM ` + expr + `) * 1000000 AS BIGINT)`
}

func (d *duck) mentions(text string) string {
	return `contains(CAST(properties AS TEXT), ` + text + `)`
}

func (p *postgres) mentions(text string) string {
	return `strpos(CAST(properties AS TEXT), ` + text + `) > 0`
}
