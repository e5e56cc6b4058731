package ledger

import (
	"context"
	"fmt"
	"strings"

	"regia/internal/experience"
)

// Beyond this many persons merged into one and not yet folded, or subjects of
// theirs, a timeline asks the view, which reads more but needs no list.
const maxMerged = 64

// timeline asks the parts rather than the view: the view's effective person is
// an expression, which hides the order of the parts. It asks once for every
// part and every person that rows of this person may be cached under. Which
// these are is remembered; where that changed meanwhile it is read, in one
// snapshot with the rows.
func (d *duck) timeline(ctx context.Context, p page) ([]experience.Interaction, error) {
	if g := d.layout.lookFor(p.person); g.known != nil {
		rows, err := d.timelineOf(ctx, d.db(), p, g.known.parts, g.known.concerning(p.person))
		if d.layout.heldFor(g, p.person) {
			return rows, err
		}
	}
	conn, err := d.db().Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	parts, err := listParts(ctx, tx)
	if err != nil {
		return nil, err
	}
	rules, err := overrides(ctx, tx, `person_id = $1::UUID OR was = $1::UUID`, p.person)
	if err != nil {
		return nil, err
	}
	return d.timelineOf(ctx, tx, p, parts, rules)
}

func (d *duck) timelineOf(ctx context.Context, q queryer, p page, parts []part, rules map[rowKey]override) ([]experience.Interaction, error) {
	conditions, args := p.conditions()
	if len(rules) > maxMerged {
		return p.read(ctx, q, fmt.Sprintf(`interactions t WHERE person_id = '%s'::UUID%s`, p.person, conditions), args)
	}
	var branches []string
	for cached, subjects := range cachedUnder(p.person, rules) {
		who := `person_id IS NULL`
		if !cached.IsZero() {
			who = fmt.Sprintf(`person_id = '%s'::UUID`, cached)
		}
		for _, part := range parts {
			if part.holds(cached) && (!part.loose() || d.presence.mayHold(part.name, cached)) {
				branches = append(branches, part.name+` t WHERE `+who+subjects+conditions)
			}
		}
	}
	switch len(branches) {
	case 0:
		return nil, nil
	case 1:
		return p.readFew(ctx, q, branches[0], args)
	}
	read := shownColumns
	if p.whole {
		read = columns
	}
	union := `SELECT ` + read + ` FROM ` + strings.Join(branches, ` UNION ALL SELECT `+read+` FROM `)
	return p.readFew(ctx, q, `(`+union+`) t`, args)
}

// cachedUnder gives the persons that rows of person may be cached under, each
// with a condition on the rows' subjects.
func cachedUnder(person experience.ID, rules map[rowKey]override) map[experience.ID]string {
	lists := map[experience.ID][]string{person: nil}
	for k, r := range rules {
		if r.person == person || k.was == person {
			lists[k.was] = append(lists[k.was], `'`+k.subject.String()+`'::UUID`)
		}
	}
	out := make(map[experience.ID]string, len(lists))
	for cached, subjects := range lists {
		switch list := strings.Join(subjects, ", "); {
		case cached == person && list == "":
			out[cached] = ""
		case cached == person: // these have gone to somebody else
			out[cached] = ` AND (subject IS NULL OR subject NOT IN (` + list + `))`
		default: // these have come
			out[cached] = ` AND subject IN (` + list + `)`
		}
	}
	return out
}
