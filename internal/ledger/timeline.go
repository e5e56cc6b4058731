package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"regia/internal/experience"
)

// TimelineQuery asks for a page of what a person did, and of what records say
// of them (experience.FlagRecord), the latest first.
type TimelineQuery struct {
	Person         experience.ID
	Before         string // the cursor the page before gave, or an RFC 3339 time (that moment left out); "": from the latest
	Limit          int    // rows in a page, 1 to 1000; default 50
	IncludeFlagged bool   // also bots and staff
	Whole          bool   // also what pages do not show: subject, visit, order, product, import, and context, mostly the largest part of a row
}

// Timeline gives a page of a person's interactions by time, then id, both
// descending, and the cursor of the page after it ("" when there is none). No
// row is lost or given twice between pages, also when times are equal.
func (l *Ledger) Timeline(ctx context.Context, q TimelineQuery) ([]experience.Interaction, string, error) {
	if q.Person.IsZero() {
		return nil, "", nil
	}
	p := page{person: q.Person, limit: min(max(q.Limit, 1), 1000), flagged: q.IncludeFlagged, whole: q.Whole}
	if q.Limit <= 0 {
		p.limit = 50
	}
	if err := p.parse(q.Before); err != nil {
		return nil, "", err
	}
	items, err := l.engine.timeline(ctx, p)
	if err != nil {
		return nil, "", l.fail(err)
	}
	for i := range items {
		items[i].Person = q.Person // also where the row is cached under somebody merged into them
	}
	if len(items) <= p.limit {
		return items, "", nil
	}
	items = items[:p.limit]
	return items, cursor(items[p.limit-1]), nil
}

// page is a TimelineQuery understood.
type page struct {
	person  experience.ID
	limit   int
	flagged bool
	whole   bool
	before  bool // the three below hold
	// The last row of the page before. ReceivedAt settles what id cannot: a
	// message sent again a day later is the same message, and a new row.
	time, received time.Time
	id             experience.ID
}

const pageOrder = ` ORDER BY t.time DESC, t.id DESC, t.received_at DESC`

// conditions gives what to add to WHERE, with its parameters as $1 and on.
func (p page) conditions() (string, []any) {
	sql, args := "", []any(nil)
	if p.before {
		sql = ` AND time <= $1 AND (time < $1 OR id < $2::UUID OR (id = $2::UUID AND received_at < $3))`
		args = []any{p.time, p.id.String(), p.received}
		if p.id.IsZero() { // a moment, not a row
			sql, args = ` AND time < $1`, args[:1]
		}
	}
	if !p.flagged {
		sql += ` AND ` + OfCustomers
	}
	return sql, args
}

// cursorBytes: time and received time in Unix microseconds, id.
const cursorBytes = 8 + 8 + 16

func cursor(r experience.Interaction) string {
	b := make([]byte, 0, cursorBytes)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Time.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, uint64(r.ReceivedAt.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, r.ID[:]...))
}

func (p *page) parse(before string) error {
	if before == "" {
		return nil
	}
	p.before = true
	if t, err := time.Parse(time.RFC3339Nano, before); err == nil {
		p.time = t.UTC()
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(before)
	if err != nil || len(b) != cursorBytes {
		return experience.Errorf(experience.Invalid, "%q is neither a cursor that a page gave nor a time such as 2026-01-31T00:00:00Z", before)
	}
	p.time = time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	p.received = time.UnixMicro(int64(binary.BigEndian.Uint64(b[8:]))).UTC()
	copy(p.id[:], b[16:])
	return nil
}

// few is how many rows are cheaper put in order here than by the engine, which
// takes as long to plan that as to find them. Most persons have fewer.
const few = 500

// readFew is read for persons who mostly have few rows: it asks for them in no
// order, and again, in order, where there are more.
func (p page) readFew(ctx context.Context, q queryer, from string, args []any) ([]experience.Interaction, error) {
	items, err := p.rows(ctx, q, from+fmt.Sprintf(` LIMIT %d`, few), args)
	if err != nil {
		return nil, err
	}
	if len(items) == few {
		return p.read(ctx, q, from, args)
	}
	slices.SortFunc(items, func(a, b experience.Interaction) int {
		return cmp.Or(b.Time.Compare(a.Time), bytes.Compare(b.ID[:], a.ID[:]), b.ReceivedAt.Compare(a.ReceivedAt))
	})
	return items[:min(len(items), p.limit+1)], nil
}

// read asks for one row more than the page holds, to know whether there is a
// page after it.
func (p page) read(ctx context.Context, q queryer, from string, args []any) ([]experience.Interaction, error) {
	return p.rows(ctx, q, from+pageOrder+fmt.Sprintf(` LIMIT %d`, p.limit+1), args)
}

func (p page) rows(ctx context.Context, q queryer, from string, args []any) ([]experience.Interaction, error) {
	read := readShown
	if p.whole {
		read = readWhole
	}
	rows, err := q.QueryContext(ctx, `SELECT `+read+` FROM `+from, args...)
	if err != nil {
		return nil, err
	}
	var items []experience.Interaction
	err = giveRows(rows, p.whole, func(r experience.Interaction) error {
		items = append(items, r)
		return nil
	})
	return items, err
}
