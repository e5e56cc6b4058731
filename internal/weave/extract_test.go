package weave

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/currency"

	"regia/internal/experience"
)

var x = extractor{ids: experience.NewHasher([]byte("key")), company: experience.DefaultCompany(), numbers: &numbers{}}

// thread is one interaction on its way into the books.
type thread struct {
	row  experience.Interaction
	fact experience.Fact
}

func TestIdentifiers(t *testing.T) {
	for _, c := range []struct{ name, event, want string }{
		{"a visitor", `{"type":"page","anonymousId":"a1"}`, "anonymous_id:a1"},
		{"who signs in", `{"type":"identify","userId":"7","anonymousId":"a1","traits":{"email":" Anna@X.it ","phone":"06 1234 5678"}}`,
			"user_id:7 email:anna@x.it phone:+390612345678 anonymous_id:a1"},
		{"a card", `{"type":"identify","userId":"7","traits":{"loyaltyCard":"ab-12"}}`, "user_id:7 loyalty_card:AB12"},
		{"the context knows more", `{"type":"track","event":"E","userId":"7","context":{"traits":{"email":"a@x.it"},"device":{"id":"D9"}}}`, "user_id:7 email:a@x.it device:D9"},
		{"nobody", `{"type":"track","event":"E","userId":"null","anonymousId":"00000000-0000-0000-0000-000000000000"}`, ""},
		{"given by hand", `{"type":"track","event":"E","identifiers":[{"kind":"loyalty_card","value":"c 1"},{"kind":"tax_code","value":"RSSMRA"}]}`, "loyalty_card:C1 tax_code:RSSMRA"},
		{"a context of odd types", `{"type":"track","event":"E","userId":"7","context":{"device":"phone","traits":{"email":"a@x.it"}}}`, "user_id:7 email:a@x.it"},
		{"a group says nothing of its members' addresses", `{"type":"group","userId":"7","groupId":"g","traits":{"email":"office@x.it"}}`, "user_id:7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			th := mustThread(t, "site", c.event)
			var got []string
			for _, i := range th.fact.Identifiers {
				got = append(got, i.String())
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
			if (c.want == "") != th.row.Subject.IsZero() {
				t.Errorf("subject %v", th.row.Subject)
			}
		})
	}
}

// What files and humans say of people is no contact of theirs.
func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name, source, event string
		want                bool
	}{
		{"who signs in", "site", `{"type":"identify","userId":"7"}`, false},
		{"a customer of a file", "site", `{"type":"identify","userId":"7","imported":true}`, true},
		{"an order of a file", "site", `{"type":"track","event":"Order Completed","userId":"7","imported":true}`, false},
		{"a decision", OwnSource, `{"type":"track","event":"Identity Decision","imported":true,"properties":{"action":"undo"}}`, true},
		{"what calls itself a decision", "site", `{"type":"track","event":"Identity Decision"}`, false},
		{"an answer to our question", OwnSource, `{"type":"track","event":"Survey Answered"}`, false},
	} {
		if got := mustThread(t, c.source, c.event).row.Flags == experience.FlagRecord; got != c.want {
			t.Errorf("%s: record %v, want %v", c.name, got, c.want)
		}
	}
}

func mustThread(t *testing.T, source, event string) thread {
	t.Helper()
	var th thread
	if err := x.extract(&experience.Record{Source: source, ReceivedAt: time.Unix(9, 0), Event: []byte(event)}, &th.row, &th.fact); err != nil {
		t.Fatal(err)
	}
	return th
}

func TestCommerce(t *testing.T) {
	for _, c := range []struct {
		name, event, properties string
		minor                   int64
		currency, order         string
	}{
		{"an order", "Order Completed", `{"revenue":12.5,"currency":"EUR","order_id":"o1"}`, 1250, "EUR", "o1"},
		{"money as text", "Order Completed", `{"revenue":"1234.565","currency":"EUR"}`, 123457, "EUR", ""},
		{"no revenue but a total", "Order Completed", `{"total":10,"orderId":7}`, 1000, "EUR", "7"},
		{"a currency without cents", "Order Completed", `{"revenue":1200,"currency":"JPY"}`, 1200, "JPY", ""},
		{"given back", "Order Refunded", `{"total":10,"currency":"EUR"}`, -1000, "EUR", ""},
		{"given back, already negative", "Order Refunded", `{"revenue":-10}`, -1000, "EUR", ""},
		{"not paid yet", "Checkout Started", `{"revenue":99,"order_id":"o2"}`, 0, "", "o2"},
		{"a view has a price, no revenue", "Product Viewed", `{"price":9.9,"value":5}`, 0, "", ""},
		{"an own event with revenue", "Workshop Attended", `{"revenue":30}`, 3000, "EUR", ""},
		{"an unknown currency is the company's", "Order Completed", `{"revenue":1,"currency":"petals"}`, 100, "EUR", ""},
		{"a negative price", "Order Completed", `{"revenue":-11062.06,"currency":"GBP"}`, -1106206, "GBP", ""},
		{"no number", "Order Completed", `{"revenue":"a lot"}`, 0, "", ""},
		{"too much to be money", "Order Completed", `{"revenue":1e300}`, 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := json.Marshal(experience.Event{MessageID: "m", Kind: experience.Track, Name: c.event, UserID: "7", Properties: json.RawMessage(c.properties)})
			if err != nil {
				t.Fatal(err)
			}
			row := mustThread(t, "site", string(raw)).row
			if row.Revenue != c.minor || row.Currency != c.currency || row.OrderID != c.order {
				t.Errorf("got %d %q order %q", row.Revenue, row.Currency, row.OrderID)
			}
		})
	}
}

func TestMinorUnits(t *testing.T) {
	for s, want := range map[string]int64{"0.005": 1, "-0.005": -1, "0.004": 0, "19.99": 1999, "+3": 300, "1000000000000": 100000000000000} {
		if got, ok := minorUnits(s, currency.EUR); !ok || got != want {
			t.Errorf("%s: %d, %v, want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "1,5", "1/3", "0x10", "1e3", "Inf", "99999999999999999", strings.Repeat("9", 50)} {
		if n, ok := minorUnits(s, currency.EUR); ok {
			t.Errorf("%q was read as %d", s, n)
		}
	}
}

func TestDecisionsCountOnlyFromTheOwnSource(t *testing.T) {
	event := `{"type":"track","event":"Identity Decision","properties":{"id":"0191d7a0-0000-7000-8000-000000000001","action":"same","a":{"kind":"user_id","value":"1"},"b":{"kind":"user_id","value":"2"},"at":"2026-01-01T00:00:00Z"}}`
	if n := len(mustThread(t, "site", event).fact.Decisions); n != 0 {
		t.Errorf("a site decided who is who: %d decisions", n)
	}
	if d := mustThread(t, OwnSource, event).fact.Decisions; len(d) != 1 || d[0].Action != experience.SamePerson || d[0].B.Value != "2" {
		t.Errorf("decisions %+v", d)
	}
}

func TestAliasJoinsWhatWasSeen(t *testing.T) {
	d := mustThread(t, "site", `{"type":"alias","messageId":"m1","userId":"new","previousId":"old"}`).fact.Decisions
	if len(d) != 2 || d[0].ID == d[1].ID || d[0].A.Kind != experience.UserID || d[1].A.Kind != experience.AnonymousID {
		t.Errorf("decisions %+v", d)
	}
	if d := mustThread(t, "site", `{"type":"alias","messageId":"m1","userId":"null","previousId":"old"}`).fact.Decisions; len(d) != 0 {
		t.Errorf("an alias to nobody decides nothing, got %+v", d)
	}
}

func TestConsents(t *testing.T) {
	f := mustThread(t, "site", `{"type":"page","anonymousId":"a","context":{"consent":{"categoryPreferences":{"marketing":true,"profiling":false,"odd":"yes"}}}}`).fact
	if len(f.Consents) != 2 || !f.Consents["marketing"] || f.Consents["profiling"] {
		t.Errorf("consents %v", f.Consents)
	}
}

func TestAReplayGivesTheSameRow(t *testing.T) {
	event := `{"type":"track","event":"E","messageId":"m1","userId":"7"}`
	a, b := mustThread(t, "site", event).row, mustThread(t, "site", event).row
	if a.ID != b.ID || a.ID.IsZero() || a.ID == mustThread(t, "app", event).row.ID {
		t.Errorf("ids %v %v", a.ID, b.ID)
	}
}
