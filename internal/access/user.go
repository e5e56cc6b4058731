package access

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// User is somebody who may come in.
type User struct {
	ID          experience.ID
	Email       string
	Name        string
	Role        experience.Role
	Language    string // "it", "en", or "" when never chosen
	Disabled    bool
	HasPassword bool // false: comes in by link only
	CreatedAt   time.Time
	SeenAt      time.Time // to the hour; zero = never
}

// NewUser is a user to be made.
type NewUser struct {
	Email    string
	Name     string
	Role     experience.Role
	Password string // "" = comes in by link only (demo, or SignInLink and PasswordLink)
	Language string // "it", "en" or ""
}

const maxName = 100

// Messages of this room are whole sentences that the catalogues translate.
var (
	errEmail     = experience.Errorf(experience.Invalid, "this is not an e-mail address")
	errName      = experience.Errorf(experience.Invalid, "please write a name of at most 100 characters")
	errRole      = experience.Errorf(experience.Invalid, "there is no such role")
	errLanguage  = experience.Errorf(experience.Invalid, "there is no such language")
	errTaken     = experience.Errorf(experience.Conflict, "somebody already uses this e-mail address")
	errLastOwner = experience.Errorf(experience.Conflict, "the last owner stays: make somebody else owner first")
	errNoUser    = experience.Errorf(experience.NotFound, "there is no such user")
)

// checked gives u with its parts in their stored form, or says which is wrong.
func (u NewUser) checked() (NewUser, error) {
	var err error
	if u.Email, err = cleanEmail(u.Email); err != nil {
		return u, err
	}
	if u.Name, err = cleanName(u.Name); err != nil {
		return u, err
	}
	switch {
	case !u.Role.Known():
		return u, errRole
	case u.Language != "" && !knownLanguage(u.Language):
		return u, errLanguage
	case u.Password != "":
		return u, checkPassword(u.Password, u.Email, u.Name)
	}
	return u, nil
}

func cleanEmail(s string) (string, error) {
	id, ok := experience.NewIdentifier(experience.EmailID, s, "")
	if !ok || len(id.Value) > 254 || strings.ContainsAny(id.Value, "<>\"(),;:\x00") {
		return "", errEmail
	}
	return id.Value, nil
}

func cleanName(s string) (string, error) {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if s == "" || utf8.RuneCountInString(s) > maxName || strings.ContainsRune(s, 0) {
		return "", errName
	}
	return s, nil
}

func knownLanguage(l string) bool {
	for _, k := range web.Languages {
		if k == l {
			return true
		}
	}
	return false
}

// CreateUser makes a user. Invalid when a part cannot be right, Conflict when
// the e-mail address is taken.
func (a *Access) CreateUser(ctx context.Context, n NewUser) (User, error) {
	n, hash, err := a.ready(ctx, n)
	if err != nil {
		return User{}, err
	}
	now := a.clock()
	var u User
	err = a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		u, err = insertUser(ctx, tx, n, hash, now)
		return err
	})
	if err != nil {
		return User{}, err
	}
	a.log.InfoContext(ctx, "user made", "user", u.ID, "role", u.Role)
	return u, nil
}

// ready checks a new user and hashes the password, outside of any transaction.
func (a *Access) ready(ctx context.Context, n NewUser) (NewUser, string, error) {
	n, err := n.checked()
	if err != nil || n.Password == "" {
		return n, "", err
	}
	hash, err := a.passwords.hash(ctx, n.Password)
	return n, hash, err
}

func insertUser(ctx context.Context, tx registry.Tx, n NewUser, hash string, now time.Time) (User, error) {
	u := User{ID: experience.NewID(), Email: n.Email, Name: n.Name, Role: n.Role, Language: n.Language,
		HasPassword: hash != "", CreatedAt: now}
	added, err := tx.Exec(ctx, `INSERT INTO users (id, email, name, role, language, password, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING`,
		u.ID, u.Email, u.Name, string(u.Role), u.Language, hash, micros(now))
	if err == nil && added == 0 {
		err = errTaken
	}
	return u, err
}

const userColumns = `u.id, u.email, u.name, u.role, u.language, u.disabled, u.password <> '', u.created_at, u.seen_at`

// scanUser reads userColumns, then what follows them.
func scanUser(scan func(...any) error, more ...any) (User, error) {
	var u User
	var created, seen int64
	into := append([]any{&u.ID, &u.Email, &u.Name, &u.Role, &u.Language, &u.Disabled, &u.HasPassword, &created, &seen}, more...)
	if err := scan(into...); err != nil {
		return User{}, err
	}
	u.CreatedAt, u.SeenAt = moment(created), moment(seen)
	return u, nil
}

// User gives one user; NotFound when there is none.
func (a *Access) User(ctx context.Context, id experience.ID) (u User, err error) {
	err = a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		u, err = userByID(ctx, tx, id)
		return err
	})
	return u, err
}

func userByID(ctx context.Context, tx registry.Tx, id experience.ID) (User, error) {
	u, err := scanUser(tx.QueryRow(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id.String()).Scan)
	return u, missing(err, errNoUser)
}

// UserByEmail gives the user with an e-mail address; NotFound when there is none.
func (a *Access) UserByEmail(ctx context.Context, email string) (u User, err error) {
	email, err = cleanEmail(email)
	if err != nil {
		return User{}, err
	}
	err = a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		u, err = scanUser(tx.QueryRow(ctx, `SELECT `+userColumns+` FROM users u WHERE u.email = $1`, email).Scan)
		return missing(err, errNoUser)
	})
	return u, err
}

// ListUsers gives every user: the mightiest role first, then by name.
func (a *Access) ListUsers(ctx context.Context) ([]User, error) {
	users := []User{}
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+userColumns+` FROM users u`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			u, err := scanUser(rows.Scan)
			if err != nil {
				return err
			}
			users = append(users, u)
		}
		return rows.Err()
	})
	sort.SliceStable(users, func(i, j int) bool {
		a, b := users[i], users[j]
		if a.Role != b.Role {
			return rank(a.Role) < rank(b.Role)
		}
		return strings.ToLower(a.Name)+a.Email < strings.ToLower(b.Name)+b.Email
	})
	return users, err
}

func rank(r experience.Role) int {
	for i, k := range experience.Roles {
		if k == r {
			return i
		}
	}
	return len(experience.Roles)
}

// SetRole gives a user another role, at once. Conflict for the last owner.
func (a *Access) SetRole(ctx context.Context, id experience.ID, role experience.Role) error {
	if !role.Known() {
		return errRole
	}
	return a.changeUser(ctx, id, "role set", func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE users SET role = $2 WHERE id = $1`, id.String(), string(role))
		return err
	})
}

// Disable shuts a user out, and every browser signed in as them. Conflict for
// the last owner. Tokens stay: they belong to the company.
func (a *Access) Disable(ctx context.Context, id experience.ID) error {
	return a.changeUser(ctx, id, "disabled", func(ctx context.Context, tx registry.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE users SET disabled = TRUE WHERE id = $1`, id.String()); err != nil {
			return err
		}
		return lockOut(ctx, tx, id)
	})
}

// Enable lets a disabled user in again.
func (a *Access) Enable(ctx context.Context, id experience.ID) error {
	return a.changeUser(ctx, id, "enabled", func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE users SET disabled = FALSE WHERE id = $1`, id.String())
		return err
	})
}

// Remove deletes a user for good. Conflict for the last owner.
func (a *Access) Remove(ctx context.Context, id experience.ID) error {
	return a.changeUser(ctx, id, "removed", func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM users WHERE id = $1`, id.String())
		return err
	})
}

// changeUser makes a change to one user and sees that an owner is left.
func (a *Access) changeUser(ctx context.Context, id experience.ID, what string, change func(context.Context, registry.Tx) error) error {
	err := a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		u, err := userByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		if u.Role != experience.Owner || u.Disabled {
			return nil // nothing to lose here
		}
		var owners int
		err = tx.QueryRow(ctx, `SELECT count(*) FROM users WHERE role = $1 AND NOT disabled`, string(experience.Owner)).Scan(&owners)
		if err == nil && owners == 0 {
			err = errLastOwner
		}
		return err
	})
	if err == nil {
		a.log.InfoContext(ctx, "user "+what, "user", id)
	}
	return err
}

// lockOut ends every session of a user and takes back the links made for them.
func lockOut(ctx context.Context, tx registry.Tx, id experience.ID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, id.String()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM access_links WHERE user_id = $1`, id.String())
	return err
}

// SetName and SetLanguage change what users may change themselves.
func (a *Access) SetName(ctx context.Context, id experience.ID, name string) error {
	name, err := cleanName(name)
	if err != nil {
		return err
	}
	return a.setColumn(ctx, id, "name", name)
}

// SetLanguage chooses the language of a user's pages: "it", "en", or "" for
// what their browser says.
func (a *Access) SetLanguage(ctx context.Context, id experience.ID, language string) error {
	if language != "" && !knownLanguage(language) {
		return errLanguage
	}
	return a.setColumn(ctx, id, "language", language)
}

func (a *Access) setColumn(ctx context.Context, id experience.ID, column, value string) error {
	return a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, fmt.Sprintf(`UPDATE users SET %s = $2 WHERE id = $1`, column), id.String(), value)
		if err == nil && n == 0 {
			err = errNoUser
		}
		return err
	})
}

// SaveLanguage is web.Options.SaveLanguage. Tokens have no language to keep.
func (a *Access) SaveLanguage(ctx context.Context, u *web.User, language string) error {
	if u.Token {
		return nil
	}
	id, err := experience.ParseID(u.ID)
	if err != nil {
		return err
	}
	return a.SetLanguage(ctx, id, language)
}
