package access

import (
	"testing"
	"time"

	"regia/internal/experience"
)

var carla = NewUser{Email: "carla@example.it", Name: "Carla Bruni", Password: goodPassword, Role: experience.Owner, Language: "it"}

func TestSetupLinkMakesTheFirstOwner(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		path, err := b.SetupLink(t.Context(), time.Hour)
		secret := secretOf(t, path, err)
		for _, wrong := range []NewUser{{}, {Email: "carla@example.it", Name: "Carla"}, {Email: "x", Name: "Carla", Password: goodPassword}} {
			_, err := b.Accept(t.Context(), secret, wrong)
			wantCode(t, "an incomplete owner", err, experience.Invalid)
		}
		session, err := b.Accept(t.Context(), secret, carla)
		if err != nil {
			t.Fatal(err)
		}
		if u := b.who(session); u == nil || u.Role != experience.Owner || u.Email != carla.Email || u.Language != "it" {
			t.Errorf("came in as %+v", u)
		}
		_, err = b.Accept(t.Context(), secret, NewUser{Email: "late@example.it", Name: "Late", Password: goodPassword})
		if err != errLink {
			t.Errorf("a used link: %v", err)
		}
	})
}

func TestInvitationKeepsItsRoleAndAddress(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		old, err := b.Invite(t.Context(), "Bruno@Example.it", experience.Owner, time.Hour)
		oldSecret := secretOf(t, old, err)
		path, err := b.Invite(t.Context(), "bruno@example.it", experience.Store, time.Hour)
		secret := secretOf(t, path, err)
		_, err = b.Accept(t.Context(), oldSecret, carla)
		wantCode(t, "the former invitation", err, experience.NotFound)
		open, err := b.Invitations(t.Context())
		if err != nil || len(open) != 1 || open[0].Email != "bruno@example.it" || open[0].Role != experience.Store {
			t.Errorf("open invitations are %+v, %v", open, err)
		}
		session, err := b.Accept(t.Context(), secret, carla) // who asks for more than was given
		if err != nil {
			t.Fatal(err)
		}
		if u := b.who(session); u == nil || u.Role != experience.Store || u.Email != "bruno@example.it" {
			t.Errorf("came in as %+v", u)
		}
		_, err = b.Invite(t.Context(), "bruno@example.it", experience.Owner, time.Hour)
		wantCode(t, "invite a user", err, experience.Conflict)
		_, err = b.Invite(t.Context(), "", "king", time.Hour)
		wantCode(t, "strange role", err, experience.Invalid)
		if open, err := b.Invitations(t.Context()); err != nil || len(open) != 0 {
			t.Errorf("still open: %+v, %v", open, err)
		}
	})
}

func TestTakenAddressLeavesTheLinkGood(t *testing.T) {
	b := sqlite(t)
	b.user(carla.Email, experience.Agent)
	path, err := b.Invite(t.Context(), "", experience.Viewer, time.Hour)
	secret := secretOf(t, path, err)
	_, err = b.Accept(t.Context(), secret, carla)
	wantCode(t, "a taken address", err, experience.Conflict)
	other := carla
	other.Email = "other@example.it"
	_, err = b.Accept(t.Context(), secret, other)
	wantCode(t, "another address", err, "")
}

func TestLinksEnd(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		owner := b.user("owner@example.it", experience.Owner)
		u := b.user("anna@example.it", experience.Agent)
		invite, err := b.Invite(t.Context(), "x@example.it", experience.Agent, time.Hour)
		inviteSecret := secretOf(t, invite, err)
		click, err := b.SignInLink(t.Context(), u.ID, time.Hour)
		clickSecret := secretOf(t, click, err)
		password, err := b.NewPasswordLink(t.Context(), owner.ID, time.Hour)
		passwordSecret := secretOf(t, password, err)
		b.now = b.now.Add(time.Hour)
		_, err = b.Accept(t.Context(), inviteSecret, carla)
		wantCode(t, "an old invitation", err, experience.NotFound)
		_, err = b.UseSignInLink(t.Context(), clickSecret)
		wantCode(t, "an old sign-in link", err, experience.NotFound)
		_, err = b.UsePasswordLink(t.Context(), passwordSecret, goodPassword)
		wantCode(t, "an old password link", err, experience.NotFound)

		invite, err = b.Invite(t.Context(), "x@example.it", experience.Agent, time.Hour)
		inviteSecret = secretOf(t, invite, err)
		open, err := b.Invitations(t.Context())
		if err != nil || len(open) != 1 {
			t.Fatalf("open are %+v, %v", open, err)
		}
		wantCode(t, "withdraw", b.Withdraw(t.Context(), open[0].ID), "")
		_, err = b.Accept(t.Context(), inviteSecret, carla)
		wantCode(t, "a withdrawn invitation", err, experience.NotFound)

		click, err = b.SignInLink(t.Context(), u.ID, time.Hour)
		clickSecret = secretOf(t, click, err)
		wantCode(t, "disable", b.Disable(t.Context(), u.ID), "")
		wantCode(t, "enable", b.Enable(t.Context(), u.ID), "")
		_, err = b.UseSignInLink(t.Context(), clickSecret)
		wantCode(t, "a link from before being disabled", err, experience.NotFound)
		_, err = b.SignInLink(t.Context(), experience.NewID(), time.Hour)
		wantCode(t, "a link for nobody", err, experience.NotFound)
	})
}

// A link does what it was made for and nothing else.
func TestLinkKindsDoNotMix(t *testing.T) {
	b := sqlite(t)
	u := b.user("anna@example.it", experience.Owner)
	invite, err := b.Invite(t.Context(), "", experience.Viewer, time.Hour)
	inviteSecret := secretOf(t, invite, err)
	click, err := b.SignInLink(t.Context(), u.ID, time.Hour)
	clickSecret := secretOf(t, click, err)
	for what, use := range map[string]func() (string, error){
		"invitation as sign-in":  func() (string, error) { return b.UseSignInLink(t.Context(), inviteSecret) },
		"invitation as password": func() (string, error) { return b.UsePasswordLink(t.Context(), inviteSecret, goodPassword) },
		"sign-in as password":    func() (string, error) { return b.UsePasswordLink(t.Context(), clickSecret, goodPassword) },
		"sign-in as invitation":  func() (string, error) { return b.Accept(t.Context(), clickSecret, carla) },
		"a made-up one":          func() (string, error) { return b.UseSignInLink(t.Context(), newSecret()) },
	} {
		if _, err := use(); err != errLink {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := b.UseSignInLink(t.Context(), clickSecret); err != nil {
		t.Errorf("misuse used the link up: %v", err)
	}
}

func TestPasswordLink(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		u := b.user("anna@example.it", experience.Agent)
		path, err := b.NewPasswordLink(t.Context(), u.ID, time.Hour)
		secret := secretOf(t, path, err)
		_, err = b.UsePasswordLink(t.Context(), secret, "corta")
		wantCode(t, "a short one", err, experience.Invalid)
		session, err := b.UsePasswordLink(t.Context(), secret, "cinque cani neri")
		if err != nil || b.who(session) == nil {
			t.Fatalf("not signed in: %v", err)
		}
		if _, err := b.SignIn(t.Context(), u.Email, "cinque cani neri", "192.0.2.1"); err != nil {
			t.Error(err)
		}
		_, err = b.SignIn(t.Context(), u.Email, goodPassword, "192.0.2.1")
		wantCode(t, "the old password", err, experience.Unauthorised)
	})
}

func TestLinkIsUsedOnceByThoseWhoTryTogether(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		u := b.user("anna@example.it", experience.Agent)
		path, err := b.SignInLink(t.Context(), u.ID, time.Hour)
		secret := secretOf(t, path, err)
		results := make(chan error, 20)
		for range cap(results) {
			go func() {
				_, err := b.UseSignInLink(t.Context(), secret)
				results <- err
			}()
		}
		entered := 0
		for range cap(results) {
			switch err := <-results; experience.CodeOf(err) {
			case "":
				entered++
			case experience.NotFound:
			default:
				t.Error(err)
			}
		}
		if n, err := b.Sessions(t.Context(), u.ID); entered != 1 || n != 1 || err != nil {
			t.Errorf("%d came in, %d sessions, %v", entered, n, err)
		}
	})
}
