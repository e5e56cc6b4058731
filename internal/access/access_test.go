package access

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
	"regia/internal/web"
)

// cheap makes tests quick; what it leaves out is tested on its own.
var cheap = Cost{MemoryKiB: 64, Passes: 1, Threads: 1}

const goodPassword = "quattro gatti blu"

// bench is the room with a clock that tests move and a log that they read.
type bench struct {
	*Access
	t   *testing.T
	now time.Time
	log *bytes.Buffer
}

func newBench(t *testing.T, o registry.Options) *bench {
	t.Helper()
	db, err := registry.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := &bench{t: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), log: &bytes.Buffer{}}
	var mu sync.Mutex
	b.Access = New(Options{DB: db, Cost: cheap, Clock: func() time.Time { return b.now },
		Logger: slog.New(slog.NewJSONHandler(lockedWriter{&mu, b.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	return b
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

// engines runs a test on both engines of the registry.
func engines(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, sqlite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, newBench(t, registry.Options{URL: testkit.Postgres(t)})) })
}

func sqlite(t *testing.T) *bench {
	return newBench(t, registry.Options{Path: filepath.Join(t.TempDir(), "registry.db")})
}

func (b *bench) user(email string, role experience.Role) User {
	b.t.Helper()
	u, err := b.CreateUser(b.t.Context(), NewUser{Email: email, Name: "Anna Rossi", Role: role, Password: goodPassword})
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func (b *bench) signIn(email string) string {
	b.t.Helper()
	secret, err := b.SignIn(b.t.Context(), email, goodPassword, "192.0.2.1")
	if err != nil {
		b.t.Fatal(err)
	}
	return secret
}

// who is the user that a cookie's secret stands for; nil is nobody.
func (b *bench) who(secret string) *web.User {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: secret})
	return b.authenticate(r)
}

func (b *bench) bearer(header string) *web.User {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", header)
	return b.authenticate(r)
}

func (b *bench) authenticate(r *http.Request) *web.User {
	b.t.Helper()
	u, err := b.Authenticate(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

func secretOf(t *testing.T, path string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	secret, ok := strings.CutPrefix(path, linkPath)
	if !ok || len(secret) != 43 {
		t.Fatalf("a link to %q", path)
	}
	return secret
}

func wantCode(t *testing.T, what string, err error, want experience.Code) {
	t.Helper()
	if got := experience.CodeOf(err); got != want {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

func TestUserIsChecked(t *testing.T) {
	good := NewUser{Email: " Anna@Example.IT ", Name: "  Anna   Rossi ", Role: experience.Agent, Password: goodPassword, Language: "it"}
	cases := []struct {
		name   string
		change func(*NewUser)
		want   error
	}{
		{"as it should be", func(*NewUser) {}, nil},
		{"no password", func(u *NewUser) { u.Password = "" }, nil},
		{"no e-mail", func(u *NewUser) { u.Email = "anna" }, errEmail},
		{"e-mail with markup", func(u *NewUser) { u.Email = "<a>@example.it" }, errEmail},
		{"no name", func(u *NewUser) { u.Name = " \n" }, errName},
		{"long name", func(u *NewUser) { u.Name = strings.Repeat("è", maxName+1) }, errName},
		{"name with NUL", func(u *NewUser) { u.Name = "An\x00na" }, errName},
		{"no role", func(u *NewUser) { u.Role = "" }, errRole},
		{"strange role", func(u *NewUser) { u.Role = "root" }, errRole},
		{"strange language", func(u *NewUser) { u.Language = "de" }, errLanguage},
		{"short password", func(u *NewUser) { u.Password = "nove car." }, errPasswordShort},
		{"endless password", func(u *NewUser) { u.Password = strings.Repeat("aàbc", 400) }, errPasswordLong},
		{"few characters", func(u *NewUser) { u.Password = "ababababababab" }, errPasswordObvious},
		{"keyboard", func(u *NewUser) { u.Password = "Qwertyuiop" }, errPasswordObvious},
		{"a word and a year", func(u *NewUser) { u.Password = "Benvenuto2026!" }, errPasswordObvious},
		{"own address", func(u *NewUser) { u.Password = "anna@example.it" }, errPasswordObvious},
		{"own name", func(u *NewUser) { u.Password = "anna rossi" }, errPasswordObvious},
	}
	for _, c := range cases {
		u := good
		c.change(&u)
		got, err := u.checked()
		if err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err == nil && (got.Email != "anna@example.it" || got.Name != "Anna Rossi") {
			t.Errorf("%s: became %q, %q", c.name, got.Email, got.Name)
		}
	}
}

func TestUsers(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		owner := b.user("owner@example.it", experience.Owner)
		agent := b.user("agent@example.it", experience.Agent)
		_, err := b.CreateUser(t.Context(), NewUser{Email: "AGENT@example.it", Name: "Other", Role: experience.Viewer})
		wantCode(t, "taken address", err, experience.Conflict)
		users, err := b.ListUsers(t.Context())
		if err != nil || len(users) != 2 || users[0].ID != owner.ID || !users[0].HasPassword || !users[0].CreatedAt.Equal(b.now) {
			t.Errorf("users are %+v, %v", users, err)
		}
		if u, err := b.UserByEmail(t.Context(), "Agent@Example.it"); err != nil || u.ID != agent.ID {
			t.Errorf("by e-mail: %v, %v", u, err)
		}
		for _, c := range []struct {
			what string
			err  error
			want experience.Code
		}{
			{"name", b.SetName(t.Context(), agent.ID, "Bruno"), ""},
			{"empty name", b.SetName(t.Context(), agent.ID, ""), experience.Invalid},
			{"language", b.SetLanguage(t.Context(), agent.ID, "en"), ""},
			{"strange language", b.SetLanguage(t.Context(), agent.ID, "xx"), experience.Invalid},
			{"nobody's language", b.SetLanguage(t.Context(), experience.NewID(), "en"), experience.NotFound},
			{"strange role", b.SetRole(t.Context(), agent.ID, "god"), experience.Invalid},
			{"nobody's role", b.SetRole(t.Context(), experience.NewID(), experience.Agent), experience.NotFound},
			{"demote the last owner", b.SetRole(t.Context(), owner.ID, experience.Manager), experience.Conflict},
			{"disable the last owner", b.Disable(t.Context(), owner.ID), experience.Conflict},
			{"remove the last owner", b.Remove(t.Context(), owner.ID), experience.Conflict},
			{"owner again", b.SetRole(t.Context(), owner.ID, experience.Owner), ""},
			{"a second owner", b.SetRole(t.Context(), agent.ID, experience.Owner), ""},
			{"disable the first", b.Disable(t.Context(), owner.ID), ""},
			{"now the second is the last", b.Disable(t.Context(), agent.ID), experience.Conflict},
			{"enable", b.Enable(t.Context(), owner.ID), ""},
			{"remove the second", b.Remove(t.Context(), agent.ID), ""},
			{"remove again", b.Remove(t.Context(), agent.ID), experience.NotFound},
		} {
			wantCode(t, c.what, c.err, c.want)
		}
		if u, err := b.User(t.Context(), owner.ID); err != nil || u.Role != experience.Owner || u.Disabled {
			t.Errorf("the owner became %+v, %v", u, err)
		}
	})
}

func TestTwoLastOwnersCannotLeaveTogether(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		owners := []User{b.user("a@example.it", experience.Owner), b.user("b@example.it", experience.Owner)}
		errs := make(chan error, len(owners))
		for _, o := range owners {
			go func() { errs <- b.Disable(t.Context(), o.ID) }()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) {
			t.Errorf("want one refused, got %v and %v", first, second)
		}
	})
}

func TestSessionLivesWhileUsed(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		u := b.user("anna@example.it", experience.Store)
		secret := b.signIn(u.Email)
		for range 4 { // 100 days, looked at every 25
			b.now = b.now.Add(25 * 24 * time.Hour)
			if got := b.who(secret); got == nil || got.ID != u.ID.String() || got.Role != experience.Store || got.Token {
				t.Fatalf("on %v the cookie is %+v", b.now, got)
			}
		}
		if got, err := b.User(t.Context(), u.ID); err != nil || !got.SeenAt.Equal(b.now) {
			t.Errorf("last seen %v, %v; want %v", got.SeenAt, err, b.now)
		}
		seen := b.now
		b.now = b.now.Add(seenEvery - time.Second)
		b.who(secret)
		if got, _ := b.User(t.Context(), u.ID); !got.SeenAt.Equal(seen) {
			t.Error("being there was written down twice in an hour")
		}
		b.now = seen.Add(SessionLife)
		if b.who(secret) != nil {
			t.Error("signed in after 30 days away")
		}
		fresh := b.signIn(u.Email)
		if n, err := b.Sessions(t.Context(), u.ID); err != nil || n != 1 {
			t.Errorf("%d sessions, %v; the old one was not swept away", n, err)
		}
		if err := b.SignOut(t.Context(), fresh); err != nil || b.who(fresh) != nil {
			t.Errorf("signed in after signing out, %v", err)
		}
		for _, wrong := range []string{"", "x", secret + "x", fingerprint(fresh)} {
			if b.who(wrong) != nil {
				t.Errorf("%q opens a session", wrong)
			}
		}
	})
}

func TestWhatEndsSessions(t *testing.T) {
	cases := map[string]func(b *bench, u User) error{
		"sign out everywhere": func(b *bench, u User) error { return b.SignOutEverywhere(b.t.Context(), u.ID) },
		"disable":             func(b *bench, u User) error { return b.Disable(b.t.Context(), u.ID) },
		"disable and enable": func(b *bench, u User) error {
			if err := b.Disable(b.t.Context(), u.ID); err != nil {
				return err
			}
			return b.Enable(b.t.Context(), u.ID)
		},
		"remove": func(b *bench, u User) error { return b.Remove(b.t.Context(), u.ID) },
		"change the password": func(b *bench, u User) error {
			secret, err := b.ChangePassword(b.t.Context(), u.ID, goodPassword, "cinque cani neri")
			if b.who(secret) == nil {
				b.t.Error("who changed the password is out too")
			}
			return err
		},
		"a new password by link": func(b *bench, u User) error {
			path, err := b.NewPasswordLink(b.t.Context(), u.ID, time.Hour)
			_, use := b.UsePasswordLink(b.t.Context(), secretOf(b.t, path, err), "cinque cani neri")
			return use
		},
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			b := sqlite(t)
			b.user("owner@example.it", experience.Owner)
			u := b.user("anna@example.it", experience.Agent)
			first, second := b.signIn(u.Email), b.signIn(u.Email)
			other := b.signIn("owner@example.it")
			if err := end(b, u); err != nil {
				t.Fatal(err)
			}
			if b.who(first) != nil || b.who(second) != nil {
				t.Error("still signed in")
			}
			if b.who(other) == nil {
				t.Error("somebody else was signed out")
			}
		})
	}
}

func TestRoleChangesAtOnce(t *testing.T) {
	b := sqlite(t)
	b.user("owner@example.it", experience.Owner)
	u := b.user("anna@example.it", experience.Viewer)
	secret := b.signIn(u.Email)
	if err := b.SetRole(t.Context(), u.ID, experience.Manager); err != nil {
		t.Fatal(err)
	}
	if got := b.who(secret); got == nil || got.Role != experience.Manager {
		t.Errorf("the open session has %+v", got)
	}
}

func TestChangePassword(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		u := b.user("anna@example.it", experience.Agent)
		_, err := b.ChangePassword(t.Context(), u.ID, "not the present one", "cinque cani neri")
		if err != errCurrent {
			t.Errorf("wrong present password: %v", err)
		}
		_, err = b.ChangePassword(t.Context(), u.ID, goodPassword, "corta")
		wantCode(t, "short", err, experience.Invalid)
		if _, err := b.ChangePassword(t.Context(), u.ID, goodPassword, "cinque cani neri"); err != nil {
			t.Fatal(err)
		}
		_, err = b.SignIn(t.Context(), u.Email, goodPassword, "192.0.2.1")
		wantCode(t, "the old password", err, experience.Unauthorised)
		if _, err := b.SignIn(t.Context(), u.Email, "cinque cani neri", "192.0.2.1"); err != nil {
			t.Error(err)
		}
	})
}

func TestTokens(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		secret, err := b.CreateToken(t.Context(), "  till   one ", experience.Store)
		if err != nil || !regexp.MustCompile(`^rt_[A-Za-z0-9_-]{43}$`).MatchString(secret) {
			t.Fatalf("token %q, %v", secret, err)
		}
		b.now = b.now.Add(time.Minute)
		got := b.bearer("bearer " + secret)
		if got == nil || got.Name != "till one" || got.Role != experience.Store || !got.Token {
			t.Fatalf("the token is %+v", got)
		}
		tokens, err := b.ListTokens(t.Context())
		if err != nil || len(tokens) != 1 || !tokens[0].UsedAt.Equal(b.now) {
			t.Errorf("tokens are %+v, %v", tokens, err)
		}
		for _, h := range []string{"", "Bearer", "Bearer ", "Basic " + secret, "Bearer " + secret + "x", "Bearer " + fingerprint(secret), secret} {
			if b.bearer(h) != nil {
				t.Errorf("%q opens the API", h)
			}
		}
		wantCode(t, "revoke", b.RevokeToken(t.Context(), tokens[0].ID), "")
		if b.bearer("Bearer "+secret) != nil {
			t.Error("a revoked token still opens the API")
		}
		wantCode(t, "revoke again", b.RevokeToken(t.Context(), tokens[0].ID), experience.NotFound)
		_, err = b.CreateToken(t.Context(), "", experience.Store)
		wantCode(t, "no name", err, experience.Invalid)
		_, err = b.CreateToken(t.Context(), "till", "cash")
		wantCode(t, "no role", err, experience.Invalid)
	})
}

// A request with a bad token is nobody, also when a good cookie comes along.
func TestBadTokenBesideGoodCookie(t *testing.T) {
	b := sqlite(t)
	u := b.user("anna@example.it", experience.Owner)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: b.signIn(u.Email)})
	r.Header.Set("Authorization", "Bearer rt_wrong")
	if b.authenticate(r) != nil {
		t.Error("let in")
	}
	r.Header.Set("Authorization", "Basic d3JpdGVLZXk6") // a write key on the way to the front door
	if b.authenticate(r) == nil {
		t.Error("another scheme hides the cookie")
	}
}

func TestNoSecretsAnywhere(t *testing.T) {
	b := sqlite(t)
	ctx := context.WithoutCancel(t.Context())
	u := b.user("anna.segreta@example.it", experience.Owner)
	session := b.signIn(u.Email)
	_, _ = b.SignIn(ctx, u.Email, "un tentativo sbagliato", "192.0.2.77")
	token, err := b.CreateToken(ctx, "till", experience.Store)
	if err != nil {
		t.Fatal(err)
	}
	path, err := b.SignInLink(ctx, u.ID, time.Hour)
	link := secretOf(t, path, err)
	invite, err := b.Invite(ctx, "bruno.segreto@example.it", experience.Agent, time.Hour)
	invitation := secretOf(t, invite, err)
	for range 30 {
		_, _ = b.SignIn(ctx, u.Email, "un tentativo sbagliato", "192.0.2.77")
	}
	secrets := []string{goodPassword, session, token, link, invitation, "un tentativo sbagliato"}
	for _, s := range append(secrets, "segret", "Anna", "192.0.2.77", "argon2id") {
		if strings.Contains(b.log.String(), s) {
			t.Errorf("the log tells %q", s)
		}
	}
	stored := b.everything("users", "sessions", "access_links", "api_tokens")
	for _, s := range secrets {
		if strings.Contains(stored, s) {
			t.Errorf("the registry holds %q", s)
		}
	}
	if !strings.Contains(stored, "$argon2id$v=19$m=64,t=1,p=1$") || !strings.Contains(b.log.String(), "signed in") {
		t.Error("nothing was looked at")
	}
}

// everything is all that tables hold, as text.
func (b *bench) everything(tables ...string) string {
	b.t.Helper()
	var all strings.Builder
	err := b.db.Read(b.t.Context(), func(ctx context.Context, tx registry.Tx) error {
		for _, table := range tables {
			rows, err := tx.Query(ctx, `SELECT * FROM `+table)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			for rows.Next() {
				values := make([]any, len(columns))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					return err
				}
				for _, v := range values {
					all.WriteString(strings.TrimSpace(textOf(*v.(*any))) + "\n")
				}
			}
			if err := rows.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all.String()
}

func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []byte:
		return string(x)
	}
	return ""
}
