package invite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/mail"
	"regia/internal/registry"
)

// most is by how many names the guard knows a person: the surest first.
const most = 12

// keys are the names by which the guard and the list of refusals know somebody,
// as keyed hashes: the person, their surest identifiers, and the address.
func (r *Room) keys(c Contact, address string) []string {
	var out []string
	add := func(kind, value string) {
		if value != "" {
			out = append(out, experience.HashID(r.key, "asked", kind, value).String())
		}
	}
	add("person", c.Person.String())
	for k, i := range c.Identifiers {
		if k == most {
			break
		}
		add(string(i.Kind), i.Value)
	}
	for _, kind := range []experience.IdentifierKind{experience.EmailID, experience.PhoneID} {
		if i, ok := experience.NewIdentifier(kind, address, ""); ok {
			add(string(kind), i.Value)
		}
	}
	return out
}

// list writes "($n, …)" for keys that begin at parameter n.
func list(n int, keys []string) (text string, args []any) {
	marks := make([]string, len(keys))
	for k := range keys {
		marks[k] = "$" + strconv.Itoa(n+k)
		args = append(args, keys[k])
	}
	return "(" + strings.Join(marks, ", ") + ")", args
}

// judgement is what is asked before somebody is: the same when an invitation is
// planned and when its time has come.
type judgement struct {
	contact  Contact
	by       Channel
	at       time.Time     // when they are asked
	self     experience.ID // the invitation that is judged; zero: a new one
	settings Settings
}

// judge tells whether somebody may be asked: Asked, or what speaks against it.
func (r *Room) judge(ctx context.Context, tx registry.Tx, j judgement) (Reason, []string, error) {
	address, needed := j.contact.address(j.by)
	keys := r.keys(j.contact, address)
	if needed && address == "" {
		return NoAddress, keys, nil
	}
	if len(keys) == 0 {
		return Nobody, keys, nil
	}
	refused, err := refused(ctx, tx, keys)
	if err != nil {
		return "", keys, err
	}
	given, said := j.contact.Consents[consentPurpose]
	switch {
	case refused || said && !given:
		return Unsubscribed, keys, nil
	case j.settings.Purpose != "" && !j.contact.Consents[j.settings.Purpose]:
		return NoConsent, keys, nil
	}
	if j.by == Email {
		why, err := r.Mail.Suppressed(ctx, tx, address)
		if experience.CodeOf(err) == experience.Invalid {
			return NoAddress, keys, nil
		}
		if err != nil {
			return "", keys, err
		}
		if why == mail.Complaint {
			return Unsubscribed, keys, nil
		}
		if why != "" {
			return Undelivered, keys, nil
		}
	}
	tired, err := tired(ctx, tx, keys, j)
	if err != nil || tired {
		return Recently, keys, err
	}
	return Asked, keys, nil
}

// consentPurpose is the consent that who unsubscribes takes back.
const consentPurpose = "surveys"

func refused(ctx context.Context, tx registry.Tx, keys []string) (yes bool, err error) {
	in, args := list(1, keys)
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM invite_refusals WHERE key IN `+in+`)`, args...).Scan(&yes)
	return yes, err
}

// tired is the guard: whether somebody who goes by any of the keys was asked,
// or is going to be, less than the window before or after. What is on its way
// counts whenever it was begun: it is not known when it arrives.
func tired(ctx context.Context, tx registry.Tx, keys []string, j judgement) (yes bool, err error) {
	window := time.Duration(j.settings.Window) * day
	in, args := list(5, keys)
	args = append([]any{j.self.String(), string(Queued), j.at.Add(-window).UnixMicro(), j.at.Add(window).UnixMicro()}, args...)
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM invitation_keys k JOIN invitations i ON i.id = k.invitation
		WHERE i.id <> $1 AND i.asked_at > 0 AND (i.state = $2 OR i.asked_at > $3 AND i.asked_at < $4) AND k.key IN `+in+`)`, args...).Scan(&yes)
	return yes, err
}

// refuse keeps somebody from being asked again, and takes back what is planned,
// reminders included.
func (r *Room) refuse(ctx context.Context, tx registry.Tx, keys []string, how string, now time.Time) error {
	for _, k := range keys {
		if _, err := tx.Exec(ctx, `INSERT INTO invite_refusals (key, at, how) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`, k, now.UnixMicro(), how); err != nil {
			return err
		}
	}
	in, args := list(5, keys)
	ids, err := texts(ctx, tx, `SELECT DISTINCT i.id FROM invitation_keys k JOIN invitations i ON i.id = k.invitation
		WHERE i.state IN ($1, $2, $3, $4) AND k.key IN `+in, append([]any{string(Planned), string(Queued), string(Sent), string(Opened)}, args...)...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.callBack(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE invitations SET remind_at = 0 WHERE id = $1`, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE invitations SET state = $1, reason = $2, closed_at = $3, asked_at = 0 WHERE id = $4 AND state IN ($5, $6)`,
			string(Dropped), string(Unsubscribed), now.UnixMicro(), id, string(Planned), string(Queued)); err != nil {
			return err
		}
	}
	return nil
}

// texts reads one column.
func texts(ctx context.Context, tx registry.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func isMissing(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || experience.CodeOf(err) == experience.NotFound
}
