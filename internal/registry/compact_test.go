package registry_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/registry"
)

// TestCompactPeopleKeepsData makes the tables of who is who as they were before
// migration 31, with a visitor, a customer of two names and a merge in them,
// and opens the registry again.
func TestCompactPeopleKeepsData(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, o registry.Options) {
		for _, table := range []string{"identifiers", "subjects", "subject_identifiers", "decisions", "moves", "traits", "consents", "people", "people_terms"} {
			exec(t, db, "DROP TABLE "+table)
		}
		before, err := os.ReadFile("migrations/0030_people_who_is_who.sql")
		if err != nil {
			t.Fatal(err)
		}
		for s := range strings.SplitSeq(regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(string(before), ""), ";") {
			if strings.Contains(s, "CREATE") {
				exec(t, db, s)
			}
		}
		id := func(n int) string { return fmt.Sprintf("00000000-0000-8000-8000-%012d", n) }
		for _, s := range []struct {
			text string
			args []any
		}{
			{`INSERT INTO identifiers VALUES ($1, 'anonymous_id', 'a1', 0, $1), ($2, 'user_id', 'u1', 0, $2), ($3, 'email', 'a@x.it', 1, '')`, []any{id(1), id(2), id(3)}},
			{`INSERT INTO subjects VALUES ($1, $1, FALSE), ($2, $3, TRUE)`, []any{id(1), id(9), id(2)}},
			{`INSERT INTO subject_identifiers VALUES ($1, $1), ($2, $3), ($4, $3)`, []any{id(1), id(2), id(9), id(3)}},
			{`INSERT INTO decisions VALUES ($1, 'same', $2, 'user_id', 'u1', $3, 'anonymous_id', 'a1', '', '', 7)`, []any{id(5), id(2), id(1)}},
			{`INSERT INTO moves VALUES (1, $1, $2, $3)`, []any{id(9), id(3), id(2)}},
			{`INSERT INTO traits VALUES ($1, 'firstName', '"Anna"', 5, 'site')`, []any{id(9)}},
			{`INSERT INTO consents VALUES ($1, 'marketing', TRUE, 5, 'site')`, []any{id(9)}},
			{`INSERT INTO people (id, known, first_name) VALUES ($1, TRUE, 'Anna'), ($2, FALSE, '')`, []any{id(2), id(1)}},
			{`INSERT INTO people_terms VALUES ('anna', $1), ('u1', $1)`, []any{id(2)}},
			{`DELETE FROM goose_db_version WHERE version_id = 31`, nil},
		} {
			exec(t, db, s.text, s.args...)
		}
		db = open(t, o)
		lines := func(query string) (out []string) {
			err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
				rows, err := tx.Query(ctx, query)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var a, b, c experience.ID
					var s string
					if err := rows.Scan(&a, &b, &c, &s); err != nil {
						return err
					}
					out = append(out, fmt.Sprint(strings.TrimLeft(a.String(), "0-8"), " ", strings.TrimLeft(b.String(), "0-8"), " ", strings.TrimLeft(c.String(), "0-8"), " ", strings.TrimSpace(s)))
				}
				return rows.Err()
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		for query, want := range map[string][]string{
			`SELECT id, person_id, id, value FROM identifiers ORDER BY value`:                {"1 1 1 a1", "3  3 a@x.it", "2 2 2 u1"},
			`SELECT id, person_id, id, CASE WHEN torn THEN 'torn' ELSE '' END FROM subjects`: {"1 1 1 ", "9 2 9 torn"},
			`SELECT identifier, subject, subject, '' FROM subject_identifiers`:               {"2 9 9 ", "3 9 9 "},
			`SELECT a, b, target, action FROM decisions`:                                     {"2 1  same"},
			`SELECT subject, was, person_id, '' FROM moves`:                                  {"9 3 2 "},
			`SELECT subject, subject, subject, value FROM traits`:                            {`9 9 9 "Anna"`},
			`SELECT subject, subject, subject, purpose FROM consents`:                        {"9 9 9 marketing"},
			`SELECT id, id, id, first_name FROM people`:                                      {"1 1 1 ", "2 2 2 Anna"},
			`SELECT person_id, person_id, person_id, term FROM people_terms`:                 {"2 2 2 anna", "2 2 2 u1"},
		} {
			if diff := cmp.Diff(want, lines(query)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		if n := number(t, db, `SELECT count(*) FROM people WHERE terms LIKE $1`, "%\nanna%"); n != 1 {
			t.Errorf("%d people have the term, want 1", n)
		}
		if n := number(t, db, `SELECT length(members) FROM subjects WHERE torn`); n != 32 {
			t.Errorf("%d bytes of members, want those of two identifiers", n)
		}
	})
}
