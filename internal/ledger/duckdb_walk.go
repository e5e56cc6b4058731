package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"regia/internal/experience"
)

// A walk is done in pieces: each reads all rows of some cases. People's pieces
// are ranges of their ids, since the sorted parts lie in that order and need
// only be read on; other cases are divided by a hash of their names.
const pieceRows = 400_000 // about, of one piece: what is held in memory at a time

func (d *duck) walk(ctx context.Context, w Walk, words *Words, visitors []Visitor) error {
	conns, parts, err := d.together(ctx, len(visitors))
	defer func() {
		for _, c := range conns {
			_, _ = c.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`) // it only read
			_ = c.Close()
		}
	}()
	if err != nil {
		return err
	}
	var names *Words
	var pieces []string
	if w.Case == "" {
		pieces, err = w.people(ctx, conns[0], parts)
	} else {
		names = NewWords()
		pieces, err = w.others(ctx, conns[0], parts)
	}
	if err != nil {
		return err
	}
	most, err := w.most(ctx, conns[0], parts)
	if err != nil {
		return err
	}
	next := make(chan string, len(pieces))
	for _, p := range pieces {
		if !most {
			p += ` WHERE code <> 0`
		}
		next <- p
	}
	close(next)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var g sync.WaitGroup
	for i, c := range conns {
		g.Go(func() {
			r, s := newColumnReader(w, words, names), &steps{words: words}
			if most && w.Case == "" { // a piece will have about so many: growing to that costs more than reading them
				s.steps, s.spare = room(pieceRows, w.IDs), room(pieceRows, w.IDs)
			}
			r.byValue = d.options.byValue
			for query := range next {
				if ctx.Err() != nil {
					return
				}
				s.reset()
				if err := r.query(ctx, c, query, w.Args, s); err != nil {
					cancel(err)
					return
				}
				s.sort()
				if err := s.visit(names, visitors[i]); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	g.Wait()
	return context.Cause(ctx)
}

// together begins transactions that read, as many as wanted, and gives the
// parts they see. They all see the same parts and merges: where these change
// meanwhile, it tries again, and then goes on with one.
func (d *duck) together(ctx context.Context, n int) (conns []*sql.Conn, parts []part, err error) {
	for range 3 {
		before := d.layout.look()
		for len(conns) < n {
			c, err := d.db().Conn(ctx)
			if err != nil {
				return conns, nil, err
			}
			conns = append(conns, c)
		}
		for _, c := range conns {
			if _, err := c.ExecContext(ctx, `BEGIN`); err != nil {
				return conns, nil, err
			}
			if parts, err = listParts(ctx, c); err != nil {
				return conns, nil, err
			}
		}
		if n == 1 || d.layout.held(before) {
			return conns, parts, nil
		}
		for _, c := range conns {
			if _, err := c.ExecContext(ctx, `ROLLBACK`); err != nil {
				return conns, nil, err
			}
		}
	}
	more := conns[1:]
	for _, c := range more {
		err = errors.Join(err, c.Close())
	}
	conns = conns[:1]
	if _, e := conns[0].ExecContext(ctx, `BEGIN`); e != nil {
		return conns, nil, errors.Join(err, e)
	}
	parts, e := listParts(ctx, conns[0])
	return conns, parts, errors.Join(err, e)
}

// selected gives the query of a piece over a source of rows, of which the
// case's expression is who.
func (w Walk) selected(source, who string) string {
	var texts strings.Builder
	for i, t := range w.Texts {
		texts.WriteString(`, ` + t.selected() + fmt.Sprintf(` AS text_%d`, i))
	}
	if w.IDs {
		texts.WriteString(`, id`)
	}
	where := ``
	if w.Where != "" {
		where = ` AND (` + w.Where + `)`
	}
	return `SELECT * FROM (SELECT ` + who + ` AS who, time, received_at, CAST(` + w.Code + ` AS BIGINT) AS code` + texts.String() +
		` FROM (` + source + `) AS i WHERE ` + who + ` IS NOT NULL` + where + `)`
}

func (t Text) selected() string {
	if t.Number {
		return `CAST(` + t.SQL + ` AS INTEGER)`
	}
	return `coalesce(` + t.SQL + `, '')`
}

// looked is of how many rows a walk looks whether most are wanted. Where they
// are, leaving the others out here is faster than having DuckDB do it.
const looked = 20_480

// most tells whether of the rows of the first sorted part most are wanted.
func (w Walk) most(ctx context.Context, c *sql.Conn, parts []part) (bool, error) {
	for _, p := range parts {
		if p.kind != "cold" {
			continue
		}
		who := w.Case
		if who == "" {
			who = `person_id`
		}
		var all, wanted int64
		err := c.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*), count(*) FILTER (WHERE code <> 0) FROM (%s)`,
			w.selected(fmt.Sprintf(`SELECT `+columns+` FROM %s WHERE rowid < %d`, p.name, looked), who)), w.Args...).Scan(&all, &wanted)
		return 2*wanted > all, err
	}
	return false, nil
}

// people divides people into ranges.
func (w Walk) people(ctx context.Context, c *sql.Conn, parts []part) ([]string, error) {
	var moved bool
	if err := c.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM overrides)`).Scan(&moved); err != nil {
		return nil, err
	}
	ranges, err := divided(ctx, c, parts)
	if err != nil {
		return nil, err
	}
	const concerned = `(SELECT was FROM overrides UNION SELECT person_id FROM overrides)`
	var pieces []string
	for _, r := range ranges {
		var sources []string
		for _, p := range parts {
			if p.kind == "nobody" || p.kind == "cold" && !r.meets(p) {
				continue
			}
			one := `SELECT ` + columns + ` FROM ` + p.name + ` WHERE ` + r.where("person_id")
			if moved {
				one += ` AND person_id NOT IN ` + concerned
			}
			sources = append(sources, one)
		}
		pieces = append(pieces, w.selected(strings.Join(sources, ` UNION ALL `), `person_id`))
	}
	if moved { // those who were merged and those they were merged into: all of theirs is among them
		union := make([]string, len(parts))
		for i, p := range parts {
			union[i] = `SELECT ` + columns + ` FROM ` + p.name + ` WHERE coalesce(person_id, ` + nobodyUUID + `) IN ` + concerned
		}
		pieces = append(pieces, w.selected(`SELECT `+overriddenColumns()+` FROM (`+strings.Join(union, ` UNION ALL `)+`) t LEFT JOIN overrides o ON `+joinOverride, `person_id`))
	}
	return pieces, nil
}

// meets tells whether a range of people has some of a cold part's.
func (p part) meets(q part) bool {
	below := func(low, high experience.ID) bool { return high.IsZero() || personOf(low).compare(personOf(high)) < 0 }
	return below(p.low, q.high) && below(q.low, p.high)
}

// divided gives ranges of people of about pieceRows each, as cold parts without
// a name: by whom stands where in the sorted parts.
func divided(ctx context.Context, c *sql.Conn, parts []part) ([]part, error) {
	ranges := []part{{kind: "cold"}}
	cut := func(at experience.ID) {
		last := &ranges[len(ranges)-1]
		if personOf(last.low).compare(personOf(at)) < 0 {
			last.high = at
			ranges = append(ranges, part{kind: "cold", low: at})
		}
	}
	for _, p := range parts { // the cold ones come in the order of their people
		if p.kind != "cold" {
			continue
		}
		if !p.low.IsZero() {
			cut(p.low)
		}
		rows, err := c.QueryContext(ctx, fmt.Sprintf(`SELECT person_id::TEXT FROM %s WHERE rowid IN (
			SELECT unnest(range(%d, (SELECT max(rowid) FROM %[1]s), %[2]d))) ORDER BY rowid`, p.name, pieceRows))
		if err != nil {
			return nil, err
		}
		var at []experience.ID
		for rows.Next() {
			var id experience.ID
			if err := rows.Scan(&id); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			at = append(at, id)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
		for _, id := range at {
			cut(id)
		}
	}
	return ranges, nil
}

// others divides cases with names of their own.
func (w Walk) others(ctx context.Context, c *sql.Conn, parts []part) ([]string, error) {
	union := make([]string, len(parts))
	var total int64
	for i, p := range parts {
		union[i] = `SELECT ` + columns + ` FROM ` + p.name
		var n int64
		if err := c.QueryRowContext(ctx, `SELECT count(*) FROM `+p.name).Scan(&n); err != nil {
			return nil, err
		}
		total += n
	}
	pieces := make([]string, total/(2*pieceRows)+1)
	all := w.selected(strings.Join(union, ` UNION ALL `), w.Case)
	for i := range pieces {
		if pieces[i] = all; len(pieces) > 1 {
			pieces[i] = fmt.Sprintf(`SELECT * FROM (%s) WHERE hash(who) %% %d = %d`, all, len(pieces), i)
		}
	}
	return pieces, nil
}
