package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"regia/internal/experience"
	"regia/internal/registry"
)

// TraitValues gives, of each person who said it, the latest value of a trait as
// text; objects and lists are left out, since nothing is counted by them.
func (r *Records) TraitValues(ctx context.Context, name string) (map[experience.ID]string, error) {
	var out map[experience.ID]string
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		latest := map[experience.ID]said{}
		out = map[experience.ID]string{}
		err := each(ctx, tx, `SELECT s.person_id, t.value, t.at, t.source FROM traits t JOIN subjects s ON s.id = t.subject WHERE t.name = $1`, []any{name}, func(rows *sql.Rows) error {
			var person experience.ID
			var s said
			err := rows.Scan(&person, &s.value, &s.at, &s.source)
			if old, ok := latest[person]; !ok || s.newer(old) {
				latest[person] = s
			}
			return err
		})
		for person, s := range latest {
			if text, ok := experience.ScalarText(json.RawMessage(s.value)); ok && text != "" {
				out[person] = text
			}
		}
		return err
	})
	return out, err
}

// commonTraits is how many traits are looked at for some to count by.
const commonTraits = 40

// CommonTraits lists the traits that most subjects said and people can be counted
// by: not those by which one person is told from another, such as an address.
func (r *Records) CommonTraits(ctx context.Context) ([]string, error) {
	var names []string
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		names = nil
		return each(ctx, tx, `SELECT name FROM traits GROUP BY name ORDER BY count(*) DESC, name LIMIT $1`, []any{commonTraits}, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			if !identifying(name) {
				names = append(names, name)
			}
			return err
		})
	})
	return names, err
}

// identifying tells whether a trait says who somebody is rather than what they
// are like.
func identifying(trait string) bool {
	field := essentialField(trait)
	if field == nil {
		return strings.EqualFold(trait, "address") // Segment's word for street and house, of one household
	}
	var e Essential
	at := field(&e)
	return at != &e.Language && at != &e.Country
}
