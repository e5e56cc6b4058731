package mapping

import (
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	rome, _ := time.LoadLocation("Europe/Rome")
	for _, c := range []struct{ format, text, want string }{
		{"yyyy-MM-dd HH:mm:ss", "2024-07-01 10:00:00", "2024-07-01T08:00:00Z"},
		{"2006-01-02 15:04:05", "2024-01-01 10:00:00", "2024-01-01T09:00:00Z"},
		{"dd/MM/yyyy", "05/02/2024", "2024-02-04T23:00:00Z"},
		{"d/M/yy H:mm", "5/2/24 9:05", "2024-02-05T08:05:00Z"},
		{"yyyy/MM/dd HH:mm:ss.SSS", "2012/10/09 14:50:17.250", "2012-10-09T12:50:17.25Z"},
		{"yyyy-MM-dd'T'HH:mm:ssXXX", "2024-01-01T10:00:00+05:00", "2024-01-01T05:00:00Z"},
		{"iso", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"},
		{"unix", "1700000000", "2023-11-14T22:13:20Z"},
		{"unix_ms", "1700000000123", "2023-11-14T22:13:20.123Z"},
		{"MMM d, yyyy h:mm a", "Feb 3, 2024 4:05 PM", "2024-02-03T15:05:00Z"},
		{"yyyy-MM-dd", "31/12/2024", "!"}, {"yyyy-MM-dd", "2024-02-30", "!"}, {"unix", "soon", "!"}, {"yyyy-MM-dd", "", ""},
	} {
		f, err := parseFormat(c.format)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		at, err := layouts{rome, []format{f}}.parse(c.text)
		got := ""
		if err != nil {
			got = "!"
		} else if !at.IsZero() {
			got = at.UTC().Format(timeLayout)
		}
		if got != c.want {
			t.Errorf("%s as %s: %s (%v), want %s", c.text, c.format, got, err, c.want)
		}
	}
	for _, bad := range []string{"giorno/mese", "HH:mm", "", "dd-MM"} {
		if f, err := parseFormat(bad); err == nil {
			t.Errorf("%q was taken as %q", bad, f.layout)
		}
	}
}

func TestDays(t *testing.T) {
	rome, _ := time.LoadLocation("Europe/Rome")
	l := layouts{zone: rome}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, rome)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		from, to string
		want     int64
	}{
		{"2024-03-30 23:59", "2024-03-31 00:01", 1}, {"2024-03-30 00:00", "2024-04-01 23:00", 2}, // clocks change on the 31st
		{"2024-02-10 12:00", "2024-02-08 13:00", -2}, {"2024-02-10 00:00", "2024-02-10 23:59", 0},
	} {
		if got := l.days(at(c.from), at(c.to)); got != c.want {
			t.Errorf("%s to %s: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}
