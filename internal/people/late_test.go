package people

import (
	"testing"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Two aliases wait for a user id that nobody has seen. Its first appearance
// makes one person of two users, so what both were seen with joins again.
func TestAliasThatWaitedReopensWhatWasShared(t *testing.T) {
	engines(t, func(t *testing.T, open func() *registry.DB) {
		db, b := open(), NewBook(key)
		name := func(k experience.IdentifierKind, v string) experience.Identifier {
			return experience.Identifier{Kind: k, Value: v}
		}
		u1, u2, u3 := name(experience.UserID, "u1"), name(experience.UserID, "u2"), name(experience.UserID, "u3")
		visitor := name(experience.AnonymousID, "a2")
		same := func(id string, x experience.Identifier) experience.Decision {
			return experience.Decision{ID: experience.HashID(key, id), Action: experience.SamePerson, A: u2, B: x}
		}
		seen := func(ids ...experience.Identifier) experience.Fact {
			ids = experience.Canonical(ids)
			return experience.Fact{Subject: experience.SubjectID(key, ids), Identifiers: ids}
		}
		facts := []experience.Fact{seen(u1, visitor), seen(u3, visitor), seen(visitor), {Decisions: []experience.Decision{same("1", u1), same("2", u3)}}, seen(u2)}
		for k := range facts {
			learn(t, db, b, facts[k:k+1])
		}
		compare(t, db, whole(facts, 0))
	})
}
