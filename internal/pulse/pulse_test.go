package pulse

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// The two nights on which Rome changes its clocks are among the days drawn.
var (
	rome, _ = time.LoadLocation("Europe/Rome")
	now     = time.Date(2026, 3, 31, 15, 20, 0, 0, time.UTC)
)

func testRoom(l Ledger) *Room {
	return &Room{
		Ledger: l,
		Touchpoints: func(context.Context) ([]experience.Touchpoint, error) {
			return []experience.Touchpoint{
				{Key: "cart", Stage: experience.Purchase, Channel: experience.Web},
				{Key: "till", Stage: experience.Purchase, Channel: experience.Shop},
				{Key: "call", Stage: experience.Care, Channel: experience.Phone},
			}, nil
		},
		Sources: func(context.Context) ([]Source, error) {
			return []Source{{ID: "site", Channel: experience.Web}, {ID: "shop", Channel: experience.Shop}}, nil
		},
		Company: func(context.Context) experience.Company { return experience.DefaultCompany() },
		Clock:   func() time.Time { return now },
	}
}

func TestFiguresAgreeWithASlowCount(t *testing.T) {
	for _, engine := range []string{"DuckDB", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			o := ledger.Options{Path: filepath.Join(t.TempDir(), "ledger.duckdb")}
			if engine == "PostgreSQL" {
				o = ledger.Options{URL: testkit.Postgres(t)}
			}
			l, err := ledger.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			var rows []experience.Interaction // of all rounds: the ledger forgets nothing
			var head experience.Position
			rapid.Check(t, func(t *rapid.T) {
				fresh := drawRows(t, len(rows))
				next := experience.Position{Sequence: head.Sequence + 1, Hash: fmt.Sprint(head.Sequence + 1)}
				if err := l.Append(context.Background(), ledger.Batch{Before: head, After: next, Rows: fresh}); err != nil {
					t.Fatal(err)
				}
				head, rows = next, append(rows, fresh...)
				checkReport(t, testRoom(l), rows, drawQuery(t))
			})
		})
	}
}

func drawRows(t *rapid.T, from int) []experience.Interaction {
	n := rapid.IntRange(1, 12).Draw(t, "rows")
	out := make([]experience.Interaction, n)
	for k := range out {
		at := now.Add(-time.Duration(rapid.Int64Range(-int64(time.Hour), int64(70*24*time.Hour)).Draw(t, "age"))).Truncate(time.Microsecond)
		r := experience.Interaction{
			ID: experience.HashID(nil, fmt.Sprint("row", from+k)), MessageID: fmt.Sprint(from + k), Kind: experience.Track, Name: "e", Time: at, ReceivedAt: at,
			Source:     rapid.SampledFrom([]string{"site", "shop", "lost"}).Draw(t, "source"),
			Touchpoint: rapid.SampledFrom([]string{"", "cart", "till", "call", "gone"}).Draw(t, "touchpoint"),
			Flags:      rapid.SampledFrom([]experience.Flags{0, 0, 0, experience.FlagBot, experience.FlagRecord}).Draw(t, "flags"),
		}
		if who := rapid.IntRange(0, 6).Draw(t, "person"); who > 0 {
			r.Person = experience.HashID(nil, fmt.Sprint("person", who))
			r.Subject = r.Person
		}
		if rapid.Bool().Draw(t, "money") {
			r.Currency = rapid.SampledFrom([]string{"EUR", "GBP"}).Draw(t, "currency")
			r.Revenue = rapid.Int64Range(-500, 2000).Draw(t, "revenue")
			r.OrderID = rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "order")
		}
		out[k] = r
	}
	return out
}

func drawQuery(t *rapid.T) url.Values {
	q := url.Values{}
	if rapid.Bool().Draw(t, "all") {
		q.Set("all", "1")
	}
	if rapid.Bool().Draw(t, "custom") {
		from := now.AddDate(0, 0, -rapid.IntRange(1, 60).Draw(t, "from"))
		q.Set("from", from.Format(time.DateOnly))
		q.Set("to", from.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "days")).Format(time.DateOnly))
	} else {
		q.Set("period", rapid.SampledFrom(presets).Draw(t, "period"))
	}
	return q
}

func checkReport(t *rapid.T, r *Room, rows []experience.Interaction, q url.Values) {
	ctx := context.Background()
	e, err := r.extent(ctx, now, q.Get("all") == "1")
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPeriod(q, e, now, rome)
	if err != nil {
		t.Fatal(err)
	}
	if p.before.To.After(p.now.From) {
		t.Fatalf("the periods overlap: %v and %v", p.before, p.now)
	}
	got, err := r.report(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := r.catalogue(ctx)
	if diff := cmp.Diff(slowly(p, c, rows), got); diff != "" {
		t.Fatalf("period %v, %d rows (-slow +room):\n%s", q, len(rows), diff)
	}
}

// slowly counts everything the obvious way.
func slowly(p period, c catalogue, rows []experience.Interaction) Report {
	r := Report{Period: p.now, Before: p.before, TimeZone: p.zone.String()}
	r.Touchpoints = slowPlaces(p, rows, func(x experience.Interaction) string { return x.Touchpoint })
	r.Stages = slowPlaces(p, rows, func(x experience.Interaction) string { return string(c.touchpoints[x.Touchpoint].Stage) })
	r.Channels = slowPlaces(p, rows, func(x experience.Interaction) string { return string(c.channel(x.Touchpoint, x.Source)) })
	for _, all := range slowPlaces(p, rows, func(experience.Interaction) string { return "" }) {
		r.Interactions, r.People = all.Interactions, all.People
	}
	r.Unbound = r.unbound()
	r.Volume = Volume{Step: string(p.step), Now: slowPieces(p, p.now, rows), Before: slowPieces(p, p.before, rows)}
	r.Faces.New.Now, r.Faces.Returning.Now = slowFaces(p, p.now, rows)
	r.Faces.New.Before, r.Faces.Returning.Before = slowFaces(p, p.before, rows)
	r.Revenue = slowMoney(p, rows)
	r.Gaps = slowGaps(p, c, rows)
	return r
}

func (p period) counts(x experience.Interaction) bool {
	return x.Flags == 0 || p.all && x.Flags&experience.FlagRecord == 0
}

func within(p period, s Span, x experience.Interaction) bool {
	return !x.Time.Before(s.From) && x.Time.Before(s.To) && p.counts(x)
}

func slowPlaces(p period, rows []experience.Interaction, key func(experience.Interaction) string) []Place {
	by := map[string]*Place{}
	people := map[string]bool{}
	for _, x := range rows {
		for _, s := range []Span{p.now, p.before} {
			if !within(p, s, x) {
				continue
			}
			k := key(x)
			if by[k] == nil {
				by[k] = &Place{Key: k}
			}
			n, who := &by[k].Interactions.Now, &by[k].People.Now
			if s == p.before {
				n, who = &by[k].Interactions.Before, &by[k].People.Before
			}
			*n++
			if id := fmt.Sprint(s, k, x.Person); !x.Person.IsZero() && !people[id] {
				people[id] = true
				*who++
			}
		}
	}
	out := []Place{}
	for _, place := range by {
		out = append(out, *place)
	}
	return busiest(out)
}

func slowPieces(p period, s Span, rows []experience.Interaction) []Count {
	layout := map[step]string{hourly: "2006-01-02 15", daily: "2006-01-02", monthly: "2006-01"}[p.step]
	counts := map[string]int64{}
	for _, x := range rows {
		if within(p, s, x) {
			counts[x.Time.In(rome).Format(layout)]++
		}
	}
	out := []Count{}
	seen := map[string]bool{}
	// The hour that the clock skips in spring has a place too, so that hours of
	// two days stand below each other.
	for t := wall(s.From, rome); !t.After(wall(s.To.Add(-time.Microsecond), rome)); t = t.Add(time.Minute) {
		name := t.Format(layout)
		if !seen[name] {
			seen[name] = true
			start, _ := time.Parse(layout, name)
			out = append(out, Count{start, counts[name]})
		}
	}
	return out
}

func slowFaces(p period, s Span, rows []experience.Interaction) (fresh, back int64) {
	first, there := map[experience.ID]time.Time{}, map[experience.ID]bool{}
	for _, x := range rows {
		if x.Person.IsZero() || !p.counts(x) {
			continue
		}
		if f, ok := first[x.Person]; !ok || x.Time.Before(f) {
			first[x.Person] = x.Time
		}
		there[x.Person] = there[x.Person] || within(p, s, x)
	}
	for who := range there {
		switch {
		case !there[who]:
		case first[who].Before(s.From):
			back++
		default:
			fresh++
		}
	}
	return fresh, back
}

func slowMoney(p period, rows []experience.Interaction) []Money {
	out := []Money{}
	for _, currency := range []string{"EUR", "GBP"} {
		m := Money{Currency: currency}
		there := false
		for _, s := range []Span{p.now, p.before} {
			orders := map[string]bool{}
			var minor int64
			for k, x := range rows {
				if !within(p, s, x) || x.Currency != currency {
					continue
				}
				there = true
				minor += x.Revenue
				if x.Revenue > 0 && x.OrderID == "" {
					orders[fmt.Sprint("row", k)] = true
				} else if x.Revenue > 0 {
					orders[x.Source+" "+x.OrderID] = true
				}
			}
			if s == p.now {
				m.Minor.Now, m.Orders.Now = minor, int64(len(orders))
			} else {
				m.Minor.Before, m.Orders.Before = minor, int64(len(orders))
			}
		}
		if there {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Money) int { return int(b.Orders.Now - a.Orders.Now) })
	return out
}

func slowGaps(p period, c catalogue, rows []experience.Interaction) Gaps {
	g := Gaps{Stages: []experience.Stage{}, Channels: []experience.Channel{}}
	any := func(f func(experience.Interaction) bool) bool {
		return slices.ContainsFunc(rows, func(x experience.Interaction) bool { return p.counts(x) && f(x) })
	}
	for _, s := range experience.Stages {
		if !any(func(x experience.Interaction) bool { return c.touchpoints[x.Touchpoint].Stage == s }) {
			g.Stages = append(g.Stages, s)
		}
	}
	for _, ch := range experience.Channels {
		if ch != experience.Server && !any(func(x experience.Interaction) bool { return c.channel(x.Touchpoint, x.Source) == ch }) {
			g.Channels = append(g.Channels, ch)
		}
	}
	return g
}
