package touchpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Version gives the catalogue's version: 0 before it was seeded.
func Version(ctx context.Context, tx registry.Tx) (int64, error) {
	var v int64
	err := tx.QueryRow(ctx, `SELECT version FROM touchpoint_catalogue WHERE id = 1`).Scan(&v)
	return v, err
}

// Load reads the whole catalogue.
func Load(ctx context.Context, tx registry.Tx) (Catalogue, error) {
	var c Catalogue
	var err error
	if c.Version, err = Version(ctx, tx); err != nil {
		return c, err
	}
	if c.Touchpoints, err = loadTouchpoints(ctx, tx); err != nil {
		return c, err
	}
	if c.Bindings, err = loadBindings(ctx, tx); err != nil {
		return c, err
	}
	c.sort()
	return c, nil
}

func loadTouchpoints(ctx context.Context, tx registry.Tx) ([]Touchpoint, error) {
	rows, err := tx.Query(ctx, `SELECT key, name_it, name_en, description_it, description_en, channel, digital,
		ownership, stage, department, place, retired, own FROM touchpoints`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Touchpoint
	for rows.Next() {
		var t Touchpoint
		if err := rows.Scan(&t.Key, &t.Name.IT, &t.Name.EN, &t.Description.IT, &t.Description.EN, &t.Channel, &t.Digital,
			&t.Ownership, &t.Stage, &t.Department, &t.Order, &t.Retired, &t.Own); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

func loadBindings(ctx context.Context, tx registry.Tx) ([]Binding, error) {
	rows, err := tx.Query(ctx, `SELECT id, touchpoint, source, kind, name, conditions, own, place
		FROM touchpoint_bindings WHERE removed = FALSE`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Binding
	for rows.Next() {
		var b Binding
		var conditions string
		if err := rows.Scan(&b.ID, &b.Touchpoint, &b.Source, &b.Kind, &b.Name, &conditions, &b.Own, &b.Position); err != nil {
			return nil, err
		}
		if conditions != "" {
			if err := json.Unmarshal([]byte(conditions), &b.Conditions); err != nil {
				return nil, fmt.Errorf("conditions of binding %s: %w", b.ID, err)
			}
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// saveTouchpoint writes a touchpoint. edited marks a default that people
// changed.
func saveTouchpoint(ctx context.Context, tx registry.Tx, t Touchpoint, edited bool) error {
	_, err := tx.Exec(ctx, `INSERT INTO touchpoints (key, name_it, name_en, description_it, description_en, channel, digital,
			ownership, stage, department, place, retired, own, edited)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (key) DO UPDATE SET name_it = excluded.name_it, name_en = excluded.name_en,
			description_it = excluded.description_it, description_en = excluded.description_en,
			channel = excluded.channel, digital = excluded.digital, ownership = excluded.ownership, stage = excluded.stage,
			department = excluded.department, place = excluded.place, retired = excluded.retired, edited = excluded.edited`,
		t.Key, t.Name.IT, t.Name.EN, t.Description.IT, t.Description.EN, string(t.Channel), t.Digital,
		string(t.Ownership), string(t.Stage), t.Department, t.Order, t.Retired, t.Own, edited)
	return err
}

func insertBinding(ctx context.Context, tx registry.Tx, b Binding) error {
	conditions := ""
	if len(b.Conditions) > 0 {
		text, err := json.Marshal(b.Conditions)
		if err != nil {
			return err
		}
		conditions = string(text)
	}
	_, err := tx.Exec(ctx, `INSERT INTO touchpoint_bindings (id, touchpoint, source, kind, name, conditions, own, place, removed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE)`,
		b.ID, b.Touchpoint, b.Source, string(b.Kind), b.Name, conditions, b.Own, b.Position)
	return err
}

// deleteBinding takes a binding away: its own for good, a default so that an
// upgrade remembers.
func deleteBinding(ctx context.Context, tx registry.Tx, b Binding) error {
	query := `UPDATE touchpoint_bindings SET removed = TRUE WHERE id = $1`
	if b.Own {
		query = `DELETE FROM touchpoint_bindings WHERE id = $1`
	}
	_, err := tx.Exec(ctx, query, b.ID)
	return err
}

// raise gives the catalogue its next version and notes what it changed.
// names are lower-case event names whose touchpoint may differ now; nil = any.
func raise(ctx context.Context, tx registry.Tx, now int64, by string, names []string) (int64, error) {
	text := ""
	if names != nil {
		b, err := json.Marshal(names)
		if err != nil {
			return 0, err
		}
		text = string(b)
	}
	var version int64
	if err := tx.QueryRow(ctx, `UPDATE touchpoint_catalogue SET version = version + 1 WHERE id = 1 RETURNING version`).Scan(&version); err != nil {
		return 0, err
	}
	_, err := tx.Exec(ctx, `INSERT INTO touchpoint_changes (version, changed_at, changed_by, names) VALUES ($1, $2, $3, $4)`,
		version, now, by, text)
	return version, err
}

// ChangedNames gives the lower-case event names whose touchpoint may differ
// since a version, in order: what must be assigned anew. nil means any name;
// an empty list means none.
func ChangedNames(ctx context.Context, tx registry.Tx, since int64) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT names FROM touchpoint_changes WHERE version > $1`, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if text == "" {
			return nil, nil
		}
		var names []string
		if err := json.Unmarshal([]byte(text), &names); err != nil {
			return nil, fmt.Errorf("names of a change: %w", err)
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return slices.Compact(all), rows.Err()
}

// kept is what the registry remembers of the defaults it took over.
type kept struct {
	version  int64
	edited   map[string]bool // touchpoints: false = as the defaults had them; own ones count as edited
	bindings map[string]bool // default bindings by id: true = removed by people
}

func loadKept(ctx context.Context, tx registry.Tx) (kept, error) {
	k := kept{edited: map[string]bool{}, bindings: map[string]bool{}}
	if err := tx.QueryRow(ctx, `SELECT defaults FROM touchpoint_catalogue WHERE id = 1`).Scan(&k.version); err != nil {
		return k, err
	}
	if err := flags(ctx, tx, k.edited, `SELECT key, (own OR edited) FROM touchpoints`); err != nil {
		return k, err
	}
	return k, flags(ctx, tx, k.bindings, `SELECT id, removed FROM touchpoint_bindings WHERE own = FALSE`)
}

func flags(ctx context.Context, tx registry.Tx, into map[string]bool, query string) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var flag bool
		if err := rows.Scan(&key, &flag); err != nil {
			return err
		}
		into[key] = flag
	}
	return rows.Err()
}

// upgrade takes over a newer default catalogue: new touchpoints and bindings
// come, those gone from it go (a touchpoint retires), and whatever people
// edited or removed stays as they left it.
func upgrade(ctx context.Context, tx registry.Tx, d Catalogue) error {
	k, err := loadKept(ctx, tx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, t := range d.Touchpoints {
		known[t.Key] = true
		if k.edited[t.Key] {
			continue
		}
		if err := saveTouchpoint(ctx, tx, t, false); err != nil {
			return err
		}
	}
	for key, edited := range k.edited {
		if !edited && !known[key] {
			if _, err := tx.Exec(ctx, `UPDATE touchpoints SET retired = TRUE WHERE key = $1`, key); err != nil {
				return err
			}
		}
	}
	if err := upgradeBindings(ctx, tx, d.Bindings, k.bindings); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE touchpoint_catalogue SET defaults = $1 WHERE id = 1`, d.Version)
	return err
}

func upgradeBindings(ctx context.Context, tx registry.Tx, bindings []Binding, kept map[string]bool) error {
	known := map[string]bool{}
	for _, b := range bindings {
		known[b.ID] = true
		if _, there := kept[b.ID]; there {
			continue
		}
		if err := insertBinding(ctx, tx, b); err != nil {
			return err
		}
	}
	for id := range kept {
		if known[id] {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM touchpoint_bindings WHERE id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}

// placeFirst gives the position that puts a new binding of people before all
// others as narrow as it.
func placeFirst(bindings []Binding) int {
	first := 0
	for _, b := range bindings {
		if b.Own {
			first = min(first, b.Position)
		}
	}
	return first - 1
}

// eventNames gives the lower-case names a binding may concern, for raise.
func eventNames(bindings ...experience.Binding) []string {
	var out []string
	for _, b := range bindings {
		if b.Name == "" {
			return nil
		}
		out = append(out, strings.ToLower(b.Name))
	}
	return out
}
