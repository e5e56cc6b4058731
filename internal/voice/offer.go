package voice

import (
	"context"
	"maps"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// What other rooms may ask, by interfaces of their own.

// After gives voices heard after a number, in the order in which they were
// heard, answers without a text among them, and the last number looked at.
// Those that the ledger has no more are left out.
func (r *Room) After(ctx context.Context, number int64, limit int) ([]Voice, int64, error) {
	var rows []row
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		rows, err = selectRows(ctx, tx, `FROM voices v WHERE v.number > $1 ORDER BY v.number LIMIT $2`, number, limit)
		return err
	})
	if err != nil || len(rows) == 0 {
		return nil, number, err
	}
	list, err := r.told(ctx, rows)
	return list, rows[len(rows)-1].number, err
}

// Between gives do all voices of a time, answers without a text among them, the
// oldest first.
func (r *Room) Between(ctx context.Context, from, to time.Time, do func(Voice) error) error {
	at, id := from.UnixMicro(), ""
	for {
		var rows []row
		err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
			rows, err = selectRows(ctx, tx, `FROM voices v WHERE v.at >= $1 AND (v.at > $1 OR v.id > $2) AND v.at < $3 ORDER BY v.at, v.id LIMIT $4`,
				at, id, to.UnixMicro(), csvBatch)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		list, err := r.told(ctx, rows)
		if err != nil {
			return err
		}
		for _, v := range list {
			if err := do(v); err != nil {
				return err
			}
		}
		last := rows[len(rows)-1]
		at, id = last.at, last.id.String()
	}
}

// Answer gives a person's first answer on a scale after a moment; false when
// there is none.
func (r *Room) Answer(ctx context.Context, person experience.ID, scale string, after time.Time) (Voice, bool, error) {
	list, err := r.some(ctx, `FROM voices v WHERE v.person = $1 AND v.at > $2 AND v.scale = $3 ORDER BY v.at, v.id LIMIT 1`,
		person.String(), after.UnixMicro(), scale)
	if err != nil || len(list) == 0 {
		return Voice{}, false, err
	}
	return list[0], true, nil
}

// Topics gives what those of some voices that have a text are about; one about
// nothing known has an empty list.
func (r *Room) Topics(ctx context.Context, voices []experience.ID) (map[experience.ID][]string, error) {
	out := map[experience.ID][]string{}
	for some := range slices.Chunk(voices, csvBatch) {
		texts := make([]string, len(some))
		for i, id := range some {
			texts[i] = id.String()
		}
		err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
			rows, err := tx.Query(ctx, `SELECT v.id, coalesce(t.topic, '') FROM voices v LEFT JOIN voice_topics t ON t.voice = v.id
				WHERE v.worded = 1 AND v.id IN (`+quotedList(texts)+`) ORDER BY 1, 2`)
			if err != nil {
				return err
			}
			defer rows.Close()
			read := map[experience.ID][]string{}
			for rows.Next() {
				var id experience.ID
				var topic string
				if err := rows.Scan(&id, &topic); err != nil {
					return err
				}
				if read[id] == nil {
					read[id] = []string{}
				}
				if topic != "" {
					read[id] = append(read[id], topic)
				}
			}
			maps.Copy(out, read)
			return rows.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TopicName names a topic to a reader.
func (r *Room) TopicName(l *web.Locale, topic string) string {
	t := r.tree.Load()
	if t == nil { // nobody asked for it yet
		t = ownTree()
	}
	return t.name(l.Lang(), topic)
}

// Urgent gives how urgent a text is, 0 to 3; below 0 where nobody knows.
func (v Voice) Urgent() int { return v.Labels.Urgency.value() }

// Sentiment gives how a text feels; "" where that is not sure.
func (v Voice) Sentiment() string { return v.Labels.Sentiment.counted() }
