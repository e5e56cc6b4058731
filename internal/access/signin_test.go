package access

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

func TestSignInSaysTheSameWhateverIsWrong(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.user("owner@example.it", experience.Owner)
		b.user("anna@example.it", experience.Agent)
		off := b.user("off@example.it", experience.Agent)
		if err := b.Disable(t.Context(), off.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.CreateUser(t.Context(), NewUser{Email: "link@example.it", Name: "By link", Role: experience.Agent}); err != nil {
			t.Fatal(err)
		}
		cases := []struct{ name, email, password string }{
			{"wrong password", "anna@example.it", "sbagliata del tutto"},
			{"no password", "anna@example.it", ""},
			{"case differs", "anna@example.it", strings.ToUpper(goodPassword)},
			{"unknown", "nobody@example.it", goodPassword},
			{"no address", "anna", goodPassword},
			{"nothing", "", ""},
			{"disabled", "off@example.it", goodPassword},
			{"comes by link only", "link@example.it", ""},
			{"SQL", "' OR 1=1 --@example.it", goodPassword},
		}
		for _, c := range cases {
			if _, err := b.SignIn(t.Context(), c.email, c.password, "192.0.2.9"); err != errSignIn {
				t.Errorf("%s: %v, want %v", c.name, err, errSignIn)
			}
		}
		if _, err := b.SignIn(t.Context(), " ANNA@example.it ", goodPassword, "192.0.2.9"); err != nil {
			t.Errorf("right password: %v", err)
		}
	})
}

func TestSignInsAreLimited(t *testing.T) {
	b := sqlite(t)
	b.user("anna@example.it", experience.Owner)
	try := func(email, password, address string) error {
		_, err := b.SignIn(t.Context(), email, password, address)
		return err
	}
	// One account from many addresses.
	for i := range 10 {
		wantCode(t, "try", try("anna@example.it", "sbagliata", fmt.Sprintf("192.0.2.%d", i)), experience.Unauthorised)
	}
	wantCode(t, "the eleventh, though right", try("anna@example.it", goodPassword, "192.0.2.99"), experience.TooMany)
	wantCode(t, "another account", try("bruno@example.it", "sbagliata", "192.0.2.99"), experience.Unauthorised)
	b.now = b.now.Add(20 * time.Second)
	wantCode(t, "a while later", try("anna@example.it", goodPassword, "192.0.2.99"), "")
	for i := range 15 {
		wantCode(t, "success gives the tries back", try("anna@example.it", goodPassword, fmt.Sprintf("192.0.3.%d", i)), "")
	}
	// Many accounts from one network.
	for i := range 20 {
		wantCode(t, "try", try(fmt.Sprintf("u%d@example.it", i), "sbagliata", fmt.Sprintf("2001:db8::%d", i)), experience.Unauthorised)
	}
	wantCode(t, "the next one", try("u99@example.it", "sbagliata", "2001:db8::ffff"), experience.TooMany)
	wantCode(t, "another network", try("u99@example.it", "sbagliata", "2001:db8:1::1"), experience.Unauthorised)
}

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1, time.Minute)
	now := time.Unix(0, 0)
	for i := range rememberAtMost + 50 {
		if !l.allow(now, fmt.Sprint("key", i)) {
			t.Fatalf("key %d refused at its first try", i)
		}
	}
	if len(l.keys) != rememberAtMost || l.recent.Len() != rememberAtMost {
		t.Errorf("remembers %d and %d keys", len(l.keys), l.recent.Len())
	}
	last := fmt.Sprint("key", rememberAtMost+49)
	if l.allow(now, last) {
		t.Error("forgot the key it saw last")
	}
	l.forget(last)
	if !l.allow(now, last) {
		t.Error("remembers a key it was told to forget")
	}
}

func TestPasswordHash(t *testing.T) {
	p := newPasswords(cheap)
	h, err := p.hash(t.Context(), "caffè lungo 1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.hash(t.Context(), "caffè lungo 1")
	if err != nil || again == h {
		t.Error("two hashes of one password are alike: no salt")
	}
	wrong := strings.Replace(h, "m=64", "m=65", 1)
	cases := []struct {
		name, stored, password string
		want                   bool
	}{
		{"right", h, "caffè lungo 1", true},
		{"composed otherwise", h, "caffe\u0300 lungo 1", true},
		{"wrong", h, "caffè lungo 2", false},
		{"empty", h, "", false},
		{"no hash", "", "", false},
		{"no hash, a password", "", "caffè lungo 1", false},
		{"another cost", wrong, "caffè lungo 1", false},
		{"plain text", "caffè lungo 1", "caffè lungo 1", false},
		{"argon2i", strings.Replace(h, "argon2id", "argon2i", 1), "caffè lungo 1", false},
		{"no threads", strings.Replace(h, "p=1", "p=0", 1), "caffè lungo 1", false},
		{"cut", h[:len(h)-30], "caffè lungo 1", false},
		{"no salt and hash", "$argon2id$v=19$m=64,t=1,p=1$$", "", false},
		{"the decoy", p.decoy, "", false},
	}
	for _, c := range cases {
		got, _, err := p.matches(t.Context(), c.stored, c.password)
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	if len(p.working)+len(p.waiting) != 0 {
		t.Error("a turn was not given back")
	}
}

func TestRecommendedCost(t *testing.T) {
	h, err := newPasswords(Cost{}).hash(t.Context(), goodPassword)
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s, %v", h, err)
	}
}

func TestHashIsRenewedWhenTheCostChanges(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		u := b.user("anna@example.it", experience.Owner)
		b.passwords = newPasswords(Cost{MemoryKiB: 128, Passes: 2, Threads: 1})
		b.signIn(u.Email)
		var stored string
		err := b.db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
			return tx.QueryRow(ctx, `SELECT password FROM users`).Scan(&stored)
		})
		if err != nil || !strings.Contains(stored, "$m=128,t=2,p=1$") {
			t.Errorf("the hash is %s, %v", stored, err)
		}
		b.signIn(u.Email)
	})
}

// However many sign in at once, only so many hash, and the queue has an end.
func TestHashingIsBounded(t *testing.T) {
	p := newPasswords(cheap)
	for range hashing {
		p.working <- struct{}{}
	}
	for range queueing {
		p.waiting <- struct{}{}
	}
	_, _, err := p.matches(t.Context(), "", "x")
	wantCode(t, "a full queue", err, experience.Unavailable)
	<-p.waiting
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.hash(ctx, "x"); err != context.Canceled {
		t.Errorf("who left is still waiting: %v", err)
	}
	if len(p.waiting) != queueing-1 {
		t.Error("who left still holds a place")
	}
}

// An unknown user takes as long as a known one: the same work is done.
func TestUnknownUserCostsTheSame(t *testing.T) {
	p := newPasswords(Cost{MemoryKiB: 4096, Passes: 2, Threads: 1})
	h, err := p.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	best := func(stored string) time.Duration {
		least := time.Hour
		for range 7 {
			began := time.Now()
			if _, _, err := p.matches(t.Context(), stored, "sbagliata"); err != nil {
				t.Fatal(err)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	known, unknown := best(h), best("")
	if unknown < known/3 || known < unknown/3 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}
