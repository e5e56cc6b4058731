package invite

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// span is how far back the pages look.
const span = 30 * day

// Figures tell whom was asked, and what came of it.
type Figures struct {
	Decided map[Reason]int64 // of decisions of the span
	States  map[State]int64  // of invitations planned in the span
	Sent    int64            // invitations that reached somebody, as far as is known
}

// asked and against count decisions for and against asking.
func (f Figures) asked() int64 { return f.Decided[Asked] }

func (f Figures) against() (n int64) {
	for reason, k := range f.Decided {
		if reason != Asked {
			n += k
		}
	}
	return n
}

// Figures counts what was decided since a moment; of one rule where it is not zero.
func (r *Room) Figures(ctx context.Context, rule experience.ID, since time.Time) (f Figures, err error) {
	zone := r.Company(ctx).Location()
	only, args := "", []any{since.In(zone).Format(time.DateOnly)}
	if !rule.IsZero() {
		only, args = ` AND rule = $2`, append(args, rule.String())
	}
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		f = Figures{Decided: map[Reason]int64{}, States: map[State]int64{}}
		if err := counts(ctx, tx, func(key string, n int64) { f.Decided[Reason(key)] += n },
			`SELECT reason, sum(n) FROM invite_tally WHERE day >= $1`+only+` GROUP BY reason`, args...); err != nil {
			return err
		}
		args[0] = since.UnixMicro()
		return counts(ctx, tx, func(key string, n int64) { f.States[State(key)] += n },
			`SELECT state, count(*) FROM invitations WHERE planned_at >= $1`+only+` GROUP BY state`, args...)
	})
	for _, s := range []State{Sent, Opened, Answered, Declined, Expired} {
		f.Sent += f.States[s]
	}
	return f, err
}

func counts(ctx context.Context, tx registry.Tx, give func(key string, n int64), query string, args ...any) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var n int64
		if err := rows.Scan(&key, &n); err != nil {
			return err
		}
		give(key, n)
	}
	return rows.Err()
}

// latest gives invitations, the latest planned first.
func (r *Room) latest(ctx context.Context, limit int) (out []Invitation, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out, err = invitations(ctx, tx, `planned_at > 0 ORDER BY planned_at DESC, id DESC LIMIT $1`, limit)
		return err
	})
	return out, err
}

// notAsked gives decisions against asking, the latest first.
func (r *Room) notAsked(ctx context.Context, limit int) (out []decision, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out = nil
		rows, err := tx.Query(ctx, `SELECT rule, event, person, at, reason FROM invite_decisions WHERE reason <> $1 ORDER BY at DESC, event LIMIT $2`, string(Asked), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d decision
			var at int64
			if err := rows.Scan(&d.rule, &d.event, &d.person, &at, &d.reason); err != nil {
				return err
			}
			d.at = moment(at)
			out = append(out, d)
		}
		return rows.Err()
	})
	return out, err
}
