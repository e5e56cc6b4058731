package identity

import (
	"fmt"
	"testing"

	"regia/internal/experience"
)

var key = []byte("test key")

func ids(values ...string) []experience.Identifier {
	var out []experience.Identifier
	for _, v := range values {
		i, err := experience.ParseIdentifier(v, "IT")
		if err != nil {
			panic(err)
		}
		out = append(out, i)
	}
	return experience.Canonical(out)
}

func subject(values ...string) Subject {
	set := ids(values...)
	return Subject{ID: experience.SubjectID(key, set), Identifiers: set}
}

func decision(n int, action experience.DecisionAction, sides ...string) experience.Decision {
	d := experience.Decision{ID: experience.HashID(key, "decision", fmt.Sprint(n)), Action: action}
	if action == experience.UndoDecision {
		d.Target = experience.HashID(key, "decision", sides[0])
		return d
	}
	d.A = ids(sides[0])[0]
	if len(sides) > 1 {
		d.B = ids(sides[1])[0]
	}
	return d
}

// The cases read: subjects, decisions, and for each subject the subject or
// identifier whose person it must share ("=" groups).
func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name      string
		subjects  [][]string
		decisions []experience.Decision
		groups    []int // one number a subject; equal numbers = one person
	}{
		{"one visitor signs in", [][]string{{"anonymous_id:a1"}, {"anonymous_id:a1", "user_id:anna"}, {"user_id:anna", "email:anna@x.it"}, {"email:anna@x.it"}}, nil, []int{1, 1, 1, 1}},
		{"strangers stay strangers", [][]string{{"anonymous_id:a1"}, {"anonymous_id:a2"}}, nil, []int{1, 2}},
		{"the shop's tablet joins nobody", [][]string{{"device:t", "user_id:anna"}, {"device:t", "user_id:bruno"}, {"device:t"}, {"user_id:anna"}}, nil, []int{1, 2, 3, 1}},
		{"a chain between two users is not joined", [][]string{{"user_id:anna", "anonymous_id:a1"}, {"anonymous_id:a1", "anonymous_id:a9"}, {"anonymous_id:a9", "user_id:bruno"}, {"anonymous_id:a1"}, {"user_id:bruno"}}, nil, []int{1, 3, 2, 1, 2}},
		{"an e-mail between two users, reached by one each", [][]string{{"user_id:anna", "anonymous_id:a1"}, {"user_id:bruno", "anonymous_id:a2"}, {"anonymous_id:a1", "email:x@x.it"}, {"anonymous_id:a2", "email:x@x.it"}, {"email:x@x.it"}}, nil, []int{1, 2, 1, 2, 3}},
		{"alias joins two users", [][]string{{"user_id:old", "email:x@x.it"}, {"user_id:new", "email:x@x.it"}}, []experience.Decision{decision(1, experience.SamePerson, "user_id:old", "user_id:new")}, []int{1, 1}},
		{"undoing the alias parts them", [][]string{{"user_id:old", "email:x@x.it"}, {"user_id:new", "email:x@x.it"}}, []experience.Decision{decision(1, experience.SamePerson, "user_id:old", "user_id:new"), decision(2, experience.UndoDecision, "1")}, []int{1, 2}},
		{"undoing the undoing joins them again", [][]string{{"user_id:old"}, {"user_id:new"}}, []experience.Decision{decision(1, experience.SamePerson, "user_id:old", "user_id:new"), decision(2, experience.UndoDecision, "1"), decision(3, experience.UndoDecision, "2")}, []int{1, 1}},
		{"told apart", [][]string{{"user_id:anna", "email:x@x.it"}, {"email:x@x.it"}}, []experience.Decision{decision(1, experience.DifferentPeople, "user_id:anna", "email:x@x.it")}, []int{1, 2}},
		{"declared shared", [][]string{{"user_id:anna", "phone:+390612345678"}, {"phone:+390612345678"}}, []experience.Decision{decision(1, experience.SharedByMany, "phone:+390612345678")}, []int{1, 2}},
		{"decisions on names never seen do nothing", [][]string{{"user_id:anna"}, {"email:x@x.it"}}, []experience.Decision{decision(1, experience.SamePerson, "user_id:ghost", "user_id:anna"), decision(2, experience.SamePerson, "user_id:ghost", "email:x@x.it")}, []int{1, 2}},
		{"a human joins a card to a user", [][]string{{"user_id:anna"}, {"loyalty_card:C7"}}, []experience.Decision{decision(1, experience.SamePerson, "user_id:anna", "loyalty_card:C7")}, []int{1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Facts{Decisions: c.decisions}
			for _, s := range c.subjects {
				f.Subjects = append(f.Subjects, subject(s...))
			}
			a := Resolve(experience.NewHasher(key), f)
			for x := range f.Subjects {
				for y := range f.Subjects {
					same := a.Subjects[f.Subjects[x].ID].Person == a.Subjects[f.Subjects[y].ID].Person
					if want := c.groups[x] == c.groups[y]; same != want {
						t.Errorf("%v and %v: one person = %v, want %v", c.subjects[x], c.subjects[y], same, want)
					}
				}
			}
		})
	}
}

func TestPlaceholderAddressGluesNobody(t *testing.T) {
	var f Facts
	for i := range Cap + 1 {
		f.Subjects = append(f.Subjects, subject("email:shop@x.it", fmt.Sprintf("anonymous_id:a%d", i)), subject(fmt.Sprintf("anonymous_id:a%d", i)))
	}
	a := Resolve(experience.NewHasher(key), f)
	if got := a.Identifiers[ids("email:shop@x.it")[0]].State; got != Shared {
		t.Fatalf("the address is %v, want shared", got)
	}
	people := map[experience.ID]int{}
	for _, p := range a.Subjects {
		people[p.Person]++
	}
	if len(people) != Cap+1 {
		t.Fatalf("%d people, want %d: each visitor with and without the address", len(people), Cap+1)
	}
	f.Subjects = f.Subjects[:2*Cap-2] // Cap-1 visitors and the address: a believable person
	a = Resolve(experience.NewHasher(key), f)
	if p := a.Subjects[f.Subjects[0].ID].Person; p != a.Subjects[f.Subjects[len(f.Subjects)-1].ID].Person {
		t.Fatal("within the cap the address joins")
	}
}

func TestFullUserKeepsItsOwn(t *testing.T) {
	var f Facts
	for i := range Cap + 1 {
		f.Subjects = append(f.Subjects, subject("user_id:anna", fmt.Sprintf("anonymous_id:a%d", i)))
	}
	f.Subjects = append(f.Subjects, subject("anonymous_id:a0"))
	a := Resolve(experience.NewHasher(key), f)
	anna := PersonID(experience.NewHasher(key), ids("user_id:anna")[0])
	if a.Subjects[f.Subjects[5].ID].Person != anna {
		t.Error("a subject that names the user is the user's")
	}
	if a.Subjects[f.Subjects[Cap+1].ID].Person == anna {
		t.Error("over the cap nothing else joins")
	}
}
