package analytics

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Event is one thing in a sequence.
type Event struct {
	At      int64  // microseconds since 1970
	arrived int64  // the same, when Regia took it: the order of what happened at one moment
	Code    int64  // what it is: the number of an activity, or the set of the steps it matches
	Value   string // the field asked for, "" when none was
}

// Sequence is what happened in one case, in order.
type Sequence struct {
	Case   string
	Events []Event
}

// what a sequence is to hold.
type wanted struct {
	code  string // SQL of a BIGINT: NULL leaves the interaction out
	value string // SQL of a text, "" for none
	split string // SQL of a text that cuts a case into several sequences, "" for none
	where string // a further condition, "" for none
}

// Separators of a sequence's text: characters that no sensible value holds.
const (
	betweenEvents = "\x1e"
	betweenParts  = "\x1f"
)

// sequences calls f with each sequence, in no order; the events may be kept,
// the slice may not. A case that is split comes several times.
func (b *builder) sequences(ctx context.Context, s Scope, w wanted, f func(Sequence) error) error {
	at, arrived := b.ledger.Micros("time"), b.ledger.Micros("received_at")
	text := fmt.Sprintf(`CAST(%s AS TEXT) || '%s' || CAST(%s AS TEXT) || '%s' || CAST(code AS TEXT)`, at, betweenParts, arrived, betweenParts)
	value, group := "NULL", ""
	if w.value != "" {
		value = w.value
		text += ` || '` + betweenParts + `' || translate(coalesce(value, ''), '` + betweenEvents + betweenParts + `', '  ')`
	}
	split := "''"
	if w.split != "" {
		split, group = w.split, ", split"
	}
	where := b.scope(s)
	if w.where != "" {
		where += " AND " + w.where
	}
	query := `SELECT CAST(c AS TEXT), string_agg(` + text + `, '` + betweenEvents + `')
		FROM (SELECT ` + b.caseOf(s) + ` AS c, time, received_at, ` + w.code + ` AS code, ` + value + ` AS value, ` + split + ` AS split
			FROM interactions WHERE ` + where + `) AS e
		WHERE code IS NOT NULL GROUP BY c` + group
	var events []Event
	return b.each(ctx, query, func(rows *sql.Rows) error {
		var name string
		var raw sql.RawBytes
		if err := rows.Scan(&name, &raw); err != nil {
			return err
		}
		var err error
		if events, err = parseEvents(events[:0], string(raw)); err != nil {
			return err
		}
		return f(Sequence{Case: name, Events: events})
	})
}

// parseEvents reads what a row of sequences holds, and puts it in order.
func parseEvents(into []Event, text string) ([]Event, error) {
	for one := range strings.SplitSeq(text, betweenEvents) {
		var e Event
		rest := one
		for _, to := range []*int64{&e.At, &e.arrived, &e.Code} {
			var part string
			part, rest, _ = strings.Cut(rest, betweenParts)
			n, err := strconv.ParseInt(part, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("a sequence of the ledger cannot be read: %w", err)
			}
			*to = n
		}
		e.Value = rest
		into = append(into, e)
	}
	slices.SortStableFunc(into, compareEvents)
	return into, nil
}

func compareEvents(a, b Event) int {
	switch {
	case a.At != b.At:
		return less(a.At < b.At)
	case a.arrived != b.arrived:
		return less(a.arrived < b.arrived)
	case a.Code != b.Code: // so that the answer does not depend on the engine
		return less(a.Code < b.Code)
	}
	return strings.Compare(a.Value, b.Value)
}

func less(yes bool) int {
	if yes {
		return -1
	}
	return 1
}
