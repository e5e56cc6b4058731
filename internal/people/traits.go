package people

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"regia/internal/experience"
	"regia/internal/registry"
)

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// said is one thing a subject said of itself, and when.
type said struct {
	subject experience.ID
	name    string
	value   string // JSON; "true" or "false" for a consent
	at      int64
	source  string
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
// in the interaction only. Those that fill a field come first, then the
// alphabet decides: not the order of arrival.
const MaxTraits = 200

// trait names one thing that one subject may say.
type trait struct {
	subject experience.ID
	name    string
}

// learnTraits keeps the latest value of each trait and consent of each subject.
func learnTraits(ctx context.Context, tx registry.Tx, facts []experience.Fact, learnt map[experience.ID]experience.ID, touched map[experience.ID]bool) error {
	traits, consents := map[trait]said{}, map[trait]said{}
	keep := func(m map[trait]said, s said) {
		k := trait{s.subject, s.name}
		if old, ok := m[k]; !ok || s.newer(old) {
			m[k] = s
		}
	}
	for k := range facts {
		f := &facts[k]
		if f.Subject.IsZero() {
			continue
		}
		at := f.Time.UnixMicro()
		for name, v := range f.Traits {
			keep(traits, said{f.Subject, name, string(v), at, f.Source})
		}
		for purpose, given := range f.Consents {
			keep(consents, said{f.Subject, purpose, strconv.FormatBool(given), at, f.Source})
		}
	}
	mark := func(s said) { touched[learnt[s.subject]] = true }
	if err := saveSaid(ctx, tx, "traits", "name", "value", traits, mark); err != nil {
		return err
	}
	return saveSaid(ctx, tx, "consents", "purpose", "given", consents, func(said) {}) // no field shows them
}

// saveSaid writes those statements that replace what the table has, and calls
// mark for each.
func saveSaid(ctx context.Context, tx registry.Tx, table, name, value string, all map[trait]said, mark func(said)) error {
	if len(all) == 0 {
		return nil
	}
	names := map[experience.ID][]string{} // that the table has
	for k := range all {
		names[k.subject] = nil
	}
	err := eachIn(ctx, tx, `SELECT subject, `+name+`, CAST(`+value+` AS TEXT), at, source FROM `+table+` WHERE subject IN ?`, asKeys(slices.Collect(maps.Keys(names))), func(r *sql.Rows) error {
		var s said
		if err := r.Scan(&s.subject, &s.name, &s.value, &s.at, &s.source); err != nil {
			return err
		}
		if table == "consents" { // SQLite says 1 where PostgreSQL says true
			s.value = strconv.FormatBool(s.value == "1" || s.value == "true")
		}
		names[s.subject] = append(names[s.subject], s.name)
		k := trait{s.subject, s.name}
		if n, ok := all[k]; ok && !n.newer(s) {
			delete(all, k)
		}
		return nil
	})
	if err != nil {
		return err
	}
	surplus, err := dropSurplus(ctx, tx, table, name, all, names)
	if err != nil {
		return err
	}
	var rows [][]any
	for k, s := range all {
		if surplus[k] {
			continue
		}
		mark(s)
		var v any = s.value
		if table == "consents" {
			v = s.value == "true"
		}
		rows = append(rows, []any{asKey(s.subject), s.name, v, s.at, s.source})
	}
	return insert(ctx, tx, `INSERT INTO `+table+` (subject, `+name+`, `+value+`, at, source)`,
		`ON CONFLICT (subject, `+name+`) DO UPDATE SET `+value+` = excluded.`+value+`, at = excluded.at, source = excluded.source`, 5, sorted(rows))
}

// dropSurplus finds what a subject says beyond MaxTraits, and takes out of the
// table what must make room. The names that stay are the first MaxTraits of all
// that were ever seen: one that goes never comes back, one that stays was there
// from its first sight.
func dropSurplus(ctx context.Context, tx registry.Tx, table, name string, all map[trait]said, had map[experience.ID][]string) (map[trait]bool, error) {
	surplus := map[trait]bool{}
	names := map[experience.ID][]string{}
	for k := range all {
		names[k.subject] = append(names[k.subject], k.name)
	}
	for subject, said := range names {
		if len(said)+len(had[subject]) <= MaxTraits {
			continue
		}
		said = slices.Compact(slices.SortedFunc(slices.Values(append(said, had[subject]...)), byImportance))
		for _, n := range said[min(MaxTraits, len(said)):] {
			surplus[trait{subject, n}] = true
			if slices.Contains(had[subject], n) {
				if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE subject = $1 AND `+name+` = $2`, asKey(subject), n); err != nil {
					return nil, err
				}
			}
		}
	}
	return surplus, nil
}

func byImportance(a, b string) int {
	rank := func(name string) int {
		if essentialField(name) != nil {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
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
