package voice

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// known is what of a voice may change after it was heard.
type known struct {
	person     experience.ID
	touchpoint string
}

// head gives how far the ledger was read; zero at the very beginning.
func (r *Room) head(ctx context.Context) (h head, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		err := tx.QueryRow(ctx, `SELECT sequence, move, catalogue, interactions, received_at, whole_at FROM voice_head WHERE one = 1`).
			Scan(&h.sequence, &h.move, &h.catalogue, &h.interactions, &h.received, &h.wholeAt)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return h, err
}

func (r *Room) saveHead(ctx context.Context, h head) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if err := beginHead(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE voice_head SET sequence = $1, move = $2, catalogue = $3, interactions = $4, received_at = $5, whole_at = $6 WHERE one = 1`,
			h.sequence, h.move, h.catalogue, h.interactions, h.received, h.wholeAt)
		return err
	})
}

func beginHead(ctx context.Context, tx registry.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO voice_head (one, sequence, move, catalogue, interactions, received_at, whole_at, last_number)
		VALUES (1, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (one) DO NOTHING`)
	return err
}

// known gives the voices that were received since a moment.
func (r *Room) known(ctx context.Context, since time.Time) (map[experience.ID]known, error) {
	out := map[experience.ID]known{}
	places := map[string]string{} // one text for all voices of a touchpoint
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		clear(out)
		rows, err := tx.Query(ctx, `SELECT id, person, touchpoint FROM voices WHERE received_at >= $1`, since.UnixMicro())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id experience.ID
			var k known
			if err := rows.Scan(&id, &k.person, &k.touchpoint); err != nil {
				return err
			}
			if same, ok := places[k.touchpoint]; ok {
				k.touchpoint = same
			} else {
				places[k.touchpoint] = k.touchpoint
			}
			out[id] = k
		}
		return rows.Err()
	})
	return out, err
}

// add keeps voices that were heard. Those that are there already stay.
func (r *Room) add(ctx context.Context, list []Voice, model string) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if err := beginHead(ctx, tx); err != nil {
			return err
		}
		var number int64
		if err := tx.QueryRow(ctx, `SELECT last_number FROM voice_head WHERE one = 1`).Scan(&number); err != nil {
			return err
		}
		for _, v := range list {
			number++
			v.Number = number
			if err := insertVoice(ctx, tx, v, model); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE voice_head SET last_number = $1 WHERE one = 1`, number)
		return err
	})
}

func insertVoice(ctx context.Context, tx registry.Tx, v Voice, model string) error {
	reading, err := v.Labels.encode()
	if err != nil {
		return err
	}
	worded := 0
	if v.Worded {
		worded = 1
	} else {
		model, reading = "", ""
	}
	l := v.Labels
	n, err := tx.Exec(ctx, `INSERT INTO voices (id, number, at, received_at, person, name, source, touchpoint, platform, order_id, scale, score, worded,
		language, sentiment, confidence, urgency, effort, politeness, reading, model)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) ON CONFLICT (id) DO NOTHING`,
		v.ID.String(), v.Number, v.Time.UnixMicro(), v.Received.UnixMicro(), v.Person.String(), v.Name, v.Source, v.Touchpoint, v.Platform, v.Order, v.Scale, v.Score, worded,
		l.Language.counted(), l.Sentiment.counted(), l.Sentiment.Confidence, l.Urgency.value(), l.Effort.value(), l.Politeness.value(), reading, model)
	if err != nil || n == 0 {
		return err
	}
	return insertTopics(ctx, tx, v, l)
}

// insertTopics keeps what a voice is about, with what lists of a topic's texts
// are filtered by.
func insertTopics(ctx context.Context, tx registry.Tx, v Voice, l VoiceLabels) error {
	for _, t := range l.Topics {
		if t.Guess {
			continue
		}
		_, err := tx.Exec(ctx, `INSERT INTO voice_topics (voice, topic, at, sentiment, confidence, urgency, language, platform, touchpoint, person)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (voice, topic) DO NOTHING`,
			v.ID.String(), t.Label, v.Time.UnixMicro(), l.Sentiment.counted(), t.Confidence, l.Urgency.value(), l.Language.counted(), v.Platform, v.Touchpoint, v.Person.String())
		if err != nil {
			return err
		}
	}
	return nil
}

// stale lists voices that other models than these read.
func (r *Room) stale(ctx context.Context, model string, limit int) (out []place, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out, err = selectPlaces(ctx, tx, `id, at FROM voices WHERE worded = 1 AND model <> $1 LIMIT $2`, model, limit)
		return err
	})
	return out, err
}

func selectPlaces(ctx context.Context, tx registry.Tx, rest string, args ...any) (out []place, err error) {
	rows, err := tx.Query(ctx, `SELECT `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.id, &p.at); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// relabel keeps what other models read of voices. What people put right stays
// right.
func (r *Room) relabel(ctx context.Context, list []Voice, model string) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		for _, v := range list {
			reading, err := v.Labels.encode()
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE voices SET reading = $1, model = $2 WHERE id = $3`, reading, model, v.ID.String()); err != nil {
				return err
			}
			if err := apply(ctx, tx, v.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// apply works the labels of a voice out anew: what was read, put right by hand.
func apply(ctx context.Context, tx registry.Tx, id experience.ID) error {
	var reading string
	var at int64
	v := Voice{ID: id}
	if err := tx.QueryRow(ctx, `SELECT reading, at, platform, touchpoint, person FROM voices WHERE id = $1`, id.String()).Scan(&reading, &at, &v.Platform, &v.Touchpoint, &v.Person); err != nil {
		return err
	}
	l, err := decodeLabels(reading)
	if err != nil {
		return err
	}
	list, err := corrections(ctx, tx, id)
	if err != nil {
		return err
	}
	l = l.corrected(list)
	_, err = tx.Exec(ctx, `UPDATE voices SET language = $1, sentiment = $2, confidence = $3, urgency = $4, effort = $5, politeness = $6 WHERE id = $7`,
		l.Language.counted(), l.Sentiment.counted(), l.Sentiment.Confidence, l.Urgency.value(), l.Effort.value(), l.Politeness.value(), id.String())
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM voice_topics WHERE voice = $1`, id.String()); err != nil {
		return err
	}
	v.Time = time.UnixMicro(at)
	return insertTopics(ctx, tx, v, l)
}

// drop forgets voices that are in the ledger no more, with what was put right
// about them.
func (r *Room) drop(ctx context.Context, ids []experience.ID) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		for _, id := range ids {
			for _, statement := range []string{`DELETE FROM voice_topics WHERE voice = $1`, `DELETE FROM voice_corrections WHERE voice = $1`, `DELETE FROM voices WHERE id = $1`} {
				if _, err := tx.Exec(ctx, statement, id.String()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
