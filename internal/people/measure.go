package people

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// measure fills what the ledger knows of a person: derived, never stored.
func (r *Records) measure(ctx context.Context, p *Person, subjects map[string][]experience.Identifier, gap time.Duration) error {
	held := map[experience.Identifier]*Held{}
	for k := range p.Identifiers {
		held[p.Identifiers[k].Identifier] = &p.Identifiers[k]
	}
	err := r.each(ctx, `SELECT subject::TEXT, source, count(*) FILTER (WHERE flags = 0), min(time) FILTER (WHERE flags = 0), max(time) FILTER (WHERE flags = 0)
		FROM interactions WHERE person_id = $1::UUID AND `+ledger.OfCustomers+` GROUP BY subject, source`, []any{p.ID}, func(rows *sql.Rows) error {
		var (
			subject, source string
			n               int64
			from, to        sql.NullTime // NULL: told by records alone
		)
		if err := rows.Scan(&subject, &source, &n, &from, &to); err != nil {
			return err
		}
		p.Interactions += n
		if n > 0 {
			p.FirstSeen, p.LastSeen = span(p.FirstSeen, p.LastSeen, from.Time, to.Time)
		}
		for _, i := range subjects[subject] {
			h := held[i]
			h.Interactions += n
			if n > 0 {
				h.FirstSeen, h.LastSeen = span(h.FirstSeen, h.LastSeen, from.Time, to.Time)
			}
			if !slices.Contains(h.Sources, source) {
				h.Sources = append(h.Sources, source)
				slices.Sort(h.Sources)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if p.Revenue, err = r.revenue(ctx, p.ID); err != nil {
		return err
	}
	return r.each(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before FROM interactions
		WHERE person_id = $1::UUID AND flags = 0) v WHERE before IS NULL OR time > before + INTERVAL '%d seconds'`, int64(gap.Seconds())),
		[]any{p.ID}, func(rows *sql.Rows) error { return rows.Scan(&p.Visits) })
}

func (r *Records) revenue(ctx context.Context, person experience.ID) ([]Revenue, error) {
	out := []Revenue{}
	err := r.each(ctx, `SELECT currency, CAST(sum(revenue) AS BIGINT), count(*) FROM interactions
		WHERE person_id = $1::UUID AND flags = 0 AND currency <> '' GROUP BY currency`, []any{person}, func(rows *sql.Rows) error {
		var v Revenue
		err := rows.Scan(&v.Currency, &v.Minor, &v.Orders)
		out = append(out, v)
		return err
	})
	slices.SortFunc(out, func(a, b Revenue) int { return int(b.Orders - a.Orders) })
	return out, err
}

// count fills how much and when for people in a list.
func (r *Records) count(ctx context.Context, people []Summary) error {
	at := map[string]int{}
	ids := make([]string, len(people))
	for k, p := range people {
		ids[k] = p.ID.String()
		at[ids[k]] = k
	}
	for part := range slices.Chunk(ids, 400) {
		in, args := uuids(part)
		err := r.each(ctx, `SELECT person_id::TEXT, count(*), min(time), max(time) FROM interactions
			WHERE person_id IN (`+in+`) AND flags = 0 GROUP BY person_id`, args, func(rows *sql.Rows) error {
			var (
				id       string
				n        int64
				from, to time.Time
			)
			if err := rows.Scan(&id, &n, &from, &to); err != nil {
				return err
			}
			p := &people[at[id]]
			p.Interactions, p.FirstSeen, p.LastSeen = n, from.UTC(), to.UTC()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recent is one person in the order of who was there last.
type recent struct {
	id   experience.ID
	last time.Time // zero: nobody has seen them, only records tell of them
}

// latestRows are how many of the last interactions are looked at for the people
// who were there last; the next number where those were of too few people. After
// them, all are.
var latestRows = []int{3_000, 60_000, 1_000_000}

// recently lists the people seen last, before a place in that list, and after
// them those of whom only records tell.
func (r *Records) recently(ctx context.Context, before time.Time, beforeID string, limit int) (out []recent, err error) {
	if beforeID == "" || !before.IsZero() {
		if out, err = r.seen(ctx, before, beforeID, limit); err != nil || len(out) == limit {
			return out, err
		}
		beforeID = ""
	}
	recorded, err := r.recorded(ctx, beforeID, limit-len(out))
	return append(out, recorded...), err
}

// seen lists the people seen last. It looks at the last interactions only, as
// far back as needed: who was there last has their last interaction among them.
func (r *Records) seen(ctx context.Context, before time.Time, beforeID string, limit int) ([]recent, error) {
	for _, n := range latestRows {
		since, err := r.since(ctx, before, n)
		if err != nil {
			return nil, err
		}
		if since.IsZero() {
			break // there are fewer: all of them, then
		}
		out, err := r.lastOf(ctx, since, before, beforeID, limit)
		if err != nil || len(out) == limit {
			return out, err
		}
	}
	return r.lastOf(ctx, time.Time{}, before, beforeID, limit)
}

// since gives the time of the nth last interaction up to a moment (zero: now);
// zero when there are fewer. Whose it is does not matter, and asking would mean
// reading another column of everything.
func (r *Records) since(ctx context.Context, before time.Time, n int) (since time.Time, err error) {
	upTo, args := "", []any{n - 1}
	if !before.IsZero() {
		upTo, args = ` WHERE time <= $2`, append(args, before)
	}
	err = r.each(ctx, `SELECT time FROM interactions`+upTo+` ORDER BY time DESC LIMIT 1 OFFSET $1`, args,
		func(rows *sql.Rows) error { return rows.Scan(&since) })
	return since.UTC(), err
}

// lastOf lists people by their last interaction, of those they had since a
// moment, with when it was.
func (r *Records) lastOf(ctx context.Context, since, before time.Time, beforeID string, limit int) ([]recent, error) {
	args := []any{limit}
	where, having := "", ""
	if !since.IsZero() {
		args = append(args, since)
		where = fmt.Sprintf(` AND time >= $%d`, len(args))
	}
	if beforeID != "" {
		args = append(args, before, beforeID)
		having = fmt.Sprintf(` HAVING max(time) < $%d OR max(time) = $%d AND person_id < $%d::UUID`, len(args)-1, len(args)-1, len(args))
	}
	var out []recent
	err := r.each(ctx, `SELECT person_id::TEXT, max(time) AS last FROM interactions
		WHERE person_id IS NOT NULL AND flags = 0`+where+` GROUP BY person_id`+having+` ORDER BY last DESC, person_id DESC LIMIT $1`, args, func(rows *sql.Rows) error {
		var x recent
		err := rows.Scan(&x.id, &x.last)
		x.last = x.last.UTC()
		out = append(out, x)
		return err
	})
	return out, err
}

// recorded lists people of whom only records tell, by their ids.
func (r *Records) recorded(ctx context.Context, beforeID string, limit int) (out []recent, err error) {
	before, args := "", []any{limit}
	if beforeID != "" {
		before, args = ` AND person_id < $2::UUID`, append(args, beforeID)
	}
	err = r.each(ctx, `SELECT person_id::TEXT FROM interactions WHERE person_id IS NOT NULL AND `+ledger.OfCustomers+before+`
		GROUP BY person_id HAVING min(flags) > 0 ORDER BY person_id DESC LIMIT $1`, args, func(rows *sql.Rows) error {
		var x recent
		err := rows.Scan(&x.id)
		out = append(out, x)
		return err
	})
	return out, err
}

func (r *Records) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := r.Ledger.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// uuids writes the inside of an IN list of ids, with its arguments.
func uuids(ids []string) (string, []any) {
	in := ""
	for k := range ids {
		if k > 0 {
			in += ","
		}
		in += fmt.Sprintf("$%d::UUID", k+1)
	}
	args := make([]any, len(ids))
	for k, id := range ids {
		args[k] = id
	}
	return in, args
}

func span(from, to, a, b time.Time) (time.Time, time.Time) {
	a, b = a.UTC(), b.UTC()
	if from.IsZero() || a.Before(from) {
		from = a
	}
	if b.After(to) {
		to = b
	}
	return from, to
}
