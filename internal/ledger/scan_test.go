package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// scanned gives "message person" of what a scan gives, sorted.
func scanned(t *testing.T, b *book, f ledger.Filter) []string {
	t.Helper()
	var got []string
	b.check(b.Scan(context.Background(), f, func(r experience.Interaction) error {
		got = append(got, r.MessageID+" "+r.Person.String())
		return nil
	}))
	slices.Sort(got)
	return got
}

func TestScanGivesWhatIsAskedFor(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		var all []experience.Interaction
		for n := range 60 { // more than one compaction's worth
			r := row(fmt.Sprint("m", n), fmt.Sprint("s", n%7), fmt.Sprint("p", n%7), n)
			if n%7 == 6 {
				r.Subject, r.Person = experience.ID{}, experience.ID{}
			}
			r.Source = []string{"web", "till"}[n%2]
			r.Touchpoint = []string{"", "shop", "cart"}[n%3]
			switch n % 10 {
			case 8:
				r.Flags = experience.FlagRecord
			case 9:
				r.Flags = experience.FlagBot
			}
			all = append(all, r)
			if len(all)%10 == 0 {
				b.rows(all[len(all)-10:]...)
			}
			if n == 39 {
				_, err := b.CompactAll(context.Background())
				b.check(err)
			}
		}
		// Two merges: of rows that are sorted, and of rows that are not.
		b.append(ledger.Batch{Moves: []ledger.Move{move(1, "s2", "p2", "p1"), move(2, "s5", "p5", "p4")}})
		now := map[experience.ID]experience.ID{id("p2"): id("p1"), id("p5"): id("p4")}
		for k := range all {
			if to, ok := now[all[k].Person]; ok {
				all[k].Person = to
			}
		}
		minute := func(n int) time.Time { return day0.Add(time.Duration(n) * time.Minute) }
		for name, f := range map[string]ledger.Filter{
			"all":               {IncludeFlagged: true},
			"no bots":           {},
			"a period":          {From: minute(10), To: minute(20), IncludeFlagged: true},
			"a source":          {Source: "till"},
			"a touchpoint":      {Touchpoint: "shop"},
			"all at once":       {From: minute(5), To: minute(55), Source: "till", Touchpoint: "cart"},
			"nothing":           {Source: "nowhere"},
			"a person":          {Person: id("p1")},
			"one in a period":   {Person: id("p4"), From: minute(8), To: minute(50), Source: "web", IncludeFlagged: true},
			"merged into other": {Person: id("p2")},
		} {
			var want []string
			for _, r := range all {
				if f.IncludeFlagged || r.Flags != experience.FlagBot {
					in := !r.Time.Before(f.From) && (f.To.IsZero() || r.Time.Before(f.To))
					in = in && (f.Source == "" || r.Source == f.Source) && (f.Touchpoint == "" || r.Touchpoint == f.Touchpoint)
					if in && (f.Person.IsZero() || r.Person == f.Person) {
						want = append(want, r.MessageID+" "+r.Person.String())
					}
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, scanned(t, b, f)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// Rows with much text, and more rows than a window has, come whole and once.
func TestScanOfALargePart(t *testing.T) {
	b := newBook(t, "DuckDB")
	const many, long = 125_000, 40
	var rows []experience.Interaction
	for n := range many {
		r := row(fmt.Sprint("m", n), "s", "p", 0)
		if n%(many/long) == 0 {
			r.Properties = json.RawMessage(`{"text":"` + strings.Repeat("è", 300_000) + `"}`)
		}
		if rows = append(rows, r); len(rows) == 25_000 {
			b.rows(rows...)
			rows = rows[:0]
		}
	}
	seen, texts := map[string]bool{}, 0
	b.check(b.Scan(context.Background(), ledger.Filter{}, func(r experience.Interaction) error {
		seen[r.MessageID] = true
		if len(r.Properties) > 600_000 {
			texts++
		}
		return nil
	}))
	if len(seen) != many || texts != long {
		t.Errorf("%d rows and %d long texts, want %d and %d", len(seen), texts, many, long)
	}
}

func TestScanStops(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		for n := range 3 {
			b.rows(row(fmt.Sprint("m", n), "s", "p", n))
		}
		for _, f := range []ledger.Filter{{}, {Person: id("p")}} {
			enough, calls := errors.New("enough"), 0
			err := b.Scan(context.Background(), f, func(experience.Interaction) error { calls++; return enough })
			if !errors.Is(err, enough) || calls != 1 {
				t.Errorf("%d calls, %v", calls, err)
			}
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			if err := b.Scan(gone, f, func(experience.Interaction) error { return nil }); err == nil {
				t.Error("a scan that nobody waits for goes on")
			}
		}
	})
}
