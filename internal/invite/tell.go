package invite

import (
	"context"
	"encoding/json"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Names of the events by which invitations enter the log.
const (
	eventSent     = "Survey Sent"
	eventOpened   = "Survey Opened"
	eventDeclined = "Survey Declined"
	eventBounced  = "Survey Bounced"
	eventStopped  = "Consent Withdrawn" // they do not want to be asked any more
)

// note keeps, in the transaction in which it happens, that something happened
// and is to be told to the log.
func note(ctx context.Context, tx registry.Tx, invitation experience.ID, name string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO invite_untold (id, invitation, name, at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
		invitation.String()+" "+name, invitation.String(), name, at.UnixMicro())
	return err
}

// tell brings what happened into the log. Each has one message id, which the
// log's readers count once for ever: after a crash it is told again.
func (r *Room) tell(ctx context.Context) error {
	for {
		var notes []happened
		err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
			notes, err = r.untold(ctx, tx)
			return err
		})
		if err != nil || len(notes) == 0 {
			return err
		}
		records := make([]experience.Record, len(notes))
		for k, n := range notes {
			if records[k], err = r.record(n); err != nil {
				return err
			}
		}
		if err := r.Log(ctx, records); err != nil {
			return err
		}
		err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
			for _, n := range notes {
				if _, err := tx.Exec(ctx, `DELETE FROM invite_untold WHERE id = $1`, n.id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// happened is one thing that happened to an invitation.
type happened struct {
	id, name   string
	at         time.Time
	invitation Invitation
	who        []experience.Identifier
}

func (r *Room) untold(ctx context.Context, tx registry.Tx) (list []happened, err error) {
	rows, err := tx.Query(ctx, `SELECT id, invitation, name, at FROM invite_untold ORDER BY at, id LIMIT 100`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var h happened
		var id string
		var at int64
		if err := rows.Scan(&h.id, &id, &h.name, &at); err != nil {
			return nil, err
		}
		h.at = moment(at)
		list, ids = append(list, h), append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for k := range list {
		if list[k].invitation, err = invitation(ctx, tx, ids[k]); err != nil && !isMissing(err) {
			return nil, err
		}
		if list[k].who, err = r.who(ctx, tx, list[k].invitation); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// who gives the surest name of whom an invitation is for; nil where nobody is
// known, or not any more.
func (r *Room) who(ctx context.Context, tx registry.Tx, i Invitation) ([]experience.Identifier, error) {
	if i.Person.IsZero() && i.Who == "" {
		return nil, nil
	}
	c, err := r.contact(ctx, tx, i)
	if isMissing(err) {
		return nil, nil
	}
	return c.Identifiers[:min(1, len(c.Identifiers))], err
}

func (r *Room) record(h happened) (experience.Record, error) {
	i := h.invitation
	said := map[string]any{"survey": i.Survey, "invitation": i.ID, "channel_asked": i.Channel}
	for name, value := range map[string]string{"about": i.About.Touchpoint, "shop": i.About.Shop, "order_id": i.About.OrderID, "product_id": i.About.ProductID} {
		if value != "" {
			said[name] = value
		}
	}
	e := experience.Event{MessageID: "invite-" + h.id, Kind: experience.Track, Name: h.name, Time: h.at, Identifiers: h.who, Imported: true}
	if h.name == eventStopped {
		said[consentPurpose] = false
		e.Context = json.RawMessage(`{"consent":{"categoryPreferences":{"` + consentPurpose + `":false}}}`)
	}
	var err error
	if e.Properties, err = json.Marshal(said); err != nil {
		return experience.Record{}, err
	}
	event, err := json.Marshal(e)
	return experience.Record{Source: r.Source, ReceivedAt: r.Clock(), Event: event}, err
}
