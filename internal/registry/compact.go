package registry

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
)

// compactPeople is migration 31: ids in the tables of who is who become 16
// bytes instead of 36 characters, rows stand in their primary key (SQLite's
// WITHOUT ROWID), and what can be told from a row itself has no row or index
// of its own. A new visitor then costs three insertions instead of twelve.
//
// It is written in Go because the two engines have no common words for turning
// a UUID's text into bytes.
func compactPeople(dialect goose.Dialect) *goose.Migration {
	return goose.NewGoMigration(31, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		for _, s := range compactStatements(dialect) {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", strings.SplitN(s, "\n", 2)[0], err)
			}
		}
		return nil
	}}, nil)
}

func compactStatements(dialect goose.Dialect) []string {
	zero := "coalesce(nullif("
	end := ", ''), '" + strings.Repeat("0", 32) + "'), '-', '')"
	words := strings.NewReplacer("{bytes ", "decode(replace("+zero, "}", end+", 'hex')", "{in its key}", "")
	if dialect == goose.DialectSQLite3 {
		words = strings.NewReplacer("{bytes ", "unhex(replace("+zero, "}", end+")", "{in its key}", " WITHOUT ROWID")
	}
	var out []string
	for _, t := range compacted {
		out = append(out,
			"CREATE TABLE compact_"+t.name+" ("+t.columns+"){in its key}",
			"INSERT INTO compact_"+t.name+" "+t.rows,
		)
	}
	for _, t := range compacted {
		out = append(out, "DROP TABLE "+t.name, "ALTER TABLE compact_"+t.name+" RENAME TO "+t.name)
	}
	out = append(out, compactIndexes...)
	for k := range out {
		out[k] = words.Replace(out[k])
	}
	return out
}

// compacted holds the tables, and how their rows are made from the old ones.
// The zero id, nobody, is sixteen zero bytes.
var compacted = []struct{ name, columns, rows string }{
	// Every identifier ever seen, under the id of the person that would stand on it.
	{"identifiers", `
		id        BYTEA NOT NULL PRIMARY KEY,
		kind      TEXT NOT NULL,
		value     TEXT NOT NULL,
		state     BIGINT NOT NULL,
		person_id BYTEA NOT NULL`,
		`SELECT {bytes id}, kind, value, state, {bytes person_id} FROM identifiers ORDER BY 1`},
	// Every exact set of identifiers that was seen together, and whose it is.
	// members: the ids of those identifiers, one after the other.
	// torn: they belong to different people (suspected duplicates).
	{"subjects", `
		id        BYTEA NOT NULL PRIMARY KEY,
		person_id BYTEA NOT NULL,
		torn      BOOLEAN NOT NULL,
		members   BYTEA NOT NULL`,
		`SELECT {bytes s.id}, {bytes s.person_id}, s.torn, {bytes (SELECT string_agg(l.identifier, '') FROM subject_identifiers l WHERE l.subject = s.id)}
		FROM subjects s ORDER BY 1`},
	// Where identifiers were seen. A subject of one identifier has that
	// identifier's own id, so it has no row here.
	{"subject_identifiers", `
		identifier BYTEA NOT NULL,
		subject    BYTEA NOT NULL,
		PRIMARY KEY (identifier, subject)`,
		`SELECT {bytes identifier}, {bytes subject} FROM subject_identifiers WHERE identifier <> subject ORDER BY 1, 2`},
	// Alias calls and human decisions, for ever; undoing is one too.
	{"decisions", `
		id       BYTEA NOT NULL PRIMARY KEY,
		action   TEXT NOT NULL,
		a        BYTEA NOT NULL,
		a_kind   TEXT NOT NULL,
		a_value  TEXT NOT NULL,
		b        BYTEA NOT NULL,
		b_kind   TEXT NOT NULL,
		b_value  TEXT NOT NULL,
		target   BYTEA NOT NULL,
		taken_by TEXT NOT NULL,
		taken_at BIGINT NOT NULL`,
		`SELECT {bytes id}, action, {bytes a}, a_kind, a_value, {bytes b}, b_kind, b_value, {bytes target}, taken_by, taken_at FROM decisions ORDER BY 1`},
	// The outbox: which subjects changed person, for the ledger.
	{"moves", `
		number    BIGINT NOT NULL PRIMARY KEY,
		subject   BYTEA NOT NULL,
		was       BYTEA NOT NULL,
		person_id BYTEA NOT NULL`,
		`SELECT number, {bytes subject}, {bytes was}, {bytes person_id} FROM moves ORDER BY 1`},
	// What subjects said of themselves: the latest value of each trait and consent.
	{"traits", `
		subject BYTEA NOT NULL,
		name    TEXT NOT NULL,
		value   TEXT NOT NULL,
		at      BIGINT NOT NULL,
		source  TEXT NOT NULL,
		PRIMARY KEY (subject, name)`,
		`SELECT {bytes subject}, name, value, at, source FROM traits ORDER BY 1, 2`},
	{"consents", `
		subject BYTEA NOT NULL,
		purpose TEXT NOT NULL,
		given   BOOLEAN NOT NULL,
		at      BIGINT NOT NULL,
		source  TEXT NOT NULL,
		PRIMARY KEY (subject, purpose)`,
		`SELECT {bytes subject}, purpose, given, at, source FROM consents ORDER BY 1, 2`},
	// One row a person: the essential data, derived from the tables above.
	// terms: the beginnings to search by, each after a line feed.
	{"people", `
		id           BYTEA NOT NULL PRIMARY KEY,
		known        BOOLEAN NOT NULL,
		name         TEXT NOT NULL DEFAULT '',
		first_name   TEXT NOT NULL DEFAULT '',
		last_name    TEXT NOT NULL DEFAULT '',
		email        TEXT NOT NULL DEFAULT '',
		phone        TEXT NOT NULL DEFAULT '',
		language     TEXT NOT NULL DEFAULT '',
		country      TEXT NOT NULL DEFAULT '',
		birthday     TEXT NOT NULL DEFAULT '',
		loyalty_card TEXT NOT NULL DEFAULT '',
		handle       TEXT NOT NULL DEFAULT '',
		terms        TEXT NOT NULL DEFAULT ''`,
		`SELECT {bytes p.id}, p.known, p.name, p.first_name, p.last_name, p.email, p.phone, p.language, p.country, p.birthday, p.loyalty_card, p.handle,
		coalesce((SELECT string_agg('` + "\n" + `' || t.term, '') FROM people_terms t WHERE t.person_id = p.id), '')
		FROM people p ORDER BY 1`},
	{"people_terms", `
		term      TEXT NOT NULL,
		person_id BYTEA NOT NULL,
		PRIMARY KEY (term, person_id)`,
		`SELECT term, {bytes person_id} FROM people_terms ORDER BY 1, 2`},
}

// Most people stand on one identifier, whose id is theirs: they are found by
// their own id, and the indexes hold the others only.
var compactIndexes = []string{
	`CREATE INDEX identifiers_person ON identifiers (person_id) WHERE person_id <> id`,
	`CREATE INDEX subjects_person ON subjects (person_id) WHERE person_id <> id`,
	// A company's own kinds of identifier are searched by value; the built-in
	// ones by the id that kind and value give.
	`CREATE INDEX identifiers_value ON identifiers (value) WHERE kind NOT IN ('user_id', 'email', 'phone', 'loyalty_card', 'anonymous_id', 'device')`,
	`CREATE INDEX decisions_a ON decisions (a)`,
	`CREATE INDEX decisions_b ON decisions (b)`,
	`CREATE INDEX decisions_target ON decisions (target)`,
}
