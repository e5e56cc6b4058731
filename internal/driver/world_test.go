package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// house is the room on a site of its own, with what happened so far.
type house struct {
	t    *testing.T
	room *Room
	site *web.Site
	rows []experience.Interaction
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return houseOn(t, books.Ledger(t))
}

func houseOn(t *testing.T, l *ledger.Ledger) *house {
	t.Helper()
	h := &house{t: t}
	h.room = &Room{
		Ledger: l, Clock: func() time.Time { return now }, People: crowd{}, Relationships: relations{},
		Company: func(context.Context) experience.Company {
			return experience.Company{TimeZone: "Europe/Rome", Currency: "EUR"}
		},
		Touchpoints: func(context.Context) ([]experience.Touchpoint, error) {
			return []experience.Touchpoint{{Key: "delivery", Name: map[string]string{"it": "Consegna", "en": "Delivery"}, Channel: experience.Post},
				{Key: "survey", Name: map[string]string{"it": "Sondaggio", "en": "Survey"}, Channel: experience.Email}}, nil
		},
		Sources: func(context.Context) ([]experience.Source, error) {
			return []experience.Source{{ID: "till", Channel: experience.Shop}}, nil
		},
	}
	var err error
	if h.site, err = web.New(web.Options{Auth: byHeader{}, Clock: h.room.Clock}); err != nil {
		t.Fatal(err)
	}
	if err := h.room.Register(h.site); err != nil {
		t.Fatal(err)
	}
	return h
}

// crowd names everybody, and knows the city of all.
type crowd struct{}

func (crowd) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		out[id] = "Anna Ferri"
	}
	return out, nil
}

func (crowd) CommonTraits(context.Context) ([]string, error) { return []string{"city"}, nil }

func (crowd) TraitValues(context.Context, string) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for n := range 400 {
		out[person(n)] = []string{"Parma", "Modena"}[n%2]
	}
	return out, nil
}

// relations: people with an odd number have bought before, and every third buys
// again after ten days.
type relations struct{}

func (relations) Standings(_ context.Context, moments []Moment) ([]Standing, error) {
	numbers := map[experience.ID]int{}
	for n := range 1000 {
		numbers[person(n)] = n
	}
	out := make([]Standing, len(moments))
	for i, m := range moments {
		n := numbers[m.Person]
		out[i] = Standing{Known: true, Stage: []string{"new", "repeat"}[n%2], Orders: n % 2, Spent: int64(n%2) * 5000}
		if n%3 == 0 {
			out[i].Next = m.At.AddDate(0, 0, 10).UnixMicro()
		}
	}
	return out, nil
}

func (relations) StageName(_ *web.Locale, stage string) string { return "stage " + stage }

func person(n int) experience.ID { return experience.HashID(nil, "person", fmt.Sprint(n)) }

// said adds what a person said so many days before now; properties are JSON.
func (h *house) said(n int, days float64, name, properties string) {
	at := now.Add(-time.Duration(days * float64(24*time.Hour))).Truncate(time.Microsecond)
	id := fmt.Sprintf("%d %f %s %d", n, days, name, len(h.rows))
	row := experience.Interaction{
		ID: experience.HashID(nil, id), MessageID: id, Source: "web", Kind: experience.Track, Name: name, Time: at, ReceivedAt: at,
		Touchpoint: "survey", Properties: json.RawMessage(properties),
	}
	if n >= 0 {
		row.Subject, row.Person = person(n), person(n)
	}
	h.rows = append(h.rows, row)
}

// weave writes all that was said so far into the ledger.
func (h *house) weave() *house {
	h.t.Helper()
	books.Fill(h.t, h.room.Ledger, h.rows)
	return h
}

// byHeader signs in whoever says a role in the cookie.
type byHeader struct{}

func (byHeader) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "u", Name: "Marta", Role: experience.Role(role), Language: language}, nil
}

func (h *house) ask(target, cookie string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Cookie", "role="+cookie)
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w
}

func (h *house) get(target, cookie string) string {
	h.t.Helper()
	w := h.ask(target, cookie)
	if w.Code != http.StatusOK {
		h.t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

func (h *house) api(target string, into any) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.get(target, "owner")), into); err != nil {
		h.t.Fatal(err)
	}
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("the page does not say %q", p)
		}
	}
}

// year is a year of answers: in the last twelve months 60 promoters, 20
// passives and 20 detractors about the delivery (year before: 30, 30, 40), 40
// satisfied of 50 in Parma, and a survey to which those answer who had bought.
func (h *house) year() *house {
	h.t.Helper()
	for n := range 100 {
		score, before := 9, 10
		if n >= 60 {
			score = 7
		}
		if n >= 80 {
			score = 3
		}
		if n >= 30 {
			before = 8
		}
		if n >= 60 {
			before = 5
		}
		const nps = `{"survey":"dopo-consegna","scale":"nps","score":%d,"about":"delivery","question":"recommend"}`
		h.said(n, 1+float64(n%80)*3.5, "Survey Answered", fmt.Sprintf(nps, score))
		h.said(n, 400+float64(n), "Survey Answered", fmt.Sprintf(nps, before))
		h.said(n, 30, surveySent, fmt.Sprintf(`{"survey":"dopo-negozio","invitation":"i%d","channel_asked":"%s"}`, n, []string{"email", "sms"}[n/50]))
		if n%2 == 1 || n%10 == 0 {
			h.said(n, 29, "Survey Answered", fmt.Sprintf(`{"survey":"dopo-negozio","invitation":"i%d","scale":"csat","score":"%d","shop":"Parma"}`, n, 5-n%3))
		}
	}
	h.said(-1, 5, "Review Posted", `{"score":4,"platform":"mappe","place":"Modena"}`)
	h.said(3, 2, surveySent, `{"survey":"dopo-negozio","invitation":"late","channel_asked":"email"}`)
	h.said(4, 30, surveySent, `{"survey":"dopo-negozio","invitation":"lost","channel_asked":"email"}`)
	h.said(4, 30, surveyBounced, `{"survey":"dopo-negozio","invitation":"lost"}`)
	return h.weave()
}
