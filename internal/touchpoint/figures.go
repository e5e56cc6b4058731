package touchpoint

import (
	"context"
	"database/sql"
	"time"

	"regia/internal/experience"
)

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Period is a stretch of time from From until before To.
type Period struct{ From, To time.Time }

// Always is the period that leaves nothing out.
func Always() Period {
	return Period{From: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// Figure counts what happened at one touchpoint. Bots and the company's own
// people are left out, here and in all figures of this room.
type Figure struct {
	Interactions int64
	People       int64 // different ones; interactions of nobody known do not count
	Last         time.Time
}

// Figures counts by touchpoint over a period; "" stands for what is unbound.
// A touchpoint where nothing happened is not in it.
func Figures(ctx context.Context, l Ledger, p Period) (map[string]Figure, error) {
	rows, err := l.Query(ctx, `SELECT touchpoint, count(*), count(DISTINCT person_id), max(time)
		FROM interactions WHERE flags = 0 AND time >= $1 AND time < $2 GROUP BY touchpoint`, p.From, p.To)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]Figure{}
	for rows.Next() {
		var key string
		var f Figure
		if err := rows.Scan(&key, &f.Interactions, &f.People, &f.Last); err != nil {
			return nil, err
		}
		out[key] = f
	}
	return out, rows.Err()
}

// FigureOf counts at one touchpoint over a period.
func FigureOf(ctx context.Context, l Ledger, key string, p Period) (Figure, error) {
	var f Figure
	var last sql.NullTime
	err := one(ctx, l, []any{&f.Interactions, &f.People, &last}, `SELECT count(*), count(DISTINCT person_id), max(time)
		FROM interactions WHERE flags = 0 AND touchpoint = $1 AND time >= $2 AND time < $3`, key, p.From, p.To)
	f.Last = last.Time
	return f, err
}

// LastTime gives when the latest of all interactions happened: zero when there
// is none.
func LastTime(ctx context.Context, l Ledger) (time.Time, error) {
	var last sql.NullTime
	err := one(ctx, l, []any{&last}, `SELECT max(time) FROM interactions WHERE flags = 0`)
	return last.Time, err
}

// one reads the single row a query gives.
func one(ctx context.Context, l Ledger, into []any, query string, args ...any) error {
	rows, err := l.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Count is how much happened in one day, month or the like.
type Count struct {
	Start        time.Time // midnight at its beginning, in the zone asked for
	Interactions int64
}

// Step is the length of the pieces a chart is cut in.
type Step string

// The steps a chart may have.
const (
	Daily   Step = "day"
	Monthly Step = "month"
)

// Volume counts what happened at a touchpoint by day or month of a time zone,
// the earliest first, also those in which nothing did. A period that is not
// bounded by the caller ends up cut to what is there.
func Volume(ctx context.Context, l Ledger, key string, p Period, step Step, zone *time.Location) ([]Count, error) {
	// The step is one of two constants; engines do not take it as a parameter
	// that they could also group by.
	rows, err := l.Query(ctx, `SELECT date_trunc('`+string(step)+`', time AT TIME ZONE $1) AS start, count(*)
		FROM interactions WHERE flags = 0 AND touchpoint = $2 AND time >= $3 AND time < $4
		GROUP BY 1 ORDER BY 1`, zone.String(), key, p.From, p.To)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Count
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Start, &c.Interactions); err != nil {
			return nil, err
		}
		c.Start = midnight(c.Start, zone)
		out = append(out, c)
	}
	return out, rows.Err()
}

// midnight reads a local time that an engine gave without its zone.
func midnight(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

func (s Step) next(t time.Time) time.Time {
	if s == Monthly {
		return t.AddDate(0, 1, 0)
	}
	return t.AddDate(0, 0, 1)
}

// fill puts a zero where nothing happened, from first to last.
func fill(counts []Count, step Step, first, last time.Time) []Count {
	there := map[time.Time]int64{}
	for _, c := range counts {
		there[c.Start] = c.Interactions
	}
	var out []Count
	for t := first; !t.After(last); t = step.next(t) {
		out = append(out, Count{Start: t, Interactions: there[t]})
	}
	return out
}

// Event is a sort of event as the front door sees it.
type Event struct {
	Source string          `json:"source"`
	Kind   experience.Kind `json:"kind"`
	Name   string          `json:"name"`
}

// Unbound is a sort of event that belongs to no touchpoint yet.
type Unbound struct {
	Event
	Figure
}

// UnboundEvents lists the sorts of events without a touchpoint, of all times,
// the most frequent first: at most limit of them from offset on, and how many
// there are in all.
func UnboundEvents(ctx context.Context, l Ledger, offset, limit int) (list []Unbound, total int, err error) {
	rows, err := l.Query(ctx, `SELECT source, kind, name, n, people, last, count(*) OVER () FROM (
			SELECT source, kind, name, count(*) AS n, count(DISTINCT person_id) AS people, max(time) AS last
			FROM interactions WHERE flags = 0 AND touchpoint = '' GROUP BY source, kind, name) AS e
		ORDER BY n DESC, last DESC, name COLLATE "C", source COLLATE "C", kind COLLATE "C" LIMIT $1 OFFSET $2`, limit, offset)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var u Unbound
		if err := rows.Scan(&u.Source, &u.Kind, &u.Name, &u.Interactions, &u.People, &u.Last, &total); err != nil {
			return nil, 0, err
		}
		list = append(list, u)
	}
	return list, total, rows.Err()
}

// Recent is one of the latest interactions at a touchpoint.
type Recent struct {
	Event
	Time   time.Time
	Person string // id; "" = nobody known
}

// Latest lists the latest interactions at a touchpoint.
func Latest(ctx context.Context, l Ledger, key string, limit int) ([]Recent, error) {
	rows, err := l.Query(ctx, `SELECT source, kind, name, time, COALESCE(person_id::TEXT, '')
		FROM interactions WHERE flags = 0 AND touchpoint = $1 ORDER BY time DESC LIMIT $2`, key, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Recent
	for rows.Next() {
		var r Recent
		if err := rows.Scan(&r.Source, &r.Kind, &r.Name, &r.Time, &r.Person); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
