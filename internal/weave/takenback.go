package weave

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// An import that is taken back is as if it had never come: its rows are dropped
// when they are woven after that, and deleted where they were woven before.
// Which imports those are stands in the registry; which of them a skein brings
// can be read from the skein again, so a replay does to the ledger what was done
// to the registry. What a repetition of a row that goes would have told is not
// looked for: it was left out when it came.

// Forgetting is what imports that are taken back leave behind, as the ledger
// knows it.
type Forgetting struct {
	Imports []experience.ID
	Gone    []experience.ID   // subjects of rows of theirs and of no others
	Stay    []experience.ID   // subjects of other rows as well
	Left    []experience.Fact // what the other rows say of those
}

// takeBack notes the imports that a skein takes back, and drops the rows of
// those and of all that were taken back before.
func (w *Weaver) takeBack(ctx context.Context, s *skein) error {
	with := map[experience.ID]bool{} // imports that rows came with
	for k := range s.rows {
		row := &s.rows[k]
		if !row.Import.IsZero() {
			with[row.Import] = true
		}
		if id := takesBack(row); !id.IsZero() && !slices.Contains(s.forget, id) {
			s.forget = append(s.forget, id)
		}
	}
	if len(with) == 0 {
		return nil
	}
	back := map[experience.ID]bool{}
	for _, id := range s.forget {
		back[id] = true
	}
	err := w.Registry.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		for id := range with {
			var n int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM imports_taken_back WHERE id = $1`, id[:]).Scan(&n); err != nil {
				return err
			}
			back[id] = back[id] || n > 0
		}
		return nil
	})
	if err == nil {
		s.keep(func(k int) bool { return !back[s.rows[k].Import] })
	}
	return err
}

// takesBack gives the import that a row takes back; zero for all others.
func takesBack(row *experience.Interaction) experience.ID {
	if row.Source != OwnSource || row.Name != ImportTakenBack {
		return experience.ID{}
	}
	var said struct {
		Import experience.ID `json:"import"`
	}
	if json.Unmarshal(row.Properties, &said) != nil {
		return experience.ID{}
	}
	return said.Import
}

// forgetting asks the ledger what imports leave behind. Subjects that the
// skein itself tells of stay.
func (w *Weaver) forgetting(ctx context.Context, s *skein) (Forgetting, error) {
	f := Forgetting{Imports: s.forget}
	told := map[experience.ID]bool{}
	for k := range s.facts {
		told[s.facts[k].Subject] = true
	}
	in, args := uuids(s.forget, 0)
	err := w.each(ctx, `SELECT subject::TEXT, CAST(sum(CASE WHEN import_id IN (`+in+`) THEN 0 ELSE 1 END) AS BIGINT) FROM interactions
		WHERE subject IN (SELECT subject FROM interactions WHERE import_id IN (`+in+`)) GROUP BY subject`, args, func(rows *sql.Rows) error {
		var subject experience.ID
		var others int64
		err := rows.Scan(&subject, &others)
		if others == 0 && !told[subject] {
			f.Gone = append(f.Gone, subject)
		} else {
			f.Stay = append(f.Stay, subject)
		}
		return err
	})
	if err != nil {
		return f, fmt.Errorf("look what an import leaves behind: %w", err)
	}
	for part := range slices.Chunk(f.Stay, 500) {
		if err := w.left(ctx, &f, in, args, part); err != nil {
			return f, fmt.Errorf("look what is left without an import: %w", err)
		}
	}
	return f, nil
}

// left reads what subjects said elsewhere. Only an identify call has traits, and
// only a context that speaks of categories has consents; escapes may hide that.
func (w *Weaver) left(ctx context.Context, f *Forgetting, imports string, args []any, subjects []experience.ID) error {
	in, more := uuids(subjects, len(args))
	return w.each(ctx, `SELECT subject::TEXT, source, kind, time, coalesce(properties::TEXT, ''), coalesce(context::TEXT, '') FROM interactions
		WHERE subject IN (`+in+`) AND (import_id IS NULL OR import_id NOT IN (`+imports+`))
		AND (kind = 'identify' OR lower(context::TEXT) LIKE '%categorypreferences%' OR strpos(context::TEXT, chr(92)) > 0)`,
		slices.Concat(args, more), func(rows *sql.Rows) error {
			var (
				fact                      experience.Fact
				e                         experience.Event
				at                        time.Time
				properties, contextAsText string
			)
			if err := rows.Scan(&fact.Subject, &fact.Source, &e.Kind, &at, &properties, &contextAsText); err != nil {
				return err
			}
			fact.Time = at.UTC()
			e.Traits = json.RawMessage(properties)
			context := contextOf(json.RawMessage(contextAsText))
			fact.Traits, fact.Consents = traitsOf(&e), context.consents()
			f.Left = append(f.Left, fact)
			return nil
		})
}

// noteTakenBack keeps which imports were taken back.
func noteTakenBack(ctx context.Context, tx registry.Tx, imports []experience.ID, at time.Time) error {
	for _, id := range imports {
		_, err := tx.Exec(ctx, `INSERT INTO imports_taken_back (id, taken_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id[:], at.UnixMicro())
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Weaver) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := w.Ledger.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// uuids writes the inside of an IN list of ids whose parameters follow so many
// others, with its arguments.
func uuids(ids []experience.ID, before int) (string, []any) {
	args := make([]any, len(ids))
	names := make([]string, len(ids))
	for k, id := range ids {
		names[k], args[k] = fmt.Sprintf("$%d::UUID", before+k+1), id
	}
	return strings.Join(names, ","), args
}
