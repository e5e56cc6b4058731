package voice

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// stale is how old the last text may be for a period that ends now to make sense.
const staleAfter = 30 * 24 * time.Hour

// extent is from when on there are texts, and until when a period goes: now, or
// where the texts end when that is long ago.
type extent struct {
	first, to time.Time
	past      bool
	none      bool // nobody ever wrote anything
}

func (r *Room) extent(ctx context.Context) (e extent, err error) {
	var first, last sql.NullInt64
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT min(at), max(at) FROM voices WHERE worded = 1`).Scan(&first, &last)
	})
	now := r.Clock()
	e = extent{first: time.UnixMicro(first.Int64).UTC(), to: now, none: !first.Valid}
	if end := time.UnixMicro(last.Int64).UTC(); last.Valid && now.Sub(end) > staleAfter {
		e.to, e.past = end.Add(time.Second), true
	}
	return e, err
}

// span gives the time that a period means. Days begin at midnight of the zone.
func (e extent) span(period string, zone *time.Location) VoiceSpan {
	days, err := strconv.Atoi(period)
	if err != nil { // all
		return VoiceSpan{e.first, e.to}
	}
	y, m, d := e.to.In(zone).Date()
	return VoiceSpan{time.Date(y, m, d-days+1, 0, 0, 0, 0, zone).UTC(), e.to}
}

// cursor is where a list goes on: after the text of this time and id.
type cursor struct {
	at int64
	id string
}

func (c cursor) String() string { return strconv.FormatInt(c.at, 10) + "." + c.id }

func readCursor(s string) (*cursor, error) {
	if s == "" {
		return nil, nil
	}
	at, id, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if err == nil {
		_, err = experience.ParseID(id)
	}
	if err != nil {
		return nil, experience.Errorf(experience.Invalid, "voice.error.cursor")
	}
	return &cursor{n, id}, nil
}

// Page is a part of a list of texts, the latest first.
type Page struct {
	Voices []Voice
	Next   string // what continues the list; "" at its end
	All    int64  // how many the list has; -1 = not counted
	Capped bool   // more may have the word than were looked through
}

// List gives a page of texts. Those that the ledger has no more are left out.
func (r *Room) List(ctx context.Context, f Filter, s VoiceSpan, after string, limit int) (p Page, err error) {
	from, err := readCursor(after)
	if err != nil {
		return p, err
	}
	var found []string
	if f.Word != "" {
		if found, p.Capped, err = r.search(ctx, f.Word, s); err != nil {
			return p, err
		}
	}
	table, id, c := f.ask(s)
	if f.Word != "" {
		c.parts = append(c.parts, id+" IN ("+strings.Join(found, ", ")+")")
		if len(found) == 0 {
			return p, nil
		}
	}
	var rows []row
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		p.All, p.Next = -1, ""
		if from == nil {
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM `+table+` WHERE `+c.where(), c.args...).Scan(&p.All); err != nil {
				return err
			}
		}
		more := conditions{parts: c.parts, args: c.args}
		if from != nil {
			more.add("at <= ? AND (at < ? OR "+id+" < ?)", from.at, from.at, from.id)
		}
		places, err := selectPlaces(ctx, tx, fmt.Sprintf(`%s, at FROM %s WHERE %s ORDER BY at DESC, %s DESC LIMIT %d`, id, table, more.where(), id, limit+1), more.args...)
		if err != nil {
			return err
		}
		if len(places) > limit {
			places = places[:limit]
			last := places[limit-1]
			p.Next = cursor{last.at, last.id.String()}.String()
		}
		rows, err = rowsAt(ctx, tx, places)
		return err
	})
	if err != nil {
		return p, err
	}
	p.Voices, err = r.told(ctx, rows)
	return p, err
}

// rowsAt gives what the registry knows of the voices at some places, the latest
// first.
func rowsAt(ctx context.Context, tx registry.Tx, places []place) ([]row, error) {
	if len(places) == 0 {
		return nil, nil
	}
	ids := make([]string, len(places))
	for i, p := range places {
		ids[i] = p.id.String()
	}
	return selectRows(ctx, tx, `FROM voices v WHERE v.id IN (`+quotedList(ids)+`) ORDER BY v.at DESC, v.id DESC`)
}

// row is what the registry knows of a voice.
type row struct {
	id         experience.ID
	at         int64
	number     int64
	scale      string
	score      float64
	platform   string
	reading    string
	corrected  []Correction
	name       string
	touchpoint string
}

func selectRows(ctx context.Context, tx registry.Tx, rest string, args ...any) ([]row, error) {
	rows, err := tx.Query(ctx, `SELECT v.id, v.at, v.number, v.scale, v.score, v.platform, v.reading, v.name, v.touchpoint,
		(SELECT count(*) FROM voice_corrections k WHERE k.voice = v.id AND k.undone_at = 0) `+rest, args...)
	if err != nil {
		return nil, err
	}
	var out []row
	var corrected []int
	for rows.Next() {
		var x row
		var n int64
		if err := rows.Scan(&x.id, &x.at, &x.number, &x.scale, &x.score, &x.platform, &x.reading, &x.name, &x.touchpoint, &n); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		if n > 0 {
			corrected = append(corrected, len(out))
		}
		out = append(out, x)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, i := range corrected {
		if out[i].corrected, err = corrections(ctx, tx, out[i].id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// told gives voices with their texts and people as the ledger has them now.
func (r *Room) told(ctx context.Context, rows []row) ([]Voice, error) {
	places := make([]place, len(rows))
	for i, x := range rows {
		places[i] = place{x.id, x.at}
	}
	found, err := r.fetch(ctx, places)
	if err != nil {
		return nil, err
	}
	out := make([]Voice, 0, len(rows))
	for _, x := range rows {
		v, ok := found[x.id]
		if !ok {
			nudge(r.amiss) // it was taken back a moment ago
			continue
		}
		l, err := decodeLabels(x.reading)
		if err != nil {
			return nil, err
		}
		v.Number, v.Scale, v.Score, v.Corrected = x.number, x.scale, x.score, x.corrected
		v.Labels = l.corrected(x.corrected)
		out = append(out, v)
	}
	return out, nil
}

// Get gives one voice. NotFound where there is none.
func (r *Room) Get(ctx context.Context, id experience.ID) (Voice, error) {
	list, err := r.some(ctx, "FROM voices v WHERE v.id = $1", id.String())
	if err == nil && len(list) == 0 {
		err = experience.Errorf(experience.NotFound, "voice.error.none")
	}
	if err != nil {
		return Voice{}, err
	}
	return list[0], nil
}

// some gives the voices that a question to the registry finds.
func (r *Room) some(ctx context.Context, rest string, args ...any) ([]Voice, error) {
	var rows []row
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		rows, err = selectRows(ctx, tx, rest, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.told(ctx, rows)
}

// mostFound is how many texts with a word are looked through, the latest first.
const mostFound = 2000

// search finds texts that hold a word, as SQL: their ids in quotes.
func (r *Room) search(ctx context.Context, word string, s VoiceSpan) (ids []string, capped bool, err error) {
	pattern := "%" + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(strings.ToLower(word)) + "%"
	rows, err := r.Ledger.Query(ctx, `SELECT CAST(id AS TEXT) FROM interactions WHERE time >= $1 AND time < $2 AND `+r.said()+
		` AND lower(`+r.words()+`) LIKE $3 ESCAPE '!' ORDER BY time DESC, id DESC LIMIT `+strconv.Itoa(mostFound+1), s.From, s.To, pattern)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var id experience.ID
		if err := rows.Scan(&id); err != nil {
			return nil, false, err
		}
		ids = append(ids, quoted(id.String()))
	}
	return ids[:min(len(ids), mostFound)], len(ids) > mostFound, rows.Err()
}

// choices are what texts can be filtered by, as far as there are any.
type choices struct {
	mu   sync.Mutex
	read time.Time
	Choices
}

// forget has them be read at the next question.
func (c *choices) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = time.Time{}
}

// Choices are what there are texts of, the most frequent first.
type Choices struct {
	Languages, Platforms, Touchpoints []string
	Topics                            []string // those of the tree first, also those that no text is about yet
}

// mostOffered is how many values of one kind can be chosen, the most frequent.
const mostOffered = 100

// frequent gives what was counted, the most frequent first, but for what has no name.
func frequent(counts map[string]int64) []string {
	delete(counts, "")
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	return names[:min(len(names), mostOffered)]
}

// offered gives what texts can be filtered by, half a minute old at most.
func (r *Room) offered(ctx context.Context) (Choices, error) {
	r.choices.mu.Lock()
	defer r.choices.mu.Unlock()
	if now := time.Now(); now.Sub(r.choices.read) < 30*time.Second && len(r.choices.Languages) > 0 {
		return r.choices.Choices, nil
	}
	var fresh Choices
	tree, err := r.topicTree(ctx)
	if err != nil {
		return fresh, err
	}
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		counts := map[string]map[string]int64{"language": {}, "platform": {}, "touchpoint": {}}
		rows, err := tx.Query(ctx, `SELECT language, platform, touchpoint, count(*) FROM voices WHERE worded = 1 GROUP BY language, platform, touchpoint`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var language, platform, touchpoint string
			var n int64
			if err := rows.Scan(&language, &platform, &touchpoint, &n); err != nil {
				return errors.Join(err, rows.Close())
			}
			counts["language"][language] += n
			counts["platform"][platform] += n
			counts["touchpoint"][touchpoint] += n
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		fresh.Languages, fresh.Platforms, fresh.Touchpoints = frequent(counts["language"]), frequent(counts["platform"]), frequent(counts["touchpoint"])
		fresh.Topics = tree.keys()
		rows, err = tx.Query(ctx, `SELECT topic FROM voice_topics GROUP BY topic ORDER BY topic LIMIT 500`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var topic string
			if err := rows.Scan(&topic); err != nil {
				return err
			}
			if !slices.Contains(fresh.Topics, topic) {
				fresh.Topics = append(fresh.Topics, topic)
			}
		}
		return rows.Err()
	})
	if err == nil {
		r.choices.Choices, r.choices.read = fresh, time.Now()
	}
	return fresh, err
}
