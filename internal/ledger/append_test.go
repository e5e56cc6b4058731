package ledger_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

func TestAppendMovesTheHead(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		ctx := context.Background()
		b.rows(row("a", "s", "p", 1))
		b.append(ledger.Batch{Rows: []experience.Interaction{row("b", "s", "p", 2)}, Moves: []ledger.Move{move(7, "x", "y", "z")},
			Retouch: &ledger.Retouch{Catalogue: 3}})
		b.reopen()
		head, err := b.Head(ctx)
		b.check(err)
		want := ledger.Head{Position: at(2), Move: 7, Catalogue: 3, Rows: 2}
		if head != want {
			t.Fatalf("head %+v, want %+v", head, want)
		}
		if got := b.ask(`SELECT count(*) FROM interactions`); got[0] != "2" {
			t.Fatalf("%s rows, want 2", got[0])
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(row("a", "s", "p", 1))
		otherHash := at(1)
		otherHash.Hash = "of another log"
		noID := row("c", "s", "p", 2)
		noID.ID = experience.ID{}
		cases := map[string]struct {
			batch ledger.Batch
			code  experience.Code
		}{
			"a replayed batch":      {ledger.Batch{Before: at(0), After: at(1), Rows: []experience.Interaction{row("a", "s", "p", 1)}}, experience.Conflict},
			"a batch from later on": {ledger.Batch{Before: at(2), After: at(3)}, experience.Conflict},
			"another log":           {ledger.Batch{Before: otherHash, After: at(2)}, experience.Conflict},
			"a row without id":      {ledger.Batch{Before: at(1), After: at(2), Rows: []experience.Interaction{noID}}, experience.Invalid},
			"moves out of order":    {ledger.Batch{Before: at(1), After: at(2), Moves: []ledger.Move{move(2, "s", "p", "q"), move(1, "s", "q", "p")}}, experience.Invalid},
			"an unknown comparison": {ledger.Batch{Before: at(1), After: at(2), Rows: []experience.Interaction{row("d", "s", "p", 3)}, Retouch: &ledger.Retouch{
				Bindings: []experience.Binding{{ID: "b", Conditions: []experience.Condition{{Property: "n", Op: "like"}}}}}}, experience.Invalid},
		}
		for name, c := range cases {
			if err := b.Append(context.Background(), c.batch); experience.CodeOf(err) != c.code {
				t.Errorf("%s: %v, want code %s", name, err, c.code)
			}
		}
		head, err := b.Head(context.Background())
		b.check(err)
		if got := b.ask(`SELECT count(*) FROM interactions`); got[0] != "1" || head.Position != at(1) {
			t.Fatalf("a refused batch left %s rows at %+v", got[0], head)
		}
	})
}

func TestFresh(t *testing.T) {
	live := func(message string, received time.Duration) experience.Interaction {
		r := row(message, "s", "p", 0)
		r.ReceivedAt = day0.Add(received)
		return r
	}
	imported := func(message string, received time.Duration) experience.Interaction {
		r := live(message, received)
		r.Imported = true
		return r
	}
	year := 365 * 24 * time.Hour
	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(live("a", 0), imported("i", 0))
		for i := range 50 { // time passes, and old sightings are pruned
			b.rows(live("later", 48*time.Hour+time.Duration(i)*2*time.Hour))
		}
		b.rows(live("edge", year))
		b.reopen()
		cases := []struct {
			name string
			row  experience.Interaction
			want bool
		}{
			{"never seen", live("b", time.Hour), true},
			{"seen a year ago", live("a", year), true},
			{"imported a year ago", imported("i", year), false},
			{"imported a year ago, now live", live("i", year), true},
			{"a day ago to the microsecond", live("edge", year+24*time.Hour), false},
			{"a microsecond more than a day ago", live("edge", year+24*time.Hour+time.Microsecond), true},
			{"an hour ago", live("edge", year+time.Hour), false},
			{"an hour ago, now imported", imported("edge", year+time.Hour), false},
		}
		var rows []experience.Interaction
		for _, c := range cases {
			got, err := b.Fresh(context.Background(), []experience.Interaction{c.row})
			b.check(err)
			if got[0] != c.want {
				t.Errorf("%s: fresh %v, want %v", c.name, got[0], c.want)
			}
			rows = append(rows, c.row)
		}
		got, err := b.Fresh(context.Background(), append([]experience.Interaction{live("x", year), live("x", year+time.Hour), live("y", year), live("x", year+25*time.Hour)}, rows...))
		b.check(err)
		// The second x repeats the first; the last comes 25 hours after the first,
		// and the second does not count: it was not kept.
		want := []bool{true, false, true, true, true, true, false, true, false, true, false, false}
		// In one question "a microsecond more than a day" is fresh and "an hour
		// ago" then is received before a row that is there: a repetition.
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in one question: %s", diff)
		}
	})
}

func TestRowsComeBackAsTheyWere(t *testing.T) {
	full := experience.Interaction{ID: id("1"), MessageID: "m 'quoted' \"1\"", Source: "sorgente", Kind: experience.PageView, Name: "Città 👟 — ñ",
		Time: day0.Add(123456 * time.Microsecond), ReceivedAt: day0.Add(time.Hour), Subject: id("s"), Person: id("p"), Touchpoint: "site",
		Visit: "v1", Revenue: -1999, Currency: "EUR", OrderID: "O-1", ProductID: "P-1", Flags: experience.FlagStaff, Imported: true, Import: id("import"),
		Properties: json.RawMessage(`{ "prezzo":1.10,  "html":"<b>&</b>","big":12345678901234567890123,"emoji":"👟","esc":"\ud83d\ude00","q":"it's \"x\" \\u0000"}`),
		Context:    json.RawMessage(`{"page":{"path":"/a b"}}`)}
	empty := experience.Interaction{ID: id("2"), Time: day0, ReceivedAt: day0, Person: id("p")}
	first := empty
	first.ID, first.Time = id("3"), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last := empty
	last.ID, last.Time = id("4"), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	broken := empty
	broken.ID, broken.Time = id("5"), day0.Add(-time.Hour)
	broken.Name, broken.Properties = "nul\x00 and \xff", json.RawMessage(`{"a":"\u0000","b":"\ud800x","c":"\udc00\ud800","d":"\ud83d\ude00"}`)
	garbage := empty
	garbage.ID, garbage.Time, garbage.Properties = id("6"), day0.Add(-2*time.Hour), json.RawMessage(`{"a":`)
	quoted := garbage
	quoted.Properties = json.RawMessage(`"{\"a\":"`)
	kept := broken
	kept.Name, kept.Properties = "nul\uFFFD and \uFFFD", json.RawMessage(`{"a":"\ufffd","b":"\ufffdx","c":"\ufffd\ufffd","d":"\ud83d\ude00"}`)

	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(full, empty, first, last, broken, garbage)
		for _, compacted := range []bool{false, true} {
			if compacted {
				_, err := b.CompactAll(context.Background())
				b.check(err)
			}
			got, next, err := b.Timeline(context.Background(), ledger.TimelineQuery{Person: id("p"), IncludeFlagged: true, Whole: true})
			b.check(err)
			want := []experience.Interaction{last, full, empty, kept, quoted, first}
			if diff := cmp.Diff(want, got); diff != "" || next != "" {
				t.Errorf("compacted %v, next %q: %s", compacted, next, diff)
			}
		}
		if got := b.ask(`SELECT (properties ->> 'emoji'), (properties ->> 'q') FROM interactions WHERE revenue < 0`); got[0] != `👟|it's "x" \u0000` {
			t.Errorf("properties read %s", got)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	cases := map[string]struct {
		o    ledger.Options
		code experience.Code
	}{
		"neither":          {ledger.Options{}, experience.Invalid},
		"both":             {ledger.Options{Path: "x", URL: "postgres://x"}, experience.Invalid},
		"no such folder":   {ledger.Options{Path: filepath.Join(dir, "no", "l.duckdb")}, experience.Unavailable},
		"not a URL":        {ledger.Options{URL: "postgres://%%"}, experience.Invalid},
		"nobody listening": {ledger.Options{URL: "postgres://u:secret@127.0.0.1:1/db"}, experience.Unavailable},
	}
	for name, c := range cases {
		if _, err := ledger.Open(context.Background(), c.o); experience.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want code %s", name, err, c.code)
		}
	}
}
