package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"regia/internal/experience"
)

// build writes source into new tables, as many as keep within partRows. A cold
// or warm one is written in chunks of ascending persons, each sorted by itself, so that
// memory stays bounded however large it is. Until swap lists the tables nobody
// sees them; merge drops those a failure left, Open those of a crash.
func (d *duck) build(ctx context.Context, source string, old part) ([]part, error) {
	chunks, err := d.divide(ctx, source, old)
	if err != nil {
		return nil, err
	}
	perPart := len(chunks)
	if old.kind == "cold" && perPart > d.options.chunks {
		perPart = d.options.chunks / 2 // half full, so that it need not be divided again soon
	}
	var made []part
	for len(chunks) > 0 {
		n := min(perPart, len(chunks))
		p := part{kind: old.kind}
		if p.kind == "cold" {
			p.low, p.high = chunks[0].low, chunks[n-1].high
		}
		if p.name, err = newName(ctx, d.db(), p.kind); err != nil {
			return nil, err
		}
		d.claim(p.name)
		if err := d.buildPart(ctx, p, source, chunks[:n]); err != nil {
			return nil, err
		}
		made, chunks = append(made, p), chunks[n:]
	}
	return made, nil
}

// cut is the first row of a slice, in the order of a cold part.
type cut struct {
	person experience.ID
	time   time.Time
	id     experience.ID
}

// reached is the condition that a row is the cut or comes after it; its three
// parameters follow n others.
func (c cut) reached(n int) string {
	return fmt.Sprintf(`(person_id > $%[1]d::UUID OR person_id = $%[1]d::UUID AND (time > $%[2]d OR time = $%[2]d AND id >= $%[3]d::UUID))`, n+1, n+2, n+3)
}

func (c cut) args() []any { return []any{c.person, c.time, c.id} }

// slices counts the rows of a chunk and their bytes, and cuts them where there
// is twice as much as is meant to be sorted in one piece.
func (d *duck) slices(ctx context.Context, source string, c part) (total, bytes int64, cuts []cut, err error) {
	rows := `FROM (` + source + `) WHERE ` + c.where("person_id")
	const size = `(strlen(properties::TEXT) + strlen(coalesce(context::TEXT, '')) + 200)`
	if err := d.db().QueryRowContext(ctx, `SELECT count(*), coalesce(sum(`+size+`), 0)::BIGINT `+rows).Scan(&total, &bytes); err != nil {
		return 0, 0, nil, err
	}
	if bytes <= 2*d.options.sortBytes {
		return total, bytes, nil, nil
	}
	found, err := d.db().QueryContext(ctx, fmt.Sprintf(`SELECT person_id::TEXT, time, id::TEXT FROM (
		SELECT *, lag(slice) OVER (ORDER BY person_id, time, id) AS former FROM (
			SELECT person_id, time, id, sum(size) OVER (ORDER BY person_id, time, id ROWS UNBOUNDED PRECEDING) // %d AS slice
			FROM (SELECT person_id, time, id, %s AS size %s)))
		WHERE slice <> former ORDER BY person_id, time, id`, d.options.sortBytes, size, rows))
	if err != nil {
		return 0, 0, nil, err
	}
	defer found.Close()
	for found.Next() {
		var x cut
		if err := found.Scan(&x.person, &x.time, &x.id); err != nil {
			return 0, 0, nil, err
		}
		cuts = append(cuts, x)
	}
	return total, bytes, cuts, found.Err()
}

// nth is where a chunk is cut that its first n rows come before.
func (d *duck) nth(ctx context.Context, source string, c part, n int64) ([]cut, error) {
	var x cut
	err := d.db().QueryRowContext(ctx, `SELECT person_id::TEXT, time, id::TEXT FROM (`+source+`) WHERE `+c.where("person_id")+
		` ORDER BY person_id, time, id LIMIT 1 OFFSET $1`, n).Scan(&x.person, &x.time, &x.id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // they went: what is written will not be what was counted
	}
	return []cut{x}, err
}

// divide cuts a part into ranges of persons of about equal size: a sample says
// where. A warm part has the rows of nobody besides.
func (d *duck) divide(ctx context.Context, source string, old part) ([]part, error) {
	if old.kind == "warm" {
		chunks, err := d.divide(ctx, source, part{kind: "cold"})
		return append(chunks, part{kind: "nobody"}), err
	}
	chunks := []part{old}
	var total int64
	if err := d.db().QueryRowContext(ctx, `SELECT count(*) FROM (`+source+`)`).Scan(&total); err != nil {
		return nil, err
	}
	n := total*int64(d.options.chunks)/d.options.partRows + 1
	if n == 1 || old.kind != "cold" {
		return chunks, nil
	}
	rows, err := d.db().QueryContext(ctx, fmt.Sprintf(`SELECT min(person_id)::TEXT FROM (
		SELECT person_id, ntile(%d) OVER (ORDER BY person_id) AS chunk FROM (SELECT person_id FROM (%s) USING SAMPLE 50000 ROWS))
		GROUP BY chunk ORDER BY chunk OFFSET 1`, n, source))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var low experience.ID
		if err := rows.Scan(&low); err != nil {
			return nil, err
		}
		last := &chunks[len(chunks)-1]
		if bytes.Compare(low[:], last.low[:]) > 0 { // else somebody has more rows than a chunk holds
			last.high = low
			chunks = append(chunks, part{kind: old.kind, low: low, high: old.high})
		}
	}
	return chunks, rows.Err()
}
