package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"regia/internal/experience"
)

// Filter says which interactions to read, records (experience.FlagRecord) among
// them. What is zero asks nothing.
type Filter struct {
	From, To       time.Time // from a moment, included, up to another, left out
	Source         string    // id
	Touchpoint     string    // key
	Person         experience.ID
	IncludeFlagged bool // also bots and staff
}

// Scan gives do every interaction that f asks for, with its context, in no
// order to rely on: as the ledger stood when it was called, in memory that does
// not grow with the ledger. The row is do's to keep. An error of do ends it and
// comes back. While it runs, DuckDB keeps what compaction replaces, so whoever
// calls it does not wait long for anybody.
func (l *Ledger) Scan(ctx context.Context, f Filter, do func(experience.Interaction) error) error {
	if !f.Person.IsZero() {
		return l.scanPerson(ctx, f, do)
	}
	where, args := f.conditions()
	return l.fail(l.engine.scan(ctx, where, args, do))
}

func giveRows(rows *sql.Rows, whole bool, do func(experience.Interaction) error) error {
	defer rows.Close()
	for rows.Next() {
		r, err := scanInteraction(rows, whole)
		if err == nil {
			err = do(r)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// conditions gives what to write after WHERE, with its parameters as $1 and on.
func (f Filter) conditions() (string, []any) {
	where, args := `TRUE`, []any(nil)
	add := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(` AND `+condition, len(args))
	}
	if !f.From.IsZero() {
		add(`time >= $%d`, f.From)
	}
	if !f.To.IsZero() {
		add(`time < $%d`, f.To)
	}
	if f.Source != "" {
		add(`source = $%d`, f.Source)
	}
	if f.Touchpoint != "" {
		add(`touchpoint = $%d`, f.Touchpoint)
	}
	if !f.IncludeFlagged {
		where += ` AND ` + OfCustomers
	}
	return where, args
}

// scanPerson reads one person's timeline, which knows where their rows lie.
func (l *Ledger) scanPerson(ctx context.Context, f Filter, do func(experience.Interaction) error) error {
	q := TimelineQuery{Person: f.Person, Limit: 200, IncludeFlagged: f.IncludeFlagged, Whole: true}
	if !f.To.IsZero() {
		q.Before = f.To.UTC().Format(time.RFC3339Nano)
	}
	for {
		rows, next, err := l.Timeline(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Time.Before(f.From) {
				return nil
			}
			if f.Source != "" && r.Source != f.Source || f.Touchpoint != "" && r.Touchpoint != f.Touchpoint {
				continue
			}
			if err := do(r); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.Before = next
	}
}

// scan: PostgreSQL sends rows as they are read.
func (p *postgres) scan(ctx context.Context, where string, args []any, do func(experience.Interaction) error) error {
	rows, err := p.read.QueryContext(ctx, `SELECT `+readWhole+` FROM interactions WHERE `+where, args...)
	if err != nil {
		return err
	}
	return giveRows(rows, true, do)
}
