package weave

import (
	"context"
	"fmt"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/stream"
)

// Due is what an event of the log must have left in the ledger: its row, or
// that of an event it repeats.
type Due struct {
	ID         experience.ID
	ReceivedAt time.Time
	Imported   bool
	Import     experience.ID
	TakesBack  experience.ID // the import that this event takes back; zero for all others
}

// Due reads what the events of a block must have left, in their order.
func (w *Weaver) Due(b stream.Block) ([]Due, error) {
	x := extractor{ids: w.ids}
	out := make([]Due, len(b.Records))
	for i := range b.Records {
		var row experience.Interaction
		var fact experience.Fact
		if err := x.extract(&b.Records[i], &row, &fact); err != nil {
			return nil, fmt.Errorf("%w: block %d, event %d: %w", ErrDamaged, b.Position.Sequence, i, err)
		}
		out[i] = Due{ID: row.ID, ReceivedAt: row.ReceivedAt, Imported: row.Imported, Import: row.Import, TakesBack: takesBack(&row)}
	}
	return out, nil
}

// Position is where the registry stands.
func (w *Weaver) Position(ctx context.Context) (p experience.Position, err error) {
	err = w.Registry.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		var sequence int64
		err = tx.QueryRow(ctx, `SELECT sequence, hash FROM weave_head WHERE id = 1`).Scan(&sequence, &p.Hash)
		p.Sequence = uint64(sequence)
		return err
	})
	return p, err
}
