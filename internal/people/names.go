package people

import (
	"cmp"
	"context"
	"database/sql"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Names gives what to call people in a list: their name, else their e-mail
// address, number, card or user id. Anonymous visitors and unknown ids are not in it.
func (r *Records) Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	err := r.DB.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return eachIn(ctx, tx, `SELECT id, name, email, phone, loyalty_card, handle FROM people WHERE known AND id IN ?`, asKeys(ids), func(rows *sql.Rows) error {
			var id experience.ID
			var e Essential
			err := rows.Scan(&id, &e.Name, &e.Email, &e.Phone, &e.LoyaltyCard, &e.Handle)
			if label := e.label(); label != "" {
				out[id] = label
			}
			return err
		})
	})
	return out, err
}

// label is what to call somebody; "" when nothing is known to call them by.
func (e Essential) label() string { return cmp.Or(e.Name, e.Email, e.Phone, e.LoyaltyCard, e.Handle) }
