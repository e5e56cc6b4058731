package people

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Statements come in a few sizes, so that the engines know them again and need
// not read them anew. The largest is small because SQLite's driver looks for
// each value among all of its statement's.
var listSizes = []int{1, 8, 64}

// rowValues is about how many values one INSERT carries.
const rowValues = 96

// asKey gives an id as the tables hold it: 16 bytes, zeros for nobody.
func asKey(id experience.ID) []byte { return id[:] }

// asKeys gives many.
func asKeys(ids []experience.ID) []any {
	out := make([]any, len(ids))
	for k, id := range ids {
		out[k] = asKey(id)
	}
	return out
}

// of makes of a query over people ("?") one over the person that is $1.
func of(query string) string { return strings.ReplaceAll(query, "?", "($1)") }

func byID(a, b experience.ID) int { return bytes.Compare(a[:], b[:]) }

// list writes "($n, $n+1, ...)" for an IN list that begins at parameter n.
func list(n, count int) string {
	var b strings.Builder
	writeList(&b, n, count)
	return b.String()
}

func writeList(b *strings.Builder, n, count int) {
	b.WriteByte('(')
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n + i))
	}
	b.WriteByte(')')
}

// inOrder sorts ids, so that their look-ups go through neighbouring pages.
func inOrder(values []any) []any {
	slices.SortFunc(values, func(a, b any) int {
		x, okX := a.([]byte)
		y, okY := b.([]byte)
		if !okX || !okY {
			return 0
		}
		return bytes.Compare(x, y)
	})
	return values
}

// inLists calls f with statements that together go over all values: "?" in
// query becomes an IN list.
func inLists(query string, values []any, f func(query string, part []any) error) error {
	for len(values) > 0 {
		size := listSizes[len(listSizes)-1]
		for _, s := range listSizes {
			if s >= len(values) {
				size = s
				break
			}
		}
		part := values[:min(size, len(values))]
		values = values[len(part):]
		if len(part) < size { // the last one again and again changes nothing in a list
			part = append(make([]any, 0, size), part...)
			for len(part) < size {
				part = append(part, part[len(part)-1])
			}
		}
		if err := f(strings.ReplaceAll(query, "?", list(1, size)), part); err != nil {
			return err
		}
	}
	return nil
}

// eachIn runs a query over lists of values; "?" in it becomes the IN list.
// Scan is called for each row.
func eachIn(ctx context.Context, tx registry.Tx, query string, values []any, scan func(*sql.Rows) error) error {
	return inLists(query, inOrder(values), func(query string, part []any) error {
		return each(ctx, tx, query, part, scan)
	})
}

// execIn runs a statement over lists of values; "?" becomes the IN list.
func execIn(ctx context.Context, tx registry.Tx, statement string, values []any) error {
	return inLists(statement, values, func(statement string, part []any) error {
		_, err := tx.Exec(ctx, statement, part...)
		return err
	})
}

// each runs a query and calls scan for each row.
func each(ctx context.Context, tx registry.Tx, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := tx.Query(ctx, query, args...)
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

// insert writes many rows with few statements. Head is all before VALUES, tail
// all after it; each row has width values.
func insert(ctx context.Context, tx registry.Tx, head, tail string, width int, rows [][]any) error {
	most := max(1, rowValues/width)
	for len(rows) > 0 {
		n := 1
		for _, size := range []int{most, max(1, most/4)} {
			if len(rows) >= size {
				n = size
				break
			}
		}
		var b strings.Builder
		b.WriteString(head)
		b.WriteString(" VALUES ")
		args := make([]any, 0, n*width)
		for i, r := range rows[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			writeList(&b, 1+i*width, width)
			args = append(args, r...)
		}
		b.WriteByte(' ')
		b.WriteString(tail)
		if _, err := tx.Exec(ctx, b.String(), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// sorted orders rows by their first values, so that transactions touch rows in
// one order (fewer deadlocks on PostgreSQL, neighbouring pages on SQLite) and
// numbers do not depend on maps.
func sorted(rows [][]any) [][]any {
	slices.SortFunc(rows, func(a, b []any) int {
		for k := range a {
			c := 0
			switch x := a[k].(type) {
			case []byte:
				c = bytes.Compare(x, b[k].([]byte))
			case string:
				c = cmp.Compare(x, b[k].(string))
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return rows
}
