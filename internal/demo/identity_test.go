package demo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"regia/internal/experience"
)

// Who is who must be worth asking: every difficulty that docs/demo.md promises
// is there.
func TestIdentitiesAreAsUntidyAsInLife(t *testing.T) {
	usersOf := map[experience.Identifier]map[string]bool{}
	count := map[string]int{}
	market, anonymous := map[experience.Identifier]bool{}, map[string]bool{}
	later := map[string]bool{}
	for _, i := range told() {
		e := i.Event
		if e.UserID == "null" {
			count["wrong user ids"]++
			continue
		}
		if e.Kind == experience.Alias {
			count["aliases"]++
		}
		ids := slices.Clone(e.Identifiers)
		var traits struct{ Email, Phone string }
		if e.Traits != nil {
			if err := json.Unmarshal(e.Traits, &traits); err != nil {
				t.Fatal(err)
			}
			if traits.Email != "" {
				ids = append(ids, email(traits.Email))
			}
		}
		if e.AnonymousID != "" {
			ids = append(ids, experience.Identifier{Kind: experience.AnonymousID, Value: e.AnonymousID})
			if e.UserID == "" {
				anonymous[e.AnonymousID] = true
			} else if anonymous[e.AnonymousID] && !later[e.AnonymousID] {
				later[e.AnonymousID] = true
				count["browsers known later"]++
			}
		}
		for _, id := range ids {
			if id.Kind == experience.EmailID && i.Source == sourceMarketplace {
				market[id] = true
			}
			if e.UserID == "" {
				continue
			}
			if usersOf[id] == nil {
				usersOf[id] = map[string]bool{}
			}
			usersOf[id][e.UserID] = true
		}
		if i.Source == "shop-bologna" && len(e.Identifiers) > 1 && e.UserID == "" {
			count["cards joined to an address"]++
		}
	}
	for id, users := range usersOf {
		switch {
		case len(users) > 1 && id.Kind == experience.EmailID:
			count["addresses with two accounts"]++
		case len(users) > 1 && id.Kind == experience.AnonymousID:
			count["computers for two"]++
		case strings.HasPrefix(id.Value, "tablet-"):
			count["users of tablets"] += len(users)
		}
		if market[id] {
			count["marketplace buyers known later"]++
		}
	}
	t.Log(count)
	for what, least := range map[string]int{
		"wrong user ids": 20, "aliases": 5, "browsers known later": 500, "cards joined to an address": 50, "addresses with two accounts": 5,
		"computers for two": 5, "users of tablets": 20, "marketplace buyers known later": 50,
	} {
		if count[what] < least {
			t.Errorf("%s: %d, want at least %d", what, count[what], least)
		}
	}
}

func TestPhonesAndAddressesArePersonal(t *testing.T) {
	w := newWorld(Options{Clock: at(noon)}.withDefaults(), noon)
	w.run(noon.UnixMicro(), func(Item) bool { return true })
	seen := map[string]int{}
	for _, p := range w.people {
		for _, id := range []experience.Identifier{email(p.email), phone(p.phone)} {
			norm, ok := experience.NewIdentifier(id.Kind, id.Value, "IT")
			if !ok || norm != id {
				t.Fatalf("%s is not valid as it stands", id)
			}
			if other, taken := seen[id.Value]; taken {
				t.Fatalf("%s belongs to persons %d and %d", id, other, p.number)
			}
			seen[id.Value] = p.number
		}
	}
}

func TestConsentsTravelInTheContext(t *testing.T) {
	given, withdrawn := 0, 0
	for _, i := range told() {
		var c struct {
			Consent *struct {
				CategoryPreferences map[string]bool `json:"categoryPreferences"`
			}
		}
		if i.Event.Context == nil {
			continue
		}
		if err := json.Unmarshal(i.Event.Context, &c); err != nil {
			t.Fatal(err)
		}
		if c.Consent == nil {
			continue
		}
		if _, ok := c.Consent.CategoryPreferences["profiling"]; !ok {
			t.Fatalf("a consent without its choices: %s", i.Event.Context)
		}
		if i.Event.Name == "Unsubscribed" && !c.Consent.CategoryPreferences["marketing"] {
			withdrawn++
		} else {
			given++
		}
	}
	if given < 1000 || withdrawn < 20 {
		t.Errorf("%d choices, %d withdrawals", given, withdrawn)
	}
}
