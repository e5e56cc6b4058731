package identity

import (
	"slices"
	"strings"

	"regia/internal/experience"
)

// answer is rule 8.
func (g *graph) answer() Answer {
	anchor := map[int]int{} // piece -> its surest identifier
	for n := range g.ids {
		if !g.open(n) {
			continue
		}
		if a, ok := anchor[g.piece[n]]; !ok || g.ids[n].Compare(g.ids[a]) < 0 {
			anchor[g.piece[n]] = n
		}
	}
	classAnchor := map[int]int{}
	for n := range g.ids {
		if g.isUser(n) {
			r := g.class.find(n)
			if a, ok := classAnchor[r]; !ok || strings.Compare(g.ids[n].Value, g.ids[a].Value) < 0 {
				classAnchor[r] = n
			}
		}
	}
	persons := make([]experience.ID, len(g.ids)) // by what they stand on, as far as somebody asked
	standing := func(n int) experience.ID {
		if persons[n].IsZero() {
			persons[n] = PersonID(g.key, g.ids[n])
		}
		return persons[n]
	}
	personOf := func(n int) experience.ID {
		switch {
		case g.isUser(n):
			return standing(classAnchor[g.class.find(n)])
		case g.open(n):
			return standing(anchor[g.piece[n]])
		}
		return experience.ID{}
	}
	a := Answer{Identifiers: make(map[experience.Identifier]Standing, len(g.ids)), Subjects: make(map[experience.ID]Placement, len(g.subjects))}
	for n, id := range g.ids {
		a.Identifiers[id] = Standing{State: g.state[n], Person: personOf(n)}
	}
	for s, m := range g.members {
		a.Subjects[g.subjects[s].ID] = g.place(g.subjects[s].ID, m, personOf)
	}
	return a
}

// place finds the person of one subject.
func (g *graph) place(own experience.ID, members []int, personOf func(int) experience.ID) Placement {
	var users, cored, any []experience.ID
	add := func(set []experience.ID, p experience.ID) []experience.ID {
		if p.IsZero() || slices.Contains(set, p) {
			return set
		}
		return append(set, p)
	}
	for _, n := range members {
		p := personOf(n)
		any = add(any, p)
		if g.isUser(n) {
			users = add(users, p)
		} else if g.open(n) && g.cored[n] {
			cored = add(cored, p)
		}
	}
	for _, set := range [][]experience.ID{users, cored, any} {
		if len(set) == 1 {
			return Placement{Person: set[0], Torn: len(any) > 1}
		}
		if len(set) > 1 {
			break
		}
	}
	return Placement{Person: own, Torn: len(any) > 1}
}
