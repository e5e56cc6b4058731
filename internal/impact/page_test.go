package impact

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

// desk is the room on a site, with books of its own.
type desk struct {
	t    *testing.T
	room *Room
	site *web.Site
}

func newDesk(t *testing.T, rows []experience.Interaction) *desk {
	t.Helper()
	l := books.Ledger(t)
	books.Fill(t, l, rows)
	clock := func() time.Time { return monday.AddDate(0, 0, 200) }
	d := &desk{t: t, room: New(Options{
		Ledger: l, Registry: books.Registry(t), People: names{}, Clock: clock,
		Company: func(context.Context) experience.Company {
			return experience.Company{Name: "Shop", TimeZone: "Europe/Rome"}
		},
		Touchpoints: func(context.Context) ([]Touchpoint, error) {
			return []Touchpoint{
				{Key: "home-delivery", Name: Text{"Consegna a domicilio", "Home delivery"}, Channel: experience.Post, Stage: experience.Delivery, Department: "logistics"},
				{Key: "review", Name: Text{"Recensione", "Review"}, Channel: experience.Reviews, Stage: experience.Advocacy, Department: "care"},
				{Key: "online-order", Name: Text{"Ordine sul sito", "Order on the site"}, Channel: experience.Web, Stage: experience.Purchase, Department: "sales"},
			}, nil
		},
	})}
	var err error
	if d.site, err = web.New(web.Options{Auth: byHeader{}, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	if err := d.room.Register(d.site); err != nil {
		t.Fatal(err)
	}
	return d
}

type names struct{}

func (names) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		out[id] = "Anna Ferri"
	}
	return out, nil
}

// byHeader signs in whoever says a role and a language in the cookie.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(role), Language: language}, nil
}

// shop is half a year of orders of which the late ones are rated low.
func shop() []experience.Interaction {
	var rows []experience.Interaction
	for n := range 180 {
		person, order := experience.HashID(nil, "person", strconv.Itoa(n)), "O-"+strconv.Itoa(n)
		late := max(0, n%9-4)
		add := func(day float64, touchpoint, name string, facts ...string) {
			m := happening(float64(n)+day, name, append([]string{"order", order}, facts...)...)
			m.Touchpoint, m.ID = touchpoint, experience.HashID(nil, order, name)
			rows = append(rows, row(m, person))
		}
		add(0, "online-order", "Order Completed")
		add(4, "home-delivery", "Order Delivered", "delay_days", strconv.Itoa(late))
		if n%2 == 0 {
			add(6, "review", "Review Posted", "score", strconv.Itoa(5-late+n%4/3))
		} else {
			add(6, "review", "Survey Answered", "scale", "nps", "score", strconv.Itoa(9-2*late+n%2))
		}
	}
	return rows
}

func (d *desk) ask(method, target, cookie, body string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Cookie", "role="+cookie)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, r)
	return w
}

func (d *desk) wants(w *httptest.ResponseRecorder, parts ...string) {
	d.t.Helper()
	if w.Code != http.StatusOK {
		d.t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, p := range parts {
		if !strings.Contains(w.Body.String(), p) {
			d.t.Errorf("the page does not say %q", p)
		}
	}
}

func TestPagesSayWhatHurts(t *testing.T) {
	d := newDesk(t, shop())
	d.wants(d.ask(http.MethodGet, "/impact", "owner-en", ""), "what weighs most is <strong>Home delivery</strong>", "/impact/people?evidence=inferred&amp;touchpoint=home-delivery", "Stars", "NPS")
	d.wants(d.ask(http.MethodGet, "/impact?dimension=sensory", "owner-it", ""), "non se ne sa ancora nulla")
	d.wants(d.ask(http.MethodGet, "/impact/people?evidence=inferred&touchpoint=home-delivery", "owner-en", ""), "Anna Ferri", "Late delivery", "80 people")
	d.wants(d.ask(http.MethodGet, "/impact/rules", "owner-en", ""), "The strongest influence: Delivery against the promised day", "1–3 days late", "weighed on 80 answers", "assumed by its writer")
	if page := d.ask(http.MethodGet, "/impact", "viewer-en", ""); page.Code != http.StatusOK || strings.Contains(page.Body.String(), "/impact/people") {
		t.Error("who may only look at figures is led to people")
	}
	if page := d.ask(http.MethodGet, "/impact/people?evidence=inferred", "viewer-en", ""); page.Code != http.StatusForbidden {
		t.Errorf("who may only look at figures sees people: %d", page.Code)
	}
}

func TestEmptyPageTeaches(t *testing.T) {
	d := newDesk(t, nil)
	d.wants(d.ask(http.MethodGet, "/impact", "owner-en", ""), "Survey Answered", "/sources")
	d.wants(d.ask(http.MethodGet, "/impact/rules", "owner-en", ""), "assumed by those who wrote them")
}

// A rule that is switched off concludes nothing; a weight by hand stands at
// once; emptied, it follows the answers again.
func TestRulesAreInPeoplesHands(t *testing.T) {
	d := newDesk(t, shop())
	weight := func() (value float64, from string, off bool) {
		t.Helper()
		var out struct {
			Rules []struct {
				Key, From string
				Weight    float64
				Off       bool
			}
		}
		if err := json.Unmarshal(d.ask(http.MethodGet, "/api/v1/impact/rules", "owner", "").Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Rules {
			if r.Key == "late-delivery" {
				return r.Weight, r.From, r.Off
			}
		}
		t.Fatal("there is no such rule")
		return 0, "", false
	}
	fitted, from, _ := weight()
	if from != "fitted" || fitted > -0.3 {
		t.Errorf("at first it weighs %v, %s", fitted, from)
	}
	for _, c := range []struct {
		form string
		want float64
		from string
		off  bool
	}{
		{"weight=-12%2C5", -0.125, "hand", false},
		{"weight=&off=1", -0.12, "design", true},
		{"weight=&off=0", fitted, "fitted", false},
	} {
		if w := d.ask(http.MethodPost, "/impact/rules/late-delivery", "manager", c.form); w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", c.form, w.Code, w.Body)
		}
		if value, from, off := weight(); value != c.want || from != c.from || off != c.off {
			t.Errorf("after %s it weighs %v, %s, off %t", c.form, value, from, off)
		}
	}
	for target, body := range map[string]string{
		"/impact/rules/late-delivery": "weight=200", "/impact/rules/nothing": "off=1",
	} {
		if w := d.ask(http.MethodPost, target, "manager", body); w.Code < 400 || w.Code >= 500 {
			t.Errorf("POST %s %s: %d", target, body, w.Code)
		}
	}
	if w := d.ask(http.MethodPost, "/impact/rules/late-delivery", "agent", "off=1"); w.Code != http.StatusForbidden {
		t.Errorf("somebody of care changes a rule: %d", w.Code)
	}
}

func TestAPI(t *testing.T) {
	d := newDesk(t, shop())
	person := experience.HashID(nil, "person", "8").String()
	for target, parts := range map[string][]string{
		"/api/v1/impact/scores?by=touchpoint,dimension":                     {`"touchpoint":"home-delivery"`, `"evidence":"inferred"`, `"people":80`},
		"/api/v1/impact/scores?by=month&stage=delivery&from=2026-11-01":     {`"month":"2026-11"`, `"too_few":true`},
		"/api/v1/impact/scores?by=department":                               {`"department":"logistics"`},
		"/api/v1/impact/persons?evidence=inferred&touchpoint=home-delivery": {`"all":80`, `"why":"late-delivery"`},
		"/api/v1/impact/persons/" + person:                                  {`"evidence":"stated"`, `"evidence":"inferred"`, `"why":"stars"`, `"touchpoint":"home-delivery"`},
		"/api/v1/impact/fit":                                                {`"n":180`, `"learned":135`, `"tried":45`},
		"/api/v1/impact/influences?scale=stars":                             {`"measure":"delivery"`, `"level":"late-3"`},
		"/api/v1/impact/scales":                                             {`"scale":"nps"`, `"high":10`},
		"/impact/scores.csv?by=touchpoint":                                  {"touchpoint,evidence,value,low,high,n,people,too_few,pull\r\n", "home-delivery,inferred,"},
	} {
		d.wants(d.ask(http.MethodGet, target, "owner", ""), parts...)
	}
	for target, code := range map[string]int{
		"/api/v1/impact/persons": http.StatusBadRequest, "/api/v1/impact/scores?from=x": http.StatusBadRequest,
		"/api/v1/impact/scores?from=2026-02-01&to=2026-01-01": http.StatusBadRequest, "/impact/scores.csv?by=shoe": http.StatusBadRequest,
	} {
		if w := d.ask(http.MethodGet, target, "owner", ""); w.Code != code {
			t.Errorf("GET %s: %d, want %d", target, w.Code, code)
		}
	}
	lines, err := csv.NewReader(d.ask(http.MethodGet, "/impact/scores.csv", "owner", "").Body).ReadAll()
	if err != nil || len(lines) < 10 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

// Every page, in both languages, at a desk in light and on a phone in the dark.
func TestPagesInABrowser(t *testing.T) {
	d, bare := newDesk(t, shop()), newDesk(t, nil)
	ctx := testkit.Browser(t)
	for name, desk := range map[string]*desk{"shop": d, "bare": bare} {
		server := httptest.NewServer(desk.site)
		t.Cleanup(server.Close)
		for _, language := range []string{"it", "en"} {
			testkit.SignIn(t, ctx, server.URL, "role=owner-"+language)
			for i, page := range []string{
				"/impact", "/impact?period=90d&dimension=emotional", "/impact/people?evidence=inferred&touchpoint=home-delivery", "/impact/rules", "/impact/silent",
			} {
				t.Run(name+" "+language+" "+page, func(t *testing.T) {
					testkit.Look(t, ctx, "impact-"+name+"-"+strconv.Itoa(i), server.URL+page, language, nil)
				})
			}
		}
	}
}
