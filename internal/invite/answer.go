package invite

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Invited is whom an invitation is for, and what it is about.
type Invited struct {
	Survey      string
	Event       experience.ID // the interaction it follows; zero: none
	Open        bool          // may be answered: neither withdrawn nor over
	Identifiers []experience.Identifier
	About       About
	Language    string
}

// Look tells of an invitation, to whoever shows the survey. NotFound where there
// is none.
func (r *Room) Look(ctx context.Context, id string) (out Invited, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		i, err := invitation(ctx, tx, id)
		if err != nil {
			return err
		}
		who, err := r.who(ctx, tx, i)
		out = Invited{Survey: i.Survey, Event: i.Event, Open: i.State.open() && r.Clock().Before(i.ExpiresAt), Identifiers: who, About: i.About, Language: i.Language}
		return err
	})
	return out, err
}

// Opened keeps that an invitation's page was looked at.
func (r *Room) Opened(ctx context.Context, id string, at time.Time) error {
	return r.change(ctx, id, func(ctx context.Context, tx registry.Tx, i Invitation) error {
		if i.State != Sent && i.State != Queued { // it may arrive before the server's yes was kept
			return nil
		}
		if err := sent(ctx, tx, i, at); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE invitations SET state = $1, opened_at = $2 WHERE id = $3`, string(Opened), at.UnixMicro(), i.ID); err != nil {
			return err
		}
		return note(ctx, tx, i.ID, eventOpened, at)
	})
}

// Answered keeps that an invitation was answered.
func (r *Room) Answered(ctx context.Context, id string, at time.Time, _ bool) error {
	return r.change(ctx, id, func(ctx context.Context, tx registry.Tx, i Invitation) error {
		if i.State == Answered {
			return nil
		}
		if err := r.callBack(ctx, tx, i.ID.String()); err != nil {
			return err
		}
		return end(ctx, tx, i.ID, Answered, "", at)
	})
}

// Declined keeps that somebody would rather not answer.
func (r *Room) Declined(ctx context.Context, id string, at time.Time) error {
	return r.change(ctx, id, func(ctx context.Context, tx registry.Tx, i Invitation) error { return r.declined(ctx, tx, i, at) })
}

func (r *Room) change(ctx context.Context, id string, f func(ctx context.Context, tx registry.Tx, i Invitation) error) error {
	err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		i, err := invitation(ctx, tx, id)
		if err != nil {
			return err
		}
		return f(ctx, tx, i)
	})
	r.hurry()
	return err
}

// Unsubscribe keeps whom an invitation is for from being asked again, by any
// channel.
func (r *Room) Unsubscribe(ctx context.Context, id string) error {
	now := r.Clock()
	return r.change(ctx, id, func(ctx context.Context, tx registry.Tx, i Invitation) error {
		keys, err := texts(ctx, tx, `SELECT key FROM invitation_keys WHERE invitation = $1`, id)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := r.refuse(ctx, tx, keys, "link", now); err != nil {
				return err
			}
		}
		if i.State != Answered && i.State != Declined {
			if err := end(ctx, tx, i.ID, Declined, "", now); err != nil {
				return err
			}
		}
		return note(ctx, tx, i.ID, eventStopped, now)
	})
}
