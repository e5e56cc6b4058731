package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"

	"regia/internal/experience"
	"regia/internal/registry"
)

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// said is one thing a subject said of itself, and when.
type said struct {
	subject, name string
	value         string // JSON; "true" or "false" for a consent
	at            int64
	source        string
}

// newer tells whether a replaces b: the later one does; of two at the same
// moment the lesser text, so that the order of arrival cannot matter and that
// of two consents the refusal stands.
func (a said) newer(b said) bool {
	if a.at != b.at {
		return a.at > b.at
	}
	if a.value != b.value {
		return a.value < b.value
	}
	return a.source > b.source
}

// MaxTraits is how many traits of one subject are kept; further names are left
// in the interaction only.
const MaxTraits = 200

// learnTraits keeps the latest value of each trait and consent of each subject.
func learnTraits(ctx context.Context, tx registry.Tx, facts []experience.Fact, learnt map[experience.ID]experience.ID, touched map[experience.ID]bool) error {
	traits, consents := map[[2]string]said{}, map[[2]string]said{}
	keep := func(m map[[2]string]said, s said) {
		k := [2]string{s.subject, s.name}
		if old, ok := m[k]; !ok || s.newer(old) {
			m[k] = s
		}
	}
	for _, f := range facts {
		if f.Subject.IsZero() {
			continue
		}
		at := f.Time.UnixMicro()
		for name, v := range f.Traits {
			keep(traits, said{f.Subject.String(), name, string(v), at, f.Source})
		}
		for purpose, given := range f.Consents {
			keep(consents, said{f.Subject.String(), purpose, strconv.FormatBool(given), at, f.Source})
		}
	}
	mark := func(s said) {
		if id, err := experience.ParseID(s.subject); err == nil {
			touched[learnt[id]] = true
		}
	}
	if err := saveSaid(ctx, tx, "traits", "name", "value", traits, mark); err != nil {
		return err
	}
	return saveSaid(ctx, tx, "consents", "purpose", "given", consents, mark)
}

// saveSaid writes those statements that replace what the table has.
func saveSaid(ctx context.Context, tx registry.Tx, table, name, value string, all map[[2]string]said, mark func(said)) error {
	if len(all) == 0 {
		return nil
	}
	subjects := make([]string, 0, len(all))
	for k := range all {
		subjects = append(subjects, k[0])
	}
	slices.Sort(subjects)
	count := map[string]int{}
	err := eachIn(ctx, tx, `SELECT subject, `+name+`, CAST(`+value+` AS TEXT), at, source FROM `+table+` WHERE subject IN ?`, slices.Compact(subjects), func(r *sql.Rows) error {
		var s said
		if err := r.Scan(&s.subject, &s.name, &s.value, &s.at, &s.source); err != nil {
			return err
		}
		if table == "consents" { // SQLite says 1 where PostgreSQL says true
			s.value = strconv.FormatBool(s.value == "1" || s.value == "true")
		}
		count[s.subject]++
		k := [2]string{s.subject, s.name}
		if n, ok := all[k]; ok && !n.newer(s) {
			delete(all, k)
		} else if ok {
			count[s.subject]-- // replaced, not added
		}
		return nil
	})
	if err != nil {
		return err
	}
	var rows [][]any
	for _, s := range all {
		if count[s.subject]++; count[s.subject] > MaxTraits {
			continue
		}
		mark(s)
		var v any = s.value
		if table == "consents" {
			v = s.value == "true"
		}
		rows = append(rows, []any{s.subject, s.name, v, s.at, s.source})
	}
	return insert(ctx, tx, `INSERT INTO `+table+` (subject, `+name+`, `+value+`, at, source)`,
		`ON CONFLICT (subject, `+name+`) DO UPDATE SET `+value+` = excluded.`+value+`, at = excluded.at, source = excluded.source`, 5, sorted(rows))
}

// text gives a trait's JSON as text for a field: strings without quotes,
// numbers and booleans as they are, anything else as "".
func text(v string) string {
	var s string
	if json.Unmarshal([]byte(v), &s) == nil {
		return s
	}
	var f json.Number
	if json.Unmarshal([]byte(v), &f) == nil {
		return f.String()
	}
	return ""
}
