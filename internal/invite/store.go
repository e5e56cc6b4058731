package invite

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Rules

func (r *Room) rules(ctx context.Context) (list []Rule, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT id, active, since, body, changed_by, changed_at FROM invite_rules ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var x Rule
			var active, since, changed int64
			var body string
			if err := rows.Scan(&x.ID, &active, &since, &body, &x.ChangedBy, &changed); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(body), &x); err != nil {
				return err
			}
			x.Active, x.Since, x.ChangedAt = active != 0, moment(since), moment(changed)
			list = append(list, x)
		}
		return rows.Err()
	})
	return list, err
}

// Rules gives all rules, the oldest first.
func (r *Room) Rules(ctx context.Context) ([]Rule, error) { return r.rules(ctx) }

func (r *Room) activeRules(ctx context.Context) (list []Rule, err error) {
	all, err := r.rules(ctx)
	for _, x := range all {
		if x.Active {
			list = append(list, x)
		}
	}
	return list, err
}

func (r *Room) rule(ctx context.Context, id experience.ID) (Rule, error) {
	all, err := r.rules(ctx)
	for _, x := range all {
		if x.ID == id {
			return x, err
		}
	}
	if err == nil {
		err = errNoRule
	}
	return Rule{}, err
}

var errNoRule = experience.Errorf(experience.NotFound, "invite.error.rule")

// SaveRule checks and keeps a rule; one without an id is new. A rule that is
// switched on, or whose interaction is another now, asks about what happens from
// then on.
func (r *Room) SaveRule(ctx context.Context, by string, x Rule) (Rule, error) {
	x, err := x.checked()
	if err != nil {
		return x, err
	}
	if _, err := r.Surveys.Get(ctx, x.Survey); err != nil {
		if isMissing(err) {
			err = experience.Errorf(experience.Invalid, "invite.error.survey")
		}
		return x, err
	}
	now := r.Clock()
	x.ChangedBy, x.ChangedAt, x.Since = by, now, now
	if x.ID.IsZero() {
		x.ID = experience.NewID()
	} else {
		was, err := r.rule(ctx, x.ID)
		if err != nil {
			return x, err
		}
		if was.Active && strings.EqualFold(was.Event, x.Event) {
			x.Since = was.Since
		}
	}
	body, err := json.Marshal(x)
	if err != nil {
		return x, err
	}
	active := 0
	if x.Active {
		active = 1
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO invite_rules (id, active, since, body, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET active = excluded.active, since = excluded.since, body = excluded.body, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
			x.ID, active, x.Since.UnixMicro(), string(body), by, now.UnixMicro())
		return err
	})
	r.hurry()
	return x, err
}

// DeleteRule forgets a rule. What it decided, and whom it asked, stays.
func (r *Room) DeleteRule(ctx context.Context, id experience.ID) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM invite_rules WHERE id = $1`, id)
		if err == nil && n == 0 {
			err = errNoRule
		}
		return err
	})
}

// Position

func (r *Room) position(ctx context.Context) (at time.Time, err error) {
	var n int64
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT coalesce(max(position), 0) FROM invite_follow`).Scan(&n)
	})
	return moment(n), err
}

func (r *Room) savePosition(ctx context.Context, at time.Time) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO invite_follow (id, position) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET position = excluded.position`, at.UnixMicro())
		return err
	})
}

// Decisions

// decision is one to ask somebody after an interaction, or not.
type decision struct {
	rule, event, person experience.ID
	at                  time.Time
	reason              Reason
	invitation          experience.ID
}

func decided(ctx context.Context, tx registry.Tx, rule, event experience.ID) (yes bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM invite_decisions WHERE rule = $1 AND event = $2)`, rule.String(), event.String()).Scan(&yes)
	return yes, err
}

// insert keeps a decision, and counts it on its day in the company's time zone.
func (d decision) insert(ctx context.Context, tx registry.Tx, zone *time.Location) error {
	if _, err := tx.Exec(ctx, `INSERT INTO invite_decisions (rule, event, person, at, reason, invitation) VALUES ($1, $2, $3, $4, $5, $6)`,
		d.rule.String(), d.event.String(), d.person.String(), d.at.UnixMicro(), string(d.reason), d.invitation.String()); err != nil {
		return err
	}
	return tally(ctx, tx, d.rule, d.at.In(zone).Format(time.DateOnly), d.reason, 1)
}

func tally(ctx context.Context, tx registry.Tx, rule experience.ID, day string, reason Reason, n int) error {
	_, err := tx.Exec(ctx, `INSERT INTO invite_tally (rule, day, reason, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (rule, day, reason) DO UPDATE SET n = invite_tally.n + excluded.n`, rule.String(), day, string(reason), n)
	return err
}

// retract changes a decision to ask that came to nothing.
func (d decision) retract(ctx context.Context, tx registry.Tx, zone *time.Location, reason Reason) error {
	var at int64
	err := tx.QueryRow(ctx, `SELECT at FROM invite_decisions WHERE rule = $1 AND event = $2`, d.rule.String(), d.event.String()).Scan(&at)
	if isMissing(err) {
		return nil // forgotten, or never by a rule
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE invite_decisions SET reason = $1 WHERE rule = $2 AND event = $3`, string(reason), d.rule.String(), d.event.String()); err != nil {
		return err
	}
	day := moment(at).In(zone).Format(time.DateOnly)
	if err := tally(ctx, tx, d.rule, day, Asked, -1); err != nil {
		return err
	}
	return tally(ctx, tx, d.rule, day, reason, 1)
}

// Invitations

// insert keeps an invitation, with the names by which the guard knows whom it asks.
func (r *Room) insert(ctx context.Context, tx registry.Tx, i Invitation, c Contact) error {
	if address, _ := c.address(i.Channel); address != "" {
		i.Contact = experience.HashID(r.key, "contact", address).String()
	}
	_, err := tx.Exec(ctx, `INSERT INTO invitations (id, rule, event, person, who, contact, channel, survey, about, shop, order_id, product_id, language, state, reason,
		planned_at, due_at, asked_at, sent_at, opened_at, closed_at, expires_at, remind_at, import)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', $15, $16, $17, $18, 0, 0, $19, $20, $21)`,
		i.ID, i.Rule.String(), i.Event.String(), i.Person.String(), i.Who, i.Contact, string(i.Channel), i.Survey, i.About.Touchpoint, i.About.Shop, i.About.OrderID, i.About.ProductID,
		i.Language, string(i.State), micros(i.PlannedAt), micros(i.DueAt), micros(i.AskedAt), micros(i.SentAt), micros(i.ExpiresAt), micros(i.RemindAt), textOf(i.Import))
	if err != nil {
		return err
	}
	for _, k := range i.identifier {
		if _, err := tx.Exec(ctx, `INSERT INTO invitation_keys (key, invitation) VALUES ($1, $2) ON CONFLICT DO NOTHING`, k, i.ID.String()); err != nil {
			return err
		}
	}
	return nil
}

const invitationColumns = `id, rule, event, person, who, contact, channel, survey, about, shop, order_id, product_id, language, state, reason,
	planned_at, due_at, asked_at, sent_at, opened_at, closed_at, expires_at, remind_at, import`

// invitations reads those that a condition is about.
func invitations(ctx context.Context, tx registry.Tx, where string, args ...any) (list []Invitation, err error) {
	rows, err := tx.Query(ctx, `SELECT `+invitationColumns+` FROM invitations WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var i Invitation
		var planned, due, asked, sent, opened, closed, expires, remind int64
		var imported string
		if err := rows.Scan(&i.ID, &i.Rule, &i.Event, &i.Person, &i.Who, &i.Contact, &i.Channel, &i.Survey, &i.About.Touchpoint, &i.About.Shop, &i.About.OrderID, &i.About.ProductID,
			&i.Language, &i.State, &i.Reason, &planned, &due, &asked, &sent, &opened, &closed, &expires, &remind, &imported); err != nil {
			return nil, err
		}
		if imported != "" {
			if i.Import, err = experience.ParseID(imported); err != nil {
				return nil, err
			}
		}
		i.PlannedAt, i.DueAt, i.AskedAt, i.SentAt = moment(planned), moment(due), moment(asked), moment(sent)
		i.OpenedAt, i.ClosedAt, i.ExpiresAt, i.RemindAt = moment(opened), moment(closed), moment(expires), moment(remind)
		list = append(list, i)
	}
	return list, rows.Err()
}

func invitation(ctx context.Context, tx registry.Tx, id string) (Invitation, error) {
	list, err := invitations(ctx, tx, `id = $1`, id)
	if err == nil && len(list) == 0 {
		err = experience.Errorf(experience.NotFound, "invite.error.none")
	}
	if err != nil {
		return Invitation{}, err
	}
	return list[0], nil
}

// textOf is an id as it is stored where there may be none.
func textOf(id experience.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// end moves an invitation to a state from which it does not come back.
func end(ctx context.Context, tx registry.Tx, id experience.ID, s State, reason Reason, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE invitations SET state = $1, reason = $2, closed_at = $3, remind_at = 0 WHERE id = $4`, string(s), string(reason), now.UnixMicro(), id)
	return err
}

// neverReached says that an invitation reached nobody: it does not count for the guard.
func neverReached(ctx context.Context, tx registry.Tx, id experience.ID) error {
	_, err := tx.Exec(ctx, `UPDATE invitations SET asked_at = 0 WHERE id = $1`, id)
	return err
}
