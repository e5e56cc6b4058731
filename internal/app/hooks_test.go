package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/experience"
)

// shopHook is a source of webhooks under test.
type shopHook struct {
	*house
	preset, id, secret string
}

func (h *house) hook(preset, secret string) shopHook {
	h.t.Helper()
	owner := func(method, path string, body any, into any) {
		raw, err := json.Marshal(body)
		h.must(err)
		w := h.visit(visit{method: method, path: path, body: string(raw), token: h.tokens[experience.Owner]})
		if w.Code >= 300 {
			h.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		h.must(json.Unmarshal(w.Body.Bytes(), into))
	}
	var source struct{ ID string }
	owner(http.MethodPost, "/api/v1/sources", map[string]string{"name": "Shop on " + preset, "kind": "webhook"}, &source)
	var made struct{ Secret string }
	owner(http.MethodPut, "/api/v1/sources/"+source.ID+"/webhook", map[string]string{"preset": preset, "secret": secret}, &made)
	if (made.Secret == "") == (secret == "") {
		h.t.Errorf("a secret was given: %v, and one made: %v", secret != "", made.Secret != "")
	}
	return shopHook{h, preset, source.ID, secret + made.Secret}
}

// hookAnswer is what a delivery is told.
type hookAnswer struct {
	Accepted int
	Repeated bool
	Rejected []string
	Error    string
}

// deliver sends a body, signed unless the headers say how.
func (s shopHook) deliver(topic, id, body string, header map[string]string) (int, hookAnswer) {
	s.t.Helper()
	names := map[string][3]string{
		"shopify":     {"X-Shopify-Topic", "X-Shopify-Webhook-Id", "X-Shopify-Hmac-Sha256"},
		"woocommerce": {"X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Signature"},
		"generic":     {"X-Regia-Topic", "X-Regia-Delivery", "X-Regia-Signature"},
	}[s.preset]
	all := map[string]string{names[0]: topic, names[1]: id, names[2]: s.signature([]byte(body))}
	for name, value := range header {
		all[name] = value
	}
	w := s.visit(visit{method: http.MethodPost, path: "/hooks/" + s.id, body: body, header: all})
	var a hookAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		s.t.Errorf("no JSON: %d %s", w.Code, w.Body)
	}
	return w.Code, a
}

func (s shopHook) signature(body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.secret))
	if s.preset == "generic" {
		now := s.Clock().Unix()
		fmt.Fprintf(mac, "%d.%s", now, body)
		return fmt.Sprintf("t=%d,v1=%s", now, hex.EncodeToString(mac.Sum(nil)))
	}
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// sample is one of the presets' own.
func sample(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "hooks", "presets", "samples", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const shopSecret = "the key that the shop shows"

func TestWebhooks(t *testing.T) {
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t, config(t))
			shop := h.hook("shopify", shopSecret)
			shop.orderOnce(t)
			shop.faithful(t)
			shop.refusals(t)
			shop.rotation(t)
			h.hook("woocommerce", "").pinged(t)
			h.hook("generic", "").replays(t)
		})
	}
}

// orderOnce: the life of an order, told out of order and more than once, is one
// person's, and its money counts once.
func (s shopHook) orderOnce(t *testing.T) {
	for n, d := range []struct {
		topic, id string
		accepted  int
		repeated  bool
	}{
		{"orders/updated", "d-1", 4, false},
		{"orders/paid", "d-2", 3, false},
		{"orders/paid", "d-2", 0, true},  // sent again: the answer was lost
		{"orders/paid", "d-3", 3, false}, // under another id: taken, and nothing new in it
		{"orders/create", "d-4", 2, false},
		{"products/update", "d-5", 0, false},
		{"fulfillments/create", "", 1, false},
		{"fulfillments/create", "", 0, true},
	} {
		body := `{"id":1}`
		if d.topic != "products/update" {
			body = sample(t, "shopify_"+strings.ReplaceAll(d.topic, "/", "_"))
		}
		status, a := s.deliver(d.topic, d.id, body, nil)
		if status != http.StatusOK || a.Accepted != d.accepted || a.Repeated != d.repeated || len(a.Rejected) > 0 {
			t.Errorf("%d: %s is answered %d %+v, want %+v", n, d.topic, status, a, d)
		}
	}
	s.must(s.Caught(context.Background()))
	var people struct {
		Items []struct {
			ID   string
			Name string
		}
	}
	s.read("/api/v1/people?identifier=email:anna.ferri@example.it", &people)
	if len(people.Items) != 1 || people.Items[0].Name != "Anna Ferri" {
		t.Fatalf("the customer is %+v", people)
	}
	var p struct {
		Revenue []struct {
			Minor int64 `json:"amount_minor"`
		}
	}
	s.read("/api/v1/people/"+people.Items[0].ID, &p)
	if len(p.Revenue) != 1 || p.Revenue[0].Minor != 8490-1444 {
		t.Errorf("she spent %+v", p.Revenue)
	}
	var hook struct{ Deliveries []struct{ Topic string } }
	s.read("/api/v1/sources/"+s.id+"/webhook", &hook)
	if len(hook.Deliveries) != 6 {
		t.Errorf("%d deliveries are listed: %+v", len(hook.Deliveries), hook)
	}
}

// faithful: somebody with many orders is one person.
func (s shopHook) faithful(t *testing.T) {
	const orders = 120 // more than the identifiers that one person may have
	one := sample(t, "shopify_orders_paid")
	one = strings.ReplaceAll(one, "anna.ferri@", "maria.fedele@")
	one = strings.NewReplacer("7700000000033", "7700000000034", "+393331234567", "+393331234568").Replace(one)
	for n := range orders {
		body := strings.Replace(one, "5500000000101", fmt.Sprint(5600000000000+n), 1)
		if status, a := s.deliver("orders/paid", fmt.Sprint("f-", n), body, nil); status != http.StatusOK || a.Accepted != 3 {
			t.Fatalf("order %d is answered %d %+v", n, status, a)
		}
	}
	s.must(s.Caught(context.Background()))
	var people struct{ Items []struct{ ID string } }
	s.read("/api/v1/people?identifier=email:maria.fedele@example.it", &people)
	if len(people.Items) != 1 {
		t.Fatalf("%d orders are of %d people", orders, len(people.Items))
	}
	var p struct{ Revenue []struct{ Interactions int } }
	s.read("/api/v1/people/"+people.Items[0].ID, &p)
	if len(p.Revenue) != 1 || p.Revenue[0].Interactions != orders {
		t.Errorf("of %d orders she has %+v", orders, p.Revenue)
	}
}

// refusals: what is not genuine, or no delivery at all, is refused, counted and
// kept nowhere.
func (s shopHook) refusals(t *testing.T) {
	before := s.interactions()
	body := sample(t, "shopify_orders_paid")
	other := strings.Replace(body, "5500000000101", "5500000000999", 1)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 80 {
		_, err := z.Write(make([]byte, 1<<20))
		s.must(err)
	}
	s.must(z.Close())
	deep := strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)
	for name, c := range map[string]struct {
		body   string
		header map[string]string
		status int
	}{
		"another signature": {other, map[string]string{"X-Shopify-Hmac-Sha256": s.signature([]byte(body))}, http.StatusUnauthorized},
		"no signature":      {other, map[string]string{"X-Shopify-Hmac-Sha256": ""}, http.StatusUnauthorized},
		"no JSON":           {"orders!", nil, http.StatusBadRequest},
		"a list":            {"[]", nil, http.StatusBadRequest},
		"broken UTF-8":      {"{\"id\":\"\xff\"}", nil, http.StatusBadRequest},
		"deep":              {deep, nil, http.StatusBadRequest},
		"too long":          {`{"id":"` + strings.Repeat("x", 5<<20) + `"}`, nil, http.StatusRequestEntityTooLarge},
		"a bomb":            {bomb.String(), map[string]string{"Content-Encoding": "gzip"}, http.StatusRequestEntityTooLarge},
		"unknown encoding":  {other, map[string]string{"Content-Encoding": "br"}, http.StatusBadRequest},
	} {
		if status, a := s.deliver("orders/paid", "r-"+name, c.body, c.header); status != c.status || a.Error == "" || a.Accepted != 0 {
			t.Errorf("%s: %d %+v, want %d", name, status, a, c.status)
		}
	}
	// Genuine, but its mapping makes nothing of it: told, and not sent again.
	if status, a := s.deliver("orders/paid", "r-odd", `{"id":9,"email":"x@example.it","created_at":"someday"}`, nil); status != http.StatusOK || a.Accepted != 0 || len(a.Rejected) == 0 {
		t.Errorf("an odd delivery: %d %+v", status, a)
	}
	if w := s.visit(visit{method: http.MethodPost, path: "/hooks/nowhere", body: "{}"}); w.Code != http.StatusNotFound {
		t.Errorf("an unknown address answers %d", w.Code)
	}
	if w := s.visit(visit{method: http.MethodGet, path: "/hooks/" + s.id}); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET answers %d", w.Code)
	}
	s.must(s.Caught(context.Background()))
	if n := s.interactions() - before; n != 0 {
		t.Errorf("%d interactions came of refusals", n)
	}
	classes := map[string]bool{}
	for !classes["signature"] || !classes["mapping"] || !classes["body"] || !classes["size"] { // they are written down a moment later
		s.must(t.Context().Err())
		list, err := s.Sources.Rejections(t.Context(), s.id, 50)
		s.must(err)
		for _, x := range list {
			classes[x.Class] = true
		}
	}
}

// rotation: for two days both secrets are valid.
func (s shopHook) rotation(t *testing.T) {
	w := s.visit(visit{method: http.MethodPost, path: "/api/v1/sources/" + s.id + "/webhook/rotate", body: `{}`, token: s.tokens[experience.Manager]})
	var made struct{ Secret string }
	s.must(json.Unmarshal(w.Body.Bytes(), &made))
	fresh := s
	fresh.secret = made.Secret
	for name, hook := range map[string]shopHook{"the new secret": fresh, "the one before": s} {
		if status, _ := hook.deliver("customers/create", "k-"+name, sample(t, "shopify_customers_create"), nil); status != http.StatusOK {
			t.Errorf("%s is answered %d", name, status)
		}
	}
}

func (s shopHook) pinged(t *testing.T) {
	w := s.visit(visit{method: http.MethodPost, path: "/hooks/" + s.id, body: "webhook_id=12", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	if w.Code != http.StatusOK {
		t.Errorf("WooCommerce's ping is answered %d %s", w.Code, w.Body)
	}
	for topic, want := range map[string]int{"order.created": 3, "customer.created": 2} {
		if status, a := s.deliver(topic, "w-"+topic, sample(t, "woocommerce_"+strings.ReplaceAll(topic, ".", "_")), nil); status != http.StatusOK || a.Accepted != want || len(a.Rejected) > 0 {
			t.Errorf("%s: %d %+v", topic, status, a)
		}
	}
}

// replays: what was signed long ago is refused, whoever sends it.
func (s shopHook) replays(t *testing.T) {
	body := sample(t, "generic_event")
	if status, a := s.deliver("", "g-1", body, nil); status != http.StatusOK || a.Accepted != 2 {
		t.Errorf("%d %+v", status, a)
	}
	old := s.Clock().Unix() - 600
	mac := hmac.New(sha256.New, []byte(s.secret))
	fmt.Fprintf(mac, "%d.%s", old, body)
	header := map[string]string{"X-Regia-Signature": fmt.Sprintf("t=%d,v1=%x", old, mac.Sum(nil))}
	if status, a := s.deliver("", "g-2", body, header); status != http.StatusUnauthorized || !strings.Contains(a.Error, "replay") {
		t.Errorf("a replay is answered %d %+v", status, a)
	}
}
