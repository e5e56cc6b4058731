package mapping

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/experience"
)

// files writes a folder of small files.
func files(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const good = `version: 1
name: test
defaults: {zone: Europe/Rome, time: yyyy-MM-dd, currency: EUR}
files:
  orders: {match: orders.csv}
  lines: {match: lines.csv}
steps:
  - rows: orders
    joins:
      - {file: lines, on: id, many: true}
    person: {user_id: =who}
    key: [=id]
    interactions:
      - event: Bought
        time: =day
        money: {amount: =price}
        properties: {order_id: =id}
`

const (
	ordersCSV = "id,who,day,price\n1,anna,2024-01-02,10.50\n2,bea,2024-01-03,7\n"
	linesCSV  = "id,article\n1,pen\n1,ink\n2,pen\n"
)

// open binds a mapping to the two files.
func open(t testing.TB, mapping string) error {
	m, err := Parse("m.yaml", []byte(mapping))
	if err != nil {
		return err
	}
	_, err = Bind(m, []string{files(t, map[string]string{"orders.csv": ordersCSV, "lines.csv": linesCSV})})
	return err
}

// TestMappingErrors changes one thing of a good mapping and expects a message
// that says where and what.
func TestMappingErrors(t *testing.T) {
	if err := open(t, good); err != nil {
		t.Fatalf("the good mapping: %v", err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"version: 1", "version: 2", "version: 1"},
		{"name: test", "name: Test Me", "name: is missing"},
		{"name: test", "nam: test", `m.yaml:2:1: "nam" is not a word of the mapping language`},
		{"many: true", "mny: true", `"mny" is not a word of the mapping language`},
		{"on: id", "on: order", `m.yaml:10:27: there is no column "order"; lines has the columns id, article`},
		{"on: id", "on: {id: nr}", `there is no column "nr"; orders has the columns id, who, day, price`},
		{"rows: orders", "rows: order", `m.yaml:8:11: files: has no "order"; it has lines, orders`},
		{"=who", "=whom", "m.yaml:11:23: unknown name whom. There are: orders has the columns id, who, day, price; lines has id, article"},
		{"=who", "who", "the identifier user_id needs an expression"},
		{"user_id:", "User-Id:", "is not a kind of identifier"},
		{"{order_id: =id}", "{order_id: id}", `"id" is the name of a column: write =id`},
		{"{order_id: =id}", "{order_id: =id +}", "m.yaml:17:32: unexpected token EOF"},
		{"{order_id: =id}", "{order_id: '=lines[0].colour'}", "unknown field colour"},
		{"{order_id: =id}", "{order_id: =now()}", "unknown name now"},
		{"{order_id: =id}", "{order_id: =id * 2}", "invalid operation"},
		{"{order_id: =id}", "{order_id: {each: price, item: =it}}", "m.yaml:17:39: each: needs a list"},
		{"{order_id: =id}", "{revenue: 5}", "money: already gives the property revenue"},
		{"{order_id: =id}", "[a, b]", "m.yaml:17:21: names and values are expected here"},
		{"        time: =day\n", "", "the interaction bought needs time:"},
		{"time: =day", "time: 2024-01-01", "needs time:, an expression"},
		{"time: =day", "when: price\n        time: =day", "expected bool, but got string"},
		{"time: =day", "each: orders\n        time: =day", `"orders" is not a list of this step`},
		{"event: Bought", "event: =who", "needs an id:"},
		{"event: Bought", "id: x", "no event:"},
		{"zone: Europe/Rome", "zone: Rome", `"Rome" is not a time zone`},
		{"time: yyyy-MM-dd", "time: day first", "is not a time format"},
		{"currency: EUR", "currency: Euro", `"Euro" is not a currency code`},
		{"currency: EUR", "decimals: comma", "the currency is not stated"},
		{"currency: EUR", "decimals: dots", "decimals: is point"},
		{"match: lines.csv", "match: rows.csv", `the mapping's file "lines" (match: rows.csv) is not among the files given: lines.csv, orders.csv`},
		{"match: orders.csv", "match: orders.csv, columns: [id, iban]", `orders.csv has no column "iban", which the mapping expects of orders; it has: id, who, day, price`},
		{"match: orders.csv", "match: orders.csv, encoding: martian", `encoding: "martian" is not known`},
		{"many: true", "many: true, as: who", `the name "who" is taken`},
		{"key: [=id]", "key: [id]", "key: needs an expression"},
		{"key: [=id]", "group: {by: nr, as: rows}", `there is no column "nr"`},
		{"key: [=id]", "group: {by: id}", "group: needs by:"},
		{"key: [=id]", "traits: {set: {a: =who}}", "traits: needs time:"},
		{"key: [=id]", "let: {id: =who}", `the name "id" is taken`},
		{"steps:", "stages:", `"stages" is not a word`},
		{"name: test", "name: [", "m.yaml"},
		{"    person: {user_id: =who}\n", "", "has no person:"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%q is not in the mapping", c.old)
		}
		err := open(t, strings.Replace(good, c.old, c.new, 1))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.new, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s:\ngot  %v\nwant %s", c.new, err, c.want)
		case err != nil && experience.CodeOf(err) != experience.Invalid:
			t.Errorf("%s: code %s", c.new, experience.CodeOf(err))
		}
	}
}

func TestInputErrors(t *testing.T) {
	m, err := Parse("m.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		csv  map[string]string
		args []string
		want string
	}{
		{"empty file", map[string]string{"orders.csv": "", "lines.csv": linesCSV}, nil, "orders.csv: the file is empty"},
		{"empty header", map[string]string{"orders.csv": "\n\n", "lines.csv": linesCSV}, nil, "the file is empty"},
		{"quote in header", map[string]string{"orders.csv": "\"id,who\n1,2\n", "lines.csv": linesCSV}, nil, "header: a quote opened"},
		{"no such file", nil, []string{"/nowhere/orders.csv"}, "/nowhere/orders.csv cannot be read"},
		{"claim of nothing", map[string]string{"x.csv": ordersCSV}, []string{"bills=x.csv"}, "the mapping has no file called bills"},
		{"broken zip", map[string]string{"orders.csv": "PK\x03\x04 no zip", "lines.csv": linesCSV}, nil, "orders.csv cannot be read"},
		{"broken gzip", map[string]string{"orders.csv": "\x1f\x8b no gzip", "lines.csv": linesCSV}, nil, "orders.csv cannot be read"},
	} {
		dir := files(t, c.csv)
		args := []string{dir}
		if c.args != nil {
			args = nil
			for _, a := range c.args {
				args = append(args, strings.Replace(a, "x.csv", filepath.Join(dir, "x.csv"), 1))
			}
		}
		if _, err := Bind(m, args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
