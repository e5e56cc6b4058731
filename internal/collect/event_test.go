package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
)

// same compares JSON by what it means.
func same(t *testing.T, what string, got json.RawMessage, want string) {
	t.Helper()
	var a, b any
	if want != "" {
		must(t, json.Unmarshal([]byte(want), &b))
	}
	if len(got) > 0 {
		must(t, json.Unmarshal(got, &a))
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
}

func TestTimes(t *testing.T) {
	h := newHouse(t, nil)
	at := func(d time.Duration) string { return testNow.Add(d).Format(time.RFC3339Nano) }
	for _, c := range []struct {
		name, times string
		want        time.Duration // after the moment it was received
	}{
		{"no time: when it was received", ``, 0},
		{"null is none", `"timestamp":null,"originalTimestamp":null,"sentAt":null`, 0},
		{"sentAt alone says nothing", `"sentAt":"` + at(time.Hour) + `"`, 0},
		{"without sentAt it stands", `"timestamp":"` + at(-time.Hour) + `"`, -time.Hour},
		{"RudderStack's name", `"originalTimestamp":"` + at(-time.Hour) + `"`, -time.Hour},
		{"a clock that is right", `"timestamp":"` + at(-5*time.Second) + `","sentAt":"` + at(0) + `"`, -5 * time.Second},
		{"a clock an hour behind", `"timestamp":"` + at(-time.Hour-5*time.Second) + `","sentAt":"` + at(-time.Hour) + `"`, -5 * time.Second},
		{"a clock a year ahead", `"timestamp":"` + at(8760*time.Hour-time.Minute) + `","sentAt":"` + at(8760*time.Hour) + `"`, -time.Minute},
		{"a clock that was never set", `"timestamp":"1970-01-01T00:00:10Z","sentAt":"1970-01-01T00:01:10Z"`, -time.Minute},
		{"RudderStack's, corrected", `"originalTimestamp":"` + at(-time.Hour-5*time.Second) + `","sentAt":"` + at(-time.Hour) + `"`, -5 * time.Second},
		{"sent before it happened", `"timestamp":"` + at(time.Second) + `","sentAt":"` + at(0) + `"`, time.Second},
		{"milliseconds", fmt.Sprintf(`"timestamp":%d`, testNow.Add(-time.Hour).UnixMilli()), -time.Hour - 456*time.Microsecond},
		{"a little ahead", `"timestamp":"` + at(23*time.Hour) + `"`, 23 * time.Hour},
		{"years ago", `"timestamp":"` + at(-40*8760*time.Hour) + `"`, -40 * 8760 * time.Hour},
	} {
		body := `{"userId":"u","event":"X"`
		if c.times != "" {
			body += "," + c.times
		}
		if got := h.one(Site, "/v1/track", body+"}").Time; !got.Equal(testNow.Add(c.want)) {
			t.Errorf("%s: %v after it was received, want %v", c.name, got.Sub(testNow), c.want)
		}
	}
	for _, c := range []struct{ name, times, says string }{
		{"unreadable", `"timestamp":"soon"`, "timestamp is not a time"},
		{"unreadable, RudderStack's", `"originalTimestamp":[]`, "originalTimestamp is not a time"},
		{"unreadable sentAt", `"timestamp":"` + at(0) + `","sentAt":"soon"`, "sentAt is not a time"},
		{"future", `"timestamp":"` + at(25*time.Hour) + `"`, "in the future"},
		{"1970", `"timestamp":"1970-01-01T00:00:00Z"`, "before 1971"},
		{"later in 1970", `"timestamp":"1970-06-01T00:00:00Z"`, "before 1971"},
		{"before 1970", `"timestamp":"1950-01-01"`, "before 1971"},
		{"seconds", fmt.Sprintf(`"timestamp":%d`, testNow.Unix()), "seconds"},
		{"zero", `"timestamp":0`, "seconds"},
	} {
		a := h.post(Site, "/v1/track", `{"userId":"u","event":"X",`+c.times+`}`)
		if a.status != 400 || !strings.Contains(a.Error, c.says) {
			t.Errorf("%s: %d %q", c.name, a.status, a.Error)
		}
	}
}

func TestTimesOfImports(t *testing.T) {
	h := newHouse(t, nil)
	send := func(times string) answered {
		return h.post(ImportSource, "/v1/import", `{"sentAt":"2030-01-01T00:00:00Z","batch":[{"type":"track","event":"X","userId":"u","messageId":"m",`+times+`}]}`)
	}
	for _, at := range []string{"1900-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2011-05-06T07:08:09Z"} {
		a := send(`"timestamp":"` + at + `"`)
		events := h.events()
		if a.Accepted != 1 || len(events) != 1 || events[0].Time.Format(time.RFC3339) != at || !events[0].Imported {
			t.Errorf("%s: %+v, %+v", at, a, events)
		}
	}
	for _, at := range []string{"1899-12-31T00:00:00Z", "2026-11-24T00:00:00Z"} {
		if a := send(`"timestamp":"` + at + `"`); a.status != 200 || len(a.Rejected) != 1 {
			t.Errorf("%s: %+v", at, a)
		}
	}
	if a := h.post(ImportSource, "/v1/import", `{"batch":[{"type":"track","event":"X","userId":"u"}]}`); len(a.Rejected) != 1 || !strings.Contains(a.Rejected[0].Error, "messageId") {
		t.Errorf("an import without messageId: %+v", a)
	}
}

func TestBatchLevel(t *testing.T) {
	h := newHouse(t, nil)
	sent := testNow.Add(-time.Hour)
	body := fmt.Sprintf(`{"sentAt":%q,"context":{"library":{"name":"lib","version":"1"},"locale":"it-IT","page":{"path":"/"}},"integrations":{"All":true,"Mail":{"a":1}},"batch":[
		{"type":"page","userId":"a"},
		{"type":"page","userId":"b","timestamp":%q,"context":{"locale":"en","library":{"version":"2","extra":[1]},"page":null},"integrations":{"All":false,"Mail":{"b":2}}},
		{"type":"page","userId":"c","timestamp":%q,"sentAt":%q,"context":{"integrations":{"mine":true}}}
	]}`, sent.Format(time.RFC3339Nano), sent.Add(-time.Minute).Format(time.RFC3339Nano),
		testNow.Add(-3*time.Minute).Format(time.RFC3339Nano), testNow.Format(time.RFC3339Nano))
	if a := h.post(ServerSource, "/v1/batch", body); a.Accepted != 3 {
		t.Fatalf("got %+v", a)
	}
	e := h.events()
	same(t, "the context of the first", e[0].Context, `{"library":{"name":"lib","version":"1"},"locale":"it-IT","page":{"path":"/"},"integrations":{"All":true,"Mail":{"a":1}}}`)
	same(t, "the context of the second", e[1].Context, `{"library":{"name":"lib","version":"2","extra":[1]},"locale":"en","page":null,"integrations":{"All":false,"Mail":{"a":1,"b":2}}}`)
	same(t, "the context of the third", e[2].Context, `{"library":{"name":"lib","version":"1"},"locale":"it-IT","page":{"path":"/"},"integrations":{"mine":true}}`)
	for i, want := range []time.Duration{0, -time.Minute, -3 * time.Minute} {
		if !e[i].Time.Equal(testNow.Add(want)) {
			t.Errorf("event %d happened %v after it was received, want %v", i, e[i].Time.Sub(testNow), want)
		}
	}
	for _, bad := range []string{`{"context":[],"batch":[]}`, `{"integrations":"x","batch":[]}`, `{}`, `{"batch":{}}`, `{"batch":null}`, `[]`, `[{"type":"page","userId":"u"}]`} {
		if a := h.post(Site, "/v1/batch", bad); a.status != 400 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}

func TestWhatIsKept(t *testing.T) {
	h := newHouse(t, nil)
	e := h.one(Site, "/v1/track", `{"messageId":"m","userId":42,"anonymousId":"a\u0000b","event":" Order Completed ","type":"page",
		"properties":{"total":12.50,"big":12345678901234567890,"nested":{"a":[1,{"b":null}]},"nul":"x\u0000y","half":"\ud83d"},
		"context":{"ip":"203.0.113.9","unknown":{"x":1},"userAgent":"UA"},"somethingElse":true,"integrations":{}}`)
	if e.MessageID != "m" || e.UserID != "42" || e.AnonymousID != "a\ufffdb" || e.Name != "Order Completed" || e.Kind != experience.Track {
		t.Errorf("got %+v", e)
	}
	same(t, "properties", e.Properties, `{"total":12.50,"big":12345678901234567890,"nested":{"a":[1,{"b":null}]},"nul":"x\ufffdy","half":"\ufffd"}`)
	if !strings.Contains(string(e.Properties), "12345678901234567890") || !strings.Contains(string(e.Properties), "12.50") {
		t.Errorf("numbers were rewritten: %s", e.Properties)
	}
	same(t, "context", e.Context, `{"unknown":{"x":1},"userAgent":"UA"}`)

	e = h.one(Site, "/v1/page", `{"userId":"u","category":"Docs","name":"Home","properties":{"url":"x"}}`)
	same(t, "properties", e.Properties, `{"category":"Docs","url":"x"}`)
	e = h.one(Site, "/v1/page", `{"userId":"u","category":"Docs","properties":{"category":"own"}}`)
	same(t, "properties", e.Properties, `{"category":"own"}`)
	e = h.one(Site, "/v1/identify", `{"userId":"u","traits":{"email":"a@b.it"},"context":null,"properties":null}`)
	same(t, "traits", e.Traits, `{"email":"a@b.it"}`)
	if e.Context != nil || e.Properties != nil {
		t.Errorf("null was kept: %+v", e)
	}
	e = h.one(Site, "/v1/track", `{"event":"a","event":"b","userId":"u","userid":"not the same key","\u0065vent":"c"}`)
	if e.Name != "c" || e.UserID != "u" {
		t.Errorf("of keys that repeat the last counts: %+v", e)
	}
	r := h.post(Site, "/v1/page", `{"userId":"u"}`)
	if r.Accepted != 1 {
		t.Fatal(r)
	}
	if rec := h.records()[0]; rec.Source != "site" || !rec.ReceivedAt.Equal(testNow) || strings.Contains(string(rec.Event), "203.0.113") {
		t.Errorf("record %+v", rec)
	}
}

func TestRefused(t *testing.T) {
	h := newHouse(t, nil)
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, c := range []struct{ name, path, body, says string }{
		{"nobody", "track", `{"event":"X"}`, "who?"},
		{"blank ids", "track", `{"event":"X","userId":" ","anonymousId":""}`, "who?"},
		{"null ids", "track", `{"event":"X","userId":null}`, "who?"},
		{"only a trait", "identify", `{"traits":{"email":"a@b.it"}}`, "who?"},
		{"group without group", "group", `{"userId":"u"}`, "groupId"},
		{"alias without previous", "alias", `{"userId":"u"}`, "previousId"},
		{"alias without user", "alias", `{"previousId":"u"}`, "userId"},
		{"no event", "track", `{"userId":"u"}`, "event is missing"},
		{"blank event", "track", `{"userId":"u","event":"  "}`, "event is missing"},
		{"event that is none", "track", `{"userId":"u","event":{}}`, "must be a text"},
		{"long event", "track", `{"userId":"u","event":"` + strings.Repeat("é", 201) + `"}`, "200 characters"},
		{"long page", "page", `{"userId":"u","name":"` + strings.Repeat("é", 201) + `"}`, "200 characters"},
		{"user id an object", "track", `{"userId":{},"event":"X"}`, "userId must be"},
		{"user id true", "track", `{"userId":true,"event":"X"}`, "userId must be"},
		{"user id a list", "track", `{"userId":["u"],"event":"X"}`, "userId must be"},
		{"user id too long", "track", `{"userId":"` + strings.Repeat("u", 513) + `","event":"X"}`, "512 bytes"},
		{"message id too long", "track", `{"userId":"u","event":"X","messageId":"` + strings.Repeat("m", 513) + `"}`, "messageId"},
		{"message id an object", "track", `{"userId":"u","event":"X","messageId":{}}`, "messageId"},
		{"properties a text", "track", `{"userId":"u","event":"X","properties":"x"}`, "properties must be an object"},
		{"properties a list", "track", `{"userId":"u","event":"X","properties":[]}`, "properties must be an object"},
		{"traits a number", "identify", `{"userId":"u","traits":1}`, "traits must be an object"},
		{"context a text", "track", `{"userId":"u","event":"X","context":"x"}`, "context must be an object"},
		{"too deep", "track", `{"userId":"u","event":"X","properties":` + deep(64) + `}`, "deeper than 64"},
		{"far too deep", "track", `{"userId":"u","event":"X","properties":` + deep(3000) + `}`, "deeper than 64"},
		{"a number beyond all", "track", `{"userId":"u","event":"X","properties":{"a":1e999}}`, "a number"},
		{"identifiers from a site", "track", `{"userId":"u","event":"X","identifiers":[{"kind":"loyalty_card","value":"1"}]}`, "not taken from a site"},
	} {
		a := h.post(Site, "/v1/"+c.path, c.body)
		if a.status != 400 || !strings.Contains(a.Error, c.says) || len(a.Rejected) != 1 {
			t.Errorf("%s: %d %q, want %q", c.name, a.status, a.Error, c.says)
		}
	}
	if n := len(h.records()); n != 0 {
		t.Errorf("%d events in the log", n)
	}
	for _, fine := range []string{
		`{"userId":"u","event":"` + strings.Repeat("é", 200) + `"}`,
		`{"userId":"u","event":"X","properties":` + deep(63) + `}`,
		`{"userId":"` + strings.Repeat("u", 512) + `","event":"X"}`,
	} {
		h.one(Site, "/v1/track", fine)
	}
	a := h.post(Site, "/v1/batch", `{"context":`+deep(63)+`,"batch":[{"type":"page","userId":"u"}]}`)
	if len(a.Rejected) != 1 || !strings.Contains(a.Rejected[0].Error, "deeper") {
		t.Errorf("a batch's context too deep: %+v", a)
	}
}

func TestIdentifiers(t *testing.T) {
	h := newHouse(t, nil)
	card := []experience.Identifier{{Kind: experience.LoyaltyCard, Value: "0042"}}
	for _, c := range []struct {
		name, body string
		want       []experience.Identifier
	}{
		{"identifiers", `{"event":"X","identifiers":[{"kind":"loyalty_card","value":" 0042 "}]}`, card},
		{"a number", `{"event":"X","identifiers":[{"kind":"shelf_2","value":42}]}`, []experience.Identifier{{Kind: "shelf_2", Value: "42"}}},
		{"external ids", `{"event":"X","context":{"externalIds":[{"id":"0042","type":"loyalty_card","collection":"users","encoding":"none"}]}}`, card},
		{"a type with dots", `{"event":"X","context":{"externalIds":[{"id":"Q","type":"iOS.idfa"}]}}`, []experience.Identifier{{Kind: "ios_idfa", Value: "Q"}}},
		{"external ids nobody understands", `{"userId":"u","event":"X","context":{"externalIds":[7,{},{"id":"x"},{"type":"9","id":"x"},{"type":"a","id":""}]}}`, nil},
		{"external ids that are none", `{"userId":"u","event":"X","context":{"externalIds":{"a":1}}}`, nil},
	} {
		if e := h.one(Shop, "/v1/track", c.body); !reflect.DeepEqual(e.Identifiers, c.want) {
			t.Errorf("%s: %v, want %v", c.name, e.Identifiers, c.want)
		}
	}
	if a := h.post(ImportSource, "/v1/import", `{"batch":[{"type":"track","messageId":"1","event":"X","identifiers":[{"kind":"email","value":"a@b.it"}]}]}`); a.Accepted != 1 || len(h.events()) != 1 {
		t.Errorf("import: %+v", a)
	}
	for _, kind := range []SourceKind{Site, App} {
		e := h.one(kind, "/v1/track", `{"userId":"u","event":"X","context":{"externalIds":[{"id":"0042","type":"loyalty_card"}]}}`)
		if e.Identifiers != nil || e.Context == nil {
			t.Errorf("%s: %+v", kind, e)
		}
	}
	for _, bad := range []string{`{}`, `"x"`, `[7]`, `[{}]`, `[{"kind":"email"}]`, `[{"kind":"E-mail","value":"x"}]`, `[{"kind":"email","value":" "}]`,
		`[` + strings.Repeat(`{"kind":"email","value":"a@b.it"},`, 50) + `{"kind":"email","value":"a@b.it"}]`} {
		if a := h.post(Shop, "/v1/track", `{"userId":"u","event":"X","identifiers":`+bad+`}`); a.status != 400 || !strings.Contains(a.Error, "identifiers") {
			t.Errorf("%.60s: %+v", bad, a)
		}
	}
}

func TestMarks(t *testing.T) {
	company := experience.Company{StaffEmails: []string{"Anna@shop.it", "@hq.it"}, StaffUserIDs: []string{"staff-1"},
		StaffNetworks: []string{"192.0.2.0/24", "2001:db8::/32", "nonsense"}}
	h := newHouse(t, func(o *Options) {
		o.Company = func(context.Context) experience.Company { return company }
		o.TrustedProxies, _ = ParseNetworks([]string{"10.0.0.0/8"})
	})
	const bot, phone = "Mozilla/5.0 (compatible; Googlebot/2.1)", "Mozilla/5.0 (Linux; Android 9; CUBOT)"
	for _, c := range []struct {
		name, body, agent, remote, forwarded string
		kind                                 SourceKind
		want                                 experience.Flags
	}{
		{name: "a person", body: `"userId":"u"`, agent: phone},
		{name: "a bot's request", body: `"userId":"u"`, agent: bot, want: experience.FlagBot},
		{name: "a bot by its context", body: `"userId":"u","context":{"userAgent":"` + bot + `"}`, want: experience.FlagBot},
		{name: "a bot that says it is a person", body: `"userId":"u","context":{"userAgent":"` + phone + `"}`, agent: bot, want: experience.FlagBot},
		{name: "a server speaks for a person", kind: ServerSource, body: `"userId":"u","context":{"userAgent":"` + phone + `"}`, agent: "our-bot/1"},
		{name: "a server speaks for a bot", kind: ServerSource, body: `"userId":"u","context":{"userAgent":"` + bot + `"}`, agent: "Go-http-client/1.1", want: experience.FlagBot},
		{name: "staff by id", body: `"userId":"staff-1"`, want: experience.FlagStaff},
		{name: "staff by address as id", body: `"userId":"anna@SHOP.it"`, want: experience.FlagStaff},
		{name: "staff by trait", body: `"userId":"u","traits":{"email":" ANNA@shop.it "}`, want: experience.FlagStaff},
		{name: "staff by context trait", body: `"userId":"u","context":{"traits":{"email":"x@hq.it"}}`, want: experience.FlagStaff},
		{name: "staff by property", body: `"userId":"u","properties":{"email":"x@hq.it"}`, want: experience.FlagStaff},
		{name: "staff by identifier", kind: Shop, body: `"identifiers":[{"kind":"email","value":"anna@shop.it"}]`, want: experience.FlagStaff},
		{name: "another at the shop's domain", body: `"userId":"u","traits":{"email":"bea@shop.it"}`},
		{name: "a domain that only ends alike", body: `"userId":"u","traits":{"email":"x@not-hq.it"}`},
		{name: "the office", body: `"userId":"u"`, remote: "192.0.2.77:5", want: experience.FlagStaff},
		{name: "the office, version 6", body: `"userId":"u"`, remote: "[2001:db8::7]:5", want: experience.FlagStaff},
		{name: "the office behind the proxy", body: `"userId":"u"`, remote: "10.0.0.1:5", forwarded: "192.0.2.77", want: experience.FlagStaff},
		{name: "who says it is the office", body: `"userId":"u"`, remote: "203.0.113.1:5", forwarded: "192.0.2.77"},
		{name: "the shop's own till", kind: Shop, body: `"userId":"u"`, remote: "192.0.2.77:5"},
		{name: "a server for somebody in the office", kind: ServerSource, body: `"userId":"u","context":{"ip":"192.0.2.77"}`, want: experience.FlagStaff},
		{name: "both", body: `"userId":"staff-1"`, agent: bot, want: experience.FlagStaff | experience.FlagBot},
	} {
		if c.kind == "" {
			c.kind = Site
		}
		r := request(h, c.kind, "/v1/track", `{"event":"X",`+c.body+`}`)
		r.Header.Set("User-Agent", c.agent)
		r.RemoteAddr = "203.0.113.1:5"
		if c.remote != "" {
			r.RemoteAddr = c.remote
		}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if a := h.send(r); a.status != 200 {
			t.Errorf("%s: %+v", c.name, a)
			continue
		}
		if got := h.records()[0].Flags; got != c.want {
			t.Errorf("%s: marks %b, want %b", c.name, got, c.want)
		}
	}
}
