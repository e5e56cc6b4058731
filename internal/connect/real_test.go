package connect

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/mapping"
	"regia/internal/testkit"
)

// truth reads a file with the standard library alone.
func truth(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]map[string]string, 0, len(rows))
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, c := range row {
			m[rows[0][i]] = c
		}
		out = append(out, m)
	}
	return out
}

// distinct counts the different values of what f gives; "" does not count.
func distinct[T any](list []T, f func(T) string) int {
	seen := map[string]bool{}
	for _, x := range list {
		if v := f(x); v != "" {
			seen[v] = true
		}
	}
	return len(seen)
}

func count[T any](list []T, f func(T) bool) int {
	n := 0
	for _, x := range list {
		if f(x) {
			n++
		}
	}
	return n
}

func (c *collector) of(event string) []mapping.Item {
	var out []mapping.Item
	for _, i := range c.items {
		if i.Event == event {
			out = append(out, i)
		}
	}
	return out
}

func expect(t *testing.T, figures ...any) {
	t.Helper()
	for i := 0; i < len(figures); i += 3 {
		if figures[i+1] != figures[i+2] {
			t.Errorf("%s: %d, want %d", figures[i], figures[i+1], figures[i+2])
		}
	}
}

func userID(i mapping.Item) string    { return i.UserID }
func messageID(i mapping.Item) string { return i.MessageID }

func TestRealOnlineRetail(t *testing.T) {
	dir := testkit.RealData(t, "online-retail")
	var c collector
	r := runImport(t, filepath.Join(example("online-retail"), "mapping.yaml"), Options{Inputs: []string{dir}}, &c)
	t.Log(r.Summary())
	rows := truth(t, filepath.Join(dir, "online_retail.csv.gz"))
	invoice := func(m map[string]string) string { return m["InvoiceNo"] }
	customer := func(m map[string]string) string { return m["CustomerID"] }
	bought := func(m map[string]string) string {
		if strings.HasPrefix(m["InvoiceNo"], "C") {
			return ""
		}
		return m["CustomerID"]
	}
	anonymous := func(m map[string]string) string {
		if m["CustomerID"] != "" {
			return ""
		}
		return m["InvoiceNo"]
	}
	products, revenue := 0, mapping.Whole(0)
	for _, i := range c.items {
		products += strings.Count(string(i.Properties), `"product_id"`)
		revenue, _ = revenue.Add(revenueOf(t, i))
	}
	adjusted := len(c.of("Bad Debt Adjusted"))
	expect(t,
		"rows", r.Rows, int64(541909), "rows by the standard library", len(rows), 541909, "rejected", r.Rejected, int64(0),
		"invoices", int(r.Interactions), distinct(rows, invoice), "invoices known", int(r.Interactions), 25900,
		"lines in products", products+adjusted, 541909, // exact duplicates are all there
		"customers", distinct(c.items, userID), distinct(rows, customer), "customers known", distinct(rows, customer), 4372,
		"customers with a purchase", distinct(c.of("Order Completed"), userID), distinct(rows, bought), "with a purchase, known", distinct(rows, bought), 4339,
		"lines without customer", count(rows, func(m map[string]string) bool { return m["CustomerID"] == "" }), 135080,
		"anonymous invoices", distinct(c.items, func(i mapping.Item) string { return i.AnonymousID }), distinct(rows, anonymous),
		"cancellations", len(c.of("Order Refunded")), distinct(rows, func(m map[string]string) string {
			if invoice(m)[0] == 'C' {
				return invoice(m)
			}
			return ""
		}),
		"bad debts", adjusted, 3, "messages", distinct(c.items, messageID), len(c.items))
	// Thousandths, as the file has them, less the three adjustments of bad debt;
	// four prices are finer than a penny, so the orders' own rounding may differ.
	exact := mapping.Whole(0)
	for _, m := range rows {
		if invoice(m)[0] == 'A' {
			continue
		}
		price, _ := mapping.ParseDecimal(m["UnitPrice"], false)
		quantity, _ := mapping.ParseDecimal(m["Quantity"], false)
		line, err := price.Multiply(quantity)
		if err == nil {
			exact, err = exact.Add(line)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if off, _ := revenue.Add(exact.Negate()); off.Compare(cents(t, "0.02")) > 0 || off.Compare(cents(t, "-0.02")) < 0 {
		t.Errorf("revenue %s, want about %s", revenue, exact)
	}
}

func cents(t *testing.T, text string) mapping.Decimal {
	t.Helper()
	d, err := mapping.ParseDecimal(text, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// revenueOf reads an item's revenue, 0 when it has none.
func revenueOf(t *testing.T, i mapping.Item) mapping.Decimal {
	t.Helper()
	_, after, found := strings.Cut(string(i.Properties), `"revenue":`)
	if !found {
		return mapping.Whole(0)
	}
	text, _, _ := strings.Cut(after, ",")
	d, err := mapping.ParseDecimal(text, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRealOlist(t *testing.T) {
	dir := testkit.RealData(t, "olist")
	var c collector
	r := runImport(t, filepath.Join(example("olist"), "mapping.yaml"), Options{Inputs: []string{dir}}, &c)
	t.Log(r.Summary())
	orders := truth(t, filepath.Join(dir, "olist_orders_dataset.csv"))
	customers := truth(t, filepath.Join(dir, "olist_customers_dataset.csv"))
	reviews := truth(t, filepath.Join(dir, "olist_order_reviews_dataset.csv"))
	filled := func(column string) int {
		return count(orders, func(m map[string]string) bool { return m[column] != "" })
	}
	expect(t,
		"rejected", r.Rejected, int64(0), "orders", len(c.of("Order Completed")), len(orders), "orders known", len(orders), 8135,
		"people", distinct(c.items, userID), distinct(customers, func(m map[string]string) string { return m["customer_unique_id"] }),
		"people known", distinct(c.items, userID), 8016,
		"approved", len(c.of("Order Approved")), filled("order_approved_at"),
		"shipped", len(c.of("Order Shipped")), filled("order_delivered_carrier_date"),
		"delivered", len(c.of("Order Delivered")), filled("order_delivered_customer_date"),
		"not delivered, known", len(orders)-len(c.of("Order Delivered")), 2965,
		"reviews", len(c.of("Review Posted")), len(reviews),
		"reviews by both ids", len(reviews), distinct(reviews, func(m map[string]string) string { return m["review_id"] + " " + m["order_id"] }),
		"repeated review ids, known", len(reviews)-distinct(reviews, func(m map[string]string) string { return m["review_id"] }), 34,
		"cancelled", len(c.of("Order Cancelled")), count(orders, func(m map[string]string) bool {
			s := m["order_status"]
			return (s == "canceled" || s == "unavailable") && m["order_delivered_customer_date"] == ""
		}),
		"messages", distinct(c.items, messageID), len(c.items))
	paid, ordered := mapping.Whole(0), mapping.Whole(0)
	for _, m := range truth(t, filepath.Join(dir, "olist_order_payments_dataset.csv")) {
		d, _ := mapping.ParseDecimal(m["payment_value"], false)
		paid, _ = paid.Add(d)
	}
	for _, i := range c.of("Order Completed") {
		ordered, _ = ordered.Add(revenueOf(t, i))
	}
	if paid.Compare(ordered) != 0 {
		t.Errorf("revenue %s, payments %s", ordered, paid)
	}
}

func TestRealHelpdesk(t *testing.T) {
	dir := testkit.RealData(t, "helpdesk")
	var c collector
	r := runImport(t, filepath.Join(example("helpdesk"), "mapping.yaml"), Options{Inputs: []string{dir}}, &c)
	rows := truth(t, filepath.Join(dir, "helpdesk.csv"))
	expect(t, "events", len(c.items), len(rows), "events known", len(rows), 21348, "rejected", r.Rejected, int64(0),
		"cases", distinct(c.items, func(i mapping.Item) string { return i.AnonymousID }), distinct(rows, func(m map[string]string) string { return m["Case ID"] }),
		"cases known", int(r.People), 4580, "messages", distinct(c.items, messageID), len(c.items))
}
