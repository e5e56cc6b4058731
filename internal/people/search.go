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

// Count tells how many people there are. They are counted as they come and go.
func (r *Records) Count(ctx context.Context) (c Counts, err error) {
	err = r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT people, known FROM people_count`).Scan(&c.All, &c.Known)
	})
	return c, err
}

// add counts n people, of whom something is known or not.
func (c *Counts) add(n int64, known bool) {
	c.All += n
	if known {
		c.Known += n
	}
}

// recount keeps the count of people, in the transaction that changes them: by
// how many there are more, and of how many more something is known.
func recount(ctx context.Context, tx registry.Tx, more Counts) error {
	if more == (Counts{}) {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE people_count SET people = people + $1, known = known + $2`, more.All, more.Known)
	return err
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

// byWords finds people each of whose search words begins one of their terms:
// those whose name begins with the words as they stand first.
func (r *Records) byWords(ctx context.Context, tx registry.Tx, search []string, limit int) ([]experience.ID, error) {
	if len(search) == 0 {
		return nil, nil
	}
	search = search[:min(len(search), maxWords)]
	found, err := r.beginning(ctx, tx, phrase(search), nil, limit)
	if err != nil || len(search) == 1 || len(found) >= limit {
		return found, err
	}
	lead, err := r.rarest(ctx, tx, search)
	if err != nil {
		return nil, err
	}
	more, err := r.beginning(ctx, tx, search[lead], slices.Delete(slices.Clone(search), lead, lead+1), limit)
	for _, id := range more {
		if len(found) < limit && !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found, err
}

const (
	maxWords = 6
	// maxCandidates bounds a search for words that are all common and hardly
	// ever meet: what it then misses, one more letter brings.
	maxCandidates = 5_000
)

// rarest gives the word that begins the fewest terms.
func (r *Records) rarest(ctx context.Context, tx registry.Tx, search []string) (lead int, err error) {
	fewest := maxCandidates + 1
	for k, w := range search {
		var n int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM people_terms WHERE term >= $1 AND term < $2 LIMIT $3) AS t`, w, after(w), fewest).Scan(&n)
		if err != nil {
			return 0, err
		}
		if n < fewest {
			lead, fewest = k, n
		}
	}
	return lead, nil
}

// beginning finds people with a term that begins with one text, and other terms
// that begin with others, by name.
func (r *Records) beginning(ctx context.Context, tx registry.Tx, text string, others []string, limit int) ([]experience.ID, error) {
	args := []any{text, after(text)}
	candidates := 10 * limit // enough to choose from
	where := ""
	for _, w := range others {
		candidates = maxCandidates
		args = append(args, "%\n"+likeText.Replace(w)+"%")
		where += fmt.Sprintf(` AND p.terms LIKE $%d ESCAPE '!'`, len(args))
	}
	type match struct {
		id   experience.ID
		name string
	}
	var found []match
	err := each(ctx, tx, fmt.Sprintf(`SELECT DISTINCT p.id, p.name FROM (SELECT person_id FROM people_terms WHERE term >= $1 AND term < $2 LIMIT %d) AS t
		JOIN people p ON p.id = t.person_id WHERE TRUE%s LIMIT %d`, candidates, where, 10*limit), args, func(rows *sql.Rows) error {
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

// Recent lists people by who was there last, and behind them those of whom only
// records tell. Next continues the list; "" at
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
	for k, x := range list {
		ids[k] = x.id
	}
	err = r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		if len(ids) > 0 {
			out, err = r.summaries(ctx, tx, ids)
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return out, next, r.count(ctx, out)
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
