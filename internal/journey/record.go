package journey

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"regia/internal/experience"
)

// thing is something that the record shows people do.
type thing struct {
	kind        experience.Kind
	name        string   // of the event or page
	count       int64    // how often, in the period looked at
	touchpoints []string // where, the most frequent first; those with less than a tenth of it are left out
}

// Limits of what is read of the record.
const (
	lookedBack     = 365 * 24 * time.Hour // before the last interaction
	mostThings     = 2000
	mostEvents     = 200  // offered by the editor
	latestRows     = 2000 // looked at for properties
	mostProperties = 100
)

// period is what of the record is looked at: the last year that has anything
// in it. ok is false where there is nothing.
func (r *Room) period(ctx context.Context) (from, to time.Time, ok bool, err error) {
	var last sql.NullTime
	rows, err := r.Ledger.Query(ctx, `SELECT max(time) FROM interactions WHERE flags = 0 AND time < $1`, r.Clock().Add(time.Hour))
	if err != nil {
		return from, to, false, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&last); err != nil {
			return from, to, false, err
		}
	}
	to = last.Time.UTC().Add(time.Microsecond)
	return to.Add(-lookedBack), to, last.Valid, rows.Err()
}

// things lists what happens, the most frequent first.
func (r *Room) things(ctx context.Context, from, to time.Time) ([]thing, error) {
	rows, err := r.Ledger.Query(ctx, `SELECT kind, name, touchpoint, count(*) AS n FROM interactions
		WHERE flags = 0 AND time >= $1 AND time < $2 AND kind IN ('track', 'page', 'screen') AND name <> ''
		GROUP BY 1, 2, 3 ORDER BY n DESC, kind, name, touchpoint LIMIT $3`, from, to, mostThings)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	type place struct {
		key string
		n   int64
	}
	var list []thing
	at, places := map[[2]string]int{}, [][]place{}
	for rows.Next() {
		var t thing
		var key string
		var n int64
		if err := rows.Scan(&t.kind, &t.name, &key, &n); err != nil {
			return nil, err
		}
		id := [2]string{string(t.kind), t.name}
		i, known := at[id]
		if !known {
			i = len(list)
			at[id] = i
			list, places = append(list, t), append(places, nil)
		}
		list[i].count += n
		places[i] = append(places[i], place{key, n})
	}
	for i := range list {
		for _, p := range places[i] { // the most frequent first, as they came
			if p.key != "" && p.n*10 >= list[i].count {
				list[i].touchpoints = append(list[i].touchpoints, p.key)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b thing) int { return cmp.Compare(b.count, a.count) })
	return list, rows.Err()
}

// properties lists the names under which the latest events carry values.
func (r *Room) properties(ctx context.Context) ([]string, error) {
	rows, err := r.Ledger.Query(ctx, `SELECT properties::TEXT FROM interactions
		WHERE flags = 0 AND kind = 'track' AND properties IS NOT NULL AND time < $1 ORDER BY time DESC LIMIT $2`, r.Clock().Add(time.Hour), latestRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int{}
	for rows.Next() {
		var raw sql.RawBytes
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			continue // the ledger keeps what came; what is no object has no properties
		}
		for name, value := range fields {
			if _, scalar := experience.ScalarText(value); scalar && len(value) > 0 && value[0] != '[' && len(name) <= 60 {
				counts[name]++
			}
		}
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	names = names[:min(len(names), mostProperties)]
	slices.Sort(names)
	return names, rows.Err()
}
