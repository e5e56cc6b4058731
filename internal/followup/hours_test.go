package followup

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func rome(t interface{ Fatal(...any) }) *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestWorkingHours(t *testing.T) {
	zone := rome(t)
	h := usualHours()
	h.Closed = []string{"2026-12-24"}
	for _, x := range []struct {
		from  string
		hours int
		want  string
	}{
		{"2026-11-23 10:00", 4, "2026-11-23 14:00"}, // a Monday
		{"2026-11-20 16:00", 4, "2026-11-23 11:00"}, // over the weekend
		{"2026-11-21 03:00", 9, "2026-11-23 18:00"}, // all of a day
		{"2026-12-07 17:00", 2, "2026-12-09 10:00"}, // 8 December
		{"2026-12-23 17:00", 2, "2026-12-28 10:00"}, // its own closing day, Christmas, Santo Stefano, a weekend
		{"2026-04-03 17:00", 2, "2026-04-07 10:00"}, // Easter Monday is 6 April
		{"2027-03-26 17:00", 2, "2027-03-30 10:00"}, // and 29 March: the clocks change on Easter Sunday
		{"2026-11-23 18:00", 1, "2026-11-24 10:00"},
	} {
		from, err := time.ParseInLocation("2006-01-02 15:04", x.from, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Add(from.UTC(), time.Duration(x.hours)*time.Hour, zone).In(zone).Format("2006-01-02 15:04"); got != x.want {
			t.Errorf("%d working hours after %s is %s, not %s", x.hours, x.from, got, x.want)
		}
	}
	if got := (FollowUpHours{}).Add(time.Unix(0, 0), time.Hour, zone); !got.Equal(time.Unix(3600, 0)) {
		t.Errorf("around the clock an hour is an hour, not until %s", got)
	}
}

// Days of Easter from the tables of the United States Naval Observatory.
func TestEaster(t *testing.T) {
	for year, want := range map[int]string{1961: "04-02", 2000: "04-23", 2008: "03-23", 2011: "04-24", 2025: "04-20", 2026: "04-05", 2027: "03-28", 2038: "04-25"} {
		m, d := easter(year)
		if got := time.Date(year, m, d, 0, 0, 0, 0, time.UTC).Format("01-02"); got != want {
			t.Errorf("Easter of %d is %s, not %s", year, got, want)
		}
	}
}

// someHours draws opening hours, also such that a change of the clocks falls in.
func someHours(rt *rapid.T) FollowUpHours {
	h := FollowUpHours{On: true, Holidays: rapid.Bool().Draw(rt, "holidays")}
	for day := 1; day <= 7; day++ {
		if day == 7 && len(h.Week) == 0 || rapid.Bool().Draw(rt, "works") {
			from := rapid.IntRange(0, 24*60-1).Draw(rt, "from")
			h.Week = append(h.Week, FollowUpShift{day, from, rapid.IntRange(from+1, 24*60).Draw(rt, "to")})
		}
	}
	for range rapid.IntRange(0, 5).Draw(rt, "closed") {
		h.Closed = append(h.Closed, time.Date(2026, 3, 1+rapid.IntRange(0, 300).Draw(rt, "day"), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	return h
}

// A deadline is never outside opening hours nor before its time, later for what
// is longer or begins later, and two parts of it are as long as the whole; also
// where clocks change.
func TestDeadlinesKeepOpeningHours(t *testing.T) {
	zone := rome(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := someHours(rt)
		if err := h.check(); err != nil {
			rt.Fatal(err)
		}
		start := time.Date(2026, 3, 20, 0, 0, 0, 0, zone).Add(time.Duration(rapid.IntRange(0, 250*24*60).Draw(rt, "start")) * time.Minute)
		d := time.Duration(rapid.IntRange(1, 80*60).Draw(rt, "minutes")) * time.Minute
		due := h.Add(start, d, zone)
		if !h.Open(due, zone) {
			rt.Fatalf("%s after %s is %s, when nobody works", d, start, due)
		}
		if due.Before(start.Add(d)) {
			rt.Fatalf("%s after %s is %s: too early", d, start, due)
		}
		more := time.Duration(rapid.IntRange(1, 3000).Draw(rt, "more")) * time.Minute
		if longer := h.Add(start, d+more, zone); !longer.After(due) {
			rt.Fatalf("%s is due at %s, and %s more at %s", d, due, more, longer)
		} else if parts := h.Add(due, more, zone); !parts.Equal(longer) {
			rt.Fatalf("in two parts it is due at %s, at once at %s", parts, longer)
		}
		if later := h.Add(start.Add(more), d, zone); later.Before(due) {
			rt.Fatalf("what begins %s later is due at %s, before %s", more, later, due)
		}
	})
}

func TestHoursThatMakeNoSense(t *testing.T) {
	for name, h := range map[string]FollowUpHours{
		"no day":        {On: true},
		"a day twice":   {On: true, Week: []FollowUpShift{{1, 0, 60}, {1, 60, 120}}},
		"ends before":   {On: true, Week: []FollowUpShift{{1, 600, 600}}},
		"an eighth day": {On: true, Week: []FollowUpShift{{8, 0, 60}}},
		"no date":       {Closed: []string{"Natale"}},
	} {
		if h.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
