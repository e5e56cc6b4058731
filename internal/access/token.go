package access

import (
	"context"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// tokenPrefix makes a token known for what it is where it was left lying.
const tokenPrefix = "rt_"

// Token lets a program call the API. Its secret is shown once, when made.
type Token struct {
	ID        experience.ID
	Name      string
	Role      experience.Role
	CreatedAt time.Time
	UsedAt    time.Time // to the hour; zero = never
}

var errNoToken = experience.Errorf(experience.NotFound, "there is no such token")

// CreateToken makes a token and gives its secret, which cannot be had again.
func (a *Access) CreateToken(ctx context.Context, name string, role experience.Role) (string, error) {
	_, secret, err := a.createToken(ctx, name, role)
	return secret, err
}

func (a *Access) createToken(ctx context.Context, name string, role experience.Role) (Token, string, error) {
	name, err := cleanName(name)
	if err != nil {
		return Token{}, "", err
	}
	if !role.Known() {
		return Token{}, "", errRole
	}
	t := Token{ID: experience.NewID(), Name: name, Role: role, CreatedAt: a.clock()}
	secret := tokenPrefix + newSecret()
	err = a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO api_tokens (id, hash, name, role, created_at) VALUES ($1, $2, $3, $4, $5)`,
			t.ID, fingerprint(secret), t.Name, string(t.Role), micros(t.CreatedAt))
		return err
	})
	if err != nil {
		return Token{}, "", err
	}
	a.log.InfoContext(ctx, "token made", "token", t.ID, "role", role)
	return t, secret, nil
}

// ListTokens gives every token, the newest first, without secrets.
func (a *Access) ListTokens(ctx context.Context) ([]Token, error) {
	tokens := []Token{}
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, name, role, created_at, used_at FROM api_tokens ORDER BY created_at DESC, id DESC`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t Token
			var created, used int64
			if err := rows.Scan(&t.ID, &t.Name, &t.Role, &created, &used); err != nil {
				return err
			}
			t.CreatedAt, t.UsedAt = moment(created), moment(used)
			tokens = append(tokens, t)
		}
		return rows.Err()
	})
	return tokens, err
}

// RevokeToken ends a token at once; NotFound when there is none.
func (a *Access) RevokeToken(ctx context.Context, id experience.ID) error {
	err := a.db.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM api_tokens WHERE id = $1`, id.String())
		if err == nil && n == 0 {
			err = errNoToken
		}
		return err
	})
	if err == nil {
		a.log.InfoContext(ctx, "token revoked", "token", id)
	}
	return err
}

func (a *Access) byToken(ctx context.Context, secret string) (*web.User, error) {
	if !strings.HasPrefix(secret, tokenPrefix) {
		return nil, nil
	}
	now := a.clock()
	var t Token
	var used int64
	err := a.db.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT id, name, role, used_at FROM api_tokens WHERE hash = $1`, fingerprint(secret)).
			Scan(&t.ID, &t.Name, &t.Role, &used)
	})
	if experience.CodeOf(err) == experience.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(moment(used)) >= seenEvery {
		a.seen(ctx, "token", func(ctx context.Context, tx registry.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE api_tokens SET used_at = $2 WHERE id = $1`, t.ID.String(), micros(now))
			return err
		})
	}
	return &web.User{ID: t.ID.String(), Name: t.Name, Role: t.Role, Token: true}, nil
}
