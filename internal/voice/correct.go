package voice

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/registry"
	"regia/internal/web"
)

// Correction is a label that somebody put right, or said to be right.
type Correction struct {
	ID     experience.ID
	Voice  experience.ID
	Aspect string // sentiment, topic, urgency or language
	Value  string // what is right; of a topic, + or - and the topic
	Was    string // what the models had told
	By     string // the user's id
	Name   string // the user's name then
	At     time.Time
}

// checkCorrection tells whether an aspect can have a value.
func checkCorrection(aspect, value string) error {
	ok := false
	switch aspect {
	case aspectSentiment:
		ok = slices.Contains(sentiments(), value)
	case aspectLanguage:
		ok = slices.Contains(language.Languages, value)
	case aspectUrgency:
		n, err := strconv.Atoi(value)
		ok = err == nil && n >= 0 && n <= 3
	case aspectTopic:
		ok = len(value) > 1 && strings.ContainsRune("+-", rune(value[0])) && topicKey(value[1:])
	}
	if !ok {
		return experience.Errorf(experience.Invalid, "voice.error.correction")
	}
	return nil
}

// sameThing tells whether two corrections are about the same label.
func sameThing(a Correction, aspect, value string) bool {
	return a.Aspect == aspect && (aspect != aspectTopic || a.Value[1:] == value[1:])
}

// Correct puts a label of a text right; an earlier correction of the same label
// is undone by it.
func (r *Room) Correct(ctx context.Context, voice experience.ID, aspect, value string, by *web.User) error {
	if err := checkCorrection(aspect, value); err != nil {
		return err
	}
	now := r.Clock()
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var reading string
		if err := tx.QueryRow(ctx, `SELECT reading FROM voices WHERE id = $1 AND worded = 1`, voice.String()).Scan(&reading); err != nil {
			return named(err)
		}
		l, err := decodeLabels(reading)
		if err != nil {
			return err
		}
		list, err := corrections(ctx, tx, voice)
		if err != nil {
			return err
		}
		for _, c := range list {
			if sameThing(c, aspect, value) {
				if err := undo(ctx, tx, c.ID, by.ID, now); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO voice_corrections (id, voice, aspect, value, was, made_by, made_name, made_at, undone_by, undone_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0)`,
			experience.NewID().String(), voice.String(), aspect, value, l.says(aspect, value), by.ID, by.Name, now.UnixMicro())
		if err != nil {
			return err
		}
		return apply(ctx, tx, voice)
	})
}

// Undo takes a correction back: what the models told holds again.
func (r *Room) Undo(ctx context.Context, id experience.ID, by *web.User) (voice experience.ID, err error) {
	now := r.Clock()
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT voice FROM voice_corrections WHERE id = $1 AND undone_at = 0`, id.String()).Scan(&voice); err != nil {
			return named(err)
		}
		if err := undo(ctx, tx, id, by.ID, now); err != nil {
			return err
		}
		return apply(ctx, tx, voice)
	})
	return voice, err
}

func undo(ctx context.Context, tx registry.Tx, id experience.ID, by string, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE voice_corrections SET undone_by = $1, undone_at = $2 WHERE id = $3`, by, now.UnixMicro(), id.String())
	return err
}

// corrections gives those of a voice that hold, the oldest first.
func corrections(ctx context.Context, tx registry.Tx, voice experience.ID) ([]Correction, error) {
	return selectCorrections(ctx, tx, `voice = $1 AND undone_at = 0`, voice.String())
}

func selectCorrections(ctx context.Context, tx registry.Tx, where string, args ...any) ([]Correction, error) {
	return orderedCorrections(ctx, tx, where+` ORDER BY made_at, id`, args...)
}

// latestCorrections gives some that hold, the latest first.
func latestCorrections(ctx context.Context, tx registry.Tx, n int) ([]Correction, error) {
	return orderedCorrections(ctx, tx, `undone_at = 0 ORDER BY made_at DESC, id DESC LIMIT $1`, n)
}

func orderedCorrections(ctx context.Context, tx registry.Tx, rest string, args ...any) ([]Correction, error) {
	rows, err := tx.Query(ctx, `SELECT id, voice, aspect, value, was, made_by, made_name, made_at FROM voice_corrections WHERE `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Correction
	for rows.Next() {
		var c Correction
		var at int64
		if err := rows.Scan(&c.ID, &c.Voice, &c.Aspect, &c.Value, &c.Was, &c.By, &c.Name, &at); err != nil {
			return nil, err
		}
		c.At = time.UnixMicro(at).UTC()
		out = append(out, c)
	}
	return out, rows.Err()
}

// named says what is not there.
func named(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return experience.Errorf(experience.NotFound, "voice.error.none")
	}
	return err
}
