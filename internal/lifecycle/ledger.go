package lifecycle

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"regia/internal/experience"
)

// extent is between which moments there is anything to look at. At is the
// moment of the figures: now, or where the data end when that is long ago.
type extent struct {
	first, at time.Time
	past      bool
	unreached bool // nothing was ever seen
}

// stale is how old the last data may be for figures of now to make sense.
const stale = 30 * 24 * time.Hour

func (r *Room) extent(ctx context.Context) (extent, error) {
	now := r.Clock().UTC()
	var first, last sql.NullTime
	err := r.Ledger.QueryRow(ctx, `SELECT min(time), max(time) FROM interactions WHERE flags = 0 AND person_id IS NOT NULL AND time <= $1`, now).Scan(&first, &last)
	e := extent{first: first.Time.UTC(), at: now, unreached: !first.Valid}
	if last.Valid && now.Sub(last.Time) > stale {
		e.at, e.past = endOfDay(last.Time, r.Company(ctx).Location()), true
	}
	return e, err
}

// endOfDay is the last microsecond of a day.
func endOfDay(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).Add(-time.Microsecond).UTC()
}

// query is the one pass: a line for when each person was first seen, and one for
// each thing that rules look at, person by person and oldest first. With buyers
// alone, who did nothing of the kind is left out.
type query struct {
	upTo   time.Time
	person experience.ID // only this one; zero: everybody
	buyers bool
}

func (r *Room) sql(q query) (string, []any) {
	args := []any{q.upTo.UTC()}
	in := func(names []string) string {
		quoted := make([]string, len(names))
		for i, n := range names {
			quoted[i] = "'" + n + "'" // constants of this package: letters, blanks, - and _
		}
		return "name IN (" + strings.Join(quoted, ", ") + ")"
	}
	counted := "flags = 0 AND person_id IS NOT NULL AND time <= $1"
	if !q.person.IsZero() {
		args = append(args, q.person)
		counted += " AND person_id = $2::UUID"
	}
	answers, reviews := in(answerNames()), in(reviewNames())
	what := fmt.Sprintf(`CASE WHEN %s THEN %d WHEN %s THEN %d WHEN %s THEN %d WHEN %s THEN %d WHEN %s THEN %d ELSE %d END`,
		in(orderNames()), rowOrder, in(cancelNames()), rowCancelled, in(inviteNames()), rowInvited, answers, rowScored, reviews, rowStarred, rowMoney)
	read := in(append(append(append(append(orderNames(), cancelNames()...), inviteNames()...), answerNames()...), reviewNames()...))
	// Only what is asked on a scale of recommendation counts, however it is named.
	score := fmt.Sprintf(`CASE WHEN (%s) AND coalesce(%s, '') IN ('nps', 'NPS', 'recommend', '') OR (%s) THEN coalesce(%s, %s) END`,
		answers, r.Ledger.Property("scale"), reviews, r.Ledger.Number(r.Ledger.Property("score")), r.Ledger.Number(r.Ledger.Property("rating")))
	seen := fmt.Sprintf(`SELECT person_id, %d AS what, %s AS moment, '' AS order_id, CAST(0 AS BIGINT) AS revenue, '' AS currency, '' AS touchpoint, '' AS source, CAST(NULL AS DOUBLE PRECISION) AS score
		FROM interactions WHERE %s GROUP BY person_id UNION ALL `, rowSeen, r.Ledger.Micros("min(time)"), counted)
	if q.buyers {
		seen = ""
	}
	return `SELECT CAST(person_id AS TEXT), what, moment, order_id, revenue, currency, touchpoint, source, score FROM (` + seen +
		`SELECT person_id, ` + what + ` AS what, ` + r.Ledger.Micros("time") + ` AS moment, order_id, revenue, currency, touchpoint, source, ` + score + ` AS score
		FROM interactions WHERE ` + counted + ` AND kind = 'track' AND (revenue <> 0 OR ` + read + `)) AS acts
		ORDER BY person_id, moment`, args
}

// each gives do the history of every person, one at a time: it is valid until
// do returns. Memory is that of one person.
func (r *Room) each(ctx context.Context, q query, do func(*history) error) error {
	text, args := r.sql(q)
	rows, err := r.Ledger.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var h history
	var lines []row
	tell := func() error {
		if len(lines) == 0 {
			return nil
		}
		h.tell(lines)
		lines = lines[:0]
		return do(&h)
	}
	var id sql.RawBytes
	last := ""
	for rows.Next() {
		one := row{}
		var score sql.NullFloat64
		if err := rows.Scan(&id, &one.what, &one.at, &one.order, &one.revenue, &one.currency, &one.touchpoint, &one.source, &score); err != nil {
			return err
		}
		if string(id) != last {
			if err := tell(); err != nil {
				return err
			}
			last = string(id)
			person, err := experience.ParseID(last)
			if err != nil {
				return err
			}
			h.reset(person)
		}
		one.score, one.unsaid = score.Float64, !score.Valid
		lines = append(lines, one)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return tell()
}

// recognised gives do only the people who are known by more than a cookie, a
// device or a receipt: who is not would look like somebody else the next time.
// It gives how many were left out. People come in the order of their ids, and
// so do those without a name.
func (r *Room) recognised(ctx context.Context, q query, do func(*history) error) (unknown int64, err error) {
	a := anonymous{room: r}
	err = r.each(ctx, q, func(h *history) error {
		is, err := a.has(ctx, h.person)
		if err != nil {
			return err
		}
		if is {
			unknown++
			return nil
		}
		return do(h)
	})
	return unknown, err
}

// anonymous walks through the people nobody knows by name, beside a walk
// through all people.
type anonymous struct {
	room  *Room
	batch []experience.ID
	after experience.ID
	ended bool
}

const anonymousBatch = 4000

func (a *anonymous) has(ctx context.Context, id experience.ID) (bool, error) {
	for {
		for len(a.batch) > 0 {
			switch order := compareIDs(a.batch[0], id); {
			case order == 0:
				return true, nil
			case order > 0:
				return false, nil
			}
			a.batch = a.batch[1:]
		}
		if a.ended {
			return false, nil
		}
		batch, err := a.room.People.Anonymous(ctx, a.after, anonymousBatch)
		if err != nil {
			return false, err
		}
		a.batch, a.ended = batch, len(batch) < anonymousBatch
		if len(batch) > 0 {
			a.after = batch[len(batch)-1]
		}
	}
}
