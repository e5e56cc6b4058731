package ledger

import (
	"context"
	"time"

	"regia/internal/experience"
)

// invent writes the people that duck.invent writes, with as many interactions
// and texts as long; what each did is drawn otherwise.
func (p *postgres) invent(ctx context.Context, people int64, until time.Time, told func(done int64)) error {
	head, err := scanHead(p.read.QueryRowContext(ctx, selectHead))
	if err != nil {
		return err
	}
	if head.Rows > 0 {
		return experience.Errorf(experience.Conflict, "there are %d interactions in the ledger already", head.Rows)
	}
	for from := int64(0); from < people; from += inventedPiece {
		to := min(from+inventedPiece, people)
		if err := p.write(ctx, func(tx writeTx) error {
			head, err := scanHead(tx.queryRow(ctx, selectHead))
			if err != nil {
				return err
			}
			written, err := tx.exec(ctx, `INSERT INTO interactions (`+columns+`) `+inventedPostgres, from, to, until.UTC())
			if err != nil {
				return err
			}
			head.Rows += written
			return tx.setHead(ctx, head)
		}); err != nil {
			return err
		}
		told(to)
	}
	// As autovacuum would in a while: without statistics, and without a map of
	// what all readers see, the first questions take several times as long.
	_, err = p.writer.ExecContext(ctx, `VACUUM ANALYZE interactions`)
	return err
}

// inventedPostgres is inventedSQL in PostgreSQL's words.
const inventedPostgres = `
	WITH people AS (
		SELECT i, least(5000, 1 + floor(12.7 * (power(((i * 2654435761) % 1000003 + 1) / 1000004.0, -0.6) - 1)))::BIGINT AS n
		FROM generate_series($1::BIGINT, $2::BIGINT - 1) AS t(i)),
	drawn AS (SELECT i, j, hashint8extended(i, j) & 9223372036854775807 AS h,
		$3::TIMESTAMPTZ - make_interval(secs => ((n - j) * (63072000 / n) + i % 86400)::DOUBLE PRECISION) AS moment,
		(lpad(to_hex(i), 8, '0') || '-0000-8000-8000-' || lpad(to_hex(i), 12, '0'))::UUID AS who
		FROM people CROSS JOIN LATERAL generate_series(0, n - 1) AS s(j))
	SELECT gen_random_uuid(), 'ajs-next-' || (h % 100000000) || '-' || i || '-' || j, 'site', 'track',
		(ARRAY['Product Viewed', 'Product Added', 'Products Searched', 'Product List Viewed', 'Order Completed'])[1 + h % 5], moment, moment, who, who,
		'product', 'v' || i || '-' || j / 12, CASE h % 5 WHEN 4 THEN 1000 + h % 20000 ELSE 0 END, CASE h % 5 WHEN 4 THEN 'EUR' ELSE '' END,
		CASE h % 5 WHEN 4 THEN 'O-' || i || '-' || j ELSE '' END, 'P-' || h % 20000, 0, false,
		('{"product_id":"P-' || h % 20000 || '","name":"Borsa a mano ' || h % 997 || '","price":' || h % 300 || '.90,"currency":"EUR","category":"Borse ' ||
			h % 37 || '","position":' || j || ',"url":"https://www.example.it/p/' || h % 20000 || '"}')::JSON,
		('{"page":{"path":"/p/' || h % 20000 || '","title":"Borsa a mano ' || h % 997 || ' | Casa Aurora","referrer":"https://www.google.com/"},' ||
			'"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS ' || h % 9 || '_' || i % 7 || ' like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.' ||
			i % 5 || ' Mobile/15E148 Safari/604.1","locale":"it-IT","timezone":"Europe/Rome","library":{"name":"analytics.js","version":"next-1.81.0"}}')::JSON,
		NULL
	FROM drawn ORDER BY moment`
