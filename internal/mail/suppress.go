package mail

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"regia/internal/registry"
	"regia/internal/web"
)

// Suppression says why an address takes no mail.
type Suppression string

// Why an address takes no mail.
const (
	Bounced   Suppression = "bounced"   // nobody is there
	Complaint Suppression = "complaint" // the reader called a mail spam
)

// hashed names an address without telling it: the list need not be a list of
// addresses, and survives that a person is forgotten.
func (o *Outbox) hashed(address string) string {
	h := hmac.New(sha256.New, o.key)
	h.Write([]byte("mail-address\x00" + address))
	return hex.EncodeToString(h.Sum(nil))
}

// Suppressed tells why an address takes no mail; "" = it does.
func (o *Outbox) Suppressed(ctx context.Context, tx registry.Tx, to string) (why Suppression, err error) {
	to, err = Address(to)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `SELECT why FROM mail_suppressed WHERE address = $1`, o.hashed(to)).Scan(&why)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return why, err
}

// suppress keeps an address from getting mail; what waits for it is cancelled.
func (o *Outbox) suppress(ctx context.Context, tx registry.Tx, to string, why Suppression, out Outcome) error {
	_, err := tx.Exec(ctx, `INSERT INTO mail_suppressed (address, hint, why, reason, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (address) DO NOTHING`,
		o.hashed(to), web.Mask(to), string(why), out.Reason, out.At.UnixMicro())
	if err != nil {
		return err
	}
	return o.abandon(ctx, tx, to, out)
}

// abandon settles what still waits for an address.
func (o *Outbox) abandon(ctx context.Context, tx registry.Tx, to string, out Outcome) error {
	rows, err := tx.Query(ctx, `SELECT reference FROM mail_queue WHERE recipient = $1 AND fate = $2`, to, string(Waiting))
	if err != nil {
		return err
	}
	var references []string
	for rows.Next() {
		var r string
		if err := rows.Scan(&r); err != nil {
			return errors.Join(err, rows.Close())
		}
		references = append(references, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(references) == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE mail_queue SET fate = $1, reason = $2, settled_at = $3, text = '', html = '' WHERE recipient = $4 AND fate = $5`,
		string(Failed), out.Reason, out.At.UnixMicro(), to, string(Waiting)); err != nil {
		return err
	}
	for _, r := range references {
		// The address is known to be suppressed: only those who queued it hear.
		if err := o.consequences(ctx, tx, r, to, Outcome{Fate: Failed, Reason: out.Reason, At: out.At}); err != nil {
			return err
		}
	}
	return nil
}

// Allow has an address get mail again; false when it was not suppressed.
func (o *Outbox) Allow(ctx context.Context, to string) (was bool, err error) {
	if to, err = Address(to); err != nil {
		return false, err
	}
	err = o.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM mail_suppressed WHERE address = $1`, o.hashed(to))
		was = n > 0
		return err
	})
	return was, err
}

// suppressedRow is one line of the list of suppressed addresses.
type suppressedRow struct {
	hint   string // masked
	why    Suppression
	reason string
	at     time.Time
}

func (o *Outbox) suppressedLately(ctx context.Context, limit int) (list []suppressedRow, err error) {
	err = o.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		list = nil
		rows, err := tx.Query(ctx, `SELECT hint, why, reason, at FROM mail_suppressed ORDER BY at DESC, address LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r suppressedRow
			var at int64
			if err := rows.Scan(&r.hint, &r.why, &r.reason, &at); err != nil {
				return err
			}
			r.at = time.UnixMicro(at).UTC()
			list = append(list, r)
		}
		return rows.Err()
	})
	return list, err
}
