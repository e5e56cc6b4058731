package mapping

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// layouts reads times in one of several formats, in a zone where the text
// itself names none.
type layouts struct {
	zone    *time.Location
	formats []format
}

type format struct {
	written string // as the mapping has it
	layout  string // as Go has it; "" for Unix time
	unit    time.Duration
}

// patternLetters translates the letters of patterns such as yyyy-MM-dd, the
// longest first.
var patternLetters = []struct{ pattern, layout string }{
	{"yyyy", "2006"}, {"yy", "06"},
	{"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"dd", "02"}, {"d", "2"},
	{"EEEE", "Monday"}, {"EEE", "Mon"},
	{"HH", "15"}, {"H", "15"}, {"hh", "03"}, {"h", "3"},
	{"mm", "04"}, {"m", "4"}, {"ss", "05"}, {"s", "5"},
	{"SSSSSS", "000000"}, {"SSS", "000"}, {"a", "PM"},
	{"XXX", "Z07:00"}, {"XX", "Z0700"}, {"zzz", "MST"},
}

// parseFormat reads how a mapping writes a format: as Go does, with the parts
// of 2006-01-02 15:04:05; by letters, as yyyy-MM-dd HH:mm:ss; or one of the
// words iso, unix, unix_ms.
func parseFormat(s string) (format, error) {
	switch strings.ToLower(s) {
	case "iso", "rfc3339":
		return format{s, time.RFC3339Nano, 0}, nil
	case "unix":
		return format{s, "", time.Second}, nil
	case "unix_ms":
		return format{s, "", time.Millisecond}, nil
	}
	if strings.Contains(s, "2006") || strings.Contains(s, "06") && strings.Contains(s, "02") {
		return format{written: s, layout: s}, nil
	}
	layout, err := translate(s)
	return format{written: s, layout: layout}, err
}

func translate(pattern string) (string, error) {
	var b strings.Builder
	for rest := pattern; rest != ""; {
		if quoted, after, ok := cutQuoted(rest); ok {
			b.WriteString(quoted)
			rest = after
			continue
		}
		n := len(rest)
		for _, l := range patternLetters {
			if strings.HasPrefix(rest, l.pattern) {
				b.WriteString(l.layout)
				rest = rest[len(l.pattern):]
				break
			}
		}
		if len(rest) < n {
			continue
		}
		if c := rest[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' && c != 'T' && c != 'Z' {
			return "", fmt.Errorf("%q is not a time format: %q stands for nothing; write it like yyyy-MM-dd HH:mm:ss or 2006-01-02 15:04:05", pattern, c)
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
	}
	if !strings.Contains(b.String(), "06") {
		return "", fmt.Errorf("%q is not a time format: it has no year; write it like yyyy-MM-dd HH:mm:ss or 2006-01-02 15:04:05", pattern)
	}
	return b.String(), nil
}

// cutQuoted takes a literal in single quotes off the front.
func cutQuoted(s string) (quoted, after string, ok bool) {
	if s[0] != '\'' {
		return "", s, false
	}
	return strings.Cut(s[1:], "'")
}

// parse reads a time. Empty text is the zero time.
func (l layouts) parse(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	for _, f := range l.formats {
		if t, err := f.parse(text, l.zone); err == nil {
			return t, nil
		}
	}
	if len(l.formats) == 0 {
		return time.Time{}, errors.New("the mapping says nowhere how times are written: set time: in defaults")
	}
	written := make([]string, len(l.formats))
	for i, f := range l.formats {
		written[i] = f.written
	}
	return time.Time{}, reason("time", "%s is not a time written as %s", quote(text), strings.Join(written, " / "))
}

func (f format) parse(text string, zone *time.Location) (time.Time, error) {
	if f.layout != "" {
		return time.ParseInLocation(f.layout, text, zone)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > 1<<53 || n < -1<<53 {
		return time.Time{}, fmt.Errorf("%s is not a Unix time", quote(text))
	}
	perSecond := int64(time.Second / f.unit)
	return time.Unix(n/perSecond, n%perSecond*int64(f.unit)).UTC(), nil
}

// days counts the midnights between two times in the zone; negative when to is earlier.
func (l layouts) days(from, to time.Time) int64 {
	day := func(t time.Time) int64 {
		y, m, d := t.In(l.zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	return day(to) - day(from)
}

// ReadsTime tells whether a text is a time written in a format, as defaults:
// time: has it.
func ReadsTime(written, text string) bool {
	f, err := parseFormat(written)
	if err != nil {
		return false
	}
	_, err = f.parse(strings.TrimSpace(text), time.UTC)
	return err == nil
}
