package touchpoint

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func rome(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// happened makes one interaction; edit changes what is out of the ordinary.
func happened(n int, key, name string, at time.Time, person string, edit func(*experience.Interaction)) experience.Interaction {
	secret := []byte("test")
	row := experience.Interaction{ID: experience.HashID(secret, "row", fmt.Sprint(n)), MessageID: fmt.Sprint("m", n), Source: "site", Kind: experience.Track,
		Name: name, Time: at, ReceivedAt: at, Touchpoint: key, Properties: json.RawMessage(`{}`)}
	if person != "" {
		row.Subject, row.Person = experience.HashID(secret, "subject", person), experience.HashID(secret, "person", person)
	}
	if edit != nil {
		edit(&row)
	}
	return row
}

func write(t *testing.T, l *ledger.Ledger, rows []experience.Interaction, r *ledger.Retouch) {
	t.Helper()
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after := head.Position
	after.Sequence++
	if err := l.Append(t.Context(), ledger.Batch{Before: head.Position, After: after, Rows: rows, Retouch: r}); err != nil {
		t.Fatal(err)
	}
}

func sample() []experience.Interaction {
	bot := func(r *experience.Interaction) { r.Flags = experience.FlagBot }
	till := func(r *experience.Interaction) { r.Source = "till" }
	day := 24 * time.Hour
	return []experience.Interaction{
		happened(1, "till", "Receipt Issued", noon, "anna", till),
		happened(2, "till", "Receipt Issued", noon.Add(-day), "anna", till),
		happened(3, "till", "Receipt Issued", noon.Add(-2*day), "bea", till),
		happened(4, "till", "Receipt Issued", time.Date(2026, 11, 19, 23, 30, 0, 0, time.UTC), "", till), // the 20th in Rome
		happened(5, "till", "Receipt Issued", noon, "carlo", bot),
		happened(6, "till", "Receipt Issued", noon.Add(-40*day), "dino", till),
		happened(7, "", "Kettle Boiled", noon, "anna", nil),
		happened(8, "", "Kettle Boiled", noon.Add(-day), "bea", nil),
		happened(9, "", "Kettle Boiled", noon, "", till),
		happened(10, "", "Tea Poured", noon.Add(time.Minute), "", nil),
		happened(11, "", "Tea Poured", noon, "", bot),
	}
}

func TestFigures(t *testing.T) {
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		ctx, zone := t.Context(), rome(t)
		if last, err := LastTime(ctx, l); err != nil || !last.IsZero() {
			t.Fatalf("last time of an empty book: %v, %v", last, err)
		}
		write(t, l, sample(), nil)
		month := thisMonth.period(noon, zone)
		check := func(what string, want, got any, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
		}

		got, err := Figures(ctx, l, month)
		for key, f := range got {
			f.Last = f.Last.UTC()
			got[key] = f
		}
		check("figures", map[string]Figure{"till": {4, 2, noon}, "": {4, 2, noon.Add(time.Minute)}}, got, err)

		one, err := FigureOf(ctx, l, "till", Always())
		one.Last = one.Last.UTC()
		check("one figure", Figure{5, 3, noon}, one, err)
		none, err := FigureOf(ctx, l, "chat", Always())
		check("no figure", Figure{}, none, err)

		last, err := LastTime(ctx, l)
		check("last time", noon.Add(time.Minute), last.UTC(), err)

		counts, err := Volume(ctx, l, "till", month, Daily, zone)
		if err != nil {
			t.Fatal(err)
		}
		days := []string{}
		for _, c := range fill(counts, Daily, time.Date(2026, 11, 18, 0, 0, 0, 0, zone), time.Date(2026, 11, 22, 0, 0, 0, 0, zone)) {
			days = append(days, fmt.Sprint(c.Start.Format("2 "), c.Interactions))
		}
		check("days", []string{"18 0", "19 0", "20 2", "21 1", "22 1"}, days, nil)
		counts, err = Volume(ctx, l, "till", Always(), Monthly, zone)
		check("months", []Count{{time.Date(2026, 10, 1, 0, 0, 0, 0, zone), 1}, {time.Date(2026, 11, 1, 0, 0, 0, 0, zone), 4}}, counts, err)

		latest, err := Latest(ctx, l, "till", 2)
		if err != nil || len(latest) != 2 || !latest[0].Time.Equal(noon) || latest[0].Person != sample()[0].Person.String() || latest[0].Name != "Receipt Issued" {
			t.Errorf("latest %+v, %v", latest, err)
		}

		events, total, err := UnboundEvents(ctx, l, 0, 2)
		for i := range events {
			events[i].Last = events[i].Last.UTC()
		}
		check("unbound", []Unbound{
			{Event{"site", experience.Track, "Kettle Boiled"}, Figure{2, 2, noon}},
			{Event{"site", experience.Track, "Tea Poured"}, Figure{1, 0, noon.Add(time.Minute)}},
		}, events, err)
		check("all unbound", 3, total, nil)
		rest, _, err := UnboundEvents(ctx, l, 2, 2)
		if err != nil || len(rest) != 1 || rest[0].Source != "till" {
			t.Errorf("the rest of what is unbound: %+v, %v", rest, err)
		}
	})
}

// TestLedgerAgreesWithMatcher assigns the past in the ledger and finds what the
// Matcher finds, for the whole default catalogue and for awkward properties.
func TestLedgerAgreesWithMatcher(t *testing.T) {
	c := mustDefaults(t)
	own := []experience.Binding{
		{ID: "o1", Touchpoint: "chat", Name: "Città", Conditions: []experience.Condition{{Property: "p", Op: experience.Contains, Value: "È"}}},
		{ID: "o2", Touchpoint: "case", Conditions: []experience.Condition{{Property: "p", Op: experience.Is, Value: "1.0"}}},
		{ID: "o3", Touchpoint: "repair", Conditions: []experience.Condition{{Property: "p", Op: experience.IsNot, Value: "x"}, {Property: "q", Op: experience.Exists}}},
	}
	rules := append(own, c.Rules(everySource())...)
	m := NewMatcher(rules)
	var rows []experience.Interaction
	add := func(source string, kind experience.Kind, name, properties string) {
		rows = append(rows, happened(len(rows), "", name, noon, "", func(r *experience.Interaction) {
			r.Source, r.Kind, r.Properties = source, kind, json.RawMessage(properties)
		}))
	}
	for _, b := range c.Bindings {
		for _, s := range []string{"web-1", "app-1", "shop-1", "marketplace-1"} {
			add(s, experience.Track, b.Name, `{"channel":"SMS"}`)
		}
	}
	for _, p := range []string{`{}`, `{"p":"x è y"}`, `{"p":1.0}`, `{"p":1}`, `{"p":"y","q":null}`, `{"p":"y","q":false}`, `{"p":{"p":"è"},"q":1}`, `{"p":["è"]}`, `{"p":"X","q":"1"}`, `{"p":"","q":""}`} {
		add("web-1", experience.Track, "CITTÀ", p)
		add("web-1", experience.PageView, "", p)
	}
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		write(t, l, rows, nil)
		write(t, l, nil, &ledger.Retouch{Catalogue: 1, Bindings: rules})
		found, err := l.Query(t.Context(), `SELECT message_id, touchpoint FROM interactions`)
		if err != nil {
			t.Fatal(err)
		}
		defer found.Close()
		got := map[string]string{}
		for found.Next() {
			var id, key string
			if err := found.Scan(&id, &key); err != nil {
				t.Fatal(err)
			}
			got[id] = key
		}
		if len(got) != len(rows) {
			t.Fatalf("%d rows, want %d (%v)", len(got), len(rows), found.Err())
		}
		for _, r := range rows {
			if want, _ := m.Match(r.Source, r.Kind, r.Name, r.Properties); got[r.MessageID] != want {
				t.Errorf("%s %q from %s with %s: the ledger says %q, the matcher %q", r.Kind, r.Name, r.Source, r.Properties, got[r.MessageID], want)
			}
		}
	})
}

func TestSpans(t *testing.T) {
	zone := rome(t)
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		span           span
		now, from, to  string
		fromWas, toWas string
	}{
		{thisMonth, "2026-11-22 13:00", "2026-11-01 00:00", "2026-11-22 14:00", "2026-10-01 00:00", "2026-10-22 14:00"},
		{thisMonth, "2026-03-31 09:00", "2026-03-01 00:00", "2026-03-31 10:00", "2026-02-01 00:00", "2026-03-01 00:00"},
		{lastYear, "2026-11-22 13:00", "2025-11-22 00:00", "2026-11-22 14:00", "2024-11-22 00:00", "2025-11-22 00:00"},
	} {
		p := c.span.period(at(c.now), zone)
		was, ok := c.span.former(p)
		if !ok || !p.From.Equal(at(c.from)) || !p.To.Equal(at(c.to)) || !was.From.Equal(at(c.fromWas)) || !was.To.Equal(at(c.toWas)) {
			t.Errorf("%s at %s: %v, before %v", c.span, c.now, p, was)
		}
	}
	if _, ok := allTime.former(Always()); ok {
		t.Error("all time has no period before it")
	}
	if readSpan("nonsense") != thisMonth || readSpan("all") != allTime {
		t.Error("the address is read wrongly")
	}
}

func TestGuess(t *testing.T) {
	g := mustDefaults(t).guesser()
	for name, want := range map[string]string{
		"order_completed": "online-order", "orderShipped": "dispatch", "scontrino": "", "Cart View": "cart", "Newsletter": "email-campaign",
		"xyzzy": "", "": "", "Carrello": "cart", "Survey Completed": "survey", "Fitting room used": "fitting-room",
	} {
		if got := g.guess(Event{Kind: experience.Track, Name: name}); got != want {
			t.Errorf("%q is guessed to be %q, want %q", name, got, want)
		}
	}
}
