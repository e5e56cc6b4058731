package ledger

import (
	"context"
	"sync"

	"regia/internal/experience"
)

// presence remembers which persons the loose parts (hot, sealed, warm) have rows
// of: most persons have none there, and a branch of a timeline costs more than
// their rows. It may remember more than there is, never less: who writes a row
// adds its person before the commit.
type presence struct {
	mu    sync.RWMutex
	parts map[string]*persons // by name; a part that is not among them may hold anybody
}

type persons struct {
	ids   idSet
	ready bool // all that was there at the opening is among them
}

// begin starts over: with what these parts hold still to be learnt.
func (p *presence) begin(parts []part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts = map[string]*persons{}
	for _, x := range parts {
		if x.loose() {
			p.parts[x.name] = &persons{}
		}
	}
}

// empty notes a new part.
func (p *presence) empty(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts[part] = &persons{ready: true}
}

// add notes persons in a part, the zero id for nobody.
func (p *presence) add(part string, each func(yield func(*experience.ID) bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.parts[part]
	if of == nil {
		return
	}
	for id := range each {
		of.ids.add(id)
	}
}

// ready says that all that was in a part is noted.
func (p *presence) ready(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := p.parts[part]; of != nil {
		of.ready = true
	}
}

// join notes a part that is made of others, where it is known of all of them
// what they hold.
func (p *presence) join(made string, of countedParts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := &persons{ready: true}
	for _, x := range of {
		known := p.parts[x.name]
		if known == nil || !known.ready {
			return
		}
		all.ids = append(all.ids, known.ids...)
	}
	p.parts[made] = all
}

// forget drops what is noted of parts that are no more.
func (p *presence) forget(gone countedParts) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range gone {
		delete(p.parts, x.name)
	}
}

// mayHold tells whether rows cached under a person may be in a loose part.
func (p *presence) mayHold(part string, person experience.ID) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	of := p.parts[part]
	return of == nil || !of.ready || of.ids.has(&person)
}

// loose tells whether a part holds rows of any persons.
func (p part) loose() bool { return p.kind == "hot" || p.kind == "sealed" || p.kind == "warm" }

// meet notes who the loose parts hold that were there at the opening. Rows that
// are written meanwhile are noted by whoever writes them.
func (d *duck) meet(ctx context.Context, parts []part) error {
	for _, p := range parts {
		if !p.loose() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		// Giving a question up takes the driver half a second, answering it less.
		rows, err := d.db().QueryContext(context.WithoutCancel(ctx), `SELECT DISTINCT coalesce(person_id, `+nobodyUUID+`) FROM `+p.name)
		if err != nil {
			return err // the part may be gone, and then what is noted of it is too
		}
		var found []experience.ID
		for rows.Next() {
			var id experience.ID
			if err := rows.Scan(&id); err != nil {
				return firstError(err, rows.Close())
			}
			found = append(found, id)
		}
		if err := firstError(rows.Err(), rows.Close()); err != nil {
			return err
		}
		d.presence.add(p.name, eachID(found))
		d.presence.ready(p.name)
	}
	return nil
}

func eachID(ids []experience.ID) func(yield func(*experience.ID) bool) {
	return func(yield func(*experience.ID) bool) {
		for i := range ids {
			if !yield(&ids[i]) {
				return
			}
		}
	}
}

// meetOverridden notes in loose parts the persons that overrides lead to: their
// rows are about to be written there.
func (t *duckTx) meetOverridden(ctx context.Context, parts []part) error {
	rules, err := overrides(ctx, t.tx, `TRUE`)
	if err != nil {
		return err
	}
	ids := make([]experience.ID, 0, len(rules))
	for _, r := range rules {
		ids = append(ids, r.person)
	}
	for _, p := range parts {
		if p.loose() {
			t.d.presence.add(p.name, eachID(ids))
		}
	}
	return nil
}
