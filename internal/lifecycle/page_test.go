package lifecycle

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

func person(n int) experience.ID { return experience.HashID(nil, "person", fmt.Sprint(n)) }

// did adds what a person did so many days before now.
func (h *house) did(n int, days float64, name, touchpoint, order string) {
	at := now.Add(-time.Duration(days * float64(24*time.Hour))).Truncate(time.Microsecond)
	id := fmt.Sprintf("%d %f %s %d", n, days, name, len(h.rows))
	row := experience.Interaction{
		ID: experience.HashID(nil, id), MessageID: id, Source: "web", Kind: experience.Track, Name: name, Time: at, ReceivedAt: at,
		Subject: person(n), Person: person(n), Touchpoint: touchpoint, OrderID: order, Properties: json.RawMessage(`{}`),
	}
	if name == "Order Completed" {
		row.Revenue, row.Currency = 5000, "EUR"
	}
	h.rows = append(h.rows, row)
}

// shop is two years of 120 people: all look, 80 buy, 50 of them again and 30 a
// third time; 5 are fans; one order was cancelled.
func (h *house) shop() *house {
	h.t.Helper()
	for n := range 120 {
		h.did(n, float64(700-n), "Product Viewed", "site", "")
		place := []string{"site", "shop"}[n%2]
		if n < 80 {
			h.did(n, float64(690-7*n), "Order Completed", place, fmt.Sprintf("a%d", n))
		}
		if n < 50 {
			h.did(n, float64(640-7*n), "Order Completed", place, fmt.Sprintf("b%d", n))
		}
		if n < 30 {
			h.did(n, float64(570-14*n), "Order Completed", place, fmt.Sprintf("c%d", n))
		}
		if n < 5 {
			for k := range 5 {
				h.did(n, float64(60-10*k), "Order Completed", place, fmt.Sprintf("f%d-%d", n, k))
			}
		}
	}
	h.did(119, 20, "Order Completed", "site", "gone")
	h.did(119, 19, "Order Cancelled", "site", "gone")
	books.Fill(h.t, h.room.Ledger, h.rows)
	return h
}

var keyShown = regexp.MustCompile(`lifecycle\.[a-z]+[a-z.-]*`)

func TestPageInWords(t *testing.T) {
	h := newHouse(t).shop()
	wants(t, h.get(homePath, "owner"), "63 in 100 customers</strong> buy a second time; of those, 60 in 100 buy a third time", "n = 80 customers",
		`id="bands"`, `class="sankey"`, "One order does not count: cancelled or wholly refunded", "too few (n = 5)", "Has bought nothing for 365 days or more", "Change the rules")
	wants(t, h.get(homePath+"?month=2026-03&span=12", "owner-it"), "63 clienti su 100</strong> comprano una seconda volta", "mar 2026", "← feb 2026", "apr 2026 →", "Quando una persona è in una fase")
	for _, language := range []string{"it", "en"} {
		for _, page := range []string{homePath, homePath + "/people", homePath + "/people?stage=lost,dormant&month=2026-10&from=other", homePath + "/people?bought=third&touchpoint=shop&channel=shop&cohort=2025-01"} {
			if body := h.get(page, "owner-"+language); keyShown.MatchString(strings.ReplaceAll(body, "/lifecycle.", "")) {
				t.Errorf("%s in %s shows the key %s", page, language, keyShown.FindString(body))
			}
		}
	}
	if strings.Contains(h.get(homePath, "viewer"), "Change the rules") {
		t.Error("a viewer is offered to change the rules")
	}
}

func TestEmptyRecordTeaches(t *testing.T) {
	wants(t, newHouse(t).get(homePath, "owner"), "nobody to recognise yet", "Import orders", "Order Completed")
}

func TestOldDataAreLookedAtWhereTheyEnd(t *testing.T) {
	h := newHouse(t)
	h.did(1, 500, "Order Completed", "site", "a")
	books.Fill(t, h.room.Ledger, h.rows)
	wants(t, h.get(homePath, "owner"), "The last data are of 10 Jul 2025", "So far <strong>one person</strong> has bought", "too few")
}

// A page that would have to wait is sent without figures, and asks for them.
func TestSlowFiguresFollow(t *testing.T) {
	h := newHouse(t).shop()
	h.room.Patience = time.Nanosecond
	for _, page := range []string{homePath, homePath + "/people?stage=fan"} {
		first := h.get(page, "owner")
		wants(t, first, "this takes a few seconds", `hx-trigger="load"`)
		next := regexp.MustCompile(`hx-get="(/lifecycle[^"]*)"`).FindStringSubmatch(first)
		if next == nil {
			t.Fatalf("%s asks for nothing", page)
		}
		address := strings.ReplaceAll(next[1], "&amp;", "&")
		if body := h.get(address, "owner", "HX-Request", "true"); strings.Contains(body, "<html") || !strings.Contains(body, "<h1") {
			t.Errorf("%s answers with %.200s", address, body)
		}
	}
}

// Every number of the page has exactly so many people behind it, by page, by
// file and by API.
func TestNumbersHavePeopleBehindThem(t *testing.T) {
	h := newHouse(t).shop()
	var movement []MonthAnswer
	h.api("/api/v1/lifecycle/movement?months=40", &movement)
	var p PurchasesAnswer
	h.api("/api/v1/lifecycle/purchases", &p)
	behind := map[string]int64{"bought=once": p.Again.N, "bought=again": p.Again.Yes, "bought=third": p.Third.Yes, "bought=one": p.Again.N - p.Again.Yes}
	for _, m := range movement[len(movement)-3:] {
		for _, s := range m.Stages {
			behind["month="+m.Month+"&stage="+string(s.Stage)] = s.People
		}
		for _, f := range m.Flows {
			from := string(f.From)
			if from == "" {
				from = fromNowhere
			}
			behind["month="+m.Month+"&from="+from+"&stage="+string(f.To)] = f.People
		}
	}
	for _, c := range p.Cohorts {
		behind["cohort="+c.Month] = c.Again.N
	}
	for _, o := range p.Touchpoints {
		behind["bought=again&touchpoint="+o.Key] = o.Again.Yes
	}
	for _, o := range p.Channels {
		behind["channel="+o.Key] = o.Again.N
	}
	for query, want := range behind {
		var all []Member
		seen, after := map[experience.ID]bool{}, ""
		for {
			var page MembersAnswer
			h.api("/api/v1/lifecycle/people?limit=7&"+query+"&after="+url.QueryEscape(after), &page)
			if page.People != want {
				t.Fatalf("%s: the list says it has %d, the figure %d", query, page.People, want)
			}
			all = append(all, page.Items...)
			if page.Next == nil {
				break
			}
			after = *page.Next
		}
		for i, m := range all {
			if seen[m.Person] || i > 0 && m.Orders > all[i-1].Orders {
				t.Errorf("%s: %v comes twice or out of order", query, m.Person)
			}
			seen[m.Person] = true
		}
		lines, err := csv.NewReader(strings.NewReader(h.get(homePath+"/people.csv?"+query, "owner"))).ReadAll()
		if err != nil || int64(len(seen)) != want || int64(len(lines)-1) != want {
			t.Errorf("%s: %d people, %d in the file, the figure is %d (%v)", query, len(seen), len(lines)-1, want, err)
		}
	}
}

func (h *house) api(target string, into any) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.get(target, "owner")), into); err != nil {
		h.t.Fatal(err)
	}
}

func TestViewersSeeNoNames(t *testing.T) {
	h := newHouse(t).shop()
	for _, target := range []string{homePath + "/people?stage=fan", homePath + "/people.csv?stage=fan", "/api/v1/lifecycle/people?stage=fan"} {
		if strings.Contains(h.get(target, "viewer"), "Ferri") {
			t.Errorf("%s tells a viewer a name", target)
		}
	}
	wants(t, h.get(homePath+"/people.csv?stage=fan", "owner"), "Anna Ferri,fan,")
}

// What rules would change is told before they are saved; saving changes it, is
// written down, and loses nothing that somebody else saved meanwhile.
func TestRulesAreChanged(t *testing.T) {
	h := newHouse(t).shop()
	var before, after StagesAnswer
	h.api("/api/v1/lifecycle/stages", &before)
	f := url.Values{"version": {"0"}}
	for name, value := range formOf(Version{Rules: DefaultRules()}).values {
		f.Set(name, value)
	}
	f.Set("dormant_after_days", "300")
	f.Set("fan_orders", "3")
	told := h.send(homePath+"/rules/preview", "manager", f, "HX-Request", "true").Body.String()
	var o struct{ Changed, Of int64 }
	rules := DefaultRules()
	rules.DormantAfter, rules.FanOrders = 300, 3
	raw, _ := json.Marshal(rules)
	if err := json.Unmarshal(h.ask(http.MethodPost, "/api/v1/lifecycle/rules/preview", "manager", string(raw), "Content-Type", "application/json").Body.Bytes(), &o); err != nil {
		t.Fatal(err)
	}
	wants(t, told, fmt.Sprintf("%d people would change stage, of %d who bought", o.Changed, o.Of))
	wants(t, h.send(homePath+"/rules/preview", "manager", f).Body.String(), "<html", `name="fan_orders" value="3"`)
	if w := h.send(homePath+"/rules", "manager", f); w.Code != http.StatusSeeOther {
		t.Fatalf("saving answers %d %s", w.Code, w.Body)
	}
	wants(t, h.get(homePath+"?done=1", "owner"), "Version 1, by Marta", "for 300 days or more", "The rules have changed")
	h.api("/api/v1/lifecycle/stages", &after)
	if after.Version != 1 || cmp.Equal(before.Stages, after.Stages) || o.Changed == 0 {
		t.Errorf("before %+v, after %+v, %d changed", before, after, o.Changed)
	}
	for _, c := range []struct {
		role, field, value string
		code               int
	}{{"manager", "fan_orders", "4", http.StatusConflict}, {"viewer", "fan_orders", "4", http.StatusForbidden}, {"manager", "new_for_days", "400", http.StatusBadRequest}, {"owner", "lost_after_days", "x", http.StatusBadRequest}} {
		g := url.Values{}
		for name := range f {
			g.Set(name, f.Get(name))
		}
		g.Set(c.field, c.value)
		if w := h.send(homePath+"/rules", c.role, g); w.Code != c.code {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
	var v RulesAnswer
	h.api("/api/v1/lifecycle/rules", &v)
	if v.Number != 1 || len(v.Former) != 1 || v.Rules != rules || len(v.Sentences) != stageCount || !v.At.Equal(now) {
		t.Errorf("the rules are %+v", v)
	}
}

func TestStandingOfAPerson(t *testing.T) {
	h := newHouse(t).shop()
	l := h.site.Locale("en", time.UTC)
	for n, want := range map[int]string{0: "Fan", 45: "Dormant", 79: "Active", 100: "Prospect", 119: "Prospect"} {
		told, err := h.room.Tell(t.Context(), l, person(n))
		if err != nil || told.Stage != want || told.Rule == "" || told.Why == "" || told.Since.After(now) {
			t.Errorf("person %d: %+v %v", n, told, err)
		}
	}
	if _, err := h.room.Tell(t.Context(), l, person(500)); experience.CodeOf(err) != experience.NotFound {
		t.Errorf("somebody never seen: %v", err)
	}
	told, _ := h.room.Tell(t.Context(), l, person(0))
	wants(t, told.Why, "8 orders since", "20 days ago")
}

func TestWrongQuestionsAreRefused(t *testing.T) {
	h := newHouse(t).shop()
	for _, q := range []string{"stage=rich", "from=nobody", "month=2026-13", "month=1999-01", "cohort=may", "bought=5", "after=x"} {
		for _, path := range []string{homePath + "/people?", "/api/v1/lifecycle/people?"} {
			if w := h.ask(http.MethodGet, path+q, "owner", ""); w.Code < 400 || w.Code >= 500 {
				t.Errorf("%s%s: %d", path, q, w.Code)
			}
		}
	}
}
