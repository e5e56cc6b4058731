package pulse

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// counted leaves bots and the company's own people out, unless asked for.
func counted(all bool) string {
	if all {
		return ledger.Contacts
	}
	return "flags = 0"
}

// each runs a query and calls scan for each row.
func (r *Room) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
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

// extent tells between which moments there is anything. What claims to come
// from the future does not move the end.
func (r *Room) extent(ctx context.Context, now time.Time, all bool) (extent, error) {
	var first, last sql.NullTime
	err := r.each(ctx, func(rows *sql.Rows) error { return rows.Scan(&first, &last) },
		`SELECT min(time), max(time) FROM interactions WHERE time < $1 AND `+counted(all), now.Add(time.Hour))
	return extent{first.Time.UTC(), last.Time.UTC()}, err
}

// places counts interactions and different people by touchpoint, stage and
// channel, in this period and the one before, in one pass over the ledger.
func (r *Room) places(ctx context.Context, p period, c catalogue) (Places, error) {
	out := Places{Touchpoints: []Place{}, Stages: []Place{}, Channels: []Place{}}
	args := []any{p.before.From, p.before.To, p.now.From, p.now.To}
	where, args := c.tables(args)
	by := map[string]map[string]*Place{"touchpoint": {}, "stage": {}, "channel": {}, "all": {}}
	err := r.each(ctx, func(rows *sql.Rows) error {
		var dimension, key string
		var former bool
		var n, people int64
		if err := rows.Scan(&dimension, &key, &former, &n, &people); err != nil {
			return err
		}
		place := by[dimension][key]
		if place == nil {
			place = &Place{Key: key}
			by[dimension][key] = place
		}
		if former {
			place.Interactions.Before, place.People.Before = n, people
		} else {
			place.Interactions.Now, place.People.Now = n, people
		}
		return nil
	}, `WITH met AS (
			SELECT person_id, touchpoint, source, time < $3 AS former, count(*) AS n FROM interactions
			WHERE (time >= $1 AND time < $2 OR time >= $3 AND time < $4) AND `+counted(p.all)+`
			GROUP BY person_id, touchpoint, source, time < $3),
		`+where+`,
		placed AS (
			SELECT m.person_id, m.touchpoint, m.former, m.n, coalesce(t.stage, '') AS stage, coalesce(t.channel, s.channel, '') AS channel
			FROM met m LEFT JOIN touchpoints t ON t.key = m.touchpoint LEFT JOIN sources s ON s.id = m.source)
		SELECT 'all', '', former, CAST(sum(n) AS BIGINT), count(DISTINCT person_id) FROM met GROUP BY former
		UNION ALL SELECT 'touchpoint', touchpoint, former, CAST(sum(n) AS BIGINT), count(DISTINCT person_id) FROM placed GROUP BY touchpoint, former
		UNION ALL SELECT 'stage', stage, former, CAST(sum(n) AS BIGINT), count(DISTINCT person_id) FROM placed GROUP BY stage, former
		UNION ALL SELECT 'channel', channel, former, CAST(sum(n) AS BIGINT), count(DISTINCT person_id) FROM placed GROUP BY channel, former`, args...)
	for dimension, list := range map[string]*[]Place{"touchpoint": &out.Touchpoints, "stage": &out.Stages, "channel": &out.Channels} {
		for _, place := range by[dimension] {
			*list = append(*list, *place)
		}
		*list = busiest(*list)
	}
	if total := by["all"][""]; total != nil {
		out.Interactions, out.People = total.Interactions, total.People
	}
	return out, err
}

// tables writes the catalogue as two tables of a query. The first row gives the
// columns their types, and its NULL key meets nothing.
func (c catalogue) tables(args []any) (string, []any) {
	var b strings.Builder
	b.WriteString(`touchpoints(key, stage, channel) AS (VALUES (CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT))`)
	for _, key := range sortedKeys(c.touchpoints) {
		t := c.touchpoints[key]
		n := len(args)
		fmt.Fprintf(&b, `, ($%d, $%d, $%d)`, n+1, n+2, n+3)
		args = append(args, t.Key, string(t.Stage), string(t.Channel))
	}
	b.WriteString(`), sources(id, channel) AS (VALUES (CAST(NULL AS TEXT), CAST(NULL AS TEXT))`)
	for _, id := range sortedKeys(c.sources) {
		n := len(args)
		fmt.Fprintf(&b, `, ($%d, $%d)`, n+1, n+2)
		args = append(args, id, string(c.sources[id].Channel))
	}
	b.WriteString(`)`)
	return b.String(), args
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// volume counts interactions piece by piece of the company's wall clock.
func (r *Room) volume(ctx context.Context, p period) (Volume, error) {
	counts := [2]map[time.Time]int64{{}, {}}
	// The step is one of three constants; engines do not take it as a parameter
	// that they could also group by.
	err := r.each(ctx, func(rows *sql.Rows) error {
		var start time.Time
		var former bool
		var n int64
		err := rows.Scan(&start, &former, &n)
		k := 0
		if former {
			k = 1
		}
		counts[k][wall(start, start.Location())] += n
		return err
	}, `SELECT date_trunc('`+string(p.step)+`', time AT TIME ZONE $5) AS start, time < $3 AS former, count(*) FROM interactions
		WHERE (time >= $1 AND time < $2 OR time >= $3 AND time < $4) AND `+counted(p.all)+` GROUP BY 1, 2`,
		p.before.From, p.before.To, p.now.From, p.now.To, p.zone.String())
	return Volume{Step: string(p.step), Now: fill(p.pieces(p.now), counts[0]), Before: fill(p.pieces(p.before), counts[1])}, err
}

// faces tells people never seen before from those who came back.
func (r *Room) faces(ctx context.Context, p period) (f Faces, err error) {
	err = r.each(ctx, func(rows *sql.Rows) error {
		return rows.Scan(&f.New.Now, &f.Returning.Now, &f.New.Before, &f.Returning.Before)
	}, `SELECT coalesce(CAST(sum(CASE WHEN now AND first >= $3 THEN 1 ELSE 0 END) AS BIGINT), 0),
			coalesce(CAST(sum(CASE WHEN now AND first < $3 THEN 1 ELSE 0 END) AS BIGINT), 0),
			coalesce(CAST(sum(CASE WHEN former AND first >= $1 THEN 1 ELSE 0 END) AS BIGINT), 0),
			coalesce(CAST(sum(CASE WHEN former AND first < $1 THEN 1 ELSE 0 END) AS BIGINT), 0)
		FROM (SELECT min(time) AS first, bool_or(time >= $3) AS now, bool_or(time >= $1 AND time < $2) AS former FROM interactions
			WHERE person_id IS NOT NULL AND time < $4 AND `+counted(p.all)+` GROUP BY person_id) AS seen`,
		p.before.From, p.before.To, p.now.From, p.now.To)
	return f, err
}

// money sums what was spent by currency, the currency with most orders first.
func (r *Room) money(ctx context.Context, p period) ([]Money, error) {
	by := map[string]*Money{}
	err := r.each(ctx, func(rows *sql.Rows) error {
		var currency string
		var former bool
		var minor, orders int64
		if err := rows.Scan(&currency, &former, &minor, &orders); err != nil {
			return err
		}
		if by[currency] == nil {
			by[currency] = &Money{Currency: currency}
		}
		m := by[currency]
		if former {
			m.Minor.Before, m.Orders.Before = minor, orders
		} else {
			m.Minor.Now, m.Orders.Now = minor, orders
		}
		return nil
	}, `SELECT currency, time < $3 AS former, CAST(sum(revenue) AS BIGINT),
			count(DISTINCT CASE WHEN revenue > 0 AND order_id <> '' THEN source || ' ' || order_id END)
			+ count(CASE WHEN revenue > 0 AND order_id = '' THEN 1 END)
		FROM interactions WHERE currency <> '' AND (time >= $1 AND time < $2 OR time >= $3 AND time < $4) AND `+counted(p.all)+` GROUP BY 1, 2`,
		p.before.From, p.before.To, p.now.From, p.now.To)
	out := []Money{}
	for _, m := range by {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Money) int {
		return cmp.Or(cmp.Compare(b.Orders.Now, a.Orders.Now), cmp.Compare(a.Currency, b.Currency))
	})
	return out, err
}

// origin is a place rows came from.
type origin struct{ touchpoint, source string }

// origins lists the places anything ever came from.
func (r *Room) origins(ctx context.Context, all bool) (out []origin, err error) {
	err = r.each(ctx, func(rows *sql.Rows) error {
		var o origin
		err := rows.Scan(&o.touchpoint, &o.source)
		out = append(out, o)
		return err
	}, `SELECT DISTINCT touchpoint, source FROM interactions WHERE `+counted(all))
	return out, err
}

// latest lists what happened last. What claims to come from the future waits.
func (r *Room) latest(ctx context.Context, now time.Time, all bool, limit int) (out []Moment, err error) {
	err = r.each(ctx, func(rows *sql.Rows) error {
		var m Moment
		var person sql.NullString
		if err := rows.Scan(&m.ID, &m.Time, &m.Kind, &m.Name, &m.Source, &m.Touchpoint, &person, &m.Revenue, &m.Currency); err != nil {
			return err
		}
		m.Time = m.Time.UTC()
		if person.Valid {
			if m.Person, err = experience.ParseID(person.String); err != nil {
				return err
			}
		}
		out = append(out, m)
		return nil
	}, `SELECT id::TEXT, time, kind, name, source, touchpoint, person_id::TEXT, revenue, currency FROM interactions
		WHERE time < $1 AND `+counted(all)+` ORDER BY time DESC, id DESC LIMIT $2`, now.Add(time.Minute), limit)
	return out, err
}
