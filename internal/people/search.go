package people

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
	"regia/internal/web"
)

// Counts is how many people there are.
type Counts struct {
	All   int64 `json:"people"`
	Known int64 `json:"known"` // with a name, an address or a number; the others are anonymous visitors
}

// Count counts the people.
func (r *Records) Count(ctx context.Context) (c Counts, err error) {
	err = r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(CASE WHEN known THEN 1 ELSE 0 END), 0) FROM people`).Scan(&c.All, &c.Known)
	})
	return c, err
}

// ByIdentifier gives everybody with whom an identifier was seen: one person as
// a rule, several where it is shared.
func (r *Records) ByIdentifier(ctx context.Context, i experience.Identifier) ([]Summary, error) {
	var out []Summary
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		ids, err := r.holders(ctx, tx, identity.PersonID(r.key, i))
		if err == nil && len(ids) > 0 {
			out, err = r.summaries(ctx, tx, ids)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, r.count(ctx, out)
}

// holders gives the people with whom an identifier was seen, the one that
// holds it first, 100 at most.
func (r *Records) holders(ctx context.Context, tx registry.Tx, identifier experience.ID) ([]experience.ID, error) {
	var ids []experience.ID
	for _, q := range []string{
		`SELECT person_id FROM identifiers WHERE id = $1 AND person_id IN (SELECT id FROM people)`,
		`SELECT person_id FROM subjects WHERE id = $1`, // the subject of that identifier alone
		`SELECT DISTINCT s.person_id FROM subject_identifiers l JOIN subjects s ON s.id = l.subject WHERE l.identifier = $1 ORDER BY s.person_id LIMIT 100`,
	} {
		err := each(ctx, tx, q, []any{asKey(identifier)}, func(rows *sql.Rows) error {
			var id experience.ID
			err := rows.Scan(&id)
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Search finds people by the beginnings of words of their names, and by any
// identifier. The best matches come first.
func (r *Records) Search(ctx context.Context, q, region string, limit int) ([]Summary, error) {
	out, err := r.Suggest(ctx, q, region, limit)
	if err != nil {
		return nil, err
	}
	return out, r.count(ctx, out)
}

// Suggest is Search without counts: quick enough for every key pressed. Who may
// not see people finds them by whole identifiers only: else they could try the
// beginnings of words, letter by letter, until they had read a masked name.
func (r *Records) Suggest(ctx context.Context, q, region string, limit int) ([]Summary, error) {
	var out []Summary
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		ids, err := r.exact(ctx, tx, q, region)
		if err != nil {
			return err
		}
		if u := web.UserFrom(ctx); len(ids) < limit && (u == nil || u.SeesPeople()) {
			more, err := r.byWords(ctx, tx, words(q), limit)
			if err != nil {
				return err
			}
			for _, id := range more {
				if !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
		if len(ids) == 0 {
			return nil
		}
		out, err = r.summaries(ctx, tx, ids[:min(limit, len(ids))])
		return err
	})
	return out, err
}

// exact finds holders of an identifier that reads as q, of any kind; a link's
// person id does as well.
func (r *Records) exact(ctx context.Context, tx registry.Tx, q, region string) ([]experience.ID, error) {
	var ids, names []experience.ID
	for _, k := range builtIn {
		if i, ok := experience.NewIdentifier(k, q, region); ok {
			names = append(names, identity.PersonID(r.key, i))
		}
	}
	err := each(ctx, tx, `SELECT DISTINCT id FROM identifiers WHERE value = $1
		AND kind NOT IN ('user_id', 'email', 'phone', 'loyalty_card', 'anonymous_id', 'device') LIMIT 20`, []any{strings.TrimSpace(q)}, func(rows *sql.Rows) error {
		var id experience.ID
		err := rows.Scan(&id)
		names = append(names, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		found, err := r.holders(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// builtIn lists the kinds that are not a company's own.
var builtIn = []experience.IdentifierKind{experience.UserID, experience.LoyaltyCard, experience.EmailID, experience.PhoneID, experience.DeviceID, experience.AnonymousID}

// byWords finds people each of whose search words begins one of their terms.
// The longest word leads: it is met by the fewest.
func (r *Records) byWords(ctx context.Context, tx registry.Tx, search []string, limit int) ([]experience.ID, error) {
	if len(search) == 0 {
		return nil, nil
	}
	search = search[:min(len(search), 6)]
	slices.SortFunc(search, func(a, b string) int { return len(b) - len(a) })
	args := []any{search[0], after(search[0])}
	query := `SELECT DISTINCT t.person_id, p.name FROM people_terms t JOIN people p ON p.id = t.person_id WHERE t.term >= $1 AND t.term < $2`
	for _, w := range search[1:] {
		n := len(args)
		query += fmt.Sprintf(` AND p.terms LIKE $%d ESCAPE '!'`, n+1)
		args = append(args, "%\n"+likeText.Replace(w)+"%")
	}
	type match struct {
		id   experience.ID
		name string
	}
	var found []match
	err := each(ctx, tx, query+fmt.Sprintf(` LIMIT %d`, 10*limit), args, func(rows *sql.Rows) error {
		var m match
		err := rows.Scan(&m.id, &m.name)
		found = append(found, m)
		return err
	})
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(strings.Compare(fold(a.name), fold(b.name)), byID(a.id, b.id))
	})
	ids := make([]experience.ID, 0, limit)
	for _, m := range found[:min(limit, len(found))] {
		ids = append(ids, m.id)
	}
	return ids, err
}

// likeText writes a text for use within a LIKE pattern with "!" as its escape.
var likeText = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// after is the first text behind everything that begins with prefix.
func after(prefix string) string { return prefix + "\U0010FFFF" }

// Recent lists people by who was there last. Next continues the list; "" at
// its end.
func (r *Records) Recent(ctx context.Context, cursor string, limit int) (out []Summary, next string, err error) {
	var before time.Time
	var beforeID string
	if cursor != "" {
		if before, beforeID, err = parseCursor(cursor); err != nil {
			return nil, "", err
		}
	}
	list, err := r.recently(ctx, before, beforeID, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = fmt.Sprintf("%d.%s", last.last.UnixMicro(), last.id)
	}
	ids := make([]experience.ID, len(list))
	by := map[experience.ID]recent{}
	for k, x := range list {
		ids[k], by[x.id] = x.id, x
	}
	err = r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		if len(ids) > 0 {
			out, err = r.summaries(ctx, tx, ids)
		}
		return err
	})
	for k := range out {
		x := by[out[k].ID]
		out[k].Interactions, out[k].FirstSeen, out[k].LastSeen = x.n, x.from, x.last
	}
	return out, next, err
}

func parseCursor(s string) (time.Time, string, error) {
	us, id, ok := strings.Cut(s, ".")
	var n int64
	if _, err := fmt.Sscanf(us, "%d", &n); err != nil || !ok {
		return time.Time{}, "", experience.Errorf(experience.Invalid, "people.error.cursor")
	}
	p, err := experience.ParseID(id)
	return fromMicro(n), p.String(), err
}
