package survey

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

const responseColumns = `id, survey, version, invitation, channel, language, about, shop, order_id, product_id, who, answers,
	begun_at, changed_at, finished_at, settled_at, told`

// moment reads a stored time; 0 is none.
func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// micros is a time as it is stored; none is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func scanResponse(scan func(...any) error) (r Response, err error) {
	var who, answers string
	var begun, changed, finished, settled, told int64
	if err := scan(&r.ID, &r.Survey, &r.Version, &r.Invitation, &r.Channel, &r.Language, &r.About, &r.Shop, &r.OrderID, &r.ProductID,
		&who, &answers, &begun, &changed, &finished, &settled, &told); err != nil {
		return r, err
	}
	r.BegunAt, r.ChangedAt, r.FinishedAt, r.SettledAt, r.Told = moment(begun), moment(changed), moment(finished), moment(settled), told == 1
	if who != "" {
		if err := json.Unmarshal([]byte(who), &r.Who); err != nil {
			return r, err
		}
	}
	return r, json.Unmarshal([]byte(answers), &r.Answers)
}

func selectResponse(ctx context.Context, tx registry.Tx, id experience.ID) (Response, error) {
	return scanResponse(tx.QueryRow(ctx, `SELECT `+responseColumns+` FROM survey_responses WHERE id = $1`, id.String()).Scan)
}

func selectResponses(ctx context.Context, tx registry.Tx, where string, args ...any) (list []Response, err error) {
	rows, err := tx.Query(ctx, `SELECT `+responseColumns+` FROM survey_responses WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanResponse(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func selectAbandoned(ctx context.Context, tx registry.Tx, before time.Time, most int) ([]Response, error) {
	return selectResponses(ctx, tx, `settled_at = 0 AND changed_at <= $1 ORDER BY changed_at LIMIT $2`, before.UnixMicro(), most)
}

func selectUntold(ctx context.Context, tx registry.Tx, most int) ([]Response, error) {
	return selectResponses(ctx, tx, `told = 0 AND settled_at > 0 ORDER BY settled_at LIMIT $1`, most)
}

// saveResponse inserts or updates a response. What names a person is dropped
// from it once it was told (markTold).
func saveResponse(ctx context.Context, tx registry.Tx, r Response, begins bool) error {
	answers, err := json.Marshal(r.Answers)
	if err != nil {
		return err
	}
	texts := 0
	for _, a := range r.Answers {
		if a.Text != "" {
			texts = 1
		}
	}
	if !begins {
		_, err := tx.Exec(ctx, `UPDATE survey_responses SET answers = $2, texts = $3, changed_at = $4, finished_at = $5, settled_at = $6 WHERE id = $1`,
			r.ID.String(), string(answers), texts, r.ChangedAt.UnixMicro(), micros(r.FinishedAt), micros(r.SettledAt))
		return err
	}
	who := ""
	if len(r.Who) > 0 {
		text, err := json.Marshal(r.Who)
		if err != nil {
			return err
		}
		who = string(text)
	}
	_, err = tx.Exec(ctx, `INSERT INTO survey_responses (id, survey, version, invitation, channel, language, about, shop, order_id, product_id, who, answers,
		texts, begun_at, changed_at, finished_at, settled_at, told) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0)`,
		r.ID.String(), r.Survey, r.Version, r.Invitation, string(r.Channel), r.Language, r.About, r.Shop, r.OrderID, r.ProductID, who, string(answers),
		texts, r.BegunAt.UnixMicro(), r.ChangedAt.UnixMicro(), micros(r.FinishedAt), micros(r.SettledAt))
	return err
}

// insertAnswers writes a settled response's scores and choices down for counting.
func insertAnswers(ctx context.Context, tx registry.Tx, v *Version, r Response) error {
	insert := func(question, item, scale, value string) error {
		_, err := tx.Exec(ctx, `INSERT INTO survey_answers (survey, version, question, item, scale, value, response) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (survey, version, question, item, scale, value, response) DO NOTHING`, r.Survey, r.Version, question, item, scale, value, r.ID.String())
		return err
	}
	for i := range v.Questions {
		q := &v.Questions[i]
		a, ok := r.Answers[q.Key]
		if !ok {
			continue
		}
		if a.Score != nil {
			if err := insert(q.Key, "", q.Scale(), strconv.Itoa(*a.Score)); err != nil {
				return err
			}
		}
		for _, c := range a.Choice {
			if err := insert(q.Key, "", "", c); err != nil {
				return err
			}
		}
		for _, item := range q.Items {
			if score, ok := a.Items[item.Key]; ok {
				if err := insert(q.Key, item.Key, q.Scale(), strconv.Itoa(score)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// markTold says that the log has a response, and drops whom it named.
func markTold(ctx context.Context, tx registry.Tx, list []Response) error {
	for _, r := range list {
		if _, err := tx.Exec(ctx, `UPDATE survey_responses SET told = 1, who = '' WHERE id = $1`, r.ID.String()); err != nil {
			return err
		}
	}
	return nil
}

func addOpens(ctx context.Context, tx registry.Tx, counted map[opening]int64) error {
	for at, n := range counted {
		if _, err := tx.Exec(ctx, `INSERT INTO survey_opens (survey, channel, n) VALUES ($1, $2, $3)
			ON CONFLICT (survey, channel) DO UPDATE SET n = survey_opens.n + excluded.n`, at.survey, string(at.channel), n); err != nil {
			return err
		}
	}
	return nil
}
