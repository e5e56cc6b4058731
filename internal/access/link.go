package access

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// LinkKind is what a link does when it is opened.
type LinkKind string

// The kinds of link.
const (
	InviteLink   LinkKind = "invite"   // makes a user: the first owner, or somebody invited
	PasswordLink LinkKind = "password" // sets a new password
	OneClickLink LinkKind = "sign-in"  // signs in
)

// Link opens a door once, and not for long. Its secret is never given again.
type Link struct {
	ID        experience.ID
	Kind      LinkKind
	Email     string          // of who is invited; "" = whoever holds the link says
	Role      experience.Role // of who is invited
	User      experience.ID   // whose password, or who is signed in
	CreatedAt time.Time
	ExpiresAt time.Time
}

// linkPath is where links lead, before their secret.
const linkPath = "/setup/"

var errLink = experience.Errorf(experience.NotFound, "this link was already used or is too old; ask for a new one")

// SetupLink makes the link by which the first owner comes in: they choose their
// name, e-mail address and password. It gives the path of the URL.
func (a *Access) SetupLink(ctx context.Context, validFor time.Duration) (string, error) {
	return a.newLink(ctx, Link{Kind: InviteLink, Role: experience.Owner}, validFor)
}

// Invite makes a link by which somebody becomes a user with a role; a former
// invitation of the same address ends. email "" lets whoever holds the link say
// theirs. It gives the path of the URL. Conflict when the address is a user's.
func (a *Access) Invite(ctx context.Context, email string, role experience.Role, validFor time.Duration) (string, error) {
	if !role.Known() {
		return "", errRole
	}
	if email != "" {
		var err error
		if email, err = cleanEmail(email); err != nil {
			return "", err
		}
	}
	return a.newLink(ctx, Link{Kind: InviteLink, Email: email, Role: role}, validFor)
}

// NewPasswordLink makes a link by which a user sets a new password, without the
// old one. It gives the path of the URL.
func (a *Access) NewPasswordLink(ctx context.Context, user experience.ID, validFor time.Duration) (string, error) {
	return a.newLink(ctx, Link{Kind: PasswordLink, User: user}, validFor)
}

// SignInLink makes a link that signs a user in by one click. It gives the path
// of the URL.
func (a *Access) SignInLink(ctx context.Context, user experience.ID, validFor time.Duration) (string, error) {
	return a.newLink(ctx, Link{Kind: OneClickLink, User: user}, validFor)
}

func (a *Access) newLink(ctx context.Context, l Link, validFor time.Duration) (string, error) {
	secret, now := newSecret(), a.clock()
	l.ID, l.CreatedAt, l.ExpiresAt = experience.NewID(), now, now.Add(validFor)
	err := a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if err := checkLink(ctx, tx, l); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO access_links (id, hash, kind, email, role, user_id, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, l.ID, fingerprint(secret), string(l.Kind), l.Email, string(l.Role), l.User,
			micros(l.CreatedAt), micros(l.ExpiresAt))
		return err
	})
	if err != nil {
		return "", err
	}
	a.log.InfoContext(ctx, "link made", "link", l.ID, "kind", l.Kind, "role", l.Role, "for_user", l.User)
	return linkPath + secret, nil
}

func checkLink(ctx context.Context, tx registry.Tx, l Link) error {
	if !l.User.IsZero() {
		u, err := userByID(ctx, tx, l.User)
		if err == nil && u.Disabled {
			err = errNoUser
		}
		return err
	}
	if l.Email == "" {
		return nil
	}
	var users int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM users WHERE email = $1`, l.Email).Scan(&users); err != nil {
		return err
	}
	if users > 0 {
		return errTaken
	}
	_, err := tx.Exec(ctx, `DELETE FROM access_links WHERE kind = $1 AND email = $2`, string(InviteLink), l.Email)
	return err
}

const linkColumns = `id, kind, email, role, user_id, created_at, expires_at`

func scanLink(scan func(...any) error) (Link, error) {
	var l Link
	var created, expires int64
	err := scan(&l.ID, &l.Kind, &l.Email, &l.Role, &l.User, &created, &expires)
	l.CreatedAt, l.ExpiresAt = moment(created), moment(expires)
	return l, err
}

// link looks at a link without using it. NotFound when it was used or is too old.
func (a *Access) link(ctx context.Context, secret string) (l Link, err error) {
	err = a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		l, err = scanLink(tx.QueryRow(ctx, `SELECT `+linkColumns+` FROM access_links WHERE hash = $1 AND expires_at > $2`,
			fingerprint(secret), micros(a.clock())).Scan)
		return missing(err, errLink)
	})
	return l, err
}

// useLink takes a link out of the registry: of those who try at once, one gets it.
func useLink(ctx context.Context, tx registry.Tx, secret string, kind LinkKind, now time.Time) (Link, error) {
	l, err := scanLink(tx.QueryRow(ctx, `DELETE FROM access_links WHERE hash = $1 AND kind = $2 AND expires_at > $3
		RETURNING `+linkColumns, fingerprint(secret), string(kind), micros(now)).Scan)
	return l, missing(err, errLink)
}

// Accept uses an invitation: n becomes a user with the invitation's role and,
// where it names one, its e-mail address. It gives the secret of a session. When
// n will not do, the link can be used again.
func (a *Access) Accept(ctx context.Context, secret string, n NewUser) (string, error) {
	l, err := a.link(ctx, secret)
	if err != nil {
		return "", err
	}
	if l.Kind != InviteLink {
		return "", errLink
	}
	n.Role = l.Role
	if l.Email != "" {
		n.Email = l.Email
	}
	if n.Password == "" {
		return "", errPasswordShort
	}
	n, hash, err := a.ready(ctx, n)
	if err != nil {
		return "", err
	}
	return a.enter(ctx, secret, InviteLink, func(ctx context.Context, tx registry.Tx, _ Link, now time.Time) (User, error) {
		return insertUser(ctx, tx, n, hash, now)
	})
}

// UsePasswordLink uses a link for a new password, ends what the old one opened,
// and gives the secret of a session.
func (a *Access) UsePasswordLink(ctx context.Context, secret, password string) (string, error) {
	l, err := a.link(ctx, secret)
	if err != nil {
		return "", err
	}
	if l.Kind != PasswordLink {
		return "", errLink
	}
	u, err := a.User(ctx, l.User)
	if err != nil {
		return "", err
	}
	if err := checkPassword(password, u.Email, u.Name); err != nil {
		return "", err
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return "", err
	}
	return a.enter(ctx, secret, PasswordLink, func(ctx context.Context, tx registry.Tx, l Link, _ time.Time) (User, error) {
		u, err := userByID(ctx, tx, l.User)
		if err != nil {
			return u, err
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET password = $2 WHERE id = $1`, l.User.String(), hash); err != nil {
			return u, err
		}
		return u, lockOut(ctx, tx, l.User)
	})
}

// UseSignInLink uses a one-click link and gives the secret of a session.
func (a *Access) UseSignInLink(ctx context.Context, secret string) (string, error) {
	return a.enter(ctx, secret, OneClickLink, func(ctx context.Context, tx registry.Tx, l Link, _ time.Time) (User, error) {
		return userByID(ctx, tx, l.User)
	})
}

// enter uses a link, lets who say who comes in by it, and begins their session:
// all of it, or nothing and the link stays good.
func (a *Access) enter(ctx context.Context, secret string, kind LinkKind,
	who func(context.Context, registry.Tx, Link, time.Time) (User, error)) (string, error) {
	now := a.clock()
	var session string
	var u User
	err := a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		l, err := useLink(ctx, tx, secret, kind, now)
		if err != nil {
			return err
		}
		if u, err = who(ctx, tx, l, now); err != nil {
			return err
		}
		if u.Disabled {
			return errLink
		}
		session, err = begin(ctx, tx, u.ID, now)
		return err
	})
	if err != nil {
		return "", err
	}
	a.log.InfoContext(ctx, "came in by link", "user", u.ID, "kind", kind)
	return session, nil
}

// Invitations lists the invitations still open, the newest first.
func (a *Access) Invitations(ctx context.Context) ([]Link, error) {
	links := []Link{}
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+linkColumns+` FROM access_links WHERE kind = $1 AND expires_at > $2
			ORDER BY created_at DESC, id DESC`, string(InviteLink), micros(a.clock()))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			l, err := scanLink(rows.Scan)
			if err != nil {
				return err
			}
			links = append(links, l)
		}
		return rows.Err()
	})
	return links, err
}

// Withdraw takes an invitation back; NotFound when it is not open any more.
func (a *Access) Withdraw(ctx context.Context, id experience.ID) error {
	return a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM access_links WHERE id = $1 AND kind = $2`, id.String(), string(InviteLink))
		if err == nil && n == 0 {
			err = errLink
		}
		return err
	})
}
