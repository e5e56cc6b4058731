package mapping

import (
	"context"

	"github.com/cespare/xxhash/v2"

	"regia/internal/experience"
)

// groupCount is how many rows of a group are still to come.
type groupCount struct {
	left   uint32
	broken bool // one of its lines is damaged: it will never be whole
}

// openGroup is a group whose last row has not come yet.
type openGroup struct {
	key  string
	rows []row
}

// grouped walks a file twice: it counts the rows of each group, then hands a
// group on when its last row came. So rows of a group need not stand together,
// and only groups that are open at the same time are held in memory.
func (w *walk) grouped(ctx context.Context, p *plan) error {
	counts, err := w.countGroups(ctx, p)
	if err != nil {
		return err
	}
	open := map[string]*openGroup{}
	err = p.in.walk(ctx, w.count, func(one row) error {
		key := keyOf(one.cells, p.group)
		count := counts[xxhash.Sum64String(key)]
		if count == nil || count.left == 0 {
			return experience.Errorf(experience.Conflict, "%s was changed while it was being read: run the import again", p.in.docs[one.doc].name)
		}
		count.left--
		g := open[key]
		if g == nil {
			g = &openGroup{key: key}
			open[key] = g
		}
		use, faulty, err := w.arrived(p, one)
		count.broken = count.broken || faulty
		if use {
			g.rows = append(g.rows, one)
		}
		if err != nil || count.left > 0 {
			return err
		}
		delete(open, key)
		return w.handOn(g, count.broken)
	}, func(doc int, d *damage) error { return w.rejectDamage(p.in, doc, d) })
	if err != nil {
		return err
	}
	// Two keys may share a hash, and so a count: the one that ended first is here.
	for _, g := range open {
		if err := w.handOn(g, counts[xxhash.Sum64String(g.key)].broken); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) handOn(g *openGroup, broken bool) error {
	if len(g.rows) == 0 {
		return nil
	}
	if !broken {
		return w.unit(g.rows)
	}
	for _, one := range g.rows {
		if err := w.rejectRow(one, reason("group", "a line of the same group (%s) is damaged, so the group is not whole", quote(g.key))); err != nil {
			return err
		}
	}
	return nil
}

// countGroups is the first walk. A damaged line spoils its group; where its key
// cannot be read, the groups next to it.
func (w *walk) countGroups(ctx context.Context, p *plan) (map[uint64]*groupCount, error) {
	counts := map[uint64]*groupCount{}
	of := func(key string) *groupCount {
		hash := xxhash.Sum64String(key)
		c := counts[hash]
		if c == nil {
			c = &groupCount{}
			counts[hash] = c
		}
		return c
	}
	var previous *groupCount
	spoilNext := false
	err := p.in.walk(ctx, w.count, func(one row) error {
		c := of(keyOf(one.cells, p.group))
		c.left++
		c.broken = c.broken || spoilNext
		previous, spoilNext = c, false
		return nil
	}, func(_ int, d *damage) error {
		if key, ok := readableKey(d.cells, p.group); ok && d.cells != nil {
			of(key).broken = true
			return nil
		}
		spoilNext = true
		if previous != nil {
			previous.broken = true
		}
		return nil
	})
	return counts, err
}

// groupKey gives the values of the grouping columns.
func (p *plan) groupKey(first row) []string {
	out := make([]string, len(p.group))
	for i, place := range p.group {
		out[i] = first.cells[place]
	}
	return out
}
