package collect

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

var (
	errMoment  = errors.New("is not a time: write it as 2026-11-22T10:30:00Z, or in milliseconds since 1970")
	errSeconds = errors.New("is a number too small to be milliseconds since 1970: were seconds meant?")
)

// smallestMillis is the least number taken for milliseconds (it is in 1973):
// seconds of our days stay below it.
const smallestMillis = 1e11

// parseMoment reads a time as JSON has it: ISO 8601 in its usual forms, or
// milliseconds since 1970, as a number or in quotes. A time without a zone is
// UTC. The result is UTC, cut to the microsecond.
func parseMoment(raw []byte) (time.Time, error) {
	var t time.Time
	if len(raw) > 2 && raw[0] == '"' && t.UnmarshalText(raw[1:len(raw)-1]) == nil { // nearly always: RFC 3339
		return t.UTC().Truncate(time.Microsecond), nil
	}
	sent, ok := scalar(raw)
	if !ok {
		return time.Time{}, errMoment
	}
	text := strings.TrimSpace(string(sent))
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil { // more leniently, with blanks around it
		return t.UTC().Truncate(time.Microsecond), nil
	}
	if millis, err := strconv.ParseFloat(text, 64); err == nil && !isDigits(text, 8) {
		return fromMillis(millis)
	}
	text = strings.ToUpper(text)
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	text = strings.Replace(text, " ", "", 1) // between time and zone
	for _, layout := range moments {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, errMoment
}

func isDigits(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "0123456789") == ""
}

func fromMillis(millis float64) (time.Time, error) {
	switch {
	case millis > -smallestMillis && millis < smallestMillis:
		return time.Time{}, errSeconds
	case !(millis < 1e15 && millis > -1e15): // beyond the year 33658, or not a number
		return time.Time{}, errMoment
	}
	return time.UnixMicro(int64(millis * 1000)).UTC(), nil
}

// What senders write, besides RFC 3339. Fractions of a second are read wherever
// seconds are.
var moments = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04Z0700",
	"2006-01-02T15:04",
	"2006-01-02",
	"20060102T150405Z0700",
	"20060102T150405",
	"20060102",
}

var (
	firstLive   = time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	firstImport = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
)

const maxAhead = 24 * time.Hour

// moment finds when an event happened: the sender's time, corrected by what
// the sender's clock is wrong by where sentAt tells so. What is imported keeps
// the time it says: the clock of who sends a file is not that of what happened.
func moment(f *fields, shared []byte, imported bool, received time.Time) (time.Time, *refusal) {
	raw, name := present(f.originalTimestamp), "originalTimestamp"
	if raw == nil {
		raw, name = present(f.timestamp), "timestamp"
	}
	if raw == nil {
		return received, nil
	}
	at, err := parseMoment(raw)
	if err != nil {
		return at, refuse("time", "%s %w", name, err)
	}
	sent := present(f.sentAt)
	if sent == nil {
		sent = shared
	}
	if sent != nil && !imported {
		sentAt, err := parseMoment(sent)
		if err != nil {
			return at, refuse("time", "sentAt %w", err)
		}
		at = received.Add(-sentAt.Sub(at))
	}
	first := firstLive
	if imported {
		first = firstImport
	}
	switch {
	case at.After(received.Add(maxAhead)):
		return at, refuse("time", "the event lies more than 24 hours in the future: is the sender's clock right?")
	case at.Before(first):
		return at, refuse("time", "the event lies before %d: is the sender's clock set?", first.Year())
	}
	return at, nil
}
