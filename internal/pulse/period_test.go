package pulse

import (
	"net/url"
	"testing"
	"time"

	"regia/internal/experience"
)

func TestReadPeriod(t *testing.T) {
	lively := extent{first: now.AddDate(-3, 0, 0), last: now}
	old := extent{first: time.Date(2010, 12, 1, 8, 0, 0, 0, time.UTC), last: time.Date(2011, 12, 9, 12, 50, 0, 0, time.UTC)}
	for _, c := range []struct {
		name, query                          string
		extent                               extent
		from, to, beforeFrom, beforeTo, step string // on the wall clock of Rome
	}{
		{"nothing said", "", lively, "2026-03-02 00:00", "2026-03-31 17:20", "2026-01-31 00:00", "2026-03-01 17:20", "day"},
		{"today, against yesterday up to this hour", "period=today", lively, "2026-03-31 00:00", "2026-03-31 17:20", "2026-03-30 00:00", "2026-03-30 17:20", "hour"},
		{"twelve whole months", "period=12m", lively, "2025-04-01 00:00", "2026-03-31 17:20", "2024-04-01 00:00", "2025-03-31 17:20", "month"},
		{"an import of old data", "", old, "2011-11-10 00:00", "2011-12-10 00:00", "2011-10-11 00:00", "2011-11-10 00:00", "day"},
		{"days, both included", "from=2026-03-28&to=2026-03-29", lively, "2026-03-28 00:00", "2026-03-30 00:00", "2026-03-26 00:00", "2026-03-28 00:00", "hour"},
		{"days still going on", "from=2026-03-31", lively, "2026-03-31 00:00", "2026-03-31 17:20", "2026-03-30 00:00", "2026-03-30 17:20", "hour"},
		{"unknown", "period=century", lively, "2026-03-02 00:00", "2026-03-31 17:20", "2026-01-31 00:00", "2026-03-01 17:20", "day"},
	} {
		q, _ := url.ParseQuery(c.query)
		p, err := readPeriod(q, c.extent, now, rome)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		local := func(t time.Time) string { return t.In(rome).Format("2006-01-02 15:04") }
		got := []string{local(p.now.From), local(p.now.To), local(p.before.From), local(p.before.To), string(p.step)}
		for k, want := range []string{c.from, c.to, c.beforeFrom, c.beforeTo, c.step} {
			if got[k] != want {
				t.Errorf("%s: limit %d is %s, want %s", c.name, k, got[k], want)
			}
		}
	}
}

func TestReadPeriodRefuses(t *testing.T) {
	for _, query := range []string{"from=yesterday", "from=2026-03-02&to=2026-03-01", "from=1900-01-01&to=2026-01-01", "to=31/12/2025"} {
		q, _ := url.ParseQuery(query)
		if _, err := readPeriod(q, extent{}, now, rome); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("%s: %v, want it refused as invalid", query, err)
		}
	}
}
