package listen

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

const postColumns = `id, kind, name, source, config, secret, every, paused, position, last_look, last_new, next_look, not_before, claimed_until,
	heard, left_out, failures, fault, fault_detail`

// scanPost reads a row of postColumns.
func scanPost(row interface{ Scan(...any) error }, now time.Time) (p Post, err error) {
	var config string
	var every, look, fresh, next, until, claimed int64
	h := &p.Health
	if err = row.Scan(&p.ID, &p.Kind, &p.Name, &p.Source, &config, &p.secret, &every, &p.Paused, &p.position, &look, &fresh, &next, &until, &claimed,
		&h.Heard, &h.LeftOut, &h.Failures, &h.Fault, &h.Detail); err != nil {
		return p, err
	}
	p.Every = time.Duration(every) * time.Microsecond
	h.LastLook, h.LastNew, h.NextLook, h.Until = fromMicros(look), fromMicros(fresh), fromMicros(next), fromMicros(until)
	h.Looking = claimed > now.UnixMicro()
	if p.Paused {
		h.NextLook = time.Time{}
	}
	return p, json.Unmarshal([]byte(config), &p.Config)
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// list gives the posts in the order they were made.
func (r *Room) list(ctx context.Context) (posts []Post, err error) {
	now := r.Clock()
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		posts = nil
		rows, err := tx.Query(ctx, `SELECT `+postColumns+` FROM listen_posts WHERE removed = 0 ORDER BY made_at, id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p, err := scanPost(rows, now)
			if err != nil {
				return err
			}
			posts = append(posts, p)
		}
		return rows.Err()
	})
	return posts, err
}

// get gives one post. NotFound when there is none, or it was removed.
func (r *Room) get(ctx context.Context, id string) (p Post, err error) {
	now := r.Clock()
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		p, err = scanPost(tx.QueryRow(ctx, `SELECT `+postColumns+` FROM listen_posts WHERE id = $1 AND removed = 0`, id), now)
		return err
	})
	return p, named(err)
}

// named says that there is no such post, where there is no such row.
func named(err error) error {
	if experience.CodeOf(err) == experience.NotFound {
		return experience.Errorf(experience.NotFound, "listen.error.none")
	}
	return err
}

// insert writes a new post. Conflict where one listens to the same place in the
// same way already.
func (r *Room) insert(ctx context.Context, p *Post, by string) error {
	config, err := json.Marshal(p.Config)
	if err != nil {
		return fmt.Errorf("write a post: %w", err)
	}
	now := r.Clock()
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var all, same int
		if err := tx.QueryRow(ctx, `SELECT count(*), count(CASE WHEN source = $1 AND kind = $2 AND config = $3 THEN 1 END) FROM listen_posts WHERE removed = 0`,
			p.Source, string(p.Kind), string(config)).Scan(&all, &same); err != nil {
			return err
		}
		switch {
		case same > 0:
			return experience.Errorf(experience.Conflict, "listen.error.same")
		case all >= maxPosts:
			return experience.Errorf(experience.TooMany, "listen.error.many")
		}
		var next time.Time
		if !p.Kind.Files() {
			next = now
		}
		p.Health = Health{NextLook: next}
		_, err := tx.Exec(ctx, `INSERT INTO listen_posts (`+postColumns+`, removed, made_by, made_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', 0, 0, $8, 0, 0, 0, 0, 0, '', '', 0, $9, $10)`,
			p.ID, string(p.Kind), p.Name, p.Source, string(config), p.secret, p.Every.Microseconds(), micros(next), by, now.UnixMicro())
		return err
	})
}

// update changes what may be changed about a post. A secret of "" leaves the one there is.
func (r *Room) update(ctx context.Context, id, name, secret string, every time.Duration) error {
	return r.one(ctx, `UPDATE listen_posts SET name = $2, every = $3, secret = CASE WHEN CAST($4 AS TEXT) = '' THEN secret ELSE CAST($4 AS TEXT) END,
		failures = 0, next_look = CASE WHEN next_look = 0 THEN 0 ELSE CAST($5 AS BIGINT) END WHERE id = $1 AND removed = 0`,
		id, name, every.Microseconds(), secret, r.Clock().UnixMicro())
}

// pause has a post stay quiet, or look again at once.
func (r *Room) pause(ctx context.Context, id string, paused bool) error {
	return r.one(ctx, `UPDATE listen_posts SET paused = $2, failures = 0, next_look = CASE WHEN kind IN ('google', 'archive') THEN next_look ELSE CAST($3 AS BIGINT) END
		WHERE id = $1 AND removed = 0`, id, number(paused), r.Clock().UnixMicro())
}

// remove takes a post away, with its secret and the files that wait. What it
// heard stays.
func (r *Room) remove(ctx context.Context, id string) error {
	if _, err := r.get(ctx, id); err != nil {
		return err
	}
	if err := os.RemoveAll(r.folder(id)); err != nil {
		return diskFull(err)
	}
	return r.one(ctx, `UPDATE listen_posts SET removed = 1, secret = '', paused = 1 WHERE id = $1 AND removed = 0`, id)
}

func (r *Room) one(ctx context.Context, query string, args ...any) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = experience.Errorf(experience.NotFound, "listen.error.none")
		}
		return err
	})
}

// due is a post that wants to look.
type due struct {
	id   string
	kind Kind
}

// due gives the posts that want to look now, those that wait longest first.
func (r *Room) due(ctx context.Context, now time.Time, limit int) (ids []due, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		ids = nil
		rows, err := tx.Query(ctx, `SELECT id, kind FROM listen_posts WHERE removed = 0 AND paused = 0 AND next_look > 0 AND next_look <= $1 AND claimed_until <= $1
			ORDER BY next_look, id LIMIT $2`, now.UnixMicro(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d due
			if err := rows.Scan(&d.id, &d.kind); err != nil {
				return err
			}
			ids = append(ids, d)
		}
		return rows.Err()
	})
	return ids, err
}

// claim has this process alone look by a post, for a while. False: another one does.
func (r *Room) claim(ctx context.Context, id string, now time.Time) (p Post, yes bool, err error) {
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE listen_posts SET claimed_until = $2 WHERE id = $1 AND removed = 0 AND claimed_until <= $3`,
			id, now.Add(claimed).UnixMicro(), now.UnixMicro())
		if yes = n > 0; err != nil || !yes {
			return err
		}
		p, err = scanPost(tx.QueryRow(ctx, `SELECT `+postColumns+` FROM listen_posts WHERE id = $1`, id), now)
		return err
	})
	return p, yes && err == nil, named(err)
}

// unheard gives which of keys a source has not heard yet, each once, in their order.
func (r *Room) unheard(ctx context.Context, source string, keys []string) (fresh map[string]bool, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		fresh = make(map[string]bool, len(keys))
		for _, k := range keys {
			fresh[k] = true
		}
		args := []any{source}
		var marks strings.Builder
		for k := range fresh {
			args = append(args, hash(k))
			fmt.Fprintf(&marks, ", $%d", len(args))
		}
		if len(args) == 1 {
			return nil
		}
		rows, err := tx.Query(ctx, `SELECT key FROM listen_heard WHERE source = $1 AND key IN (`+marks.String()[2:]+`)`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		known := map[string]bool{}
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			known[key] = true
		}
		for k := range fresh {
			fresh[k] = !known[hash(k)]
		}
		return rows.Err()
	})
	return fresh, err
}

// advance is what is written once the log has what was heard: the keys, counted,
// and how far the post has read.
type advance struct {
	spoken   []string // keys of what went to the log
	quiet    []string // keys of what was left out
	position string
	now      time.Time
}

// advance writes it, and gives how much of it was new. The claim goes on.
func (r *Room) advance(ctx context.Context, p Post, a advance) (fresh int64, err error) {
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		var quiet int64
		if fresh, err = insertHeard(ctx, tx, p.Source, a.spoken); err != nil {
			return err
		}
		if quiet, err = insertHeard(ctx, tx, p.Source, a.quiet); err != nil {
			return err
		}
		last := int64(0)
		if fresh > 0 {
			last = a.now.UnixMicro()
		}
		_, err := tx.Exec(ctx, `UPDATE listen_posts SET position = $2, heard = heard + $3, left_out = left_out + $4,
			last_new = CASE WHEN CAST($5 AS BIGINT) > 0 THEN CAST($5 AS BIGINT) ELSE last_new END, claimed_until = $6 WHERE id = $1`,
			p.ID, a.position, fresh, quiet, last, r.Clock().Add(claimed).UnixMicro())
		return err
	})
	return fresh, err
}

func insertHeard(ctx context.Context, tx registry.Tx, source string, keys []string) (fresh int64, err error) {
	for _, k := range keys {
		n, err := tx.Exec(ctx, `INSERT INTO listen_heard (source, key) VALUES ($1, $2) ON CONFLICT (source, key) DO NOTHING`, source, hash(k))
		if err != nil {
			return 0, err
		}
		fresh += n
	}
	return fresh, nil
}

// wake has a post look at the next occasion.
func (r *Room) wake(ctx context.Context, id string) error {
	return r.one(ctx, `UPDATE listen_posts SET next_look = $2, failures = 0 WHERE id = $1 AND removed = 0`, id, r.Clock().UnixMicro())
}

// settle writes how a look ended, and lets the post go.
func (r *Room) settle(ctx context.Context, p Post, h Health, pause bool) error {
	return r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE listen_posts SET last_look = $2, next_look = $3, not_before = $4, failures = $5, fault = $6, fault_detail = $7,
			paused = CASE WHEN CAST($8 AS BIGINT) = 1 THEN 1 ELSE paused END, claimed_until = 0 WHERE id = $1`,
			p.ID, micros(h.LastLook), micros(h.NextLook), micros(h.Until), h.Failures, h.Fault, cut(clean(h.Detail), 300), number(pause))
		return err
	})
}
