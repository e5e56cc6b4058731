package access

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

// The shapes of the API.
type (
	apiMe struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Email    string `json:"email,omitempty" doc:"absent for a token"`
		Role     string `json:"role"`
		Language string `json:"language,omitempty" doc:"it or en, when chosen"`
		Token    bool   `json:"token" doc:"true when an API token is asking"`
	}
	apiUser struct {
		ID        string     `json:"id"`
		Name      string     `json:"name"`
		Email     string     `json:"email"`
		Role      string     `json:"role"`
		Language  string     `json:"language,omitempty"`
		Disabled  bool       `json:"disabled"`
		CreatedAt time.Time  `json:"created_at"`
		SeenAt    *time.Time `json:"seen_at" doc:"to the hour; null = never"`
	}
	apiInvitation struct {
		ID        string    `json:"id"`
		Email     string    `json:"email,omitempty"`
		Role      string    `json:"role"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	apiLink struct {
		Path      string    `json:"path" doc:"of the link on this server; it works once and is shown only now"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	apiToken struct {
		ID        string     `json:"id"`
		Name      string     `json:"name"`
		Role      string     `json:"role"`
		CreatedAt time.Time  `json:"created_at"`
		UsedAt    *time.Time `json:"used_at" doc:"to the hour; null = never"`
	}
	apiNewToken struct {
		apiToken
		Token string `json:"token" doc:"the secret, shown only now"`
	}
	// items is a whole list: there is no next page.
	items[T any] struct {
		Items []T     `json:"items"`
		Next  *string `json:"next" doc:"always null: the list is whole"`
	}
	answer[T any] struct{ Body T }
	byID          struct {
		ID string `path:"id" format:"uuid"`
	}
)

func operation(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"access"}}
}

func (m *room) registerAPI() {
	s := m.site
	web.Operation(s, operation("me", http.MethodGet, "/api/v1/me", "Who is asking"), anybody,
		func(ctx context.Context, _ *struct{}) (*answer[apiMe], error) {
			u := web.UserFrom(ctx)
			return &answer[apiMe]{apiMe{ID: u.ID, Name: u.Name, Email: u.Email, Role: string(u.Role), Language: u.Language, Token: u.Token}}, nil
		})
	m.registerUsersAPI()
	m.registerTokensAPI()
}

func (m *room) registerUsersAPI() {
	s := m.site
	web.Operation(s, operation("list-users", http.MethodGet, "/api/v1/users", "All users"), keepers,
		func(ctx context.Context, _ *struct{}) (*answer[items[apiUser]], error) {
			users, err := m.ListUsers(ctx)
			return whole(users, userShape), err
		})
	create := operation("create-user", http.MethodPost, "/api/v1/users", "Make a user")
	create.DefaultStatus = http.StatusCreated
	web.Operation(s, create, keepers, m.apiCreateUser)
	web.Operation(s, operation("change-user", http.MethodPatch, "/api/v1/users/{id}", "Change a user's role or name, disable or enable them"), keepers, m.apiChangeUser)
	web.Operation(s, operation("remove-user", http.MethodDelete, "/api/v1/users/{id}", "Remove a user for good"), keepers,
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return withID(in.ID, func(id experience.ID) error { return m.Remove(ctx, id) })
		})
	web.Operation(s, operation("password-link", http.MethodPost, "/api/v1/users/{id}/password-link", "Make a link by which a user sets a new password"), keepers,
		func(ctx context.Context, in *byID) (*answer[apiLink], error) {
			id, err := experience.ParseID(in.ID)
			if err != nil {
				return nil, err
			}
			path, err := m.NewPasswordLink(ctx, id, inviteFor)
			return &answer[apiLink]{apiLink{Path: path, ExpiresAt: m.clock().Add(inviteFor)}}, err
		})
	web.Operation(s, operation("list-invitations", http.MethodGet, "/api/v1/invitations", "Invitations still open"), keepers,
		func(ctx context.Context, _ *struct{}) (*answer[items[apiInvitation]], error) {
			links, err := m.Invitations(ctx)
			return whole(links, func(l Link) apiInvitation {
				return apiInvitation{ID: l.ID.String(), Email: l.Email, Role: string(l.Role), ExpiresAt: l.ExpiresAt}
			}), err
		})
	web.Operation(s, operation("invite", http.MethodPost, "/api/v1/invitations", "Make a link by which somebody becomes a user"), keepers, m.apiInvite)
	web.Operation(s, operation("withdraw-invitation", http.MethodDelete, "/api/v1/invitations/{id}", "Take an invitation back"), keepers,
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return withID(in.ID, func(id experience.ID) error { return m.Withdraw(ctx, id) })
		})
}

func (m *room) registerTokensAPI() {
	s := m.site
	web.Operation(s, operation("list-tokens", http.MethodGet, "/api/v1/tokens", "All API tokens, without their secrets"), keepers,
		func(ctx context.Context, _ *struct{}) (*answer[items[apiToken]], error) {
			tokens, err := m.ListTokens(ctx)
			return whole(tokens, tokenShape), err
		})
	create := operation("create-token", http.MethodPost, "/api/v1/tokens", "Make an API token")
	create.DefaultStatus = http.StatusCreated
	web.Operation(s, create, keepers, func(ctx context.Context, in *struct {
		Body struct {
			Name string `json:"name" minLength:"1" maxLength:"100"`
			Role string `json:"role" enum:"owner,manager,agent,store,viewer"`
		}
	}) (*answer[apiNewToken], error) {
		t, secret, err := m.createToken(ctx, in.Body.Name, experience.Role(in.Body.Role))
		return &answer[apiNewToken]{apiNewToken{apiToken: tokenShape(t), Token: secret}}, err
	})
	web.Operation(s, operation("revoke-token", http.MethodDelete, "/api/v1/tokens/{id}", "End a token at once"), keepers,
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return withID(in.ID, func(id experience.ID) error { return m.RevokeToken(ctx, id) })
		})
}

func (m *room) apiCreateUser(ctx context.Context, in *struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Name     string `json:"name" minLength:"1" maxLength:"100"`
		Role     string `json:"role" enum:"owner,manager,agent,store,viewer"`
		Language string `json:"language,omitempty" enum:"it,en"`
		Password string `json:"password,omitempty" doc:"absent: the user comes in by a password link" writeOnly:"true"`
	}
}) (*answer[apiUser], error) {
	b := in.Body
	u, err := m.CreateUser(ctx, NewUser{Email: b.Email, Name: b.Name, Role: experience.Role(b.Role), Password: b.Password, Language: b.Language})
	return &answer[apiUser]{userShape(u)}, err
}

func (m *room) apiChangeUser(ctx context.Context, in *struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Name     *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Role     *string `json:"role,omitempty" enum:"owner,manager,agent,store,viewer"`
		Disabled *bool   `json:"disabled,omitempty"`
	}
}) (*answer[apiUser], error) {
	id, err := experience.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Role != nil {
		err = m.SetRole(ctx, id, experience.Role(*in.Body.Role))
	}
	if err == nil && in.Body.Name != nil {
		err = m.SetName(ctx, id, *in.Body.Name)
	}
	if err == nil && in.Body.Disabled != nil {
		if *in.Body.Disabled {
			err = m.Disable(ctx, id)
		} else {
			err = m.Enable(ctx, id)
		}
	}
	if err != nil {
		return nil, err
	}
	u, err := m.User(ctx, id)
	return &answer[apiUser]{userShape(u)}, err
}

func (m *room) apiInvite(ctx context.Context, in *struct {
	Body struct {
		Email string `json:"email,omitempty" maxLength:"254" doc:"absent: whoever holds the link says theirs"`
		Role  string `json:"role" enum:"owner,manager,agent,store,viewer"`
		Hours int    `json:"hours,omitempty" minimum:"1" maximum:"720" doc:"how long the link is good; absent: 168"`
	}
}) (*answer[apiLink], error) {
	validFor := time.Duration(in.Body.Hours) * time.Hour
	if validFor == 0 {
		validFor = inviteFor
	}
	path, err := m.Invite(ctx, in.Body.Email, experience.Role(in.Body.Role), validFor)
	return &answer[apiLink]{apiLink{Path: path, ExpiresAt: m.clock().Add(validFor)}}, err
}

func withID(text string, do func(experience.ID) error) (*struct{}, error) {
	id, err := experience.ParseID(text)
	if err != nil {
		return nil, err
	}
	return nil, do(id)
}

func whole[T, S any](things []T, shape func(T) S) *answer[items[S]] {
	out := &answer[items[S]]{items[S]{Items: make([]S, 0, len(things))}}
	for _, t := range things {
		out.Body.Items = append(out.Body.Items, shape(t))
	}
	return out
}

func userShape(u User) apiUser {
	return apiUser{ID: u.ID.String(), Name: u.Name, Email: u.Email, Role: string(u.Role), Language: u.Language,
		Disabled: u.Disabled, CreatedAt: u.CreatedAt, SeenAt: orNull(u.SeenAt)}
}

func tokenShape(t Token) apiToken {
	return apiToken{ID: t.ID.String(), Name: t.Name, Role: string(t.Role), CreatedAt: t.CreatedAt, UsedAt: orNull(t.UsedAt)}
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
