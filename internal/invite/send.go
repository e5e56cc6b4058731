package invite

import (
	"context"
	"errors"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/mail"
	"regia/internal/registry"
)

const (
	mailPrefix = "invite" // of the references of invitations' mails
	reminder   = ":again" // ends that of a reminder
	atOnce     = 100
	// mailUntil is how long an invitation's mail is tried.
	mailUntil = 24 * time.Hour
)

// sendDue hands over invitations whose time has come, each in a transaction of
// its own with whatever carries it: a crash neither loses nor doubles one.
func (r *Room) sendDue(ctx context.Context) error {
	return r.each(ctx, `state = $1 AND due_at <= $2 AND channel IN ($3, $4) ORDER BY due_at, id LIMIT 100`,
		[]any{string(Planned), r.Clock().UnixMicro(), string(Email), string(SMS)}, r.send)
}

// remindDue reminds, once, whoever has not answered.
func (r *Room) remindDue(ctx context.Context) error {
	return r.each(ctx, `state IN ($1, $2) AND remind_at > 0 AND remind_at <= $3 ORDER BY remind_at, id LIMIT 100`,
		[]any{string(Sent), string(Opened), r.Clock().UnixMicro()}, r.send)
}

// each does something with invitations a condition is about, until none is left
// or none of a batch could be settled. What is wrong with one holds up no other.
func (r *Room) each(ctx context.Context, where string, args []any, do func(ctx context.Context, s pass, id experience.ID) (settled bool, err error)) error {
	s, err := r.newPass(ctx)
	if err != nil {
		return err
	}
	var failed error
	for ctx.Err() == nil {
		var due []Invitation
		err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
			due, err = invitations(ctx, tx, where, args...)
			return err
		})
		if err != nil {
			return err
		}
		done := 0
		for _, i := range due {
			switch settled, err := do(ctx, s, i.ID); {
			case err != nil:
				failed = errors.Join(failed, err)
			case settled:
				done++
			}
		}
		if len(due) < atOnce || done == 0 {
			return failed
		}
	}
	return ctx.Err()
}

// pass is what is read once for many invitations.
type pass struct {
	settings Settings
	company  experience.Company
	surveys  map[string]Survey
	mailer   mail.Settings
}

func (r *Room) newPass(ctx context.Context) (s pass, err error) {
	if s.settings, err = r.Settings(ctx); err != nil {
		return s, err
	}
	if s.mailer, err = r.Mail.Settings(ctx); err != nil {
		return s, err
	}
	s.company, s.surveys = r.Company(ctx), map[string]Survey{}
	all, err := r.Surveys.List(ctx)
	for _, x := range all {
		s.surveys[x.Key] = x
	}
	return s, err
}

// ready tells whether a channel can be used at present.
func (s pass) ready(by Channel) bool {
	switch by {
	case Email:
		return s.mailer.Ready()
	case SMS:
		return s.settings.Gateway != ""
	}
	return true
}

// send hands an invitation, or its reminder, over. What speaks against it by
// now ends it; it stays where it cannot be sent at present.
func (r *Room) send(ctx context.Context, s pass, id experience.ID) (settled bool, err error) {
	now := r.Clock()
	if s.settings.Quiet.open(now, s.company.Location()).After(now) {
		return false, nil
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		settled = false
		i, err := invitation(ctx, tx, id.String())
		if err != nil {
			return err
		}
		again := i.State == Sent || i.State == Opened
		if !again && i.State != Planned || !s.ready(i.Channel) {
			return nil
		}
		settled = true
		survey := s.surveys[i.Survey]
		contact, err := r.contact(ctx, tx, i)
		if isMissing(err) {
			return r.drop(ctx, tx, s, i, Nobody, now)
		}
		if err != nil {
			return err
		}
		if !survey.Open {
			return r.drop(ctx, tx, s, i, Closed, now)
		}
		if gone, err := r.takenBack(ctx, tx, i); err != nil {
			return err
		} else if gone {
			return r.drop(ctx, tx, s, i, TakenBack, now)
		}
		reason, _, err := r.judge(ctx, tx, judgement{contact: contact, by: i.Channel, at: now, self: i.ID, settings: s.settings})
		if err != nil {
			return err
		}
		if reason != Asked && !(again && reason == Recently) {
			return r.drop(ctx, tx, s, i, reason, now)
		}
		if err := r.handOver(ctx, tx, s, i, contact, survey, again); err != nil {
			return err
		}
		if again {
			_, err := tx.Exec(ctx, `UPDATE invitations SET remind_at = 0 WHERE id = $1`, i.ID)
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE invitations SET state = $1, asked_at = $2 WHERE id = $3`, string(Queued), now.UnixMicro(), i.ID)
		return err
	})
	if settled && err == nil {
		r.Mail.Wake()
	}
	return settled, err
}

// takenBack tells whether what an invitation follows is as if it had never been.
func (r *Room) takenBack(ctx context.Context, tx registry.Tx, i Invitation) (bool, error) {
	if i.Import.IsZero() || r.TakenBack == nil {
		return false, nil
	}
	return r.TakenBack(ctx, tx, i.Import)
}

// handOver queues what carries an invitation.
func (r *Room) handOver(ctx context.Context, tx registry.Tx, s pass, i Invitation, c Contact, survey Survey, again bool) error {
	l, err := r.letter(i, c, survey, s.company, again)
	if err != nil {
		return err
	}
	until := r.Clock().Add(mailUntil)
	if i.ExpiresAt.Before(until) {
		until = i.ExpiresAt
	}
	if i.Channel == SMS {
		return r.putPost(ctx, tx, i, c.Phone, l.sms(), until, again)
	}
	m := mail.Message{To: c.Email, Name: callable(c.FirstName), Subject: l.Subject, Unsubscribe: l.Unsubscribe, Reference: mailPrefix + ":" + i.ID.String(), Until: until}
	if again {
		m.Reference += reminder
	}
	if m.Text, m.HTML, err = l.bodies(ctx); err != nil {
		return err
	}
	_, err = r.Mail.Put(ctx, tx, m)
	return err
}

// drop ends an invitation whose time has come and against which something
// speaks by now. One that was sent only loses its reminder.
func (r *Room) drop(ctx context.Context, tx registry.Tx, s pass, i Invitation, reason Reason, now time.Time) error {
	if i.State != Planned {
		_, err := tx.Exec(ctx, `UPDATE invitations SET remind_at = 0 WHERE id = $1`, i.ID)
		return err
	}
	if err := end(ctx, tx, i.ID, Dropped, reason, now); err != nil {
		return err
	}
	if err := neverReached(ctx, tx, i.ID); err != nil {
		return err
	}
	return decision{rule: i.Rule, event: i.Event}.retract(ctx, tx, s.company.Location(), reason)
}

// mailFate hears what became of an invitation's mail, in the transaction that
// keeps it.
func (r *Room) mailFate(ctx context.Context, tx registry.Tx, reference string, o mail.Outcome) error {
	id := strings.TrimPrefix(reference, mailPrefix+":")
	id, again := strings.CutSuffix(id, reminder)
	i, err := invitation(ctx, tx, id)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	switch o.Fate {
	case mail.Sent:
		if again {
			return nil
		}
		return sent(ctx, tx, i, o.At)
	case mail.Failed:
		return r.bounced(ctx, tx, i, o.At)
	case mail.Complained:
		keys, err := texts(ctx, tx, `SELECT key FROM invitation_keys WHERE invitation = $1`, id)
		if err != nil {
			return err
		}
		if err := r.refuse(ctx, tx, keys, "complaint", o.At); err != nil {
			return err
		}
		return r.declined(ctx, tx, i, o.At)
	}
	return nil
}

// sent keeps that an invitation was handed over.
func sent(ctx context.Context, tx registry.Tx, i Invitation, at time.Time) error {
	if i.State != Queued && i.State != Planned {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE invitations SET state = $1, sent_at = $2, asked_at = $3 WHERE id = $4`, string(Sent), at.UnixMicro(), at.UnixMicro(), i.ID)
	if err != nil {
		return err
	}
	return note(ctx, tx, i.ID, eventSent, at)
}

// bounced keeps that an invitation reached nobody, though it may have seemed so.
func (r *Room) bounced(ctx context.Context, tx registry.Tx, i Invitation, at time.Time) error {
	if i.State != Queued && i.State != Sent && i.State != Opened {
		return nil
	}
	if err := end(ctx, tx, i.ID, Bounced, "", at); err != nil {
		return err
	}
	if i.State != Opened {
		if err := neverReached(ctx, tx, i.ID); err != nil {
			return err
		}
	}
	return note(ctx, tx, i.ID, eventBounced, at)
}

func (r *Room) declined(ctx context.Context, tx registry.Tx, i Invitation, at time.Time) error {
	if i.State == Answered || i.State == Declined {
		return nil
	}
	if err := r.callBack(ctx, tx, i.ID.String()); err != nil {
		return err
	}
	if err := end(ctx, tx, i.ID, Declined, "", at); err != nil {
		return err
	}
	return note(ctx, tx, i.ID, eventDeclined, at)
}

// callBack takes back what waits to be handed over of an invitation: nobody is
// reminded of what they answered, or do not want to be asked.
func (r *Room) callBack(ctx context.Context, tx registry.Tx, id string) error {
	for _, reference := range []string{id, id + reminder} {
		if err := r.Mail.Cancel(ctx, tx, mailPrefix+":"+reference); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `DELETE FROM invite_posts WHERE invitation = $1`, id)
	return err
}

// hold keeps what waits in the queue of mails until quiet hours are over: the
// server may have been out of order when it was to be sent.
func (r *Room) hold(ctx context.Context) error {
	settings, err := r.Settings(ctx)
	if err != nil {
		return err
	}
	now := r.Clock()
	if ends := settings.Quiet.open(now, r.Company(ctx).Location()); ends.After(now) {
		return r.Mail.Hold(ctx, mailPrefix, ends)
	}
	return nil
}

// expire ends invitations that nobody answered in time.
func (r *Room) expire(ctx context.Context) error {
	now := r.Clock()
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE invitations SET state = $1, closed_at = $2, remind_at = 0, asked_at = CASE WHEN state = $3 THEN 0 ELSE asked_at END
			WHERE expires_at <= $4 AND state IN ($5, $6, $7)`,
			string(Expired), now.UnixMicro(), string(Planned), now.UnixMicro(), string(Planned), string(Sent), string(Opened))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM invite_decisions WHERE at < $1`, now.Add(-decisionsStay).UnixMicro())
		return err
	})
}

// decisionsStay is how long single decisions are kept; their numbers stay.
const decisionsStay = 90 * day
