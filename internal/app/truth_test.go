package app_test

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
)

// Every number that Pulse, People and Person show is counted again, by SQL
// written here and asked of the books directly.

func TestDemoIsTrue(t *testing.T) {
	w := open(t)
	w.demo()
	if n := w.sql(`SELECT count(*) FROM interactions`); n < 100_000 {
		t.Errorf("two years of a company are %d interactions", n)
	}
	if marked := w.sql(`SELECT count(*) FROM interactions WHERE flags <> 0`); marked == 0 {
		t.Error("the demo has a crawler and staff, and nothing is marked")
	}
	if unbound := w.sql(`SELECT count(*) FROM interactions WHERE touchpoint = '' AND flags < 4`); unbound > 0 {
		t.Errorf("%d interactions of the demo have no touchpoint", unbound)
	}
	w.true(time.Now())
	w.asksAndListens()
}

func TestOlistIsTrue(t *testing.T) {
	w := open(t)
	r := w.bring("olist", testkit.RealData(t, "olist"))
	w.same("orders read", r.Rows, 8135)
	w.same("rejected", r.Rejected, 0)
	var people struct{ People, Interactions int64 }
	w.get("/api/v1/status", &people)
	w.same("people", people.People, 8016)
	w.true(time.Date(2018, 8, 15, 12, 0, 0, 0, time.UTC))
	w.everyOrder(filepath.Dir(testkit.RealData(t, "olist", "olist_orders_dataset.csv")))
	w.foretells()

	before := w.sql(`SELECT count(*) FROM interactions`)
	w.bringAgain("olist", testkit.RealData(t, "olist"))
	w.same("interactions after importing again", w.sql(`SELECT count(*) FROM interactions`), before)
}

func TestOnlineRetailIsTrue(t *testing.T) {
	w := open(t)
	file := testkit.RealData(t, "online-retail", "online_retail.csv.gz")
	began := time.Now()
	r := w.bring("online-retail", file)
	t.Logf("%d lines imported and woven in %.1f s", r.Rows, time.Since(began).Seconds())
	w.same("lines", r.Rows, 541_909)
	w.same("rejected", r.Rejected, 0)

	customers, buyers, anonymous := retail(t, file)
	w.same("known customers", w.registry(`SELECT count(*) FROM people WHERE known`), customers)
	w.same("known customers of the data's README", customers, 4372)
	w.same("buyers", w.sql(`SELECT count(DISTINCT person_id) FROM interactions WHERE name = 'Order Completed' AND person_id::TEXT IN (`+
		w.known()+`)`), buyers)
	w.same("buyers of the data's README", buyers, 4339)
	w.same("people behind lines without a customer", w.registry(`SELECT count(*) FROM people WHERE NOT known`), anonymous)
	w.same("lines in all interactions", w.lines()+w.sql(`SELECT count(*) FROM interactions WHERE name = 'Bad Debt Adjusted'`), 541_909)
	w.true(time.Date(2011, 11, 30, 12, 0, 0, 0, time.UTC))
	w.comesBack(file)
}

// known lists the ids of known people as an SQL list.
func (w world) known() string {
	var ids []string
	err := w.Registry.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM people WHERE known`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id experience.ID
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, "'"+id.String()+"'")
		}
		return rows.Err()
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return strings.Join(ids, ",")
}

// lines counts the lines inside all interactions.
func (w world) lines() int64 {
	return w.sql(`SELECT CAST(sum(json_array_length(properties -> 'products')) AS BIGINT) FROM interactions WHERE properties ->> 'products' IS NOT NULL`)
}

// registry asks the registry directly for one number.
func (w world) registry(query string) (n int64) {
	w.tb.Helper()
	err := w.Registry.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, query).Scan(&n)
	})
	if err != nil {
		w.tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// true checks the pages' figures around a moment.
func (w world) true(around time.Time) {
	w.tb.Helper()
	for _, days := range []int{1, 30, 365} {
		w.pulse(around.Add(-time.Duration(days)*24*time.Hour), around)
	}
	w.people()
	w.persons()
}

type pair struct{ Now, Before int64 }

// pulse checks the Pulse of a period.
func (w world) pulse(from, to time.Time) {
	w.tb.Helper()
	from, to = from.UTC().Truncate(time.Second), to.UTC().Truncate(time.Second)
	var p struct {
		Period, Before                struct{ From, To time.Time }
		Interactions, People, Unbound pair
		Touchpoints, Channels, Stages []struct {
			Key                  string
			Interactions, People pair
		}
		Volume struct {
			Now, Before []struct{ Interactions int64 }
		}
		Faces   struct{ New, Returning pair }
		Revenue []struct {
			Currency string
			Amount   pair `json:"amount_minor"`
		}
	}
	w.get("/api/v1/pulse?"+url.Values{"from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}.Encode(), &p)
	what := fmt.Sprintf("%s to %s: ", from.Format(time.DateOnly), to.Format(time.DateOnly))
	before := p.Before.From
	if !p.Period.From.Equal(from) || !p.Period.To.Equal(to) || !p.Before.To.Equal(from) {
		w.tb.Errorf("%sshown are %v and %v", what, p.Period, p.Before)
	}
	// As long in days; the clock may have been put forward or back in between.
	if d := from.Sub(before) - to.Sub(from); d < -time.Hour || d > time.Hour {
		w.tb.Errorf("%sthe period before begins at %v", what, before)
	}
	count := func(expr, where string, args ...any) pair {
		query := `SELECT ` + expr + ` FROM interactions WHERE time >= $1 AND time < $2 AND flags = 0` + where
		return pair{w.sql(query, append([]any{from, to}, args...)...), w.sql(query, append([]any{before, from}, args...)...)}
	}
	w.same(what+"interactions", p.Interactions, count(`count(*)`, ``))
	w.same(what+"people", p.People, count(`count(DISTINCT person_id)`, ``))
	w.same(what+"unbound", p.Unbound, count(`count(*)`, ` AND touchpoint = ''`))
	var sum pair
	for _, t := range p.Touchpoints {
		w.same(what+"at "+t.Key, t.Interactions, count(`count(*)`, ` AND touchpoint = $3`, t.Key))
		w.same(what+"people at "+t.Key, t.People, count(`count(DISTINCT person_id)`, ` AND touchpoint = $3`, t.Key))
		sum.Now += t.Interactions.Now
		sum.Before += t.Interactions.Before
	}
	w.same(what+"sum over touchpoints", sum, p.Interactions)
	for name, list := range map[string][]struct {
		Key                  string
		Interactions, People pair
	}{"channels": p.Channels, "stages": p.Stages} {
		sum = pair{}
		for _, t := range list {
			sum.Now += t.Interactions.Now
			sum.Before += t.Interactions.Before
		}
		w.same(what+"sum over "+name, sum, p.Interactions)
	}
	sum = pair{}
	for _, v := range p.Volume.Now {
		sum.Now += v.Interactions
	}
	for _, v := range p.Volume.Before {
		sum.Before += v.Interactions
	}
	w.same(what+"sum over the chart", sum, p.Interactions)
	w.same(what+"new and returning", p.Faces.New.Now+p.Faces.Returning.Now, p.People.Now)
	w.same(what+"new", p.Faces.New.Now, w.sql(`SELECT count(*) FROM (SELECT person_id FROM interactions WHERE flags = 0 AND person_id IS NOT NULL
		GROUP BY person_id HAVING min(time) >= $1 AND min(time) < $2) AS firsts`, from, to))
	for _, m := range p.Revenue {
		w.same(what+"revenue in "+m.Currency, m.Amount, count(`coalesce(CAST(sum(revenue) AS BIGINT), 0)`, ` AND currency = $3`, m.Currency))
	}
}

// people checks how many people there are, on the page too.
func (w world) people() {
	w.tb.Helper()
	var s struct{ People, Interactions int64 }
	w.get("/api/v1/status", &s)
	w.same("people of the status", s.People, w.registry(`SELECT count(*) FROM people`))
	w.same("interactions of the status", s.Interactions, w.sql(`SELECT count(*) FROM interactions`))
	w.same("people of the ledger", w.sql(`SELECT count(DISTINCT person_id) FROM interactions`), s.People)
	page := string(w.raw("GET", "/people", nil))
	for _, q := range []string{`SELECT count(*) FROM people WHERE known`, `SELECT count(*) FROM people WHERE NOT known`} {
		n := w.registry(q)
		if it, en := grouped(n, "."), grouped(n, ","); n > 0 && !strings.Contains(page, it) && !strings.Contains(page, en) {
			w.tb.Errorf("the People page does not show %d (%s)", n, q)
		}
	}
}

func grouped(n int64, mark string) string {
	s := fmt.Sprint(n)
	for k := len(s) - 3; k > 0; k -= 3 {
		s = s[:k] + mark + s[k:]
	}
	return s
}

// persons checks the records of some people: the busiest, and a spread of others.
func (w world) persons() {
	w.tb.Helper()
	rows, err := w.Ledger.Query(context.Background(), `SELECT person_id::TEXT FROM (
		SELECT person_id, count(*) AS n, row_number() OVER (ORDER BY count(*) DESC, person_id) AS place FROM interactions
		WHERE person_id IS NOT NULL AND flags = 0 GROUP BY person_id) AS ranked WHERE place <= 5 OR place % 997 = 0`)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer rows.Close()
	checked := 0
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			w.tb.Fatal(err)
		}
		w.person(id)
		checked++
	}
	if checked < 5 {
		w.tb.Errorf("only %d people were checked", checked)
	}
}

func (w world) person(id string) {
	w.tb.Helper()
	var p struct {
		ID           string
		Interactions int64
		FirstSeen    time.Time `json:"first_seen"`
		LastSeen     time.Time `json:"last_seen"`
		Visits       int64
		Revenue      []struct {
			Currency string
			Minor    int64 `json:"amount_minor"`
		}
	}
	w.get("/api/v1/people/"+id, &p)
	mine := ` FROM interactions WHERE flags = 0 AND person_id = $1::UUID`
	w.same("id", p.ID, id)
	w.same("interactions of "+id, p.Interactions, w.sql(`SELECT count(*)`+mine, id))
	w.same("first seen "+id, p.FirstSeen.UnixMicro(), w.sql(`SELECT CAST(round(extract(epoch FROM min(time)) * 1000000) AS BIGINT)`+mine, id))
	w.same("last seen "+id, p.LastSeen.UnixMicro(), w.sql(`SELECT CAST(round(extract(epoch FROM max(time)) * 1000000) AS BIGINT)`+mine, id))
	for _, r := range p.Revenue {
		w.same("revenue of "+id, r.Minor, w.sql(`SELECT CAST(sum(revenue) AS BIGINT)`+mine+` AND currency = $2`, id, r.Currency))
	}
	var visits, n, records int64
	var last time.Time
	for _, i := range w.timeline(id) { // the latest first
		if i.Record {
			records++
			continue
		}
		if n == 0 || last.Sub(i.Time) > 30*time.Minute {
			visits++
		}
		last = i.Time
		n++
	}
	w.same("timeline of "+id, n, p.Interactions)
	w.same("records of "+id, records, w.sql(`SELECT count(*) FROM interactions WHERE flags = 4 AND person_id = $1::UUID`, id))
	w.same("visits of "+id, p.Visits, visits)
}

type item struct {
	Name       string
	Time       time.Time
	Record     bool
	MessageID  string `json:"message_id"`
	Properties map[string]any
}

// timeline reads a whole timeline page by page.
func (w world) timeline(id string) []item {
	w.tb.Helper()
	var all []item
	before := ""
	for {
		var page struct {
			Items []item
			Next  *string
		}
		w.get("/api/v1/people/"+id+"/timeline?"+url.Values{"limit": {"500"}, "before": {before}}.Encode(), &page)
		all = append(all, page.Items...)
		if page.Next == nil {
			return all
		}
		before = *page.Next
	}
}

// bringAgain imports once more, to the source that is there.
func (w world) bringAgain(example string, files ...string) {
	w.tb.Helper()
	sources, err := w.Sources.List(context.Background())
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, s := range sources {
		if s.Name == example {
			w.bringTo(s.WriteKey, example, files...)
		}
	}
	w.caught()
}

// everyOrder checks against the files that each order stands on its customer's
// timeline, with its delivery where there is one and all its reviews.
func (w world) everyOrder(dir string) {
	w.tb.Helper()
	customer := map[string]string{}
	for _, r := range table(w.tb, filepath.Join(dir, "olist_customers_dataset.csv")) {
		customer[r["customer_id"]] = r["customer_unique_id"]
	}
	reviews := map[string]map[string]bool{}
	for _, r := range table(w.tb, filepath.Join(dir, "olist_order_reviews_dataset.csv")) {
		if reviews[r["order_id"]] == nil {
			reviews[r["order_id"]] = map[string]bool{}
		}
		reviews[r["order_id"]][r["review_id"]] = true
	}
	type story struct {
		person            string
		placed, delivered int
		reviews           int
	}
	got := map[string]*story{}
	rows, err := w.Ledger.Query(context.Background(), `SELECT coalesce(person_id::TEXT, ''), name, order_id, coalesce(properties ->> 'order_id', '') FROM interactions WHERE kind = 'track'`)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var person, name, order, property string
		if err := rows.Scan(&person, &name, &order, &property); err != nil {
			w.tb.Fatal(err)
		}
		w.same("order id", order, property)
		if got[order] == nil {
			got[order] = &story{person: person}
		}
		s := got[order]
		w.same("person of all that happened to order "+order, person, s.person)
		switch name {
		case "Order Completed":
			s.placed++
		case "Order Delivered":
			s.delivered++
		case "Review Posted":
			s.reviews++
		}
	}
	undelivered, holders := 0, w.holders()
	for _, r := range table(w.tb, filepath.Join(dir, "olist_orders_dataset.csv")) {
		s := got[r["order_id"]]
		if s == nil {
			w.tb.Fatalf("order %s is on no timeline", r["order_id"])
		}
		delivered := 0
		if r["order_delivered_customer_date"] != "" {
			delivered = 1
		} else {
			undelivered++
		}
		w.same("order "+r["order_id"], [3]int{s.placed, s.delivered, s.reviews}, [3]int{1, delivered, len(reviews[r["order_id"]])})
		w.same("customer of order "+r["order_id"], s.person, holders[customer[r["customer_id"]]])
	}
	w.same("orders without a delivery", undelivered, 2965)
}

// holders gives who holds each user id, straight from the registry.
func (w world) holders() map[string]string {
	w.tb.Helper()
	out := map[string]string{}
	err := w.Registry.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		rows, err := tx.Query(ctx, `SELECT value, person_id FROM identifiers WHERE kind = 'user_id'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var value string
			var person experience.ID
			if err := rows.Scan(&value, &person); err != nil {
				return err
			}
			out[value] = person.String()
		}
		return rows.Err()
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return out
}

// table reads a CSV file whole.
func table(tb testing.TB, path string) []map[string]string {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			tb.Fatal(err)
		}
	}
	lines, err := csv.NewReader(in).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]map[string]string, 0, len(lines)-1)
	for _, l := range lines[1:] {
		row := make(map[string]string, len(l))
		for k, name := range lines[0] {
			row[name] = l[k]
		}
		out = append(out, row)
	}
	return out
}

// retail counts the customers, those with a purchase, and the invoices without
// a customer, straight from the file.
func retail(tb testing.TB, path string) (customers, buyers, anonymous int64) {
	known, bought, nobody := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range table(tb, path) {
		switch {
		case r["CustomerID"] == "":
			nobody[r["InvoiceNo"]] = true
		default:
			known[r["CustomerID"]] = true
			if !strings.HasPrefix(r["InvoiceNo"], "C") {
				bought[r["CustomerID"]] = true
			}
		}
	}
	return int64(len(known)), int64(len(bought)), int64(len(nobody))
}

// The published figures of the help desk's log, and the second and third
// purchases of the gift shop, through the API.
func TestHelpdeskProcessIsTrue(t *testing.T) {
	w := open(t)
	w.bring("helpdesk", testkit.RealData(t, "helpdesk", "helpdesk.csv"))
	design := []string{"Ticket: Assign seriousness", "Ticket: Take in charge ticket", "Ticket: Resolve ticket", "Ticket: Closed"}
	for _, of := range []string{"person", "properties.case_id"} {
		var p struct {
			Cases, Events, Variants, Edges, Pairs, Rework, Fitting int64
			Fitness                                                float64
			Average                                                float64 `json:"average_fitness"`
		}
		w.post("/api/v1/analytics/process", map[string]any{"case": of, "design": design}, &p)
		for _, f := range []struct {
			what        string
			shown, want int64
		}{
			{"cases", p.Cases, 4580}, {"events", p.Events, 21348}, {"variants", p.Variants, 226}, {"edges", p.Edges, 55},
			{"pairs", p.Pairs, 16768}, {"rework", p.Rework, 1240}, {"fitting", p.Fitting, 2366},
		} {
			w.same(of+": "+f.what, f.shown, f.want)
		}
		w.same(of+": fitness", fmt.Sprintf("%.6f %.6f", p.Fitness, p.Average), "0.902844 0.914043")
	}
}
