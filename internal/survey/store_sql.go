package survey

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// isMissing tells whether there is no such row.
func isMissing(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || experience.CodeOf(err) == experience.NotFound
}

// freeKey gives base, or base with the first number that is not taken.
func freeKey(ctx context.Context, tx registry.Tx, base string) (string, error) {
	for n := 1; ; n++ {
		key := base
		if n > 1 {
			key += "-" + strconv.Itoa(n)
		}
		var taken bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM surveys WHERE key = $1)`, key).Scan(&taken); err != nil || !taken {
			return key, err
		}
	}
}

// written is a draft as JSON; TooLarge where it is too large to be kept.
func written(draft Survey) (string, error) {
	text, err := json.Marshal(draft)
	if err == nil && len(text) > maxSurvey {
		err = experience.Errorf(experience.TooLarge, "survey.error.large")
	}
	return string(text), err
}

func insertSurvey(ctx context.Context, tx registry.Tx, r Record) error {
	draft, err := written(r.Draft)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO surveys (key, draft, status, version, changed_by, changed_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.Draft.Key, draft, string(r.Status), r.Version, r.ChangedBy, r.ChangedAt.UnixMicro(), r.CreatedAt.UnixMicro())
	return err
}

func updateSurvey(ctx context.Context, tx registry.Tx, r Record) error {
	draft, err := written(r.Draft)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE surveys SET draft = $2, status = $3, version = $4, changed_by = $5, changed_at = $6 WHERE key = $1`,
		r.Draft.Key, draft, string(r.Status), r.Version, r.ChangedBy, r.ChangedAt.UnixMicro())
	return err
}

const surveyColumns = `draft, status, version, changed_by, changed_at, created_at`

func scanSurvey(scan func(...any) error) (r Record, err error) {
	var draft string
	var changed, created int64
	if err := scan(&draft, &r.Status, &r.Version, &r.ChangedBy, &changed, &created); err != nil {
		return r, err
	}
	r.ChangedAt, r.CreatedAt = time.UnixMicro(changed).UTC(), time.UnixMicro(created).UTC()
	return r, json.Unmarshal([]byte(draft), &r.Draft)
}

func selectSurvey(ctx context.Context, tx registry.Tx, key string) (Record, error) {
	return scanSurvey(tx.QueryRow(ctx, `SELECT `+surveyColumns+` FROM surveys WHERE key = $1`, key).Scan)
}

func selectSurveys(ctx context.Context, tx registry.Tx) (list []Record, err error) {
	rows, err := tx.Query(ctx, `SELECT `+surveyColumns+` FROM surveys ORDER BY changed_at DESC, key`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanSurvey(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func insertVersion(ctx context.Context, tx registry.Tx, key string, number int, definition, by string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO survey_versions (survey, version, definition, made_by, made_at) VALUES ($1, $2, $3, $4, $5)`,
		key, number, definition, by, at.UnixMicro())
	return err
}

// sameVersion tells whether a version says just this.
func sameVersion(ctx context.Context, tx registry.Tx, key string, number int, definition string) (bool, error) {
	var there string
	err := tx.QueryRow(ctx, `SELECT definition FROM survey_versions WHERE survey = $1 AND version = $2`, key, number).Scan(&there)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return there == definition, err
}

func selectVersion(ctx context.Context, tx registry.Tx, key string, number int) (*Version, error) {
	v := Version{Number: number}
	var definition string
	var at int64
	err := tx.QueryRow(ctx, `SELECT definition, made_by, made_at FROM survey_versions WHERE survey = $1 AND version = $2`, key, number).
		Scan(&definition, &v.MadeBy, &at)
	if err != nil {
		return nil, err
	}
	v.MadeAt = time.UnixMicro(at).UTC()
	return &v, json.Unmarshal([]byte(definition), &v.Survey)
}
