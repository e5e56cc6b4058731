package followup

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// Outcomes of a follow-up.
const (
	resolved    = "resolved"
	unreachable = "unreachable"
	noAction    = "no_action"
)

func outcomes() []string { return []string{resolved, unreachable, noAction} }

// Item is a follow-up.
type Item struct {
	ID       string
	Rule     string
	Voice    experience.ID
	Person   experience.ID // as it was when it was opened; see Voice
	Said     time.Time
	Why      string // the word that the rule found; "" = none
	Scale    string // key of the experience.Scale of the answer; "" = it was none
	Score    float64
	Opened   time.Time
	Owner    string // id of a user; "" = nobody
	Due      time.Time
	LateTo   string
	LateAt   time.Time // when it was passed on; zero: it was not
	Closed   time.Time // zero: it is open
	ClosedBy string
	Outcome  string
}

func (i Item) path() string { return homePath + "/" + i.ID }

// late tells whether the deadline passed, or had when it was closed.
func (i Item) late(now time.Time) bool {
	if i.Closed.IsZero() {
		return now.After(i.Due)
	}
	return i.Closed.After(i.Due)
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func selectItems(ctx context.Context, tx registry.Tx, where string, args ...any) ([]Item, error) {
	rows, err := tx.Query(ctx, `SELECT id, rule, voice, person, said_at, why, scale, score, opened_at, owner, due_at, late_to, late_at, closed_at, closed_by, outcome
		FROM followups WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Item
	for rows.Next() {
		var i Item
		var said, opened, due, late, closed int64
		if err := rows.Scan(&i.ID, &i.Rule, &i.Voice, &i.Person, &said, &i.Why, &i.Scale, &i.Score, &opened, &i.Owner, &due, &i.LateTo, &late, &closed, &i.ClosedBy, &i.Outcome); err != nil {
			return nil, err
		}
		i.Said, i.Opened, i.Due, i.LateAt, i.Closed = moment(said), moment(opened), moment(due), moment(late), moment(closed)
		out = append(out, i)
	}
	return out, rows.Err()
}

// FollowUpStep is something that was done about a follow-up.
type FollowUpStep struct {
	At   time.Time `json:"at"`
	Name string    `json:"by" doc:"Who; empty: Regia, by a rule"`
	What string    `json:"what" enum:"opened,assigned,late,noted,closed,reopened"`
	Text string    `json:"text" doc:"opened, assigned, late: id of the user; closed: the outcome, then a note after a colon"`
}

func selectSteps(ctx context.Context, tx registry.Tx, id string) ([]FollowUpStep, error) {
	rows, err := tx.Query(ctx, `SELECT at, name, what, text FROM followup_steps WHERE followup = $1 ORDER BY at, id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []FollowUpStep
	for rows.Next() {
		var s FollowUpStep
		var at int64
		if err := rows.Scan(&at, &s.Name, &s.What, &s.Text); err != nil {
			return nil, err
		}
		s.At = moment(at)
		out = append(out, s)
	}
	return out, rows.Err()
}

// Get gives a follow-up and what was done about it, the oldest first.
// Passed counts the reasons and voices for which it stood already.
func (r *Room) Get(ctx context.Context, id string) (i Item, steps []FollowUpStep, passed int64, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		if i, err = one(ctx, tx, id); err != nil {
			return err
		}
		if steps, err = selectSteps(ctx, tx, id); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT count(*) FROM followup_passed WHERE followup = $1`, id).Scan(&passed)
	})
	return i, steps, passed, err
}

func one(ctx context.Context, tx registry.Tx, id string) (Item, error) {
	if _, err := experience.ParseID(id); err != nil {
		return Item{}, experience.Errorf(experience.NotFound, "followup.error.none")
	}
	list, err := selectItems(ctx, tx, `id = $1`, id)
	if err == nil && len(list) == 0 {
		err = experience.Errorf(experience.NotFound, "followup.error.none")
	}
	if err != nil {
		return Item{}, err
	}
	return list[0], nil
}

// change does something about a follow-up and records it.
func (r *Room) change(ctx context.Context, id string, by *web.User, what, text string, do func(ctx context.Context, tx registry.Tx, i Item, now time.Time) error) error {
	now := r.Clock()
	err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		i, err := one(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, i, now); err != nil {
			return err
		}
		return step(ctx, tx, id, now, by.ID, by.Name, what, text)
	})
	if err != nil {
		return err
	}
	return r.Bus.Publish(Changed, []byte(`{"what":"`+what+`","n":1}`))
}

var errCursor = experience.Errorf(experience.Invalid, "followup.error.cursor")

var errClosed = experience.Errorf(experience.Conflict, "followup.error.closed")

// Assign gives a follow-up to a user.
func (r *Room) Assign(ctx context.Context, id, owner string, by *web.User) error {
	if owner == "" {
		return experience.Errorf(experience.Invalid, "followup.error.user")
	}
	if err := r.usersThere(ctx, owner); err != nil {
		return err
	}
	return r.change(ctx, id, by, stepAssigned, owner, func(ctx context.Context, tx registry.Tx, i Item, _ time.Time) error {
		if !i.Closed.IsZero() {
			return errClosed
		}
		told := 0
		if owner == by.ID {
			told = 1 // they know
		}
		_, err := tx.Exec(ctx, `UPDATE followups SET owner = $1, told = $2 WHERE id = $3`, owner, told, id)
		return err
	})
}

// mostNote is how many characters a note may have.
const mostNote = 4000

func cleanNote(s string) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", ""))
	if utf8.RuneCountInString(s) > mostNote {
		return "", experience.Errorf(experience.TooLarge, "followup.error.note")
	}
	return s, nil
}

// Note records what was done so far.
func (r *Room) Note(ctx context.Context, id, text string, by *web.User) error {
	text, err := cleanNote(text)
	if err == nil && text == "" {
		err = experience.Errorf(experience.Invalid, "followup.error.nonote")
	}
	if err != nil {
		return err
	}
	return r.change(ctx, id, by, stepNoted, text, func(context.Context, registry.Tx, Item, time.Time) error { return nil })
}

// CloseIt closes the loop: with what came of it, and what was done.
func (r *Room) CloseIt(ctx context.Context, id, outcome, text string, by *web.User) error {
	if !slices.Contains(outcomes(), outcome) {
		return experience.Errorf(experience.Invalid, "followup.error.outcome")
	}
	text, err := cleanNote(text)
	if err != nil {
		return err
	}
	if outcome == resolved && text == "" {
		return experience.Errorf(experience.Invalid, "followup.error.nonote")
	}
	said := outcome
	if text != "" {
		said += ": " + text
	}
	return r.change(ctx, id, by, stepClosed, said, func(ctx context.Context, tx registry.Tx, i Item, now time.Time) error {
		if !i.Closed.IsZero() {
			return errClosed
		}
		_, err := tx.Exec(ctx, `UPDATE followups SET closed_at = $1, closed_by = $2, outcome = $3 WHERE id = $4`, now.UnixMicro(), by.ID, outcome, id)
		return err
	})
}

// Reopen takes a closing back.
func (r *Room) Reopen(ctx context.Context, id string, by *web.User) error {
	return r.change(ctx, id, by, stepReopened, "", func(ctx context.Context, tx registry.Tx, i Item, _ time.Time) error {
		if i.Closed.IsZero() {
			return experience.Errorf(experience.Conflict, "followup.error.open")
		}
		_, err := tx.Exec(ctx, `UPDATE followups SET closed_at = 0, closed_by = '', outcome = '' WHERE id = $1`, id)
		return err
	})
}

// Views of the list.
const (
	viewMine   = "mine"
	viewAll    = "all"
	viewLate   = "late"
	viewClosed = "closed"
)

func views() []string { return []string{viewMine, viewAll, viewLate, viewClosed} }

// condition gives the SQL of a view.
func condition(view string, user string, now time.Time) (string, []any) {
	switch view {
	case viewMine:
		return `closed_at = 0 AND owner = $1`, []any{user}
	case viewLate:
		return `closed_at = 0 AND due_at < $1`, []any{now.UnixMicro()}
	case viewClosed:
		return `closed_at > 0`, nil
	}
	return `closed_at = 0`, nil
}

// Counts says how many follow-ups each view has.
type Counts map[string]int64

// List gives a page of follow-ups: the open ones that are due first, the closed
// ones from the latest on.
func (r *Room) List(ctx context.Context, view, user string, offset, limit int) (list []Item, counts Counts, err error) {
	now := r.Clock()
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		counts = Counts{}
		for _, v := range views() {
			where, args := condition(v, user, now)
			var n int64
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM followups WHERE `+where, args...).Scan(&n); err != nil {
				return err
			}
			counts[v] = n
		}
		where, args := condition(view, user, now)
		order := ` ORDER BY due_at, id`
		if view == viewClosed {
			order = ` ORDER BY closed_at DESC, id`
		}
		list, err = selectItems(ctx, tx, where+order+limited(limit, offset), args...)
		return err
	})
	return list, counts, err
}
