package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strings"

	"regia/internal/experience"
)

// A part is a table of rows. Together the parts are the ledger; the view
// `interactions` is their union.
//
//	hot     takes what is appended, in arrival order; there is exactly one
//	sealed  a former hot part on its way into the warm or cold ones; a few while
//	        much arrives
//	warm    a run of recent rows, sorted by person and time, on its way into the
//	        cold ones; a few
//	cold    sorted by person and time; the cold parts divide all persons
//	        among them by ranges, so that DuckDB's zone maps find one person
//	        in a few blocks of one part
//	nobody  rows without a person, in no order
//
// A part is never changed into another order: it is written anew under a new
// name and takes the old one's place, in one transaction.
type part struct {
	name, kind string
	// The persons of a cold part: from low (included) to high (left out).
	// Zero: without a bound.
	low, high experience.ID
}

// duckColumnTypes are those of parts. DuckDB's JSON is its TEXT with a check of
// every value that is written, which costs more than the writing; rows bring
// JSON that was checked (see cleanJSON). A part that an older Regia wrote keeps
// JSON until it is written anew: readers cannot tell.
var duckColumnTypes = strings.ReplaceAll(columnTypes, "JSON", "TEXT")

// hotColumnTypes are those of a hot part, whose rows are soon sorted elsewhere:
// compressing them first took a fifth of the time of an append.
var hotColumnTypes = strings.ReplaceAll(duckColumnTypes, ",", " USING COMPRESSION uncompressed,") + " USING COMPRESSION uncompressed"

// holds tells whether rows cached under a person may be in the part.
func (p part) holds(person experience.ID) bool {
	switch p.kind {
	case "cold":
		return !person.IsZero() && bytes.Compare(person[:], p.low[:]) >= 0 &&
			(p.high.IsZero() || bytes.Compare(person[:], p.high[:]) < 0)
	case "nobody":
		return person.IsZero()
	}
	return true
}

// where is the condition that rows of the part fulfil, for a column of
// persons in which nobody is NULL.
func (p part) where(column string) string {
	switch p.kind {
	case "nobody":
		return column + ` IS NULL`
	case "hot", "sealed", "warm":
		return `TRUE`
	}
	sql := column + ` IS NOT NULL`
	if !p.low.IsZero() {
		sql += fmt.Sprintf(` AND %s >= '%s'::UUID`, column, p.low)
	}
	if !p.high.IsZero() {
		sql += fmt.Sprintf(` AND %s < '%s'::UUID`, column, p.high)
	}
	return sql
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func listParts(ctx context.Context, q queryer) ([]part, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, kind, low::TEXT, high::TEXT FROM parts ORDER BY kind, low NULLS FIRST, name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var parts []part
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.name, &p.kind, &p.low, &p.high); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, rows.Err()
}

func (t *duckTx) parts(ctx context.Context) ([]part, error) { return listParts(ctx, t.tx) }

const nobodyUUID = `'00000000-0000-0000-0000-000000000000'::UUID`

// joinOverride finds the override of a row t.
const joinOverride = `o.subject = t.subject AND o.was = coalesce(t.person_id, ` + nobodyUUID + `)`

// replaceView makes `interactions` the union of the parts as they are now.
// While there are overrides it applies them; most of the time there are none,
// and then reading costs nothing more than the tables.
func (t *duckTx) replaceView(ctx context.Context) error {
	t.reshaped = true
	parts, err := t.parts(ctx)
	if err != nil {
		return err
	}
	var overridden bool
	if err := t.queryRow(ctx, `SELECT EXISTS (SELECT 1 FROM overrides)`).Scan(&overridden); err != nil {
		return err
	}
	union := make([]string, len(parts))
	for i, p := range parts {
		union[i] = `SELECT ` + columns + ` FROM ` + p.name
	}
	view := strings.Join(union, ` UNION ALL `)
	if overridden {
		view = `SELECT ` + overriddenColumns() + ` FROM (` + view + `) t LEFT JOIN overrides o ON ` + joinOverride
	}
	_, err = t.exec(ctx, `CREATE OR REPLACE VIEW interactions AS `+view)
	return err
}

// overriddenColumns are the columns of t with the effective person of the
// override o, if any.
func overriddenColumns() string {
	list := strings.Split(columns, ", ")
	for i, c := range list {
		list[i] = `t.` + c
		if c == "person_id" {
			list[i] = `CASE WHEN o.was IS NULL THEN t.person_id ELSE nullif(o.person_id, ` + nobodyUUID + `) END AS person_id`
		}
	}
	return strings.Join(list, ", ")
}
