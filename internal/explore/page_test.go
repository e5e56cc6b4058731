package explore

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

const buy = "/explore/funnel%s?step=event%%3AProduct+Viewed&step=event%%3AProduct+Added&step=event%%3AOrder+Completed"

func at(format, beside string) string {
	return strings.ReplaceAll(strings.Replace(format, "%s", beside, 1), "%%", "%")
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("the page does not say %q", p)
		}
	}
}

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

func TestEmptyRecordTeaches(t *testing.T) {
	d := newDesk(t)
	for _, page := range []string{"/explore", "/explore/funnel", "/explore/process"} {
		wants(t, d.get(page, "owner"), "First something has to come in", "regia demo")
	}
}

func TestReadyQuestionsHaveAnswers(t *testing.T) {
	d := newDesk(t).shop()
	home := d.get("/explore", "owner")
	v := view{v: d.room.known, l: d.site.Locale("en", time.UTC), sees: true, title: func(_ experience.Kind, name string) string { return name }}
	for _, question := range questions {
		list := v.ready(question)
		if len(list) == 0 {
			t.Errorf("%s: nothing is ready", question)
		}
		for _, one := range list {
			wants(t, home, strings.ReplaceAll(one.url, "&", "&amp;"))
			page := d.get(one.url, "owner")
			wants(t, page, `id="answer"`, `class="answer"`)
			if strings.Contains(page, "error-box") || strings.Contains(page, "explore.") {
				t.Errorf("%s fails, or lacks words", one.url)
			}
		}
		w := d.ask(http.MethodGet, "/explore/"+question, "owner", nil)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != list[0].url {
			t.Errorf("%s alone leads to %d %q", question, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestFunnelInWords(t *testing.T) {
	d := newDesk(t).shop()
	wants(t, d.get(at(buy, ""), "owner"),
		"1 out of 4</strong> stop between “Product Viewed” and “Product Added”; 24 people out of 40 get to the end (60%)",
		"10 people stop here (25%)", "half of those who go on do so within 60 minutes", `class="tone-ch-web is-worst"`, "at=1&amp;", "stopped=1")
	wants(t, d.get(at(buy, ""), "owner-it"), "1 su 4</strong> si fermano tra", "Come sono contati questi numeri")
}

// The three ways of asking give the same figures.
func TestNumbersAgree(t *testing.T) {
	d := newDesk(t).shop()
	d.get("/explore", "owner")
	s := readState(funnel, url.Values{"step": {"event:Product Viewed", "event:Product Added", "event:Order Completed"}, "by": {"properties.colour"}})
	p, err := s.span(d.room.known, now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	scope := analytics.Scope{From: p.from, To: p.to}
	one := func(name string) analytics.Match { return analytics.Match{Event: name} }

	f := api[analytics.FunnelAnswer](d, funnel, analytics.Funnel{Scope: scope, By: "properties.colour", Steps: []analytics.Match{one("Product Viewed"), one("Product Added"), one("Order Completed")}})
	rows := d.table(s.url(".csv"))
	for i, step := range f.Steps {
		if rows[i]["count"] != whole(step.Count) || rows[i]["of_first"] != decimal(step.OfFirst) || rows[i]["median_seconds"] != decimal(step.Median) {
			t.Errorf("funnel: the file says %v, the API %+v", rows[i], step)
		}
		wants(t, d.get(s.url(""), "owner"), ">"+whole(step.Count)+"</a>")
	}
	if f.Steps[0].Count != 40 || f.Steps[1].Count != 30 || f.Steps[2].Count != 24 {
		t.Errorf("funnel: %+v", f.Steps)
	}

	kinds := analytics.Filter{Field: "kind", Is: "not_equal", Values: []string{"identify", "alias", "group"}}
	withKinds := scope
	withKinds.Where = []analytics.Filter{kinds}
	g := api[analytics.PathsAnswer](d, paths, analytics.Paths{Scope: withKinds, Anchor: one("Product Viewed"), Steps: pathDepth, Top: pathTop})
	rows = d.table("/explore/paths.csv?anchor=event%3AProduct+Viewed")
	if rows[0]["count"] != whole(g.Cases) || rows[0]["count"] != whole(f.Steps[0].Count) {
		t.Errorf("paths: the file says %v, the API %+v, the funnel %d", rows[0], g, f.Steps[0].Count)
	}

	r := api[analytics.RetentionAnswer](d, retention, analytics.Retention{Scope: analytics.Scope{From: now.AddDate(0, 0, -400), To: p.to}, Start: one("Order Completed"), Return: one("Order Completed"), Unit: "month"})
	rows = d.table("/explore/retention.csv?start=event%3AOrder+Completed&return=event%3AOrder+Completed&unit=month")
	last := rows[len(rows)-len(r.All.Returned)]
	if last["start"] != "" || last["cases"] != whole(r.All.Cases) || last["returned"] != whole(r.All.Returned[0].Cases) {
		t.Errorf("retention: the file says %v, the API %+v", last, r.All)
	}

	tr := api[analytics.TrendAnswer](d, trends, analytics.Trend{Scope: scope, What: one("Order Completed"), Measure: "revenue", Unit: "day"})
	sum := int64(0)
	for _, row := range d.table("/explore/trends.csv?what=event%3AOrder+Completed&measure=revenue&unit=day") {
		var n int64
		for _, c := range row["count"] {
			n = 10*n + int64(c-'0')
		}
		sum += n
	}
	if sum != tr.Series[0].Total || sum == 0 {
		t.Errorf("trends: the file adds up to %d, the API to %+v", sum, tr.Series[0].Total)
	}

	pr := api[analytics.ProcessAnswer](d, process, analytics.Process{Scope: analytics.Scope{From: scope.From, To: scope.To, Case: "properties.order_id", Where: withKinds.Where}})
	rows = d.table("/explore/process.csv?case=properties.order_id")
	if e := pr.Graph.Edges[0]; rows[0]["from"] != e.From || rows[0]["to"] != e.To || rows[0]["count"] != whole(e.Count) || rows[0]["cases"] != whole(e.Cases) {
		t.Errorf("process: the file says %v, the API %+v", rows[0], e)
	}
}

func TestPeopleBehind(t *testing.T) {
	d := newDesk(t).shop()
	target := at(buy, "/people") + "&at=1&stopped=1"
	page := d.get(target, "owner")
	wants(t, page, "<strong>10 people</strong>: stopped after “Product Viewed”", "/people/"+person(0).String(), "Anonymous visitor #", "/people/"+person(4).String(), "Anna Ferri")
	if n := strings.Count(page, `href="/people/`); n != 10 {
		t.Errorf("%d people are listed, want 10", n)
	}
	if strings.Contains(d.get(target, "viewer"), "Ferri") {
		t.Error("who may only look at figures reads a name")
	}
	for _, path := range []string{"/explore/trends?by=properties.colour", "/explore/process?case=properties.order_id", "/explore/trends?field=properties.colour&is=contains&value=r"} {
		wants(t, d.get(path, "viewer"), "error-box", "Single details may say who somebody is")
	}
	w := d.ask(http.MethodPost, "/api/v1/analytics/trends", "viewer", []byte(`{"by":"properties.colour"}`))
	if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "red") {
		t.Errorf("a viewer asks for single properties and is answered %d %s", w.Code, w.Body)
	}
	wants(t, d.get("/explore/funnel/people?case=order&step=event%3AOrder+Completed&at=1", "owner"), "28 orders", "o-1", "Anna Ferri")
	if w := d.ask(http.MethodGet, at(buy, "/people")+"&at=9", "owner", nil); w.Code != http.StatusBadRequest {
		t.Errorf("a step that is not there is answered %d", w.Code)
	}
}

// Every picture is a file of well-formed XML that leads nowhere.
func TestPictures(t *testing.T) {
	d := newDesk(t).shop()
	for _, target := range []string{
		at(buy, ".svg"), "/explore/paths.svg?anchor=event%3AProduct+Viewed", "/explore/paths.svg?anchor=event%3AOrder+Completed&before=1&by=touchpoint",
		"/explore/retention.svg?unit=week", "/explore/trends.svg?by=touchpoint", "/explore/process.svg?by=touchpoint",
	} {
		text := d.get(target, "owner")
		decoder, shapes := xml.NewDecoder(strings.NewReader(text)), 0
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			if e, ok := token.(xml.StartElement); ok && (e.Name.Local == "path" || e.Name.Local == "rect") {
				shapes++
			}
		}
		if shapes < 3 || strings.Contains(text, "href=") || strings.Contains(text, "NaN") {
			t.Errorf("%s: %d shapes, or links, or no numbers", target, shapes)
		}
	}
}

func TestTroubleStaysInItsBox(t *testing.T) {
	d := newDesk(t).shop()
	wants(t, d.get(at(buy, "")+"&period=custom&from=2026-03-05&to=2026-03-01", "owner"), "error-box", "The period ends before it begins", `id="question"`)
	wants(t, d.get(at(buy, "")+"&field=revenue&is=at_least&value=much", "owner"), "This needs a number", `id="question"`)
	for _, question := range []string{at(buy, "") + "&", "/explore/paths?anchor=event%3ANever&", "/explore/retention?", "/explore/trends?", "/explore/process?"} {
		wants(t, d.get(question+"period=custom&from=2001-03-01&to=2001-03-02", "owner"), "Nothing in this period answers")
	}
	d.room.Patience = time.Nanosecond
	wants(t, d.get(at(buy, ""), "owner"), `hx-trigger="load"`, "wait=1", "<noscript>", `id="question"`)
	wants(t, d.get(at(buy, "")+"&wait=1", "owner", "HX-Request", "true"), "24 people out of 40")
}

func TestTooManyThings(t *testing.T) {
	d := newDesk(t)
	for n := range 1001 {
		d.did(n, 30, "Thing "+whole(int64(n)), "page", "")
	}
	d.shop()
	wants(t, d.get("/explore/process?period=30d", "owner"), "error-box", "more than a thousand different things")
	wants(t, d.get("/explore/process?by=touchpoint&period=30d", "owner"), "What follows what")
}

func TestFormKeepsTheAddressShort(t *testing.T) {
	d := newDesk(t).shop()
	sent := at(buy, "") + "&step=&case=&period=&field=&is=equal&value=&window=14d"
	short := at(buy, "") + "&window=14d"
	if w := d.ask(http.MethodGet, sent, "owner", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != short {
		t.Errorf("%d, to %s", w.Code, w.Header().Get("Location"))
	}
	w := d.ask(http.MethodGet, sent, "owner", nil, "HX-Request", "true")
	if w.Code != http.StatusOK || w.Header().Get("HX-Push-Url") != short || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("%d, pushes %s", w.Code, w.Header().Get("HX-Push-Url"))
	}
	if w := d.ask(http.MethodGet, at(buy, "")+"&drop=step.2", "owner", nil); w.Header().Get("Location") != "/explore/funnel?step=event%3AProduct+Viewed&step=event%3AOrder+Completed" {
		t.Errorf("without the second step: %s", w.Header().Get("Location"))
	}
}

// Whatever a page can ask comes back from its own address.
func TestAddressHoldsTheQuestion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := state{question: rapid.SampledFrom(questions).Draw(t, "question")}
		text := rapid.StringMatching(`[a-zé&=+%#: .]{0,12}[a-z]`)
		for name, into := range s.texts() {
			if s.has(name) && rapid.Bool().Draw(t, name) {
				*into = strings.TrimSpace(text.Draw(t, name))
			}
		}
		if s.period != custom {
			s.from, s.to = "", ""
		}
		for name, into := range s.switches() {
			*into = s.has(name) && rapid.Bool().Draw(t, name)
		}
		for name, into := range s.lists() {
			if s.has(name) {
				for range rapid.IntRange(0, longest[name]).Draw(t, name) {
					*into = append(*into, strings.TrimSpace(text.Draw(t, name)))
				}
			}
		}
		for range rapid.IntRange(0, maxConditions).Draw(t, "conditions") {
			s.conditions = append(s.conditions, condition{"event", "equal", strings.TrimSpace(text.Draw(t, "value"))})
		}
		u, err := url.Parse(s.url(""))
		if err != nil {
			t.Fatal(err)
		}
		if got := readState(s.question, u.Query()); got.url("") != s.url("") || len(got.conditions) != len(s.conditions) {
			t.Fatalf("%s came back as %s", s.url(""), got.url(""))
		}
	})
}

func TestSharesInWords(t *testing.T) {
	l := newDesk(t).site.Locale("en", time.UTC)
	for share, want := range map[float64]string{0.75: "3 out of 4", 0.5: "1 out of 2", 0.34: "about 1 out of 3", 0.1: "1 out of 10", 0.56: "56%", 0.004: "0.4%", 1: "100%"} {
		if got := outOf(l, share); got != want {
			t.Errorf("%v is said %q, want %q", share, got, want)
		}
	}
}
