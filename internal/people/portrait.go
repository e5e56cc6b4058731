package people

import (
	"context"
	"database/sql"
	"encoding/json"
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
const portraits = chunk

// Each gives do every person in the order of their ids, anonymous visitors only
// when asked for. It reads a few hundred at a time, each of them as they stand
// then: who is merged meanwhile may come under either id. An error of do ends
// it and comes back.
func (r *Records) Each(ctx context.Context, anonymous bool, do func(Portrait) error) error {
	after := ""
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
		if last == "" {
			return nil
		}
		after = last
	}
}

// portraits reads those that come after an id, and gives the last id looked
// at; "" at the end.
func (r *Records) portraits(ctx context.Context, after string, anonymous bool) ([]Portrait, string, error) {
	var out []Portrait
	var ids []string
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out, ids = nil, nil
		query := `SELECT id FROM people WHERE id > $1`
		if !anonymous {
			query += ` AND known`
		}
		err := each(ctx, tx, query+` ORDER BY id LIMIT $2`, []any{after, portraits}, func(rows *sql.Rows) error {
			var id string
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
		return paint(ctx, tx, ids, out)
	})
	if err != nil || len(out) == 0 {
		return nil, "", err
	}
	last := ""
	if len(ids) == portraits {
		last = ids[len(ids)-1]
	}
	return out, last, r.attendance(ctx, ids, out)
}

// paint fills identifiers, traits and consents.
func paint(ctx context.Context, tx registry.Tx, ids []string, out []Portrait) error {
	by := map[string]*Portrait{}
	for k := range out {
		by[out[k].ID.String()] = &out[k]
	}
	err := eachIn(ctx, tx, `SELECT DISTINCT s.person_id, i.kind, i.value FROM subjects s JOIN subject_identifiers l ON l.subject = s.id
		JOIN identifiers i ON i.id = l.identifier WHERE s.person_id IN ?`, ids, func(rows *sql.Rows) error {
		var id string
		var i experience.Identifier
		err := rows.Scan(&id, &i.Kind, &i.Value)
		if p := by[id]; p != nil {
			p.Identifiers = append(p.Identifiers, i)
		}
		return err
	})
	if err != nil {
		return err
	}
	for k := range out {
		out[k].Identifiers = experience.Canonical(out[k].Identifiers)
	}
	err = latestOf(ctx, tx, `SELECT s.person_id, t.name, t.value, t.at, t.source FROM traits t JOIN subjects s ON s.id = t.subject WHERE s.person_id IN ?`,
		ids, func(id string, s said) { by[id].Traits[s.name] = json.RawMessage(s.value) })
	if err != nil {
		return err
	}
	return latestOf(ctx, tx, `SELECT s.person_id, c.purpose, CASE WHEN c.given THEN 'true' ELSE 'false' END, c.at, c.source
		FROM consents c JOIN subjects s ON s.id = c.subject WHERE s.person_id IN ?`,
		ids, func(id string, s said) { by[id].Consents[s.name] = s.value == "true" })
}

// latestOf gives the latest thing said of each person and name.
func latestOf(ctx context.Context, tx registry.Tx, query string, ids []string, give func(id string, s said)) error {
	latest := map[[2]string]said{}
	err := eachIn(ctx, tx, query, ids, func(rows *sql.Rows) error {
		var id string
		var s said
		err := rows.Scan(&id, &s.name, &s.value, &s.at, &s.source)
		key := [2]string{id, s.name}
		if old, ok := latest[key]; !ok || s.newer(old) {
			latest[key] = s
		}
		return err
	})
	if err != nil {
		return err
	}
	for key, s := range latest {
		give(key[0], s)
	}
	return nil
}

// attendance fills what the ledger knows: how often and when they were there. The
// bounds let sorted rows be found without reading the others.
func (r *Records) attendance(ctx context.Context, ids []string, out []Portrait) error {
	by := map[string]*Portrait{}
	for k := range out {
		by[out[k].ID.String()] = &out[k]
	}
	in, args := uuids(ids)
	return r.each(ctx, `SELECT person_id::TEXT, count(*), min(time), max(time) FROM interactions
		WHERE person_id >= $1::UUID AND person_id <= $`+formatInt(int64(len(ids)))+`::UUID AND person_id IN (`+in+`) AND flags = 0 GROUP BY person_id`,
		args, func(rows *sql.Rows) error {
			var id string
			var n int64
			var from, to time.Time
			err := rows.Scan(&id, &n, &from, &to)
			if p := by[id]; p != nil {
				p.Interactions, p.FirstSeen, p.LastSeen = n, from.UTC(), to.UTC()
			}
			return err
		})
}
