package ledger

import "regia/internal/experience"

// rowKey names the rows of a subject that are cached under a person.
type rowKey struct{ subject, was experience.ID }

// override says whom such rows belong to now, and the number of the move that
// made the rule (not of those that changed its outcome since).
type override struct {
	number int64
	person experience.ID
}

// closure adds moves, in order, to the rules that hold already, so that one
// look-up gives the last person of any chain: A to B then B to C leaves A to C
// and B to C; C back to A then leaves B to A and C to A, and no rule for A.
// Every subject that moves name must come with all the rules it has.
func closure(rules map[rowKey]override, moves []Move) {
	bySubject := map[experience.ID]map[experience.ID]bool{} // subject -> the keys it has
	known := func(k rowKey) {
		if bySubject[k.subject] == nil {
			bySubject[k.subject] = map[experience.ID]bool{}
		}
		bySubject[k.subject][k.was] = true
	}
	for k := range rules {
		known(k)
	}
	for _, m := range moves {
		if m.Was == m.Person {
			continue
		}
		for was := range bySubject[m.Subject] {
			k := rowKey{m.Subject, was}
			r := rules[k]
			if r.person != m.Was {
				continue
			}
			if was == m.Person { // they are back where they are cached
				delete(rules, k)
				delete(bySubject[m.Subject], was)
				continue
			}
			rules[k] = override{r.number, m.Person}
		}
		k := rowKey{m.Subject, m.Was}
		if _, there := rules[k]; !there {
			rules[k] = override{m.Number, m.Person}
			known(k)
		}
	}
}
