package ledger

import (
	"context"
	"strings"

	"regia/internal/experience"
)

// forget deletes the rows that came with imports, and what they would be known
// again by: the same import may be made once more. It gives the number of rows.
func forget(ctx context.Context, tx writeTx, imports []experience.ID) (gone int64, err error) {
	var list []string
	for _, id := range imports {
		if !id.IsZero() { // that is what live rows have
			list = append(list, id.String())
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	tables, err := tx.tables(ctx)
	if err != nil {
		return 0, err
	}
	const theirs = `import_id IN (SELECT x::UUID FROM unnest(string_to_array($1::TEXT, ',')) AS l(x))`
	ids := strings.Join(list, ",")
	for _, t := range tables {
		// A row and its sighting were received at the same moment. One of the
		// same message that came live, on another day, is none of theirs.
		_, err := tx.exec(ctx, `DELETE FROM seen s USING (SELECT id, received_at, imported FROM `+t+` WHERE `+theirs+`) r
			WHERE s.id = r.id AND s.received_at = r.received_at AND s.forever = r.imported`, ids)
		if err != nil {
			return gone, err
		}
		n, err := tx.exec(ctx, `DELETE FROM `+t+` WHERE `+theirs, ids)
		if err != nil {
			return gone, err
		}
		gone += n
	}
	return gone, nil
}
