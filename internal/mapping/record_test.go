package mapping

import (
	"fmt"
	"strings"
	"testing"
)

const shop = `version: 1
name: shop
defaults: {zone: Europe/Rome, time: [iso, unix], currency: EUR}
steps:
  - where: topic == "orders/create"
    let: {amount: =number(total) + 0.5}
    person: {email: =customer?.email, user_id: =customer?.id}
    traits: {time: =created_at, set: {city: =customer?.address?.city}}
    key: [=id]
    interactions:
      - event: Order Completed
        time: =created_at
        money: {amount: =amount, currency: =currency}
        properties:
          order_id: =id
          products: {each: line_items, item: {name: =it.title, price: =it.price}}
      - event: Line Bought
        each: line_items
        when: it.price > 1
        time: =created_at
        properties: {name: =it.title, weight: '=row["line_items"][0]?.weight'}
`

func mapDocument(t *testing.T, spec, document string) ([]Item, []Fault) {
	t.Helper()
	m, err := Parse("shop.yaml", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := ParseDocument([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return p.Map(doc)
}

const order = `{"topic":"orders/create","id":7,"created_at":"2026-01-02T10:00:00Z","total":"19.90","currency":"EUR",
"customer":{"id":81,"email":"anna@example.com","address":{"city":"Roma"}},
"line_items":[{"title":"Pen","price":1},{"title":"Ink","price":12.5,"weight":1e3}]}`

func TestDocument(t *testing.T) {
	items, faults := mapDocument(t, shop, order)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var got []string
	for _, item := range items {
		text := string(item.AppendJSON(nil))
		got = append(got, text[:strings.Index(text, `"messageId":"`)]+text[strings.Index(text, `"messageId":"`)+51:])
	}
	want := []string{
		`{"type":"track","event":"Order Completed","userId":"81","identifiers":[{"kind":"email","value":"anna@example.com"}],"timestamp":"2026-01-02T10:00:00Z","properties":{"order_id":7,"products":[{"name":"Pen","price":1},{"name":"Ink","price":12.5}],"revenue":20.4,"currency":"EUR"}}`,
		`{"type":"track","event":"Line Bought","userId":"81","identifiers":[{"kind":"email","value":"anna@example.com"}],"timestamp":"2026-01-02T10:00:00Z","properties":{"name":"Ink"}}`,
		`{"type":"identify","userId":"81","identifiers":[{"kind":"email","value":"anna@example.com"}],"timestamp":"2026-01-02T10:00:00Z","traits":{"city":"Roma"}}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	again, _ := mapDocument(t, shop, order)
	for i := range items {
		if items[i].MessageID != again[i].MessageID {
			t.Errorf("the message id of item %d changed", i)
		}
	}
}

func TestDocumentFaults(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"passed over", `orders/create`, `orders/delete`, "0 items []"},
		{"nobody", `"customer"`, `"client"`, `0 items [it names nobody: every identifier of person: is empty]`},
		{"no amount", `"19.90"`, `"much"`, `0 items [amount: "much" is not a number`},
		{"no time", `"2026-01-02T10:00:00Z"`, `null`, `0 items`},
		{"a text", `"price":12.5`, `"price":"12"`, `2 items [line-bought: when: `},
		{"no lines", `"line_items"`, `"lines"`, `1 items [order-completed: products: each: needs a list`},
	} {
		items, faults := mapDocument(t, shop, strings.Replace(order, c.old, c.new, 1))
		if got := fmt.Sprintf("%d items %v", len(items), faults); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	for document, want := range map[string]string{
		"":             "this is not JSON",
		"{":            "this is not JSON",
		"[1]":          "not an object",
		`{} {}`:        "more than one",
		`{"a":1e99}`:   "not a number that can be reckoned with",
		`{"a":9.9e17}`: "",
	} {
		if _, err := ParseDocument([]byte(document)); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", document, err)
		}
	}
}

// TestTwoSorts: a mapping is either for files or for documents.
func TestTwoSorts(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"steps:\n  - where", "steps:\n  - rows: orders\n    where", "files: is missing"},
		{"steps:\n  - where", "steps:\n  - group: {by: id, as: all}\n    where", "joins: and group: are for rows of files"},
		{"=it.title", "=it.title +", "shop.yaml:16:53: unexpected token EOF"},
	} {
		m, err := Parse("shop.yaml", []byte(strings.Replace(shop, c.old, c.new, 1)))
		if err == nil {
			_, err = m.Compile()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v instead of %s", err, c.want)
		}
	}
	files, err := Parse("m.yaml", []byte(good))
	if err == nil {
		_, err = files.Compile()
	}
	if err == nil || !strings.Contains(err.Error(), "it is for imports") {
		t.Error(err)
	}
	documents, err := Parse("shop.yaml", []byte(shop))
	if err == nil {
		_, err = Bind(documents, nil)
	}
	if err == nil || !strings.Contains(err.Error(), "files: is missing") {
		t.Error(err)
	}
}
