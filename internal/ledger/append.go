package ledger

import (
	"context"
	"database/sql"
	"time"

	"regia/internal/experience"
)

// Batch is what one weave writes, all of it or nothing.
type Batch struct {
	Before, After experience.Position      // where the ledger must be, and where it is then
	Forget        []experience.ID          // imports taken back: their rows go before any other is written
	Rows          []experience.Interaction // fresh ones only (see Fresh), with ids
	Checked       bool                     // the rows' JSON is known to be JSON: somebody parsed it
	Moves         []Move                   // numbers ascend; those up to Head.Move are skipped
	Catalogue     int64                    // version that gave the rows their touchpoints; 0: not checked
	Retouch       *Retouch                 // done last, so it sees the rows of this batch
}

// Move says: the rows of Subject that belong to Was now belong to Person. Was
// is whoever Subject belonged to until then: a subject has one person at a
// time. A move concerns the rows that are there once those of its batch are
// written; rows of later batches carry the person the weaver knows by then. Was
// and Person may be zero, nobody.
type Move struct {
	Number               int64
	Subject, Was, Person experience.ID
}

// Append writes a batch in one transaction: rows, what is needed to know them
// again, moves, touchpoints of the past, and the new head. Code Conflict when
// the ledger is not at Before: then read Head and weave from there.
func (l *Ledger) Append(ctx context.Context, b Batch) error {
	for i := 1; i < len(b.Moves); i++ {
		if b.Moves[i].Number <= b.Moves[i-1].Number {
			return experience.Errorf(experience.Invalid, "move %d comes after move %d", b.Moves[i].Number, b.Moves[i-1].Number)
		}
	}
	for i := range b.Rows {
		if b.Rows[i].ID.IsZero() {
			return experience.Errorf(experience.Invalid, "row %d of the batch has no id", i)
		}
	}
	var pruned int64
	err := l.engine.write(ctx, func(tx writeTx) error {
		head, err := scanHead(tx.queryRow(ctx, selectHead))
		if err != nil {
			return err
		}
		if head.Position != b.Before {
			return experience.Errorf(experience.Conflict, "the ledger is at block %d, not at %d", head.Position.Sequence, b.Before.Sequence)
		}
		if b.Catalogue != 0 && b.Catalogue != head.Catalogue {
			return experience.Errorf(experience.Conflict, "the ledger follows version %d of the touchpoint catalogue, not %d", head.Catalogue, b.Catalogue)
		}
		head.Position = b.After
		gone, err := forget(ctx, tx, b.Forget)
		if err != nil {
			return err
		}
		head.Rows += int64(len(b.Rows)) - gone
		if len(b.Rows) > 0 {
			if err := tx.appendRows(ctx, b.Rows, b.Checked); err != nil {
				return err
			}
		}
		if moves := newMoves(b.Moves, head.Move); len(moves) > 0 {
			head.Move = moves[len(moves)-1].Number
			if err := tx.move(ctx, moves); err != nil {
				return err
			}
		}
		if b.Retouch != nil {
			head.Catalogue = b.Retouch.Catalogue
			if err := retouch(ctx, tx, l.engine, *b.Retouch); err != nil {
				return err
			}
		}
		if pruned, err = l.prune(ctx, tx, b.Rows); err != nil {
			return err
		}
		return tx.setHead(ctx, head)
	})
	if err == nil && pruned != 0 {
		l.pruned.Store(pruned)
	}
	return l.fail(err)
}

func newMoves(moves []Move, after int64) []Move {
	for i, m := range moves {
		if m.Number > after {
			return moves[i:]
		}
	}
	return nil
}

// window is how long a live message is known again after it was received.
const window = 24 * time.Hour

// Fresh tells which rows the ledger has not seen: false marks a repetition of
// a row that is there, or of one earlier in rows. Rows are the same when their
// ids are (source and message id, 122 bits of hash: among a thousand million
// rows the odds of two falling together are one in ten million million
// million). A live row repeats one received up to 24 hours before it, or after
// it; an imported row also repeats any imported row, for ever. Only
// ReceivedAt counts, never the clock, so a replay gives the same answer.
func (l *Ledger) Fresh(ctx context.Context, rows []experience.Interaction) ([]bool, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	seen, err := l.seen(ctx, rows)
	if err != nil {
		return nil, l.fail(err)
	}
	fresh := make([]bool, len(rows))
	for i, r := range rows {
		fresh[i] = true
		for _, s := range seen[r.ID] {
			if r.Imported && s.forever || !s.at.Before(r.ReceivedAt.Add(-window)) {
				fresh[i] = false
				break
			}
		}
		if fresh[i] {
			seen[r.ID] = append(seen[r.ID], sighting{r.ReceivedAt, r.Imported})
		}
	}
	return fresh, nil
}

type sighting struct {
	at      time.Time
	forever bool
}

// seen reads the sightings that may matter to rows. The ids travel as one text:
// thousands of parameters or literals would cost more than the look-up.
func (l *Ledger) seen(ctx context.Context, rows []experience.Interaction) (map[experience.ID][]sighting, error) {
	for i := range rows {
		if rows[i].ID.IsZero() {
			return nil, experience.Errorf(experience.Invalid, "row %d has no id", i)
		}
	}
	all := len(rows)
	if rows = l.engine.maybeSeen(rows); len(rows) == 0 {
		return make(map[experience.ID][]sighting, all), nil
	}
	oldest, imported := rows[0].ReceivedAt, false
	ids := make([]byte, 0, 37*len(rows))
	for i, r := range rows {
		if i > 0 {
			ids = append(ids, ',')
		}
		ids = append(ids, r.ID.String()...)
		imported = imported || r.Imported
		if r.ReceivedAt.Before(oldest) {
			oldest = r.ReceivedAt
		}
	}
	// Live rows need the last day only, which lies together in arrival order.
	recent := `s.received_at >= $2`
	if imported {
		recent = `(s.forever OR s.received_at >= $2)`
	}
	found, err := l.engine.reader().QueryContext(ctx, `
		SELECT s.id::TEXT, s.received_at, s.forever
		FROM (SELECT x::UUID AS id FROM unnest(string_to_array($1::TEXT, ',')) AS t(x)) w
		JOIN seen s ON s.id = w.id WHERE `+recent, string(ids), oldest.Add(-window))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	return scanSightings(found, all)
}

func scanSightings(found *sql.Rows, size int) (map[experience.ID][]sighting, error) {
	seen := make(map[experience.ID][]sighting, size)
	for found.Next() {
		var id experience.ID
		var s sighting
		if err := found.Scan(&id, &s.at, &s.forever); err != nil {
			return nil, err
		}
		seen[id] = append(seen[id], s)
	}
	return seen, found.Err()
}

// prune forgets live sightings that no live row can repeat any more, once an
// hour of received time. It gives the moment to remember after the commit, or 0.
func (l *Ledger) prune(ctx context.Context, tx writeTx, rows []experience.Interaction) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	newest := rows[0].ReceivedAt
	for _, r := range rows {
		if r.ReceivedAt.After(newest) {
			newest = r.ReceivedAt
		}
	}
	if newest.UnixMicro() < l.pruned.Load()+time.Hour.Microseconds() {
		return 0, nil
	}
	_, err := tx.exec(ctx, `DELETE FROM seen WHERE NOT forever AND received_at < $1`, newest.Add(-window))
	return newest.UnixMicro(), err
}
