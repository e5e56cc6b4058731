package people

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"regia/internal/registry"
)

// chunk is how many values one statement carries: well below the engines'
// limits on parameters, and enough that the round trips do not matter.
const chunk = 400

// list writes "($n, $n+1, ...)" for an IN list that begins at parameter n.
func list(n, count int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n + i))
	}
	b.WriteByte(')')
	return b.String()
}

// eachIn runs a query once per chunk of values; "?" in it becomes the IN list.
// Scan is called for each row.
func eachIn(ctx context.Context, tx registry.Tx, query string, values []string, scan func(*sql.Rows) error) error {
	for part := range slices.Chunk(values, chunk) {
		if err := each(ctx, tx, strings.ReplaceAll(query, "?", list(1, len(part))), anys(part), scan); err != nil {
			return err
		}
	}
	return nil
}

// execIn runs a statement once per chunk of values; "?" becomes the IN list.
func execIn(ctx context.Context, tx registry.Tx, statement string, values []string) error {
	for part := range slices.Chunk(values, chunk) {
		if _, err := tx.Exec(ctx, strings.ReplaceAll(statement, "?", list(1, len(part))), anys(part)...); err != nil {
			return err
		}
	}
	return nil
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
	for part := range slices.Chunk(rows, max(1, chunk/width)) {
		var b strings.Builder
		b.WriteString(head)
		b.WriteString(" VALUES ")
		args := make([]any, 0, len(part)*width)
		for i, r := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(list(1+i*width, width))
			args = append(args, r...)
		}
		b.WriteByte(' ')
		b.WriteString(tail)
		if _, err := tx.Exec(ctx, b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

func anys(values []string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
