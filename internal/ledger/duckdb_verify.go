package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// verify reads every value, so that DuckDB looks at the checksum of every block,
// and holds the parts against what they are meant to be.
func (d *duck) verify(ctx context.Context) ([]Finding, error) {
	parts, err := listParts(ctx, d.db())
	if err != nil {
		return nil, err
	}
	var rows int64
	var faults []string
	for _, p := range parts {
		n, wrong, err := d.readPart(ctx, p)
		if err != nil {
			return []Finding{{Name: "ledger file", Found: fmt.Sprintf("part %s cannot be read: %v", p.name, err)}}, err
		}
		rows, faults = rows+n, append(faults, wrong...)
	}
	for _, t := range []string{"seen", "overrides", "head", "parts"} {
		if _, _, err := d.readTable(ctx, t); err != nil {
			return []Finding{{Name: "ledger file", Found: fmt.Sprintf("table %s cannot be read: %v", t, err)}}, err
		}
	}
	findings := []Finding{{Name: "ledger file", OK: true, Found: fmt.Sprintf("every block of %d parts can be read", len(parts))}}
	faults = append(faults, disjoint(parts)...)
	f := Finding{Name: "ledger parts", OK: len(faults) == 0, Found: fmt.Sprintf("%d parts, %d rows", len(parts), rows)}
	if !f.OK {
		f.Found = strings.Join(faults, "; ")
	}
	o, err := d.verifyOverrides(ctx)
	return append(findings, f, o), err
}

// readTable reads all there is in a table.
func (d *duck) readTable(ctx context.Context, name string) (rows int64, hash float64, err error) {
	err = d.db().QueryRowContext(ctx, `SELECT count(*), coalesce(sum(hash(t)::DOUBLE), 0) FROM `+name+` t`).Scan(&rows, &hash)
	return rows, hash, err
}

// readPart reads a part, and tells where its rows do not belong there or, in a
// sorted one, are out of order.
func (d *duck) readPart(ctx context.Context, p part) (rows int64, faults []string, err error) {
	if rows, _, err = d.readTable(ctx, p.name); err != nil {
		return 0, nil, err
	}
	var strangers, disorder int64
	if err := d.db().QueryRowContext(ctx, `SELECT count(*) FROM `+p.name+` WHERE NOT (`+p.where("person_id")+`)`).Scan(&strangers); err != nil {
		return 0, nil, err
	}
	if strangers > 0 {
		faults = append(faults, fmt.Sprintf("%d rows of part %s belong into another", strangers, p.name))
	}
	if p.kind != "cold" && p.kind != "warm" {
		return rows, faults, nil
	}
	err = d.db().QueryRowContext(ctx, `SELECT count(*) FROM (SELECT person_id AS p, time AS t, lag(person_id) OVER w AS q, lag(time) OVER w AS u
		FROM `+p.name+` WHERE person_id IS NOT NULL WINDOW w AS (ORDER BY rowid)) WHERE q > p OR q = p AND u > t`).Scan(&disorder)
	if disorder > 0 {
		faults = append(faults, fmt.Sprintf("%d rows of part %s are out of order", disorder, p.name))
	}
	return rows, faults, err
}

// disjoint tells what is wrong with the list of parts: one hot, and cold ones
// that divide all persons among them.
func disjoint(parts []part) (faults []string) {
	kinds := map[string]int{}
	var cold []part
	for _, p := range parts {
		kinds[p.kind]++
		if p.kind == "cold" {
			cold = append(cold, p)
		}
	}
	if kinds["hot"] != 1 {
		faults = append(faults, fmt.Sprintf("%d hot parts", kinds["hot"]))
	}
	slices.SortFunc(cold, func(a, b part) int { return bytes.Compare(a.low[:], b.low[:]) })
	for i, p := range cold {
		switch {
		case i == 0 && !p.low.IsZero(), i == len(cold)-1 && !p.high.IsZero():
			faults = append(faults, "part "+p.name+" ends too early")
		case i > 0 && cold[i-1].high != p.low:
			faults = append(faults, fmt.Sprintf("parts %s and %s overlap or leave a gap", cold[i-1].name, p.name))
		}
	}
	return faults
}

// verifyOverrides: one look-up must give the last person of any chain.
func (d *duck) verifyOverrides(ctx context.Context) (Finding, error) {
	var all, wrong int64
	err := d.db().QueryRowContext(ctx, `SELECT (SELECT count(*) FROM overrides), (SELECT count(*) FROM overrides WHERE was = person_id)
		+ (SELECT count(*) FROM overrides a JOIN overrides b ON a.subject = b.subject AND a.person_id = b.was)
		+ (SELECT count(*) FROM (SELECT subject, was FROM overrides GROUP BY ALL HAVING count(*) > 1))`).Scan(&all, &wrong)
	f := Finding{Name: "ledger overrides", OK: err == nil && wrong == 0, Found: fmt.Sprintf("%d wait to be folded in", all)}
	if wrong > 0 {
		f.Found = fmt.Sprintf("%d of %d lead astray", wrong, all)
	}
	return f, err
}
