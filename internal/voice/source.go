package voice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// key is what tells a voice of the ledger apart, and what may change about it
// after it was heard.
type key struct {
	id         experience.ID
	at         int64 // microseconds
	received   int64
	person     experience.ID
	touchpoint string
}

// quoted writes a name of this package for SQL.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quotedList(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quoted(n)
	}
	return strings.Join(out, ", ")
}

// words gives SQL for what somebody wrote, NULL where they wrote nothing.
func (r *Room) words() string {
	parts := make([]string, 0, len(textNames()))
	for _, n := range textNames() {
		parts = append(parts, "NULLIF(trim("+r.Ledger.Property(n)+"), '')")
	}
	return "COALESCE(" + strings.Join(parts, ", ") + ")"
}

// said gives the condition for an interaction by which a customer says
// something. Few rows have a property of such a name, and only theirs is read.
func (r *Room) said() string {
	mentions := r.Ledger.Mentions(textNames(), func(name string) string { return quoted(`"` + name + `"`) })
	return `flags = 0 AND kind = 'track' AND name NOT IN (` + quotedList(companyNames()) + `) AND (name IN (` +
		quotedList(experience.AnswerEvents()) + `) OR CASE WHEN ` + mentions + ` THEN ` + r.words() + ` IS NOT NULL AND COALESCE(` +
		r.Ledger.Property("direction") + `, '') NOT IN ('out', 'outbound', 'outgoing') ELSE FALSE END)`
}

// newest gives when the last interaction was received of those since a moment,
// in Unix microseconds; 0: there are none.
func (r *Room) newest(ctx context.Context, since time.Time) (at int64, err error) {
	rows, err := r.Ledger.Query(ctx, `SELECT COALESCE(max(`+r.Ledger.Micros("received_at")+`), 0) FROM interactions WHERE received_at >= $1`, since.UTC())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&at); err != nil {
			return 0, err
		}
	}
	return at, rows.Err()
}

// keys gives do every voice of the ledger that was received since a moment.
func (r *Room) keys(ctx context.Context, since time.Time, do func(key)) error {
	return r.each(ctx, do, `received_at >= $1 AND `+r.said(), since.UTC())
}

// keysOf gives do those of some ids that are in the ledger.
func (r *Room) keysOf(ctx context.Context, ids []experience.ID, do func(key)) error {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return r.each(ctx, do, `id IN (SELECT x::UUID FROM unnest(string_to_array($1::TEXT, ',')) AS t(x))`, strings.Join(list, ","))
}

func (r *Room) each(ctx context.Context, do func(key), where string, args ...any) error {
	rows, err := r.Ledger.Query(ctx, `SELECT CAST(id AS TEXT), `+r.Ledger.Micros("time")+`, `+r.Ledger.Micros("received_at")+
		`, CAST(person_id AS TEXT), touchpoint FROM interactions WHERE `+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		if err := rows.Scan(&k.id, &k.at, &k.received, &k.person, &k.touchpoint); err != nil {
			return err
		}
		do(k)
	}
	return rows.Err()
}

// place is where a voice stands in the ledger.
type place struct {
	id experience.ID
	at int64
}

// fetch reads interactions of the ledger with their texts, by their places;
// those that are there no more are left out.
func (r *Room) fetch(ctx context.Context, places []place) (map[experience.ID]Voice, error) {
	out := make(map[experience.ID]Voice, len(places))
	if len(places) == 0 {
		return out, nil
	}
	first, last := places[0].at, places[0].at
	args := []any{time.Time{}, time.Time{}}
	list := make([]string, len(places))
	for i, p := range places {
		first, last = min(first, p.at), max(last, p.at)
		args = append(args, p.id)
		list[i] = "$" + strconv.Itoa(len(args)) + "::UUID"
	}
	args[0], args[1] = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	l := r.Ledger
	rows, err := l.Query(ctx, fmt.Sprintf(`SELECT CAST(id AS TEXT), %s, %s, CAST(person_id AS TEXT), name, source, touchpoint, order_id,
		COALESCE(%s, ''), COALESCE(%s, ''), COALESCE(%s, ''), COALESCE(%s, ''), COALESCE(%s, ''), COALESCE(%s, '')
		FROM interactions WHERE time >= $1 AND time <= $2 AND id IN (%s)`, l.Micros("time"), l.Micros("received_at"), r.words(),
		either(l, "platform", "network"), l.Property("scale"), l.Property("out_of"), either(l, "score", "rating"), either(l, "title", "subject"),
		strings.Join(list, ", ")), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v Voice
		var at, received int64
		var scale, outOf, score, title string
		if err := rows.Scan(&v.ID, &at, &received, &v.Person, &v.Name, &v.Source, &v.Touchpoint, &v.Order, &v.Text, &v.Platform, &scale, &outOf, &score, &title); err != nil {
			return nil, err
		}
		v.Time, v.Received = time.UnixMicro(at).UTC(), time.UnixMicro(received).UTC()
		v.Scale, v.Score = answered(v.Name, scale, outOf, score)
		v.Text = whole(title, v.Text)
		v.Worded = v.Text != ""
		v.Platform = cut(v.Platform, mostPlatform)
		out[v.ID] = v
	}
	return out, rows.Err()
}

// mostPlatform is how many bytes of a platform's name are kept.
const mostPlatform = 60

func either(l Ledger, names ...string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = l.Property(n)
	}
	return "COALESCE(" + strings.Join(parts, ", ") + ")"
}

// whole puts a title before its text, unless the text says it already.
func whole(title, text string) string {
	if title = strings.TrimSpace(title); title == "" || text == "" || strings.HasPrefix(strings.ToLower(text), strings.ToLower(title)) {
		return text
	}
	return title + "\n" + text
}

// cut shortens a text to so many bytes, never within a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
