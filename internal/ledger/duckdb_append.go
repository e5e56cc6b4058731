package ledger

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"regia/internal/experience"
)

func (t *duckTx) appendRows(ctx context.Context, rows []experience.Interaction, checked bool) error {
	hot, err := t.roomyHot(ctx, int64(t.d.options.HotLimit))
	if err != nil {
		return err
	}
	order := byPerson(rows)
	if err := t.bulk(hot, len(rows), func(i int, w *chunkWriter) { writeRow(w, &rows[order[i]], checked) }); err != nil {
		return err
	}
	t.d.recall.remember(len(rows), func(i int) *experience.ID { return &rows[i].ID })
	t.d.presence.add(hot, func(yield func(*experience.ID) bool) {
		for _, i := range order {
			if !yield(&rows[i].Person) {
				return
			}
		}
	})
	return t.bulk("seen", len(rows), func(i int, w *chunkWriter) {
		w.id(rows[i].ID)
		w.moment(rows[i].ReceivedAt)
		w.truth(rows[i].Imported)
	})
}

// byPerson gives the order in which rows are appended to the hot part: by person
// and time. Compaction sorts them a range of persons at a time; where each batch
// has its persons in order it reads a piece of each, else it would read all of
// the part for each range.
func byPerson(rows []experience.Interaction) []int32 {
	order := make([]int32, len(rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &rows[a], &rows[b]
		return cmp.Or(bytes.Compare(x.Person[:], y.Person[:]), x.Time.Compare(y.Time))
	})
	return order
}

// writeRow writes the columns of columnTypes, in their order.
func writeRow(w *chunkWriter, r *experience.Interaction, checked bool) {
	w.id(r.ID)
	for _, text := range []string{r.MessageID, r.Source, string(r.Kind), r.Name} {
		w.text(cleanText(text))
	}
	w.moment(r.Time)
	w.moment(r.ReceivedAt)
	w.idOrNull(r.Subject)
	w.idOrNull(r.Person)
	w.text(cleanText(r.Touchpoint))
	w.text(cleanText(r.Visit))
	w.whole(r.Revenue)
	for _, text := range []string{r.Currency, r.OrderID, r.ProductID} {
		w.text(cleanText(text))
	}
	w.short(int16(r.Flags))
	w.truth(r.Imported)
	w.textOrNull(cleanJSON(r.Properties, checked))
	w.textOrNull(cleanJSON(r.Context, checked))
	w.idOrNull(r.Import)
}

// move adds moves to the overrides, which readers apply and compaction folds
// into the rows. Nobody is the zero UUID there, so that it can be looked up.
func (t *duckTx) move(ctx context.Context, moves []Move) error {
	list := subjects(moves)
	rules, err := overrides(ctx, t.tx, `subject IN (SELECT x::UUID FROM unnest(string_to_array($1::TEXT, ',')) AS t(x))`, list)
	if err != nil {
		return err
	}
	var before, after int64
	if err := t.queryRow(ctx, `SELECT count(*) FROM overrides`).Scan(&before); err != nil {
		return err
	}
	if len(rules) > 0 {
		if _, err := t.exec(ctx, `DELETE FROM overrides WHERE subject IN (SELECT x::UUID FROM unnest(string_to_array($1::TEXT, ',')) AS t(x))`, list); err != nil {
			return err
		}
	}
	after = before - int64(len(rules))
	gone := maps.Clone(rules)
	closure(rules, moves)
	t.moved = append(t.moved, ruleChange{gone, rules})
	keys := make([]rowKey, 0, len(rules))
	for k := range rules {
		keys = append(keys, k)
	}
	err = t.bulk("overrides", len(keys), func(i int, w *chunkWriter) {
		k, r := keys[i], rules[keys[i]]
		w.whole(r.number)
		w.id(k.subject)
		w.id(k.was)
		w.id(r.person)
	})
	after += int64(len(keys))
	if err != nil || (before == 0) == (after == 0) {
		return err
	}
	return t.replaceView(ctx)
}

func subjects(moves []Move) string {
	seen := make(map[experience.ID]bool, len(moves))
	var list []string
	for _, m := range moves {
		if !seen[m.Subject] {
			seen[m.Subject] = true
			list = append(list, m.Subject.String())
		}
	}
	return strings.Join(list, ",")
}

func overrides(ctx context.Context, q queryer, where string, args ...any) (map[rowKey]override, error) {
	rows, err := q.QueryContext(ctx, `SELECT number, subject, was, person_id FROM overrides WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	rules := map[rowKey]override{}
	for rows.Next() {
		var k rowKey
		var r override
		var subject, was, person duckdb.UUID
		if err := rows.Scan(&r.number, &subject, &was, &person); err != nil {
			return nil, err
		}
		k.subject, k.was, r.person = experience.ID(subject), experience.ID(was), experience.ID(person)
		rules[k] = r
	}
	return rules, rows.Err()
}

// tables lists every part; the caller is about to edit rows in them.
func (t *duckTx) tables(ctx context.Context) ([]string, error) {
	parts, err := t.parts(ctx)
	if err != nil {
		return nil, err
	}
	t.edited = true
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	return names, nil
}
