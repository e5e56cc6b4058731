package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
	"regia/internal/testkit"
)

var key = []byte("test key")

// engines opens an empty registry on each engine.
func engines(t *testing.T, f func(t *testing.T, open func() *registry.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		dir, n := t.TempDir(), 0
		f(t, func() *registry.DB {
			n++
			return openRegistry(t, registry.Options{Path: filepath.Join(dir, fmt.Sprintf("%d.db", n))})
		})
	})
	t.Run("postgres", func(t *testing.T) {
		testkit.Postgres(t) // says why it skips, once
		f(t, func() *registry.DB { return openRegistry(t, registry.Options{URL: testkit.Postgres(t)}) })
	})
}

func openRegistry(t *testing.T, o registry.Options) *registry.DB {
	t.Helper()
	db, err := registry.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func learn(t fataler, db *registry.DB, b *Book, facts []experience.Fact) Lesson {
	var l Lesson
	err := db.Write(context.Background(), func(ctx context.Context, tx registry.Tx) (err error) {
		l, err = b.Learn(ctx, tx, facts)
		return err
	})
	if err != nil {
		t.Fatalf("learn: %v", err)
	}
	b.Committed(l)
	return l
}

type fataler interface{ Fatalf(string, ...any) }

// world draws facts over a few names, so that they meet often, and decisions
// about them: what may happen in a shop, only denser.
func world(t *rapid.T) []experience.Fact {
	kinds := []experience.IdentifierKind{experience.UserID, experience.UserID, experience.EmailID, experience.AnonymousID, experience.AnonymousID, experience.DeviceID, experience.LoyaltyCard}
	name := rapid.Custom(func(t *rapid.T) experience.Identifier {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		v := fmt.Sprintf("%s%d", k[:1], rapid.IntRange(1, 4).Draw(t, "n"))
		if k == experience.EmailID {
			v += "@x.it"
		}
		i, ok := experience.NewIdentifier(k, v, "IT")
		if !ok {
			t.Fatalf("%s %q names nobody", k, v)
		}
		return i
	})
	var taken []experience.ID
	n := 0
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) experience.Fact {
		n++
		f := experience.Fact{Source: "s", Time: time.Unix(int64(rapid.IntRange(0, 5).Draw(t, "time")), 0).UTC()}
		if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
			d := experience.Decision{ID: experience.HashID(key, "decision", fmt.Sprint(n)), At: f.Time,
				Action: rapid.SampledFrom([]experience.DecisionAction{experience.SamePerson, experience.SamePerson, experience.DifferentPeople, experience.SharedByMany, experience.UndoDecision}).Draw(t, "action")}
			if d.Action == experience.UndoDecision {
				if len(taken) == 0 {
					return f
				}
				d.Target = rapid.SampledFrom(taken).Draw(t, "target")
			} else {
				d.A, d.B = name.Draw(t, "a"), name.Draw(t, "b")
			}
			taken = append(taken, d.ID)
			f.Decisions = []experience.Decision{d}
			return f
		}
		f.Identifiers = experience.Canonical(rapid.SliceOfN(name, 1, 3).Draw(t, "names"))
		f.Subject = experience.SubjectID(key, f.Identifiers)
		f.Traits = map[string]json.RawMessage{"firstName": json.RawMessage(fmt.Sprintf("%q", rapid.SampledFrom([]string{"Anna", "Bruno", "Carla"}).Draw(t, "first name")))}
		f.Consents = map[string]bool{"marketing": rapid.Bool().Draw(t, "consent")}
		return f
	}), 1, 40).Draw(t, "facts")
}

// whole resolves everything at once: the definition.
func whole(facts []experience.Fact, limit int) identity.Answer {
	f := identity.Facts{Cap: limit}
	met := map[experience.ID]bool{}
	for _, x := range facts {
		if !x.Subject.IsZero() && !met[x.Subject] {
			met[x.Subject] = true
			f.Subjects = append(f.Subjects, identity.Subject{ID: x.Subject, Identifiers: x.Identifiers})
		}
		f.Decisions = append(f.Decisions, x.Decisions...)
	}
	return identity.Resolve(experience.NewHasher(key), f)
}

// TestOrderCannotMatter: whatever the order of the same facts and however they
// are cut into transactions, the book says what the pure function says of all
// of them, traits and people included.
func TestOrderCannotMatter(t *testing.T) {
	engines(t, func(t *testing.T, open func() *registry.DB) {
		db := open()
		rapid.Check(t, func(t *rapid.T) {
			facts := world(t)
			limit := rapid.SampledFrom([]int{3, 5, identity.Cap}).Draw(t, "cap")
			want := whole(facts, limit)
			var first map[string]string
			for range 2 {
				wipe(t, db)
				b := NewBook(key)
				b.cap = limit
				order := rapid.Permutation(facts).Draw(t, "order")
				for len(order) > 0 {
					n := rapid.IntRange(1, len(order)).Draw(t, "cut")
					learn(t, db, b, order[:n])
					if rapid.IntRange(0, 3).Draw(t, "again") == 0 {
						learn(t, db, NewBook(key).withCap(limit), order[:n])
					}
					order = order[n:]
				}
				compare(t, db, want)
				got := record(t, db)
				if first == nil {
					first = got
				}
				for id, row := range first {
					if got[id] != row {
						t.Fatalf("person %s: %q in one order, %q in another", id, row, got[id])
					}
				}
			}
		})
	})
}

func (b *Book) withCap(n int) *Book { b.cap = n; return b }

func wipe(t fataler, db *registry.DB) {
	err := db.Write(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		for _, table := range []string{"identifiers", "subjects", "subject_identifiers", "decisions", "moves", "traits", "consents", "people", "people_terms"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE people_count SET people = 0, known = 0`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM settings WHERE key = 'moves'`) // their numbers begin anew
		return err
	})
	if err != nil {
		t.Fatalf("wipe: %v", err)
	}
}

// compare checks the tables against the answer, and that the outbox leads from
// every subject's first person to its present one.
func compare(t fataler, db *registry.DB, want identity.Answer) {
	err := db.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		n := newNeighbourhood(experience.NewHasher(key), tx)
		var all []experience.ID
		for id := range want.Subjects {
			all = append(all, id)
			n.subjects[id] = &subjectRow{Subject: identity.Subject{ID: id}}
		}
		if err := n.loadSubjects(ctx, all); err != nil {
			return err
		}
		for id, w := range want.Subjects {
			if g := n.subjects[id]; g.person != w.Person || g.torn != w.Torn {
				t.Fatalf("subject %v: person %v torn %v, want %v %v", g.Identifiers, g.person, g.torn, w.Person, w.Torn)
			}
		}
		for i, w := range want.Identifiers {
			if err := n.loadIdentifiers(ctx, []experience.Identifier{i}); err != nil {
				return err
			}
			if g := n.stored[i]; g.state != w.State || g.person != w.Person {
				t.Fatalf("%v: state %v person %v, want %v %v", i, g.state, g.person, w.State, w.Person)
			}
		}
		moves, err := NewBook(key).Moves(ctx, tx, 0)
		at := map[experience.ID]experience.ID{}
		for _, m := range moves {
			if was, ok := at[m.Subject]; ok && was != m.Was {
				t.Fatalf("move %d of %v leaves %v, which it was not with", m.Number, m.Subject, m.Was)
			}
			at[m.Subject] = m.Person
		}
		for s, p := range at {
			if want.Subjects[s].Person != p {
				t.Fatalf("the outbox leaves %v with %v, want %v", s, p, want.Subjects[s].Person)
			}
		}
		return err
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
}

// record gives every person's row as text, and makes sure that they are counted.
func record(t fataler, db *registry.DB) map[string]string {
	out := map[string]string{}
	err := db.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, known, name, email, loyalty_card FROM people`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, name, email, card string
			var known bool
			if err := rows.Scan(&id, &known, &name, &email, &card); err != nil {
				return err
			}
			out[id] = fmt.Sprint(known, name, email, card)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	want := Counts{All: int64(len(out))}
	for _, r := range out {
		if strings.HasPrefix(r, "true") {
			want.Known++
		}
	}
	if got, err := (&Records{DB: db}).Count(context.Background()); err != nil || got != want {
		t.Fatalf("counted %+v (%v), want %+v", got, err, want)
	}
	return out
}

// TestTwoBooksKeepUp: nodes take turns at weaving. What one learnt moves people
// whom the other remembers.
func TestTwoBooksKeepUp(t *testing.T) {
	engines(t, func(t *testing.T, open func() *registry.DB) {
		db := open()
		visitor := experience.Identifier{Kind: experience.AnonymousID, Value: "visitor"}
		fact := func(ids ...experience.Identifier) []experience.Fact {
			ids = experience.Canonical(ids)
			return []experience.Fact{{Subject: experience.SubjectID(key, ids), Identifiers: ids, Time: time.Unix(0, 0)}}
		}
		one, other := NewBook(key), NewBook(key)
		learn(t, db, one, fact(visitor))
		known := learn(t, db, other, fact(visitor, experience.Identifier{Kind: experience.UserID, Value: "anna"})).Persons[0]
		if got := learn(t, db, one, fact(visitor)).Persons[0]; got != known {
			t.Errorf("the first node still takes the visitor for %s, who became %s", got, known)
		}
	})
}

// TestForgottenMoves: a ledger restored from an older copy lacks moves that were
// forgotten since, and must not be taken for one that has them.
func TestForgottenMoves(t *testing.T) {
	db := openRegistry(t, registry.Options{Path: filepath.Join(t.TempDir(), "r.db")})
	b := NewBook(key)
	visitor := experience.Identifier{Kind: experience.AnonymousID, Value: "visitor"}
	for _, ids := range [][]experience.Identifier{{visitor}, {{Kind: experience.UserID, Value: "anna"}, visitor}} {
		learn(t, db, b, []experience.Fact{{Subject: experience.SubjectID(key, ids), Identifiers: ids, Time: time.Unix(0, 0)}})
	}
	moves := func(forget int64) (list []Move, err error) {
		err = db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) (err error) {
			if err = b.ForgetMoves(ctx, tx, forget); err == nil {
				list, err = b.Moves(ctx, tx, 0)
			}
			return err
		})
		return list, err
	}
	if list, err := moves(0); err != nil || len(list) != 1 {
		t.Errorf("one move was made, not %v (%v)", list, err)
	}
	if list, err := moves(1); !errors.Is(err, ErrForgotten) {
		t.Errorf("the move was forgotten, and yet: %v (%v)", list, err)
	}
}
