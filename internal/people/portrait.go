package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Portrait is a person with all that was said of them, for whoever reads
// everybody.
type Portrait struct {
	Summary
	Identifiers []experience.Identifier
	Traits      map[string]json.RawMessage // the latest value of each
	Consents    map[string]bool            // purpose -> whether it was given last
}

// portraits is how many people are read at a time.
const portraits = 400

// Each gives do every person in the order of their ids, anonymous visitors only
// when asked for. It reads a few hundred at a time, each of them as they stand
// then: who is merged meanwhile may come under either id. An error of do ends
// it and comes back.
func (r *Records) Each(ctx context.Context, anonymous bool, do func(Portrait) error) error {
	var after experience.ID
	for {
		batch, last, err := r.portraits(ctx, after, anonymous)
		if err != nil {
			return err
		}
		for _, p := range batch {
			if err := do(p); err != nil {
				return err
			}
		}
		if last.IsZero() {
			return nil
		}
		after = last
	}
}

// portraits reads those that come after an id, and gives the last id looked
// at; zero at the end.
func (r *Records) portraits(ctx context.Context, after experience.ID, anonymous bool) (out []Portrait, last experience.ID, err error) {
	var ids []experience.ID
	err = r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out, ids = nil, nil
		query := `SELECT id FROM people WHERE id > $1`
		if !anonymous {
			query += ` AND known`
		}
		err := each(ctx, tx, query+` ORDER BY id LIMIT $2`, []any{asKey(after), portraits}, func(rows *sql.Rows) error {
			var id experience.ID
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		found, err := r.summaries(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, s := range found {
			out = append(out, Portrait{Summary: s, Traits: map[string]json.RawMessage{}, Consents: map[string]bool{}})
		}
		return paint(ctx, tx, ids, byPerson(out))
	})
	if err != nil || len(out) == 0 {
		return nil, last, err
	}
	if len(ids) == portraits {
		last = ids[len(ids)-1]
	}
	return out, last, r.attendance(ctx, ids, byPerson(out))
}

func byPerson(all []Portrait) map[experience.ID]*Portrait {
	by := make(map[experience.ID]*Portrait, len(all))
	for k := range all {
		by[all[k].ID] = &all[k]
	}
	return by
}

// paint fills identifiers, traits and consents.
func paint(ctx context.Context, tx registry.Tx, ids []experience.ID, by map[experience.ID]*Portrait) error {
	if err := paintIdentifiers(ctx, tx, ids, by); err != nil {
		return err
	}
	err := latestOf(ctx, tx, `SELECT s.person_id, t.name, t.value, t.at, t.source FROM traits t JOIN `+subjectsOf+` AS s ON s.id = t.subject`,
		ids, func(id experience.ID, s said) { by[id].Traits[s.name] = json.RawMessage(s.value) })
	if err != nil {
		return err
	}
	return latestOf(ctx, tx, `SELECT s.person_id, c.purpose, CASE WHEN c.given THEN 'true' ELSE 'false' END, c.at, c.source
		FROM consents c JOIN `+subjectsOf+` AS s ON s.id = c.subject`,
		ids, func(id experience.ID, s said) { by[id].Consents[s.name] = s.value == "true" })
}

func paintIdentifiers(ctx context.Context, tx registry.Tx, ids []experience.ID, by map[experience.ID]*Portrait) error {
	holders := map[experience.ID][]experience.ID{} // identifier -> people
	err := eachIn(ctx, tx, `SELECT m.person_id, m.members FROM subjects m WHERE m.id IN (SELECT id FROM `+subjectsOf+` AS mine)`, asKeys(ids), func(rows *sql.Rows) error {
		var person experience.ID
		var members []byte
		err := rows.Scan(&person, &members)
		eachMember(members, func(i experience.ID) { holders[i] = append(holders[i], person) })
		return err
	})
	if err != nil {
		return err
	}
	err = eachIn(ctx, tx, `SELECT id, kind, value FROM identifiers WHERE id IN ?`, asKeys(slices.Collect(maps.Keys(holders))), func(rows *sql.Rows) error {
		var id experience.ID
		var i experience.Identifier
		err := rows.Scan(&id, &i.Kind, &i.Value)
		for _, person := range holders[id] {
			if p := by[person]; p != nil {
				p.Identifiers = append(p.Identifiers, i)
			}
		}
		return err
	})
	for _, p := range by {
		p.Identifiers = experience.Canonical(p.Identifiers)
	}
	return err
}

// latestOf gives the latest thing said of each person and name.
func latestOf(ctx context.Context, tx registry.Tx, query string, ids []experience.ID, give func(id experience.ID, s said)) error {
	type key struct {
		person experience.ID
		name   string
	}
	latest := map[key]said{}
	err := eachIn(ctx, tx, query, asKeys(ids), func(rows *sql.Rows) error {
		var k key
		var s said
		err := rows.Scan(&k.person, &s.name, &s.value, &s.at, &s.source)
		k.name = s.name
		if old, ok := latest[k]; !ok || s.newer(old) {
			latest[k] = s
		}
		return err
	})
	if err != nil {
		return err
	}
	for k, s := range latest {
		give(k.person, s)
	}
	return nil
}

// attendance fills what the ledger knows: how often and when they were there.
// The bounds let sorted rows be found without reading the others.
func (r *Records) attendance(ctx context.Context, ids []experience.ID, by map[experience.ID]*Portrait) error {
	texts := make([]string, len(ids))
	for k, id := range ids {
		texts[k] = id.String()
	}
	in, args := uuids(texts)
	return r.each(ctx, fmt.Sprintf(`SELECT person_id::TEXT, count(*), min(time), max(time) FROM interactions
		WHERE person_id >= $1::UUID AND person_id <= $%d::UUID AND person_id IN (%s) AND flags = 0 GROUP BY person_id`, len(ids), in),
		args, func(rows *sql.Rows) error {
			var id experience.ID
			var n int64
			var from, to time.Time
			err := rows.Scan(&id, &n, &from, &to)
			if p := by[id]; p != nil {
				p.Interactions, p.FirstSeen, p.LastSeen = n, from.UTC(), to.UTC()
			}
			return err
		})
}
