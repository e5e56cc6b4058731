package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"

	"regia/internal/experience"
)

// walk has PostgreSQL gather each case's events into one row, as bytes: a row
// an event takes several times as long.
func (p *postgres) walk(ctx context.Context, w Walk, words *Words, visitors []Visitor) error {
	who := w.Case
	if who == "" {
		who = `person_id`
	}
	event := `int8send(CAST(extract(epoch FROM time) * 1000000 AS BIGINT)) || int8send(CAST(extract(epoch FROM received_at) * 1000000 AS BIGINT)) || int8send(code)`
	var texts strings.Builder
	for i, t := range w.Texts {
		if t.Number {
			fmt.Fprintf(&texts, `, %s AS text_%d`, t.selected(), i)
			event += fmt.Sprintf(` || int4send(text_%d)`, i)
			continue
		}
		fmt.Fprintf(&texts, `, convert_to(%s, 'UTF8') AS text_%d`, t.selected(), i)
		event += fmt.Sprintf(` || int4send(length(text_%d)) || text_%[1]d`, i)
	}
	if w.IDs {
		texts.WriteString(`, id`)
		event += ` || uuid_send(id)`
	}
	where := ``
	if w.Where != "" {
		where = ` AND (` + w.Where + `)`
	}
	rows, err := p.read.QueryContext(ctx, `SELECT who::TEXT, string_agg(`+event+`, '') FROM (
		SELECT `+who+` AS who, time, received_at, CAST(`+w.Code+` AS BIGINT) AS code`+texts.String()+` FROM interactions WHERE `+who+` IS NOT NULL`+where+`) AS i
		WHERE code <> 0 GROUP BY who`, w.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	known := recentWords{}
	s := &steps{words: words}
	for i := 0; rows.Next(); i++ {
		var name string
		var raw sql.RawBytes
		if err := rows.Scan(&name, &raw); err != nil {
			return err
		}
		s.reset()
		w.parseEvents(s, raw, words, known)
		s.sort()
		if len(s.steps.events) == 0 {
			continue
		}
		c := Case{text: name, Events: s.steps.events, IDs: s.steps.ids}
		if w.Case == "" {
			if c.Person, err = experience.ParseID(name); err != nil {
				return err
			}
			c.text = ""
		}
		if err := visitors[0](c); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (w Walk) parseEvents(into *steps, raw []byte, words *Words, known recentWords) {
	for len(raw) >= 24 {
		e := Event{At: int64(binary.BigEndian.Uint64(raw)), Arrived: int64(binary.BigEndian.Uint64(raw[8:])), Code: int64(binary.BigEndian.Uint64(raw[16:]))}
		raw = raw[24:]
		wanted := true
		for k, t := range w.Texts {
			n := int(binary.BigEndian.Uint32(raw))
			if raw = raw[4:]; t.Number {
				e.Texts[k] = int32(n)
				wanted = wanted && n > 0
				continue
			}
			e.Texts[k] = known.number(words, string(raw[:n]))
			raw = raw[n:]
		}
		if w.IDs {
			if wanted {
				into.steps.ids = append(into.steps.ids, experience.ID(raw[:16]))
			}
			raw = raw[16:]
		}
		if wanted {
			into.add(person{}, e)
		}
	}
}
