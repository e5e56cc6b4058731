package mail

import (
	"context"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// queued is a message in the queue.
type queued struct {
	Message
	id       experience.ID
	queuedAt time.Time
	until    time.Time
	tries    int
	claim    int64 // when the claim ends, in microseconds: it names the claim as well
}

// Put queues a message in the caller's transaction; Wake, after it was
// committed, has it sent at once. Conflict where the address takes no mail.
func (o *Outbox) Put(ctx context.Context, tx registry.Tx, m Message) (experience.ID, error) {
	m, err := m.checked()
	if err != nil {
		return experience.ID{}, err
	}
	if reason, err := o.Suppressed(ctx, tx, m.To); err != nil {
		return experience.ID{}, err
	} else if reason != "" {
		return experience.ID{}, experience.Errorf(experience.Conflict, "mail.error.suppressed")
	}
	now, id := o.Clock(), experience.NewID()
	if m.Until.IsZero() {
		m.Until = now.Add(usualUntil)
	}
	_, err = tx.Exec(ctx, `INSERT INTO mail_queue (id, reference, recipient, name, subject, text, html, unsubscribe, fate, tries, next_at, queued_at, until_at, settled_at, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, 0, '')`,
		id, m.Reference, m.To, m.Name, m.Subject, m.Text, m.HTML, m.Unsubscribe, string(Waiting), now.UnixMicro(), now.UnixMicro(), m.Until.UnixMicro())
	return id, err
}

// Cancel takes back, in the caller's transaction, what waits under a reference.
func (o *Outbox) Cancel(ctx context.Context, tx registry.Tx, reference string) error {
	_, err := tx.Exec(ctx, `UPDATE mail_queue SET fate = $1, settled_at = $2, text = '', html = '' WHERE reference = $3 AND fate = $4`,
		string(Cancelled), o.Clock().UnixMicro(), reference, string(Waiting))
	return err
}

// Hold has messages whose reference begins with the prefix and a colon wait
// until a moment. One that is being handed over right now is not called back.
func (o *Outbox) Hold(ctx context.Context, prefix string, until time.Time) error {
	const which = ` fate = $1 AND next_at < $2 AND reference LIKE $3`
	args := []any{string(Waiting), until.UnixMicro(), prefix + ":%"}
	var any bool
	err := o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM mail_queue WHERE`+which+`)`, args...).Scan(&any)
	})
	if err != nil || !any {
		return err
	}
	return o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE mail_queue SET next_at = $2 WHERE`+which, args...)
		return err
	})
}

// claim takes messages that are due, for the length of a lease.
func (o *Outbox) claim(ctx context.Context, now time.Time) (list []queued, err error) {
	err = o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT id, reference, recipient, name, subject, text, html, unsubscribe, tries, queued_at, until_at
			FROM mail_queue WHERE fate = $1 AND next_at <= $2 ORDER BY next_at, id LIMIT $3`, string(Waiting), now.UnixMicro(), batch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			c := queued{claim: now.Add(lease).UnixMicro()}
			var at, until int64
			if err := rows.Scan(&c.id, &c.Reference, &c.To, &c.Name, &c.Subject, &c.Text, &c.HTML, &c.Unsubscribe, &c.tries, &at, &until); err != nil {
				return err
			}
			c.tries++
			c.queuedAt, c.until = time.UnixMicro(at).UTC(), time.UnixMicro(until).UTC()
			list = append(list, c)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, c := range list {
			if _, err := tx.Exec(ctx, `UPDATE mail_queue SET tries = $1, next_at = $2 WHERE id = $3`, c.tries, c.claim, c.id); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// renew has a claim last from now on; false when it is nobody's any more, or
// another's.
func (o *Outbox) renew(ctx context.Context, c queued, now time.Time) (ours bool, err error) {
	err = o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE mail_queue SET next_at = $1 WHERE id = $2 AND fate = $3 AND next_at = $4 AND tries = $5`,
			max(c.claim, now.Add(lease).UnixMicro()), c.id, string(Waiting), c.claim, c.tries)
		ours = n == 1
		return err
	})
	return ours, err
}

func (o *Outbox) giveBack(ctx context.Context, c queued, now time.Time) error {
	return o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE mail_queue SET tries = $1, next_at = $2 WHERE id = $3 AND fate = $4 AND tries = $5`,
			c.tries-1, now.UnixMicro(), c.id, string(Waiting), c.tries)
		return err
	})
}

// postpone has a message wait.
func (o *Outbox) postpone(ctx context.Context, c queued, next time.Time, reason string) error {
	return o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE mail_queue SET next_at = $1, reason = $2 WHERE id = $3 AND fate = $4`, next.UnixMicro(), reason, c.id, string(Waiting))
		return err
	})
}

// settle keeps a message's fate, forgets its text, and tells whose it is.
func (o *Outbox) settle(ctx context.Context, c queued, out Outcome) error {
	return o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE mail_queue SET fate = $1, reason = $2, settled_at = $3, text = '', html = '' WHERE id = $4 AND fate = $5`,
			string(out.Fate), out.Reason, out.At.UnixMicro(), c.id, string(Waiting))
		if err != nil || n == 0 {
			return err
		}
		return o.consequences(ctx, tx, c.Reference, c.To, out)
	})
}

// consequences of a fate: the address is suppressed, whose message it was hears.
func (o *Outbox) consequences(ctx context.Context, tx registry.Tx, reference, to string, out Outcome) error {
	switch {
	case out.Fate == Failed && out.Address:
		if err := o.suppress(ctx, tx, to, Bounced, out); err != nil {
			return err
		}
	case out.Fate == Complained:
		if err := o.suppress(ctx, tx, to, Complaint, out); err != nil {
			return err
		}
	}
	prefix, _, _ := strings.Cut(reference, ":")
	if f := o.hear[prefix]; f != nil {
		return f(ctx, tx, reference, out)
	}
	return nil
}

// tidy forgets messages whose bounce would have come by now.
func (o *Outbox) tidy(ctx context.Context, now time.Time) error {
	return o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM mail_queue WHERE fate <> $1 AND settled_at < $2`, string(Waiting), now.Add(-keptFor).UnixMicro())
		return err
	})
}

// Figures tell how the queue stands.
type Figures struct {
	Waiting    int64
	Sent       int64 // of the last seven days, as the two below
	Failed     int64
	Complained int64
	Suppressed int64  // addresses, ever
	LastReason string // what a server said last of a message it did not take
}

// Figures gives how the queue stands now.
func (o *Outbox) Figures(ctx context.Context) (f Figures, err error) {
	since := o.Clock().Add(-7 * 24 * time.Hour).UnixMicro()
	err = o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		count := func(fate Fate, into *int64) error {
			return tx.QueryRow(ctx, `SELECT count(*) FROM mail_queue WHERE fate = $1 AND (settled_at >= $2 OR settled_at = 0)`, string(fate), since).Scan(into)
		}
		for _, x := range []struct {
			fate Fate
			into *int64
		}{{Waiting, &f.Waiting}, {Sent, &f.Sent}, {Failed, &f.Failed}, {Complained, &f.Complained}} {
			if err := count(x.fate, x.into); err != nil {
				return err
			}
		}
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM mail_suppressed`).Scan(&f.Suppressed); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT coalesce((SELECT reason FROM mail_queue WHERE reason <> '' ORDER BY id DESC LIMIT 1), '')`).Scan(&f.LastReason)
	})
	return f, err
}
