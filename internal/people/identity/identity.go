// Package identity says who is who: a pure function from everything that was
// ever seen (subjects) and decided (decisions) to people. Nothing in it depends
// on the order in which things arrived, so neither do its answers.
//
// A subject is the exact set of normalised identifiers one interaction carried.
// The rules, in the order they are applied:
//
//  1. Decisions that stand are those no standing decision undoes.
//  2. User ids that decisions join make one user class; every other user id is
//     a class by itself.
//  3. An identifier other than a user id is closed, and joins nobody, when a
//     human declared it shared, when it was seen with two user classes (the
//     shop's tablet), or when it was seen with more than Cap others (a
//     placeholder address).
//  4. A user class seen with more than Cap identifiers is full: it keeps the
//     subjects that name it, and joins nobody else.
//  5. Open identifiers seen in one subject, or joined by a decision, belong
//     together: they form components.
//  6. A component with at most one user class, at most Cap identifiers and no
//     two identifiers that a human told apart is one person.
//  7. Any other component is not joined but suspected. It falls into a piece
//     for each core (a user class, or a side of a telling-apart) with the
//     identifiers seen together with that core alone; what is left holds
//     together only among itself, and only within Cap.
//  8. A subject belongs to the user class it names; else to the one piece with
//     a core among its identifiers'; else to the only piece; else, and where
//     all its identifiers are closed, it is somebody of its own.
package identity

import (
	"cmp"

	"regia/internal/experience"
)

// Cap is how many identifiers one person may have before Regia stops believing
// that it is one person, unless Facts say otherwise.
const Cap = 100

// State says whether an identifier may join people.
type State int

// The states of an identifier.
const (
	Open     State = iota // joins those it is seen with
	Shared                // seen with two user classes, or with more than Cap others
	Declared              // a human said that many use it
	Full                  // a user id seen with more than Cap identifiers
)

// Subject is one exact set of identifiers that was seen together.
type Subject struct {
	ID          experience.ID
	Identifiers []experience.Identifier // canonical
}

// Facts is what the function looks at. Partial names identifiers that were seen
// and whose subjects are not all here, with the state they are known to have:
// the incremental caller loads a neighbourhood, not the world.
type Facts struct {
	Subjects  []Subject
	Decisions []experience.Decision // all that touch these identifiers, undone or not, with their undoings
	Partial   map[experience.Identifier]State
	Cap       int // 0 = Cap
}

// Standing is where an identifier stands.
type Standing struct {
	State  State
	Person experience.ID // who holds it; zero where it is closed and so nobody's
}

// Placement is where a subject stands.
type Placement struct {
	Person experience.ID
	Torn   bool // its identifiers belong to different people: suspected duplicates
}

// Answer says who is who.
type Answer struct {
	Identifiers map[experience.Identifier]Standing
	Subjects    map[experience.ID]Placement
}

// Resolve applies the rules. Key is the installation's own, for person ids: a
// person's id is that of the surest identifier (or subject) they stand on, so
// an id once given out can always be led back to who holds that identifier now.
func Resolve(key *experience.Hasher, f Facts) Answer {
	g := newGraph(key, f)
	g.classes()
	g.close()
	g.components()
	return g.answer()
}

// PersonID is the id of the person that stands on an identifier.
func PersonID(key *experience.Hasher, i experience.Identifier) experience.ID {
	return key.SubjectID([]experience.Identifier{i})
}

// Effective gives the decisions that stand, in no particular order.
func Effective(all []experience.Decision) []experience.Decision {
	undoers := map[experience.ID][]experience.Decision{}
	for _, d := range all {
		if d.Action == experience.UndoDecision {
			undoers[d.Target] = append(undoers[d.Target], d)
		}
	}
	memo := map[experience.ID]bool{}
	var stands func(id experience.ID, depth int) bool
	stands = func(id experience.ID, depth int) bool {
		if v, ok := memo[id]; ok {
			return v
		}
		ok := true
		if depth < 1000 { // undoing an undoing that undoes itself does not exist; a forged one ends here
			for _, u := range undoers[id] {
				ok = ok && !stands(u.ID, depth+1)
			}
		}
		memo[id] = ok
		return ok
	}
	var out []experience.Decision
	for _, d := range all {
		if d.Action != experience.UndoDecision && stands(d.ID, 0) {
			out = append(out, d)
		}
	}
	return out
}

// graph holds one resolution. Identifiers are numbered; -1 is "none".
type graph struct {
	key       *experience.Hasher
	cap       int
	ids       []experience.Identifier
	index     map[experience.Identifier]int
	subjects  []Subject
	members   [][]int // subject -> identifiers
	seenIn    [][]int // identifier -> subjects
	decisions []experience.Decision
	partial   []bool
	state     []State
	class     union // user classes, over user ids
	component union
	piece     []int  // identifier -> piece's root identifier
	cored     []bool // identifier -> its piece has a core
}

func newGraph(key *experience.Hasher, f Facts) *graph {
	g := &graph{key: key, cap: cmp.Or(f.Cap, Cap), index: map[experience.Identifier]int{}, subjects: f.Subjects}
	for s, subject := range f.Subjects {
		m := make([]int, len(subject.Identifiers))
		for k, id := range subject.Identifiers {
			m[k] = g.number(id)
			g.seenIn[m[k]] = append(g.seenIn[m[k]], s)
		}
		g.members = append(g.members, m)
	}
	for id := range f.Partial {
		g.number(id)
	}
	g.state = make([]State, len(g.ids))
	g.partial = make([]bool, len(g.ids))
	for id, s := range f.Partial {
		n := g.index[id]
		g.state[n], g.partial[n] = s, true
	}
	g.decisions = Effective(f.Decisions)
	return g
}

// number gives an identifier's number, a new one when it is new.
func (g *graph) number(id experience.Identifier) int {
	n, ok := g.index[id]
	if !ok {
		n = len(g.ids)
		g.index[id] = n
		g.ids = append(g.ids, id)
		g.seenIn = append(g.seenIn, nil)
	}
	return n
}

func (g *graph) isUser(n int) bool { return g.ids[n].Kind == experience.UserID }

// pair gives both sides of a decision where both were ever seen.
func (g *graph) pair(d experience.Decision) (a, b int, ok bool) {
	a, okA := g.index[d.A]
	b, okB := g.index[d.B]
	return a, b, okA && okB
}

// classes is rule 2.
func (g *graph) classes() {
	g.class = newUnion(len(g.ids))
	for _, d := range g.decisions {
		if a, b, ok := g.pair(d); ok && d.Action == experience.SamePerson && g.isUser(a) && g.isUser(b) {
			g.class.join(a, b)
		}
	}
}

// close is rules 3 and 4. Identifiers known only in part keep their state.
func (g *graph) close() {
	met := make([]map[int]struct{}, len(g.ids)) // root of class or identifier -> the others it was seen with
	users := make([]map[int]struct{}, len(g.ids))
	add := func(sets []map[int]struct{}, n, other int) {
		if sets[n] == nil {
			sets[n] = map[int]struct{}{}
		}
		sets[n][other] = struct{}{}
	}
	for _, m := range g.members {
		for _, n := range m {
			at := n
			if g.isUser(n) {
				at = g.class.find(n)
			}
			for _, o := range m {
				if o == n {
					continue
				}
				add(met, at, o)
				if g.isUser(o) {
					add(users, n, g.class.find(o))
				}
			}
		}
	}
	full := map[int]bool{} // classes known to be full from one of their user ids
	for n := range g.ids {
		if g.partial[n] && g.state[n] == Full {
			full[g.class.find(n)] = true
		}
	}
	for n := range g.ids {
		switch {
		case g.isUser(n):
			if c := g.class.find(n); full[c] || len(met[c]) > g.cap {
				g.state[n] = Full
			}
		case g.partial[n]:
		case len(users[n]) > 1, len(met[n]) > g.cap:
			g.state[n] = Shared
		}
	}
	for _, d := range g.decisions {
		if a, ok := g.index[d.A]; ok && d.Action == experience.SharedByMany && !g.isUser(a) {
			g.state[a] = Declared
		}
	}
}

func (g *graph) open(n int) bool { return g.state[n] == Open }

// components is rules 5, 6 and 7: afterwards every open identifier has a piece.
func (g *graph) components() {
	g.component = newUnion(len(g.ids))
	everywhere := make([]int, len(g.subjects))
	for s := range everywhere {
		everywhere[s] = s
	}
	g.joinSeen(g.component, everywhere, g.open)
	for n := range g.ids { // a class is one, also where no subject names two of its user ids
		if r := g.class.find(n); r != n && g.open(n) && g.open(r) {
			g.component.join(n, r)
		}
	}
	parts := map[int][]int{}
	for n := range g.ids {
		if g.open(n) {
			r := g.component.find(n)
			parts[r] = append(parts[r], n)
		}
	}
	apart := map[int]map[int]bool{} // component -> sides of tellings-apart within it
	for _, d := range g.decisions {
		a, b, ok := g.pair(d)
		if !ok || d.Action != experience.DifferentPeople || !g.open(a) || !g.open(b) {
			continue
		}
		a, b = g.class.find(a), g.class.find(b)
		if r := g.component.find(a); a != b && r == g.component.find(b) {
			if apart[r] == nil {
				apart[r] = map[int]bool{}
			}
			apart[r][a], apart[r][b] = true, true
		}
	}
	g.piece = make([]int, len(g.ids))
	g.cored = make([]bool, len(g.ids))
	for r, part := range parts {
		cores := apart[r]
		users := map[int]bool{}
		for _, n := range part {
			if g.isUser(n) {
				users[g.class.find(n)] = true
			}
		}
		if len(users) <= 1 && len(part) <= g.cap && len(cores) == 0 {
			for _, n := range part {
				g.piece[n], g.cored[n] = r, len(users) == 1
			}
			continue
		}
		for c := range cores {
			users[c] = true
		}
		g.split(part, users)
	}
}

// joinSeen joins the identifiers of each of some subjects, and of each standing
// "same person", that pass the test.
func (g *graph) joinSeen(u union, subjects []int, in func(int) bool) {
	for _, s := range subjects {
		first := -1
		for _, n := range g.members[s] {
			if !in(n) {
				continue
			}
			if first >= 0 {
				u.join(first, n)
			}
			first = n
		}
	}
	for _, d := range g.decisions {
		if a, b, ok := g.pair(d); ok && d.Action == experience.SamePerson && in(a) && in(b) {
			u.join(a, b)
		}
	}
}

// split is rule 7 on one component. Cores are roots of classes, or identifiers.
func (g *graph) split(part []int, cores map[int]bool) {
	const none, several = -1, -2
	core := map[int]int{} // identifier -> the only core it was seen with
	for _, n := range part {
		core[n] = none
		if c := g.class.find(n); cores[c] {
			core[n] = c
		}
	}
	see := func(n, c int) { // n was seen with core c
		if cores[g.class.find(n)] {
			return
		}
		switch core[n] {
		case none, c:
			core[n] = c
		default:
			core[n] = several
		}
	}
	meet := func(m []int) {
		for _, c := range m {
			if _, here := core[c]; !here || !cores[g.class.find(c)] {
				continue
			}
			for _, n := range m {
				if _, here := core[n]; here {
					see(n, g.class.find(c))
				}
			}
		}
	}
	where := g.subjectsOf(part)
	for _, s := range where {
		meet(g.members[s])
	}
	for _, d := range g.decisions {
		if a, b, ok := g.pair(d); ok && d.Action == experience.SamePerson {
			meet([]int{a, b})
		}
	}
	left := newUnion(len(g.ids))
	g.joinSeen(left, where, func(n int) bool { c, here := core[n]; return here && c < 0 })
	size := map[int]int{}
	for _, n := range part {
		if core[n] < 0 {
			size[left.find(n)]++
		}
	}
	for _, n := range part {
		switch {
		case core[n] >= 0:
			g.piece[n], g.cored[n] = core[n], true
		case size[left.find(n)] <= g.cap:
			g.piece[n] = left.find(n)
		default:
			g.piece[n] = n
		}
	}
}

// subjectsOf lists the subjects that name any of some identifiers.
func (g *graph) subjectsOf(part []int) []int {
	var out []int
	seen := map[int]bool{}
	for _, n := range part {
		for _, s := range g.seenIn[n] {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}
