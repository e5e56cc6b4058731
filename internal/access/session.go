package access

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

const (
	// SessionLife is how long a browser stays signed in without being used.
	SessionLife = 30 * 24 * time.Hour
	// seenEvery is how often being there is written down.
	seenEvery  = time.Hour
	cookieName = "regia_session"
)

var (
	errSignIn = experience.Errorf(experience.Unauthorised, "the e-mail address or the password is not right")
	errTries  = experience.Errorf(experience.TooMany, "too many tries; please wait a minute")
)

// missing turns "no rows" into the error that says what was not there.
func missing(err error, is *experience.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return is
	}
	return err
}

// SignIn checks a password and begins a session: the secret for the browser's
// cookie. address is where the request comes from. Whatever is wrong (no such
// user, disabled, wrong password) the answer is the same Unauthorised, and
// takes as long; TooMany after too many tries.
func (a *Access) SignIn(ctx context.Context, email, password, address string) (string, error) {
	now := a.clock()
	email, badEmail := cleanEmail(email)
	account, from := email, network(address)
	if !a.addresses.allow(now, from) || badEmail == nil && !a.accounts.allow(now, account) {
		a.log.WarnContext(ctx, "sign-in held back: too many tries")
		return "", errTries
	}
	var u User
	var stored string
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		var err error
		u, err = scanUser(tx.QueryRow(ctx, `SELECT `+userColumns+`, u.password FROM users u
			WHERE u.email = $1 AND NOT u.disabled`, email).Scan, &stored)
		return err
	})
	if err != nil && experience.CodeOf(err) != experience.NotFound {
		return "", err
	}
	ok, renew, err := a.passwords.matches(ctx, stored, password)
	if err != nil {
		return "", err
	}
	if !ok {
		a.log.InfoContext(ctx, "sign-in refused")
		return "", errSignIn
	}
	a.accounts.forget(account)
	fresh := ""
	if renew {
		if fresh, err = a.passwords.hash(ctx, password); err != nil {
			return "", err
		}
	}
	var secret string
	err = a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if renew {
			// Only over the hash that was checked: it may have been changed meanwhile.
			if _, err := tx.Exec(ctx, `UPDATE users SET password = $3 WHERE id = $1 AND password = $2`, u.ID.String(), stored, fresh); err != nil {
				return err
			}
		}
		secret, err = begin(ctx, tx, u.ID, now)
		return err
	})
	if err != nil {
		return "", err
	}
	a.log.InfoContext(ctx, "signed in", "user", u.ID)
	return secret, nil
}

// begin makes a session, and sweeps away those that ended by themselves.
func begin(ctx context.Context, tx registry.Tx, user experience.ID, now time.Time) (string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE seen_at <= $1`, micros(now.Add(-SessionLife))); err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM access_links WHERE expires_at <= $1`, micros(now)); err != nil {
		return "", err
	}
	n, err := tx.Exec(ctx, `UPDATE users SET seen_at = $2 WHERE id = $1 AND NOT disabled`, user.String(), micros(now))
	if err == nil && n == 0 {
		err = errSignIn // disabled or removed a moment ago
	}
	if err != nil {
		return "", err
	}
	secret := newSecret()
	_, err = tx.Exec(ctx, `INSERT INTO sessions (hash, user_id, created_at, seen_at) VALUES ($1, $2, $3, $3)`,
		fingerprint(secret), user.String(), micros(now))
	return secret, err
}

// Authenticate makes Access a web.Authenticator: a bearer token, else the
// session cookie. A token that is wrong is nobody, whatever the cookie says.
func (a *Access) Authenticate(r *http.Request) (*web.User, error) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return a.byToken(r.Context(), strings.TrimSpace(token))
	}
	c, err := r.Cookie(cookieName)
	if err != nil || c.Value == "" {
		return nil, nil
	}
	return a.bySession(r.Context(), c.Value)
}

func (a *Access) bySession(ctx context.Context, secret string) (*web.User, error) {
	hash, now := fingerprint(secret), a.clock()
	var u User
	var seen int64
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		var err error
		u, err = scanUser(tx.QueryRow(ctx, `SELECT `+userColumns+`, s.seen_at FROM sessions s JOIN users u ON u.id = s.user_id
			WHERE s.hash = $1 AND s.seen_at > $2 AND NOT u.disabled`, hash, micros(now.Add(-SessionLife))).Scan, &seen)
		return err
	})
	if experience.CodeOf(err) == experience.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(moment(seen)) >= seenEvery {
		a.seen(ctx, "session", func(ctx context.Context, tx registry.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE sessions SET seen_at = $2 WHERE hash = $1`, hash, micros(now)); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE users SET seen_at = $2 WHERE id = $1`, u.ID.String(), micros(now))
			return err
		})
	}
	return &web.User{ID: u.ID.String(), Name: u.Name, Email: u.Email, Role: u.Role, Language: u.Language}, nil
}

// seen writes down that somebody was there. If that fails, they are let in all the same.
func (a *Access) seen(ctx context.Context, what string, write func(context.Context, registry.Tx) error) {
	if err := a.db.Write(ctx, write); err != nil {
		a.log.WarnContext(ctx, "last use not written", "of", what, "error", err)
	}
}

// SignOut ends the session behind a cookie's secret; one that is not there is fine.
func (a *Access) SignOut(ctx context.Context, secret string) error {
	return a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE hash = $1`, fingerprint(secret))
		return err
	})
}

// SignOutEverywhere ends every session of a user, this one too.
func (a *Access) SignOutEverywhere(ctx context.Context, id experience.ID) error {
	return a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, id.String())
		return err
	})
}

// Sessions counts the browsers in which a user is signed in.
func (a *Access) Sessions(ctx context.Context, id experience.ID) (n int, err error) {
	err = a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM sessions WHERE user_id = $1 AND seen_at > $2`,
			id.String(), micros(a.clock().Add(-SessionLife))).Scan(&n)
	})
	return n, err
}

var errCurrent = experience.Errorf(experience.Invalid, "this is not your present password")

// ChangePassword sets a new password for who knows the present one (or has
// none), and ends all their sessions: the secret of a fresh one is given back.
// Invalid when the present one is wrong or the new one will not do.
func (a *Access) ChangePassword(ctx context.Context, id experience.ID, present, next string) (string, error) {
	now := a.clock()
	if !a.accounts.allow(now, id.String()) {
		return "", errTries
	}
	var u User
	var stored string
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		var err error
		u, err = scanUser(tx.QueryRow(ctx, `SELECT `+userColumns+`, u.password FROM users u WHERE u.id = $1`, id.String()).Scan, &stored)
		return missing(err, errNoUser)
	})
	if err != nil {
		return "", err
	}
	if stored != "" {
		ok, _, err := a.passwords.matches(ctx, stored, present)
		if err != nil {
			return "", err
		}
		if !ok {
			return "", errCurrent
		}
	}
	if err := checkPassword(next, u.Email, u.Name); err != nil {
		return "", err
	}
	hash, err := a.passwords.hash(ctx, next)
	if err != nil {
		return "", err
	}
	a.accounts.forget(id.String())
	var secret string
	err = a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		secret, err = a.replacePassword(ctx, tx, id, stored, hash, now)
		return err
	})
	if err == nil {
		a.log.InfoContext(ctx, "password changed", "user", id)
	}
	return secret, err
}

// replacePassword sets a hash in place of the one that was checked, ends what
// the old one opened, and begins a session.
func (a *Access) replacePassword(ctx context.Context, tx registry.Tx, id experience.ID, old, hash string, now time.Time) (string, error) {
	n, err := tx.Exec(ctx, `UPDATE users SET password = $3 WHERE id = $1 AND password = $2 AND NOT disabled`, id.String(), old, hash)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", errCurrent
	}
	if err := lockOut(ctx, tx, id); err != nil {
		return "", err
	}
	return begin(ctx, tx, id, now)
}
