package ledger

import (
	"context"
	"fmt"
	"time"

	"regia/internal/experience"
)

// Invented people have 20 interactions each, on average: most have a few, one
// in a thousand hundreds, and none more than 5,000.
const (
	inventedRows  = 20
	inventedPiece = 10_000 // people written in one transaction
	inventedPart  = 4      // pieces in a part: half a part, as after a division
)

// invent writes sorted parts by SQL alone, a piece at a time.
func (d *duck) invent(ctx context.Context, people int64, until time.Time, told func(done int64)) error {
	if head, err := scanHead(d.db().QueryRowContext(ctx, selectHead)); err != nil {
		return err
	} else if head.Rows > 0 {
		return experience.Errorf(experience.Conflict, "there are %d interactions in the ledger already", head.Rows)
	}
	for from := int64(0); from < people; {
		p := part{kind: "cold", low: Invented(from)}
		if from == 0 {
			p.low = experience.ID{}
		}
		var err error
		if p.name, err = newName(ctx, d.db(), p.kind); err != nil {
			return err
		}
		if _, err := d.db().ExecContext(ctx, `CREATE TABLE `+p.name+` (`+duckColumnTypes+`)`); err != nil {
			return err
		}
		for range inventedPart {
			to := min(from+inventedPiece, people)
			if _, err := d.db().ExecContext(ctx, `INSERT INTO `+p.name+` `+inventedSQL, from, to, until.UTC()); err != nil {
				return err
			}
			from = to
			told(from)
		}
		if from < people {
			p.high = Invented(from)
		}
		if err := d.list(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// list makes a part that was built one of the ledger's.
func (d *duck) list(ctx context.Context, p part) error {
	return d.write(ctx, func(tx writeTx) error {
		head, err := scanHead(tx.queryRow(ctx, selectHead))
		if err != nil {
			return err
		}
		var rows int64
		if err := tx.queryRow(ctx, `SELECT count(*) FROM `+p.name).Scan(&rows); err != nil {
			return err
		}
		head.Rows += rows
		if err := tx.setHead(ctx, head); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, fmt.Sprintf(`INSERT INTO parts VALUES ('%s', '%s', %s, %s)`, p.name, p.kind, literal(p.low), literal(p.high))); err != nil {
			return err
		}
		return tx.(*duckTx).replaceView(ctx)
	})
}

// inventedSQL gives the rows of people $1 up to $2, the last of them at $3, in
// the order of a sorted part: who was first made comes first, and so does what
// they did first. Their texts are as long as those of a shop.
const inventedSQL = `
	WITH people AS (
		SELECT i, least(5000, 1 + floor(12.7 * (pow(((i * 2654435761) % 1000003 + 1) / 1000004.0, -0.6) - 1)))::BIGINT AS n
		FROM range($1::BIGINT, $2::BIGINT) AS t(i)),
	events AS (SELECT i, n, unnest(range(n)) AS j FROM people),
	drawn AS (SELECT i, j, (hash(i, j) >> 1)::BIGINT AS h, $3::TIMESTAMPTZ - to_seconds(((n - j) * (63072000.0 / n))::BIGINT + i % 86400) AS moment,
		format('{:08x}-0000-8000-8000-{:012x}', i, i)::UUID AS who FROM (SELECT * FROM events ORDER BY i, j))
	SELECT uuid() AS id, 'ajs-next-' || (h % 100000000) || '-' || i || '-' || j, 'site', 'track',
		(['Product Viewed', 'Product Added', 'Products Searched', 'Product List Viewed', 'Order Completed'])[1 + h % 5], moment AS time, moment, who, who AS person_id,
		'product', 'v' || i || '-' || j // 12, CASE h % 5 WHEN 4 THEN 1000 + h % 20000 ELSE 0 END, CASE h % 5 WHEN 4 THEN 'EUR' ELSE '' END,
		CASE h % 5 WHEN 4 THEN 'O-' || i || '-' || j ELSE '' END, 'P-' || h % 20000, 0, false,
		'{"product_id":"P-' || h % 20000 || '","name":"Borsa a mano ' || h % 997 || '","price":' || h % 300 || '.90,"currency":"EUR","category":"Borse ' ||
			h % 37 || '","position":' || j || ',"url":"https://www.example.it/p/' || h % 20000 || '"}',
		'{"page":{"path":"/p/' || h % 20000 || '","title":"Borsa a mano ' || h % 997 || ' | Casa Aurora","referrer":"https://www.google.com/"},' ||
			'"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS ' || h % 9 || '_' || i % 7 || ' like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.' ||
			i % 5 || ' Mobile/15E148 Safari/604.1","locale":"it-IT","timezone":"Europe/Rome","library":{"name":"analytics.js","version":"next-1.81.0"}}',
		NULL
	FROM drawn`
