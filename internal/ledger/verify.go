package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"regia/internal/experience"
)

// Finding is one thing about the ledger that Verify looked at.
type Finding struct {
	Name  string
	OK    bool
	Found string // what there is, or what is wrong
}

// verifyRows is how many rows are looked at in one piece.
const verifyRows = 1_000_000

// Verify reads all of the ledger and tells whether it is whole: every block of
// the engine's file, the parts, each row once, and that it is known again. It
// gives an error where the ledger cannot be read. Nothing may be written
// meanwhile.
func (l *Ledger) Verify(ctx context.Context) ([]Finding, error) {
	findings, err := l.engine.verify(ctx)
	if err != nil {
		return findings, l.fail(err)
	}
	ranges, rows, err := l.ranges(ctx)
	if err != nil {
		return findings, err
	}
	for _, check := range []struct {
		name  string
		wrong string
		count func(ctx context.Context, from, to string) (int64, error)
	}{
		{"each interaction once", "rows that are there twice", l.twice},
		{"known again", "rows whose repetition would not be known, or that are known and are not there", l.unknown},
	} {
		var wrong int64
		for _, r := range ranges {
			n, err := check.count(ctx, r[0], r[1])
			if err != nil {
				return findings, l.fail(err)
			}
			wrong += n
		}
		f := Finding{Name: check.name, OK: wrong == 0, Found: fmt.Sprintf("%d rows", rows)}
		if wrong > 0 {
			f.Found = fmt.Sprintf("%d %s", wrong, check.wrong)
		}
		findings = append(findings, f)
	}
	head, err := l.Head(ctx)
	if err != nil {
		return findings, err
	}
	f := Finding{Name: "interactions counted", OK: head.Rows == rows, Found: fmt.Sprintf("%d rows", rows)}
	if !f.OK {
		f.Found = fmt.Sprintf("the head tells of %d rows, and there are %d", head.Rows, rows)
	}
	return append(findings, f), nil
}

// ranges cuts all ids into ranges, few enough rows in each: from, to.
func (l *Ledger) ranges(ctx context.Context) (out [][2]string, rows int64, err error) {
	if err := l.QueryRow(ctx, `SELECT count(*) FROM interactions`).Scan(&rows); err != nil {
		return nil, 0, l.fail(err)
	}
	const most = 0xffff
	n := min(rows/verifyRows+1, most)
	bound := func(k int64) string {
		if k == n {
			return `ffffffff-ffff-ffff-ffff-ffffffffffff`
		}
		return fmt.Sprintf(`%04x0000-0000-0000-0000-000000000000`, k*most/n)
	}
	for k := range n {
		out = append(out, [2]string{bound(k), bound(k + 1)})
	}
	return out, rows, nil
}

// twice counts rows that repeat another.
func (l *Ledger) twice(ctx context.Context, from, to string) (wrong int64, err error) {
	rows, err := l.Query(ctx, `SELECT i.id::TEXT, i.received_at, i.imported FROM interactions i JOIN (
		SELECT id FROM interactions WHERE id >= $1::UUID AND id < $2::UUID GROUP BY id HAVING count(*) > 1) t ON t.id = i.id
		ORDER BY i.id, i.received_at`, from, to)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var last experience.ID
	var before time.Time
	var imported bool // one of them was
	for rows.Next() {
		var id experience.ID
		var s sighting
		if err := rows.Scan(&id, &s.at, &s.forever); err != nil {
			return 0, err
		}
		if id == last && (!s.at.After(before.Add(window)) || s.forever && imported) {
			wrong++
		}
		imported = s.forever || id == last && imported
		last, before = id, s.at
	}
	return wrong, rows.Err()
}

// unknown counts rows without the sighting by which a repetition would be
// known, and sightings without a row. Live ones are forgotten after a day.
func (l *Ledger) unknown(ctx context.Context, from, to string) (wrong int64, err error) {
	err = l.QueryRow(ctx, `WITH horizon AS (SELECT max(received_at) - INTERVAL '24 hours' AS since FROM interactions),
		r AS (SELECT id, received_at, imported FROM interactions WHERE id >= $1::UUID AND id < $2::UUID),
		s AS (SELECT id, received_at, forever FROM seen WHERE id >= $1::UUID AND id < $2::UUID)
		SELECT (SELECT count(*) FROM r LEFT JOIN s ON s.id = r.id AND s.received_at = r.received_at AND s.forever = r.imported
			WHERE s.id IS NULL AND (r.imported OR r.received_at >= (SELECT since FROM horizon)))
		+ (SELECT count(*) FROM s LEFT JOIN r ON s.id = r.id AND s.received_at = r.received_at AND s.forever = r.imported WHERE r.id IS NULL)`,
		from, to).Scan(&wrong)
	return wrong, err
}

// Owned is how many rows of a subject belong to a person.
type Owned struct {
	Subject, Person experience.ID // zero: nobody
	Rows            int64
}

// Owners gives do whose rows the ledger says subjects are, some at a time.
func (l *Ledger) Owners(ctx context.Context, do func([]Owned) error) error {
	ranges, _, err := l.ranges(ctx)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		owned, err := l.owned(ctx, r[0], r[1])
		if err == nil {
			err = do(owned)
		}
		if err != nil {
			return l.fail(err)
		}
	}
	return nil
}

func (l *Ledger) owned(ctx context.Context, from, to string) ([]Owned, error) {
	rows, err := l.Query(ctx, `SELECT subject::TEXT, person_id::TEXT, count(*) FROM interactions
		WHERE subject >= $1::UUID AND subject < $2::UUID GROUP BY subject, person_id`, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Owned
	for rows.Next() {
		var o Owned
		if err := rows.Scan(&o.Subject, &o.Person, &o.Rows); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Kept tells which events the ledger has: for each of rows (their id, time of
// receipt and whether they were imported count) whether its row is there, or
// that of an event it repeats.
func (l *Ledger) Kept(ctx context.Context, rows []experience.Interaction) ([]bool, error) {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID.String()
	}
	found, err := l.Query(ctx, `SELECT i.id::TEXT, i.received_at, i.imported
		FROM (SELECT x::UUID AS id FROM unnest(string_to_array($1::TEXT, ',')) AS t(x)) w JOIN interactions i ON i.id = w.id`, strings.Join(ids, ","))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	there, err := scanSightings(found, len(rows))
	if err != nil {
		return nil, l.fail(err)
	}
	out := make([]bool, len(rows))
	for i, r := range rows {
		for _, s := range there[r.ID] {
			out[i] = out[i] || r.Imported && s.forever || !s.at.Before(r.ReceivedAt.Add(-window))
		}
	}
	return out, nil
}
