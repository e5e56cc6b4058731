package hooks

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/mapping"
	"regia/internal/web"
)

// made gives what a preset makes of a delivery.
func made(t *testing.T, p Preset, topic, payload string) []mapping.Item {
	t.Helper()
	program, err := p.compile("")
	if err != nil {
		t.Fatal(err)
	}
	document, err := documentOf(p, topic, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	items, faults := program.Map(document)
	if len(faults) > 0 {
		t.Fatalf("%s %s: %v", p, topic, faults)
	}
	return items
}

// told is an item in a line: what, when, how much and whose.
func told(t *testing.T, i mapping.Item) string {
	t.Helper()
	var p struct {
		Revenue  json.Number
		Currency string
	}
	if len(i.Properties) > 0 {
		if err := json.Unmarshal(i.Properties, &p); err != nil {
			t.Fatal(err)
		}
	}
	name := i.Event
	if name == "" {
		name = string(i.Type)
	}
	line := name + i.Time.Format(" 01-02 15:04")
	if p.Currency != "" {
		line += fmt.Sprintf(" %s %s", p.Revenue, p.Currency)
	}
	for _, id := range i.Identifiers {
		line += " " + string(id.Kind)
	}
	return line
}

func TestPresets(t *testing.T) {
	shopify, woo := "email phone shopify_customer", "email phone woocommerce_customer"
	want := map[string][]string{
		"shopify orders/create":        {"Order Placed 03-02 09:15 " + shopify, "identify 03-02 09:15 " + shopify},
		"shopify orders/paid":          {"Order Placed 03-02 09:15 " + shopify, "Order Completed 03-02 09:15 84.9 EUR " + shopify, "identify 03-02 09:16 " + shopify},
		"shopify orders/cancelled":     {"Order Placed 03-02 09:15 " + shopify, "Order Completed 03-02 09:15 84.9 EUR " + shopify, "Order Cancelled 03-03 08:00 " + shopify, "identify 03-02 09:15 " + shopify},
		"shopify orders/updated":       {"Order Placed 03-02 09:15 " + shopify, "Order Completed 03-02 09:15 84.9 EUR " + shopify, "Order Refunded 03-05 11:00 -14.44 EUR " + shopify, "identify 03-05 11:00 " + shopify},
		"shopify customers/create":     {"Signed Up 03-01 17:00 email phone shopify_customer", "identify 03-01 17:00 email phone shopify_customer"},
		"shopify customers/update":     {"identify 03-04 07:30 email phone shopify_customer"},
		"shopify fulfillments/create":  {"Order Shipped 03-03 15:20 email"},
		"shopify fulfillments/update":  {"Order Shipped 03-03 15:20 email", "Order Delivered 03-05 10:05 email"},
		"woocommerce order.created":    {"Order Placed 03-02 09:15 " + woo, "Order Completed 03-02 09:16 84.9 EUR " + woo, "identify 03-02 09:16 " + woo},
		"woocommerce order.updated":    {"Order Placed 03-02 09:15 " + woo, "Order Completed 03-02 09:16 84.9 EUR " + woo, "Order Fulfilled 03-04 15:00 " + woo, "Order Refunded 03-05 11:00 -14.44 EUR " + woo, "identify 03-05 11:00 " + woo},
		"woocommerce customer.created": {"Signed Up 03-01 17:00 email phone woocommerce_customer", "identify 03-01 17:00 email phone woocommerce_customer"},
		"woocommerce customer.updated": {"identify 03-04 07:30 email phone woocommerce_customer"},
		"review review":                {"Review Posted 03-02 09:15 author"},
		"review mention":               {"Mention Posted 03-02 10:40 author"},
		"generic event":                {"Order Completed 03-02 09:15 84.9 EUR email phone", "identify 03-02 09:15 email phone"},
	}
	got := map[string][]string{}
	for _, p := range Presets {
		for _, s := range p.Samples() {
			for _, i := range made(t, p, s.Topic, s.Payload) {
				got[string(p)+" "+s.Topic] = append(got[string(p)+" "+s.Topic], told(t, i))
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever of an order's life is told first, or twice, has the same id, so that
// its money counts once.
func TestAnOrderCountsOnce(t *testing.T) {
	ids := map[string]map[string]bool{}
	for _, p := range Presets {
		for _, s := range p.Samples() {
			for _, i := range made(t, p, s.Topic, s.Payload) {
				if i.Event == "" {
					continue
				}
				key := string(p) + " " + i.Event
				if ids[key] == nil {
					ids[key] = map[string]bool{}
				}
				ids[key][i.MessageID] = true
			}
		}
	}
	for what, of := range ids {
		if len(of) != 1 {
			t.Errorf("%s has %d ids", what, len(of))
		}
	}
	paid := `{"id":8,"financial_status":"paid","created_at":"2026-03-02T10:15:00Z","total_price":"1","currency":"EUR","line_items":[]}`
	other := made(t, Shopify, "orders/paid", paid)
	if len(other) != 2 || ids["shopify Order Completed"][other[1].MessageID] {
		t.Errorf("another order is %v", other)
	}
}

// An order's number names a person where nothing better does, and only there.
func TestAnOrderNamesNobodyElse(t *testing.T) {
	for name, c := range map[string]struct {
		preset         Preset
		topic, payload string
		want           string
	}{
		"shopify, at the till": {Shopify, "orders/create", `{"id":7,"created_at":"2026-03-02T10:15:00Z","email":"","phone":null,"customer":null}`, "Order Placed 03-02 10:15 shopify_order"},
		"shopify, by phone":    {Shopify, "orders/create", `{"id":7,"created_at":"2026-03-02T10:15:00Z","phone":"+393331234567"}`, "Order Placed 03-02 10:15 phone shopify_order"},
		"shopify, by e-mail":   {Shopify, "orders/create", `{"id":7,"created_at":"2026-03-02T10:15:00Z","updated_at":"2026-03-02T10:15:00Z","email":"","customer":{"id":5,"email":"a@example.it"}}`, "Order Placed 03-02 10:15 email shopify_customer"},
		"shopify, a parcel":    {Shopify, "fulfillments/create", `{"id":8,"order_id":7,"created_at":"2026-03-02T10:15:00Z"}`, "Order Shipped 03-02 10:15 shopify_order"},
		"woo, a guest":         {WooCommerce, "order.created", `{"id":7,"date_created_gmt":"2026-03-02T10:15:00","date_modified_gmt":"2026-03-02T10:15:00","customer_id":0,"billing":{}}`, "Order Placed 03-02 10:15 woocommerce_customer woocommerce_order"}, // 0 is dropped later: it says nothing
		"woo, a customer":      {WooCommerce, "order.created", `{"id":7,"date_created_gmt":"2026-03-02T10:15:00","date_modified_gmt":"2026-03-02T10:15:00","customer_id":4,"billing":{}}`, "Order Placed 03-02 10:15 woocommerce_customer"},
	} {
		items := made(t, c.preset, c.topic, c.payload)
		if len(items) == 0 || told(t, items[0]) != c.want {
			t.Errorf("%s makes %v, want first %q", name, items, c.want)
		}
	}
}

// A refund that is not through yet is not counted; once it is, it counts.
func TestPendingRefund(t *testing.T) {
	order := `{"id":7,"email":"a@example.it","currency":"EUR","created_at":"2026-03-02T10:15:00Z","updated_at":"2026-03-02T10:15:00Z","financial_status":"pending",
		"refunds":[{"id":1,"created_at":"2026-03-03T10:15:00Z","transactions":[{"kind":"refund","status":"%s","amount":"5.00"}]},{"id":2,"created_at":"2026-03-04T10:15:00Z"}]}`
	for status, want := range map[string][]string{
		"pending": {"Order Placed 03-02 10:15 email", "Order Refunded 03-04 10:15 0 EUR email"}, // of the second, only goods came back
		"success": {"Order Placed 03-02 10:15 email", "Order Refunded 03-03 10:15 -5 EUR email", "Order Refunded 03-04 10:15 0 EUR email"},
	} {
		var got []string
		for _, i := range made(t, Shopify, "orders/updated", fmt.Sprintf(order, status)) {
			got = append(got, told(t, i))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", status, diff)
		}
	}
}

// Topics that nobody knows make nothing, and are no fault.
func TestUnknownTopics(t *testing.T) {
	for p, topic := range map[Preset]string{Shopify: "refunds/create", WooCommerce: "coupon.created"} {
		if items := made(t, p, topic, `{"id":1}`); len(items) != 0 {
			t.Errorf("%s makes %v", topic, items)
		}
	}
}

// A review says what every platform says of one; a score out of ten stands on a
// scale of its own; nobody is known by a name that many have; the same review
// counts once.
func TestReviews(t *testing.T) {
	one := made(t, Review, "", `{"platform":"Piazza","id":7,"time":"2026-03-02T10:15:00Z","score":"4.5","text":"Bello","author":"Anna","url":"https://x.example/7"}`)
	again := made(t, Review, "", `{"platform":"PIAZZA","id":"7","time":"2026-03-02T10:15:00Z","score":4.5,"text":"Bello","author":"Anna"}`)
	ten := made(t, Review, "", `{"platform":"Piazza","id":8,"time":"2026-03-02T10:15:00Z","score":9,"out_of":10,"author":"Anna","author_id":31}`)
	if len(one) != 1 || len(again) != 1 || len(ten) != 1 || one[0].MessageID != again[0].MessageID || one[0].MessageID == ten[0].MessageID {
		t.Fatalf("%v, %v, %v", one, again, ten)
	}
	said := func(i mapping.Item) (out map[string]any) {
		if err := json.Unmarshal(i.Properties, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if p := said(one[0]); fmt.Sprint(p["score"]) != "4.5" || p["scale"] != "stars" || p["out_of"] != nil || p["url"] != "https://x.example/7" || p["author"] != "Anna" {
		t.Errorf("a review says %v", p)
	}
	if p := said(ten[0]); fmt.Sprint(p["out_of"]) != "10" {
		t.Errorf("a review out of ten says %v", p)
	}
	for i, want := range map[*mapping.Item]string{&one[0]: "piazza:of-7", &ten[0]: "piazza:31"} {
		if len(i.Identifiers) != 1 || i.Identifiers[0].Value != want {
			t.Errorf("who wrote it is %v, not %s", i.Identifiers, want)
		}
	}
}

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// signed gives the headers of a genuine delivery.
func signed(p Preset, body []byte, secret string, now time.Time) http.Header {
	h := http.Header{}
	plain := base64.StdEncoding.EncodeToString(sign([]byte(secret), body))
	switch p {
	case Shopify:
		h.Set("X-Shopify-Hmac-Sha256", plain)
	case WooCommerce:
		h.Set("X-WC-Webhook-Signature", plain)
	default:
		at := strconv.FormatInt(now.Unix(), 10)
		h.Set("X-Regia-Signature", "t="+at+",v1="+hex.EncodeToString(sign([]byte(secret), []byte(at+"."), body)))
	}
	return h
}

// FuzzDelivery: no signature passes that was not made with the secret, a right
// one passes; no body makes a mapping fall, and what it makes is JSON.
func FuzzDelivery(f *testing.F) {
	programs := map[Preset]*mapping.Program{}
	for _, p := range Presets {
		for _, s := range p.Samples() {
			f.Add(string(p), s.Topic, "", "", []byte(s.Payload))
		}
		program, err := p.compile("")
		if err != nil {
			f.Fatal(err)
		}
		programs[p] = program
	}
	f.Add("shopify", "orders/paid", "AAAA", "gzip", []byte(`{"customer":[],"line_items":{"a":1},"id":{}}`))
	f.Add("woocommerce", "order.created", "=", "x-gzip", []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 2, 0, 253, 255, '{', '}', 67, 191, 166, 163, 2, 0, 0, 0})
	f.Add("generic", "", "t=1,v1=00,v1=", "identity", []byte(strings.Repeat(`{"a":`, 200)))
	now, secret := time.Unix(1_772_000_000, 0), newSecret()
	f.Fuzz(func(t *testing.T, preset, topic, signature, encoding string, body []byte) {
		p := Preset(preset)
		if !p.known() {
			p = Generic
		}
		h := http.Header{}
		for _, name := range []string{"X-Shopify-Hmac-Sha256", "X-WC-Webhook-Signature", "X-Regia-Signature", "webhook-signature", "webhook-timestamp", "webhook-id"} {
			h.Set(name, signature)
		}
		h.Set(topicHeaders[p], topic)
		if p.verify(h, body, []string{secret}, now) == nil {
			t.Fatalf("%q signs %q", signature, body)
		}
		if err := p.verify(signed(p, body, secret, now), body, []string{"an older secret", secret}, now); err != nil {
			t.Fatalf("a right signature of %q: %v", body, err)
		}
		if p.ping(h, body) && signature != "" || len(p.key(h, body)) != 64 || len(p.topic(h)) > 100 {
			t.Fatalf("a delivery of %q is known by %q, %q", body, p.key(h, body), p.topic(h))
		}
		text, err := inflated(encoding, body)
		if err != nil {
			return
		}
		document, err := documentOf(p, topic, text)
		if err != nil {
			return
		}
		items, _ := programs[p].Map(document)
		for _, i := range items {
			if !json.Valid(i.AppendJSON(nil)) {
				t.Errorf("%s makes what is no JSON: %s", body, i.AppendJSON(nil))
			}
		}
	})
}
