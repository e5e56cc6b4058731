package lifecycle

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Version is a set of rules, with who made it and when.
type Version struct {
	Number int64     `json:"version" doc:"0: as Regia comes"`
	Rules  Rules     `json:"rules"`
	By     string    `json:"by,omitempty" doc:"Name of who changed them"`
	At     time.Time `json:"at,omitzero"`
}

// Rules gives the rules in force.
func (r *Room) Rules(ctx context.Context) (Version, error) {
	v := Version{Rules: DefaultRules()}
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		err := scanVersion(tx.QueryRow(ctx, `SELECT version, rules, made_by, made_at FROM lifecycle_rules ORDER BY version DESC LIMIT 1`), &v)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return v, err
}

// versions lists what the rules were, the latest first.
func (r *Room) versions(ctx context.Context, limit int) ([]Version, error) {
	list := []Version{}
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT version, rules, made_by, made_at FROM lifecycle_rules ORDER BY version DESC LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v Version
			if err := scanVersion(rows, &v); err != nil {
				return err
			}
			list = append(list, v)
		}
		return rows.Err()
	})
	return list, err
}

func scanVersion(row interface{ Scan(...any) error }, v *Version) error {
	var text string
	var at int64
	if err := row.Scan(&v.Number, &text, &v.By, &at); err != nil {
		return err
	}
	v.At = time.UnixMicro(at).UTC()
	return json.Unmarshal([]byte(text), &v.Rules)
}

// change puts new rules in force. Before is the version they were made from:
// Conflict when somebody else was faster.
func (r *Room) change(ctx context.Context, before int64, rules Rules, by string) (Version, error) {
	v := Version{Number: before + 1, Rules: rules, By: by, At: r.Clock().UTC().Truncate(time.Microsecond)}
	if err := rules.Check(); err != nil {
		return v, err
	}
	text, err := json.Marshal(rules)
	if err != nil {
		return v, err
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var now int64
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM lifecycle_rules`).Scan(&now); err != nil {
			return err
		}
		if now != before {
			return experience.Errorf(experience.Conflict, "lifecycle.error.conflict")
		}
		_, err := tx.Exec(ctx, `INSERT INTO lifecycle_rules (version, rules, made_by, made_at) VALUES ($1, $2, $3, $4)`, v.Number, string(text), by, v.At.UnixMicro())
		return err
	})
	return v, err
}

// Proposal is a number of days that the company's own customers suggest.
type Proposal struct {
	Rule  string  `json:"rule" enum:"new_for_days,dormant_after_days,lost_after_days"`
	Days  int     `json:"days"`
	Share float64 `json:"share" doc:"So many of the pauses are no longer than this"`
	N     int64   `json:"n" doc:"Pauses between one order and the next that it rests on"`
}

// proposals suggests days from the pauses between one order and the next that
// are over: their median, 90th and 98th percentile. Pauses that still go on are
// not in it, so the numbers are rather short than long. A percentile is told
// only where at least five pauses are longer.
func (p *report) proposals() []Proposal {
	var out []Proposal
	last := 0
	for _, one := range []struct {
		rule  string
		share float64
	}{{"new_for_days", 0.5}, {"dormant_after_days", 0.9}, {"lost_after_days", 0.98}} {
		day, n := p.gaps.quantile(one.share)
		if float64(n)*(1-one.share) < 5 || n < experience.TooFew {
			continue
		}
		day = max(day+1, last+1) // within day+1 days; each rule is longer than the one before
		last = day
		out = append(out, Proposal{Rule: one.rule, Days: min(day, mostDays), Share: one.share, N: n})
	}
	return out
}

// Shift is how many people would go from one stage to another.
type Shift struct {
	From   Stage `json:"from"`
	To     Stage `json:"to"`
	People int64 `json:"people"`
}

// preview counts who would change stage if other rules were in force. Who never
// bought is a prospect by any rules, so only buyers are looked at.
func (r *Room) preview(ctx context.Context, was, would Rules) (shifts []Shift, changed, of int64, err error) {
	if err := would.Check(); err != nil {
		return nil, 0, 0, err
	}
	e, err := r.extent(ctx)
	if err != nil || e.unreached {
		return []Shift{}, 0, 0, err
	}
	at := e.at.UnixMicro()
	var moved [stageCount][stageCount]int64
	_, err = r.recognised(ctx, query{upTo: e.at, buyers: true}, func(h *history) error {
		f := h.facts(was, at)
		if f.Orders == 0 {
			return nil
		}
		of++
		moved[was.Stage(f, at).place()][h.stage(would, at).place()]++
		return nil
	})
	shifts = []Shift{}
	for i, from := range Stages {
		for j, to := range Stages {
			if i != j && moved[i][j] > 0 {
				shifts = append(shifts, Shift{from, to, moved[i][j]})
				changed += moved[i][j]
			}
		}
	}
	return shifts, changed, of, err
}
