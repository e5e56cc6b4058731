package explore

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// desk is the room on a site, with a ledger of its own.
type desk struct {
	t    *testing.T
	room *Room
	site *web.Site
	rows []experience.Interaction
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Options{Path: filepath.Join(t.TempDir(), "ledger.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	clock := func() time.Time { return now }
	d := &desk{t: t, room: &Room{
		Ledger: l, Company: func(context.Context) experience.Company { return experience.Company{Name: "Shop"} }, People: names{}, Clock: clock, Patience: time.Minute,
		Touchpoints: func(context.Context) ([]experience.Touchpoint, error) {
			return []experience.Touchpoint{
				{Key: "page", Name: map[string]string{"it": "Scheda", "en": "Product page"}, Channel: experience.Web, Stage: experience.Consideration},
				{Key: "cart", Name: map[string]string{"it": "Carrello", "en": "Cart"}, Channel: experience.Web, Stage: experience.Purchase},
				{Key: "parcel", Name: map[string]string{"it": "Pacco", "en": "Parcel"}, Channel: experience.Post, Stage: experience.Delivery},
			}, nil
		},
		Sources: func(context.Context) ([]experience.Source, error) {
			return []experience.Source{{ID: "site", Name: "Our site", Channel: experience.Web}}, nil
		},
	}}
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
		if id != person(0) { // one stays anonymous
			out[id] = "Anna Ferri"
		}
	}
	return out, nil
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

func person(n int) experience.ID { return experience.HashID(nil, fmt.Sprintf("person %d", n)) }

// did adds what a person did so many hours before now.
func (d *desk) did(n int, hours float64, name, touchpoint, order string) {
	at := now.Add(-time.Duration(hours * float64(time.Hour))).Truncate(time.Microsecond)
	id := fmt.Sprintf("%d %f %s %d", n, hours, name, len(d.rows))
	row := experience.Interaction{
		ID: experience.HashID(nil, id), MessageID: id, Source: "site", Kind: experience.Track, Name: name, Time: at, ReceivedAt: at,
		Subject: person(n), Person: person(n), Touchpoint: touchpoint, OrderID: order, Properties: json.RawMessage(`{"colour":"red"}`),
	}
	if order != "" {
		row.Properties = json.RawMessage(`{"order_id":"` + order + `","colour":"blue"}`)
	}
	if name == "Order Completed" {
		row.Revenue, row.Currency = 5000, "EUR"
	}
	d.rows = append(d.rows, row)
}

// shop fills the ledger: of 40 people all look, 30 fill a cart, 24 of them
// order, some again; every order is shipped.
func (d *desk) shop() *desk {
	d.t.Helper()
	for n := range 40 {
		day := float64(24 * (n + 2))
		d.did(n, day+2, "Product Viewed", "page", "")
		if n%4 != 0 {
			d.did(n, day+1, "Product Added", "cart", "")
		}
		if n%4 != 0 && n%5 != 0 {
			order := fmt.Sprintf("o-%d", n)
			d.did(n, day, "Order Completed", "cart", order)
			d.did(n, day-20, "Order Shipped", "parcel", order)
		}
		if n > 33 && n%4 != 0 && n%5 != 0 {
			d.did(n, 26, "Order Completed", "cart", fmt.Sprintf("p-%d", n))
		}
	}
	head, err := d.room.Ledger.Head(d.t.Context())
	if err == nil {
		err = d.room.Ledger.Append(d.t.Context(), ledger.Batch{Before: head.Position, After: experience.Position{Sequence: 1, Hash: "a"}, Rows: d.rows})
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return d
}

func (d *desk) ask(method, target, cookie string, body []byte, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Header.Set("Cookie", "role="+cookie)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, r)
	return w
}

func (d *desk) get(target, cookie string, header ...string) string {
	d.t.Helper()
	w := d.ask(http.MethodGet, target, cookie, nil, header...)
	if w.Code != http.StatusOK {
		d.t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

// table gives the CSV of a question.
func (d *desk) table(target string) []map[string]string {
	d.t.Helper()
	lines, err := csv.NewReader(strings.NewReader(d.get(target, "owner"))).ReadAll()
	if err != nil || len(lines) < 2 {
		d.t.Fatalf("%s: %v, %d lines", target, err, len(lines))
	}
	var out []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, head := range lines[0] {
			row[head] = line[i]
		}
		out = append(out, row)
	}
	return out
}

// api asks the same by API.
func api[A any](d *desk, question string, body any) A {
	d.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	w := d.ask(http.MethodPost, "/api/v1/analytics/"+question, "owner", raw)
	var out A
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		d.t.Fatalf("%s: %d %s %v", question, w.Code, w.Body, err)
	}
	return out
}
