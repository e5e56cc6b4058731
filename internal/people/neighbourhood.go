package people

import (
	"context"
	"database/sql"
	"slices"

	"regia/internal/experience"
	"regia/internal/people/identity"
	"regia/internal/registry"
)

// neighbourhood is the part of the world that some new facts can change: every
// subject that can be reached from them through identifiers that may join. It
// is closed: resolving it gives the same as resolving everything.
type neighbourhood struct {
	secret    *experience.Hasher
	tx        registry.Tx
	stored    map[experience.Identifier]row // what the book says of each identifier met
	subjects  map[experience.ID]*subjectRow
	decisions map[experience.ID]experience.Decision
	expanded  map[experience.Identifier]bool
	// review holds identifiers that are expanded although they are closed: a
	// decision about them, or about user ids they were seen with, may open them.
	review  map[experience.Identifier]review
	decided *bool // whether there are decisions at all; nil: not looked up
}

type review int

const (
	untouched review = iota
	beside           // seen with a user id whose class is under review
	decided          // named in a decision that is new, or in that user class
)

type row struct {
	id     experience.ID // of the person that would stand on it
	state  identity.State
	person experience.ID
	isNew  bool
}

type subjectRow struct {
	identity.Subject
	person experience.ID // as the book has it; zero for a subject it never had
	torn   bool
	isNew  bool // the book has it not, or not any more
}

func newNeighbourhood(secret *experience.Hasher, tx registry.Tx) *neighbourhood {
	return &neighbourhood{
		secret: secret, tx: tx,
		stored:    map[experience.Identifier]row{},
		subjects:  map[experience.ID]*subjectRow{},
		decisions: map[experience.ID]experience.Decision{},
		expanded:  map[experience.Identifier]bool{},
		review:    map[experience.Identifier]review{},
	}
}

// load follows identifiers until nothing new is reached. Identifiers of seeds
// that the book does not know are new and open.
func (n *neighbourhood) load(ctx context.Context, seeds []experience.Identifier) error {
	frontier := seeds
	for len(frontier) > 0 {
		frontier = experience.Canonical(frontier)
		if err := n.loadIdentifiers(ctx, frontier); err != nil {
			return err
		}
		next, err := n.loadDecisions(ctx, frontier)
		if err != nil {
			return err
		}
		seen, err := n.expand(ctx, frontier)
		if err != nil {
			return err
		}
		frontier = slices.DeleteFunc(append(next, seen...), func(i experience.Identifier) bool {
			_, met := n.stored[i]
			return met && (n.expanded[i] || !n.opens(i))
		})
	}
	return nil
}

// opens tells whether the search goes on through an identifier.
func (n *neighbourhood) opens(i experience.Identifier) bool {
	return n.stored[i].state == identity.Open || n.review[i] != untouched
}

// reconsider puts an identifier under review; if it was expanded already, it
// will be again, for what its review adds.
func (n *neighbourhood) reconsider(i experience.Identifier, why review) {
	if n.review[i] < why {
		n.review[i] = why
		delete(n.expanded, i)
	}
}

// bears tells whether a decision that names i may change a user class now: it
// is new itself, or it waited for i, which nobody had seen until now.
func (n *neighbourhood) bears(i experience.Identifier) bool {
	return n.review[i] == decided || i.Kind == experience.UserID && n.stored[i].isNew
}

func (n *neighbourhood) loadIdentifiers(ctx context.Context, ids []experience.Identifier) error {
	byID := map[experience.ID]experience.Identifier{}
	var missing []any
	for _, i := range ids {
		if _, ok := n.stored[i]; !ok {
			pid := identity.PersonID(n.secret, i)
			n.stored[i] = row{id: pid, isNew: true}
			byID[pid] = i
			missing = append(missing, asKey(pid))
		}
	}
	return eachIn(ctx, n.tx, `SELECT id, state, person_id FROM identifiers WHERE id IN ?`, missing, func(r *sql.Rows) error {
		var got row
		if err := r.Scan(&got.id, &got.state, &got.person); err != nil {
			return err
		}
		n.stored[byID[got.id]] = got
		return nil
	})
}

// loadDecisions fetches the decisions that touch identifiers, with everything
// that undoes them, and gives the identifiers on their other sides.
func (n *neighbourhood) loadDecisions(ctx context.Context, ids []experience.Identifier) ([]experience.Identifier, error) {
	if any, err := n.anyDecisions(ctx); err != nil || !any {
		return nil, err
	}
	names := make([]any, len(ids))
	for k, i := range ids {
		names[k] = asKey(n.stored[i].id)
	}
	var found []experience.Decision
	collect := func(r *sql.Rows) error {
		d, err := scanDecision(r)
		if _, known := n.decisions[d.ID]; err == nil && !known {
			n.decisions[d.ID] = d
			found = append(found, d)
		}
		return err
	}
	for _, side := range []string{"a", "b"} {
		if err := eachIn(ctx, n.tx, selectDecision+` WHERE `+side+` IN ?`, names, collect); err != nil {
			return nil, err
		}
	}
	var sides []experience.Identifier
	for len(found) > 0 {
		undoable := make([]any, len(found))
		for k, d := range found {
			undoable[k] = asKey(d.ID)
			for _, i := range []experience.Identifier{d.A, d.B} {
				if i.Kind == "" {
					continue
				}
				if i.Kind == experience.UserID && (n.bears(d.A) || n.bears(d.B)) {
					n.reconsider(i, decided) // the whole user class is
				}
				sides = append(sides, i)
			}
		}
		found = nil
		if err := eachIn(ctx, n.tx, selectDecision+` WHERE target IN ?`, undoable, collect); err != nil {
			return nil, err
		}
	}
	return sides, nil
}

// anyDecisions tells whether anything was ever decided: at many companies,
// nothing was.
func (n *neighbourhood) anyDecisions(ctx context.Context) (bool, error) {
	if n.decided == nil {
		var count int
		if err := n.tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT id FROM decisions LIMIT 1) AS d`).Scan(&count); err != nil {
			return false, err
		}
		some := count > 0
		n.decided = &some
	}
	return *n.decided, nil
}

// expand loads the subjects of those identifiers that lead on, and gives the
// identifiers seen in them.
func (n *neighbourhood) expand(ctx context.Context, ids []experience.Identifier) ([]experience.Identifier, error) {
	var leading []any
	decidedUsers := map[experience.ID]bool{}
	var fresh []experience.ID
	besides := map[experience.ID]bool{} // subjects of user ids under review
	meet := func(identifier, subject experience.ID) {
		if decidedUsers[identifier] {
			besides[subject] = true
		}
		if _, ok := n.subjects[subject]; !ok {
			n.subjects[subject] = &subjectRow{Subject: identity.Subject{ID: subject}}
			fresh = append(fresh, subject)
		}
	}
	for _, i := range ids {
		if n.expanded[i] || !n.opens(i) {
			continue
		}
		n.expanded[i] = true
		at := n.stored[i]
		decidedUsers[at.id] = n.review[i] == decided && i.Kind == experience.UserID
		if !at.isNew { // what nobody was seen with stands in no subject
			leading = append(leading, asKey(at.id))
			meet(at.id, at.id) // the subject of this identifier alone, if there is one
		}
	}
	err := eachIn(ctx, n.tx, `SELECT identifier, subject FROM subject_identifiers WHERE identifier IN ?`, leading, func(r *sql.Rows) error {
		var identifier, subject experience.ID
		err := r.Scan(&identifier, &subject)
		meet(identifier, subject)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := n.loadSubjects(ctx, fresh); err != nil {
		return nil, err
	}
	var seen []experience.Identifier
	for _, id := range fresh {
		if s := n.subjects[id]; s != nil {
			seen = append(seen, s.Identifiers...)
		}
	}
	for id := range besides {
		if n.subjects[id] == nil {
			continue
		}
		for _, i := range n.subjects[id].Identifiers {
			if i.Kind != experience.UserID {
				n.reconsider(i, beside)
				seen = append(seen, i)
			}
		}
	}
	return seen, nil
}

// loadSubjects fills subjects from the book; those it does not have are not of
// this world, and taken out.
func (n *neighbourhood) loadSubjects(ctx context.Context, ids []experience.ID) error {
	members := map[experience.ID][]byte{}
	named := map[experience.ID]experience.Identifier{}
	err := eachIn(ctx, n.tx, `SELECT id, person_id, torn, members FROM subjects WHERE id IN ?`, asKeys(ids), func(r *sql.Rows) error {
		var (
			id, person experience.ID
			torn       bool
			of         []byte
		)
		if err := r.Scan(&id, &person, &torn, &of); err != nil {
			return err
		}
		n.subjects[id].person, n.subjects[id].torn = person, torn
		members[id] = of
		eachMember(of, func(i experience.ID) { named[i] = experience.Identifier{} })
		return nil
	})
	if err != nil {
		return err
	}
	if err := nameMembers(ctx, n.tx, named); err != nil {
		return err
	}
	for _, id := range ids {
		of, known := members[id]
		if !known {
			delete(n.subjects, id)
			continue
		}
		s := n.subjects[id]
		eachMember(of, func(i experience.ID) { s.Identifiers = append(s.Identifiers, named[i]) })
	}
	return nil
}

// eachMember goes over a subject's members.
func eachMember(members []byte, f func(experience.ID)) {
	for ; len(members) >= 16; members = members[16:] {
		f(experience.ID(members[:16]))
	}
}

// nameMembers fills in what the identifiers with some ids are.
func nameMembers(ctx context.Context, tx registry.Tx, named map[experience.ID]experience.Identifier) error {
	ids := make([]any, 0, len(named))
	for id := range named {
		ids = append(ids, asKey(id))
	}
	return eachIn(ctx, tx, `SELECT id, kind, value FROM identifiers WHERE id IN ?`, ids, func(r *sql.Rows) error {
		var id experience.ID
		var i experience.Identifier
		err := r.Scan(&id, &i.Kind, &i.Value)
		named[id] = i
		return err
	})
}

// facts gives what was loaded in the form the pure function takes.
func (n *neighbourhood) facts() identity.Facts {
	f := identity.Facts{Partial: map[experience.Identifier]identity.State{}}
	for _, s := range n.subjects {
		s.Identifiers = experience.Canonical(s.Identifiers)
		f.Subjects = append(f.Subjects, s.Subject)
	}
	for _, d := range n.decisions {
		f.Decisions = append(f.Decisions, d)
	}
	for i, r := range n.stored {
		if !r.isNew && !n.expanded[i] {
			f.Partial[i] = r.state
		}
	}
	return f
}

const selectDecision = `SELECT id, action, a_kind, a_value, b_kind, b_value, target, taken_by, taken_at FROM decisions`

func scanDecision(r *sql.Rows) (experience.Decision, error) {
	var (
		d  experience.Decision
		at int64
	)
	err := r.Scan(&d.ID, &d.Action, &d.A.Kind, &d.A.Value, &d.B.Kind, &d.B.Value, &d.Target, &d.By, &at)
	d.At = fromMicro(at)
	return d, err
}
