package explore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
)

// vocabulary is what the record really has: what can be asked for.
type vocabulary struct {
	things      []thing // most frequent first
	touchpoints map[string]int64
	sources     map[string]int64
	properties  []property // most frequent first
	traits      []string   // of people, most frequent first
	visits      int64      // interactions that belong to one
	orders      int64
	first, last time.Time
	read        time.Time

	catalogue map[string]experience.Touchpoint
	named     map[string]experience.Source
}

// thing is something people do: a name with its kind.
type thing struct {
	kind    experience.Kind
	name    string
	count   int64
	paid    int64  // of those brought money
	ordered int64  // of those belong to an order
	at      string // touchpoint where it happens most
	atCount int64
}

// property is a name that senders give values under.
type property struct {
	name  string
	count int // among the latest interactions
	among int // different things that have it
}

const (
	vocabularyStays = time.Minute
	mostThings      = 5000
	latest          = 3000 // interactions that are looked at for properties
	mostProperties  = 60
)

// vocabulary gives what there is, read at most once a minute.
func (r *Room) vocabulary(ctx context.Context) (*vocabulary, error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	v := &vocabulary{touchpoints: map[string]int64{}, sources: map[string]int64{}, read: r.Clock(), catalogue: map[string]experience.Touchpoint{}, named: map[string]experience.Source{}}
	if known := r.known; known != nil && !known.empty() && v.read.Sub(known.read) < vocabularyStays {
		return known, nil
	}
	touchpoints, err := r.Touchpoints(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range touchpoints {
		v.catalogue[t.Key] = t
	}
	sources, err := r.Sources(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		v.named[s.ID] = s
	}
	if err := r.readThings(ctx, v); err != nil {
		return nil, err
	}
	if err := r.readProperties(ctx, v); err != nil {
		return nil, err
	}
	if r.TraitNames != nil {
		if v.traits, err = r.TraitNames(ctx); err != nil {
			return nil, err
		}
	}
	r.known = v
	return v, nil
}

func (v *vocabulary) empty() bool { return len(v.things) == 0 }

func (r *Room) readThings(ctx context.Context, v *vocabulary) error {
	rows, err := r.Ledger.Query(ctx, `SELECT kind, name, touchpoint, source, count(*) AS n, count(CASE WHEN revenue > 0 THEN 1 END),
			count(CASE WHEN order_id <> '' THEN 1 END), count(CASE WHEN visit <> '' THEN 1 END), min(time), max(time)
		FROM interactions WHERE flags = 0 AND time < $1 GROUP BY 1, 2, 3, 4 ORDER BY n DESC, kind, name, touchpoint, source LIMIT $2`, r.Clock().Add(time.Hour), mostThings)
	if err != nil {
		return err
	}
	defer rows.Close()
	at := map[thing]int{}
	for rows.Next() {
		var t thing
		var touchpoint, source string
		var n, paid, ordered, visits int64
		var first, last time.Time
		if err := rows.Scan(&t.kind, &t.name, &touchpoint, &source, &n, &paid, &ordered, &visits, &first, &last); err != nil {
			return err
		}
		place, known := at[t]
		if !known {
			place = len(v.things)
			at[t] = place
			v.things = append(v.things, t)
		}
		one := &v.things[place]
		one.count, one.paid, one.ordered = one.count+n, one.paid+paid, one.ordered+ordered
		if n > one.atCount {
			one.at, one.atCount = touchpoint, n
		}
		if touchpoint != "" {
			v.touchpoints[touchpoint] += n
		}
		v.sources[source] += n
		v.visits, v.orders = v.visits+visits, v.orders+ordered
		if v.first.IsZero() || first.Before(v.first) {
			v.first = first.UTC()
		}
		if last.After(v.last) {
			v.last = last.UTC()
		}
	}
	slices.SortStableFunc(v.things, func(a, b thing) int { return cmp.Compare(b.count, a.count) })
	return rows.Err()
}

// readProperties looks at the latest interactions for what they carry.
func (r *Room) readProperties(ctx context.Context, v *vocabulary) error {
	rows, err := r.Ledger.Query(ctx, `SELECT name, properties::TEXT FROM interactions
		WHERE flags = 0 AND kind = 'track' AND properties IS NOT NULL AND time < $1 ORDER BY time DESC LIMIT $2`, r.Clock().Add(time.Hour), latest)
	if err != nil {
		return err
	}
	defer rows.Close()
	counts, among := map[string]int{}, map[string]map[string]bool{}
	for rows.Next() {
		var name string
		var raw sql.RawBytes
		if err := rows.Scan(&name, &raw); err != nil {
			return err
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			continue // the ledger keeps what came; what is no object has no properties
		}
		for field, value := range fields {
			if len(value) == 0 || value[0] == '{' || value[0] == '[' || string(value) == "null" || len(field) > 60 {
				continue
			}
			counts[field]++
			if among[field] == nil {
				among[field] = map[string]bool{}
			}
			among[field][name] = true
		}
	}
	for name, n := range counts {
		v.properties = append(v.properties, property{name, n, len(among[name])})
	}
	slices.SortFunc(v.properties, func(a, b property) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.name, b.name)) })
	v.properties = v.properties[:min(len(v.properties), mostProperties)]
	slices.SortFunc(v.properties, func(a, b property) int { return cmp.Compare(a.name, b.name) })
	return rows.Err()
}

// kindOf gives the kind that a name mostly has.
func (v *vocabulary) kindOf(name string) experience.Kind {
	for _, t := range v.things {
		if t.name == name {
			return t.kind
		}
	}
	return experience.Track
}

// channelOf gives where something mostly happens.
func (v *vocabulary) channelOf(name string) experience.Channel {
	for _, t := range v.things {
		if t.name == name || t.name == "" && string(t.kind) == name {
			return v.catalogue[t.at].Channel
		}
	}
	return ""
}

// called finds what has one of the names, however they are written, most
// frequent first: "Order Completed" is "orderCompleted" and "order_completed".
func (v *vocabulary) called(names ...string) string {
	for _, t := range v.things {
		if t.kind == experience.Track && slices.Contains(names, plain(t.name)) {
			return t.name
		}
	}
	return ""
}

// plain keeps the letters and figures of a name, in small.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_:.", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// within lists the touchpoints that one test holds for, in order of their keys.
func (v *vocabulary) within(holds func(experience.Touchpoint) bool) []string {
	var keys []string
	for key, t := range v.catalogue {
		if holds(t) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
