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
//	sealed  a former hot part on its way into the cold ones; one at most
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
	if p.kind == "nobody" {
		return column + ` IS NULL`
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

// Beyond this many persons merged into one and not yet folded, or subjects of
// theirs, a timeline asks the view, which reads more but needs no list.
const maxMerged = 64

// timeline asks the parts rather than the view: the view's effective person is
// an expression, which hides the order of the parts. It asks once for every
// part and every person that rows of this person may be cached under.
func (d *duck) timeline(ctx context.Context, p page) (*sql.Rows, func(), error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	tx, err := conn.BeginTx(ctx, nil) // one snapshot for the three questions
	if err != nil {
		return nil, nil, firstError(err, conn.Close())
	}
	done := func() {
		_ = tx.Rollback() // it only read
		_ = conn.Close()
	}
	rows, err := d.timelineIn(ctx, tx, p)
	if err != nil {
		done()
		return nil, nil, err
	}
	return rows, func() { rows.Close(); done() }, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *duck) timelineIn(ctx context.Context, tx *sql.Tx, p page) (*sql.Rows, error) {
	conditions, args := p.conditions()
	parts, err := listParts(ctx, tx)
	if err != nil {
		return nil, err
	}
	rules, err := (&duckTx{tx: tx}).overrides(ctx, `person_id = $1::UUID OR was = $1::UUID`, p.person)
	if err != nil {
		return nil, err
	}
	if len(rules) > maxMerged {
		from := fmt.Sprintf(`interactions t WHERE person_id = '%s'::UUID%s`, p.person, conditions)
		return tx.QueryContext(ctx, p.selectFrom(from), args...)
	}
	var branches []string
	for cached, subjects := range cachedUnder(p.person, rules) {
		who := `person_id IS NULL`
		if !cached.IsZero() {
			who = fmt.Sprintf(`person_id = '%s'::UUID`, cached)
		}
		for _, part := range parts {
			if part.holds(cached) {
				branches = append(branches, `SELECT `+columns+` FROM `+part.name+` WHERE `+who+subjects+conditions)
			}
		}
	}
	return tx.QueryContext(ctx, p.selectFrom(`(`+strings.Join(branches, ` UNION ALL `)+`) t`), args...)
}

// cachedUnder gives the persons that rows of person may be cached under, each
// with a condition on the rows' subjects.
func cachedUnder(person experience.ID, rules map[rowKey]override) map[experience.ID]string {
	lists := map[experience.ID][]string{person: nil}
	for k, r := range rules {
		if r.person == person || k.was == person {
			lists[k.was] = append(lists[k.was], `'`+k.subject.String()+`'::UUID`)
		}
	}
	out := make(map[experience.ID]string, len(lists))
	for cached, subjects := range lists {
		switch list := strings.Join(subjects, ", "); {
		case cached == person && list == "":
			out[cached] = ""
		case cached == person: // these have gone to somebody else
			out[cached] = ` AND (subject IS NULL OR subject NOT IN (` + list + `))`
		default: // these have come
			out[cached] = ` AND subject IN (` + list + `)`
		}
	}
	return out
}
