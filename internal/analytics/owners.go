package analytics

import (
	"context"
	"database/sql"
	"strings"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// Owners tells whose cases are: the person of each, where there is one. A case
// that several people had a part in is the one's who comes first by id.
func (s Scope) Owners(ctx context.Context, l *ledger.Ledger, cases []string) (map[string]experience.ID, error) {
	owners := make(map[string]experience.ID, len(cases))
	if s.Case == "" || s.Case == "person" {
		for _, c := range cases {
			id, err := experience.ParseID(c)
			if err != nil {
				return nil, err
			}
			owners[c] = id
		}
		return owners, nil
	}
	if err := s.check(); err != nil || len(cases) == 0 {
		return owners, err
	}
	b := &builder{ledger: l}
	list := make([]string, len(cases))
	for i, c := range cases {
		list[i] = b.text(c)
	}
	name := "CAST(" + b.caseOf(s) + " AS TEXT)"
	err := b.each(ctx, `SELECT `+name+`, min(CAST(person_id AS TEXT)) FROM interactions
		WHERE `+b.scope(s)+` AND person_id IS NOT NULL AND `+name+` IN (`+strings.Join(list, ", ")+`) GROUP BY 1`, func(rows *sql.Rows) error {
		var c, person string
		if err := rows.Scan(&c, &person); err != nil {
			return err
		}
		id, err := experience.ParseID(person)
		owners[c] = id
		return err
	})
	return owners, err
}
