package ledger

import (
	"context"
	"encoding/binary"
	"time"

	"regia/internal/experience"
)

// Invented is the id of the n-th of the people that Invent writes of.
func Invented(n int64) experience.ID {
	var id experience.ID
	binary.BigEndian.PutUint32(id[:], uint32(n))
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	id[6], id[8] = 0x80, 0x80
	return id
}

// Invent fills an empty ledger with about so many interactions of invented
// people over the two years until a moment, in DuckDB sorted as compaction would
// leave them: how a ledger of a size to be measured is had in minutes. It gives
// the number of people, and tells on the way how many are written. Their rows
// came by no log and stand in no registry. Conflict where there are interactions
// already.
func (l *Ledger) Invent(ctx context.Context, rows int64, until time.Time, told func(done int64)) (people int64, err error) {
	people = max(rows/inventedRows, 1)
	return people, l.fail(l.engine.invent(ctx, people, until, told))
}
