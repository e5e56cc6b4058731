package connect

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"regia/internal/mapping"
)

// parse binds a mapping to a folder.
func parse(t testing.TB, spec string, o Options) *Import {
	t.Helper()
	m, err := mapping.Parse("m.yaml", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	i, err := Open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// importText runs a mapping over files and gives the items, as JSON lines, the
// report, and the rows of rejected.csv.
func importText(t testing.TB, spec string, contents map[string]string) (c *collector, r Report, rejected [][]string) {
	t.Helper()
	c = &collector{}
	path := filepath.Join(t.TempDir(), "rejected.csv")
	i := parse(t, spec, Options{Inputs: []string{files(t, contents)}, Rejected: path, BatchItems: 3})
	r, err := i.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err == nil {
		if rejected, err = csv.NewReader(bytes.NewReader(data)).ReadAll(); err != nil {
			t.Fatal(err)
		}
		rejected = rejected[1:]
	}
	if int(r.Rejected) != len(rejected) {
		t.Errorf("%d rejected are reported, %d written", r.Rejected, len(rejected))
	}
	return c, r, rejected
}

func (c *collector) ids() []string {
	var ids []string
	for _, i := range c.items {
		ids = append(ids, i.MessageID)
	}
	slices.Sort(ids)
	return ids
}

func (c *collector) has(t *testing.T, parts ...string) {
	t.Helper()
	all := string(c.lines())
	for _, p := range parts {
		if !strings.Contains(all, p) {
			t.Errorf("%s is not among\n%s", p, all)
		}
	}
}

func reasons(rejected [][]string) string {
	var out []string
	for _, r := range rejected {
		n := len(r)
		out = append(out, strings.Join(r[n-4:n-1], ":"))
	}
	return strings.Join(out, "\n")
}

func TestJoins(t *testing.T) {
	spec := strings.Replace(good, "properties: {order_id: =id}", `properties: {order_id: =id, articles: '=map(lines, .article)'}`, 1)
	c, _, rejected := importText(t, spec, map[string]string{
		"orders.csv": ordersCSV + "3,cid,2024-01-04,1\n4,dan,2024-01-04,1\n",
		"lines.csv":  linesCSV + "9,lost\n4\n\"1\",\"a \"\"b\"\"\"\n",
	})
	c.has(t, `"order_id":"1","articles":["pen","ink","a \"b\""],"revenue":10.5`, `"order_id":"2","articles":["pen"]`, `"order_id":"3","articles":[]`)
	want := "lines.csv:6:this row has 1 columns, the header has 2\n" +
		"lines.csv:5:no row of orders has the id \"9\""
	if got := reasons(rejected); got != want {
		t.Errorf("rejected:\n%s\nwant\n%s", got, want)
	}
	// A damaged line whose key is there spoils what it belongs to.
	c, _, rejected = importText(t, spec, map[string]string{"orders.csv": ordersCSV, "lines.csv": linesCSV + "2,ink,blue\n"})
	if len(c.items) != 1 || !strings.Contains(reasons(rejected), "orders.csv:3:what belongs to it is incomplete: line 5 of lines.csv is damaged") {
		t.Errorf("%d items; %s", len(c.items), reasons(rejected))
	}
}

func TestLookups(t *testing.T) {
	spec := strings.Replace(good, "many: true", "as: line", 1)
	spec = strings.Replace(spec, "{order_id: =id}", "{article: =line.article}", 1)
	lines := "id,article\n1,pen\n1,pen\n2,ink\n2,pen\n"
	c, _, rejected := importText(t, spec, map[string]string{"orders.csv": ordersCSV + "3,cid,2024-01-04,1\n", "lines.csv": lines})
	c.has(t, `"article":"pen","revenue":10.5`, `"article":"ink","revenue":7`, `"properties":{"revenue":1,`)
	if got := reasons(rejected); got != "lines.csv:5:line 4 has the same id and is used instead" {
		t.Error(got)
	}
	spec = strings.Replace(spec, "as: line", "as: line, required: true", 1)
	_, _, rejected = importText(t, spec, map[string]string{"orders.csv": ordersCSV + "3,cid,2024-01-04,1\n", "lines.csv": linesCSV})
	if got := reasons(rejected); !strings.Contains(got, `orders.csv:4:lines has no row with id "3"`) {
		t.Error(got)
	}
}

const grouping = `version: 1
name: groups
defaults: {zone: UTC, time: yyyy-MM-dd, currency: EUR}
files: {lines: {}}
steps:
  - rows: lines
    where: article != "void"
    group: {by: [shop, nr], as: lines}
    let: {sum: '=total(map(lines, number(.price)))'}
    person: {anonymous_id: ='"receipt:" + shop + nr'}
    interactions:
      - event: Bought
        time: =day
        money: {amount: =sum}
        properties:
          n: =len(lines)
          products: {each: lines, item: {name: =it.article}}
      - event: Line
        each: lines
        time: =it.day
        properties: {name: =it.article}
`

var groupLines = []string{
	"A,1,2024-01-01,pen,1.10", "A,1,2024-01-01,pen,1.10", "B,1,2024-01-01,ink,0.20", "A,1,2024-01-01,cap,0.30",
	"A,2,2024-01-02,void,9", "B,1,2024-01-01,ink,0.20", "A,3,2024-01-03,pen,1.10", "A,3,2024-01-03,void,1.10",
}

func groupCSV(lines []string) map[string]string {
	return map[string]string{"lines.csv": "shop,nr,day,article,price\n" + strings.Join(lines, "\n") + "\n"}
}

func TestGroups(t *testing.T) {
	spec := strings.Replace(grouping, `='"receipt:" + shop + nr'`, `'="receipt:" + shop + nr'`, 1)
	c, r, rejected := importText(t, spec, groupCSV(groupLines))
	c.has(t, `"n":3,"products":[{"name":"pen"},{"name":"pen"},{"name":"cap"}],"revenue":2.5`,
		`"n":2,"products":[{"name":"ink"},{"name":"ink"}],"revenue":0.4`, `"n":1,"products":[{"name":"pen"}],"revenue":1.1`)
	if r.Rows != 8 || r.Skipped != 2 || r.Interactions != 3+6 || len(rejected) > 0 || r.People != 3 {
		t.Errorf("%+v", r)
	}
	if len(slices.Compact(c.ids())) != 9 {
		t.Error("exact duplicate lines share a message id")
	}
}

// TestBrokenGroups: a group that is not whole is not imported, because it could
// never be put right.
func TestBrokenGroups(t *testing.T) {
	spec := strings.Replace(grouping, `='"receipt:" + shop + nr'`, `'="receipt:" + shop + nr'`, 1)
	for _, c := range []struct {
		name  string
		lines []string
		kept  int // receipts
		want  string
	}{
		{"bad value", append(slices.Clone(groupLines), "A,1,2024-01-01,hat,cheap"), 2, `lines.csv:2:sum: "cheap" is not a number`},
		{"short line with its key", append(slices.Clone(groupLines), "B,1,2024"), 2, `lines.csv:4:a line of the same group ("B\x001") is damaged`},
		{"cut off at the end", append(slices.Clone(groupLines), "A,"), 2, "lines.csv:8:a line of the same group"},
		{"quote never closed", append(slices.Clone(groupLines), `B,1,2024-01-01,"in`), 2, "lines.csv:10:a quote opened in this row is never closed"},
	} {
		got, _, rejected := importText(t, spec, groupCSV(c.lines))
		receipts := 0
		for _, i := range got.items {
			if i.Event == "Bought" {
				receipts++
			}
		}
		if receipts != c.kept || !strings.Contains(reasons(rejected), c.want) {
			t.Errorf("%s: %d receipts kept; rejected\n%s", c.name, receipts, reasons(rejected))
		}
	}
}

// TestSameIDsInAnyOrder: message ids do not depend on the order of rows, of
// columns, or on how items are cut into batches.
func TestSameIDsInAnyOrder(t *testing.T) {
	spec := strings.Replace(grouping, `='"receipt:" + shop + nr'`, `'="receipt:" + shop + nr'`, 1)
	single := strings.NewReplacer("    group: {by: [shop, nr], as: lines}\n", "", "    let: {sum: '=total(map(lines, number(.price)))'}\n", "    traits: {time: =day, set: {likes: =article}}\n",
		"=sum", "=price", "          n: =len(lines)\n          products: {each: lines, item: {name: =it.article}}\n", "          name: =article\n",
		"      - event: Line\n        each: lines\n        time: =it.day\n        properties: {name: =it.article}\n", "").Replace(spec)
	for _, spec := range []string{spec, single} {
		first, _, _ := importText(t, spec, groupCSV(groupLines))
		want := first.ids()
		rapid.Check(t, func(rt *rapid.T) {
			lines := rapid.Permutation(groupLines).Draw(rt, "lines")
			csv := groupCSV(lines)["lines.csv"]
			if rapid.Bool().Draw(rt, "columns") {
				var b strings.Builder
				for _, l := range strings.Split(strings.TrimSpace(csv), "\n") {
					f := strings.Split(l, ",")
					slices.Reverse(f)
					b.WriteString(strings.Join(f, ",") + "\n")
				}
				csv = b.String()
			}
			c := &collector{}
			dir := files(t, map[string]string{"lines.csv": csv})
			i := parse(t, spec, Options{Inputs: []string{dir}, BatchItems: rapid.IntRange(1, 10).Draw(rt, "batch"), BatchBytes: rapid.IntRange(100, 2000).Draw(rt, "bytes")})
			if _, err := i.Run(t.Context(), c); err != nil {
				rt.Fatal(err)
			}
			if got := c.ids(); !slices.Equal(got, want) {
				rt.Fatalf("other ids:\n%q\n%q", got, want)
			}
		})
	}
}

// TestTraits: of each distinct set the latest is sent, once.
func TestTraits(t *testing.T) {
	spec := `version: 1
name: traits
defaults: {zone: UTC, time: yyyy-MM-dd}
files: {rows: {}}
steps:
  - rows: rows
    person: {email: =mail}
    traits: {when: town != "?", time: =day, set: {town: =town}}
`
	rows := []string{"a@x.it,2024-01-01,Lodi", "a@x.it,2024-02-01,Bari", "a@x.it,2024-03-01,Lodi", "b@x.it,2024-01-01,?", "b@x.it,2024-01-02,"}
	c, r, rejected := importText(t, spec, map[string]string{"rows.csv": "mail,day,town\n" + strings.Join(rows, "\n")})
	c.has(t, `"timestamp":"2024-03-01T00:00:00Z","traits":{"town":"Lodi"}`, `"timestamp":"2024-02-01T00:00:00Z","traits":{"town":"Bari"}`)
	if len(c.items) != 2 || r.Profiles != 2 || r.People != 2 || len(rejected) != 0 {
		t.Errorf("%+v %s", r, c.lines())
	}
}

func TestPackedFilesAndEncodings(t *testing.T) {
	const text = "id;who;day;price\r\n1;Niccolò;2024-01-02;10.50\r\n2;bea;2024-01-03;7\r\n"
	spec := strings.Replace(good, "many: true", "many: true", 1)
	plain, _, _ := importText(t, spec, map[string]string{"orders.csv": strings.ReplaceAll(text, ";", ","), "lines.csv": linesCSV})
	want := plain.ids()
	encode := func(e interface{ String(string) (string, error) }) string {
		s, err := e.String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	pack := func(name, text string) string {
		var b bytes.Buffer
		if name != "" {
			w := zip.NewWriter(&b)
			f, _ := w.Create("folder/" + name)
			_, _ = f.Write([]byte(text))
			_ = w.Close()
			return b.String()
		}
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	for name, contents := range map[string]map[string]string{
		"semicolons":  {"orders.csv": text},
		"tabs":        {"orders.csv": strings.ReplaceAll(text, ";", "\t")},
		"sep hint":    {"orders.csv": "sep=;\r\n" + text},
		"bom":         {"orders.csv": "\ufeff" + text},
		"windows":     {"orders.csv": encode(charmap.Windows1252.NewEncoder())},
		"utf-16":      {"orders.csv": encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder())},
		"gzip":        {"orders.csv.gz": pack("", text)},
		"gzip hidden": {"orders.csv": pack("", text)},
		"zip":         {"all.zip": pack("orders.csv", text)},
		"upper case":  {"ORDERS.CSV": text},
	} {
		contents["lines.csv"] = linesCSV
		c, _, rejected := importText(t, spec, contents)
		if !slices.Equal(c.ids(), want) || len(rejected) > 0 {
			t.Errorf("%s: %s %v", name, c.lines(), rejected)
		}
		c.has(t, "Niccolò")
	}
	strict := strings.Replace(spec, "match: orders.csv", "match: orders.csv, encoding: utf-8", 1)
	_, _, rejected := importText(t, strict, map[string]string{"orders.csv": encode(charmap.Windows1252.NewEncoder()), "lines.csv": linesCSV})
	if !strings.Contains(reasons(rejected), "orders.csv:2:this line is not UTF-8") {
		t.Error(reasons(rejected))
	}
}

func TestTruncatedGzip(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	fmt.Fprint(w, "id,who,day,price\n")
	for n := range 20000 {
		fmt.Fprintf(w, "%d,p%d,2024-01-02,%d\n", n, n*7919%10007, n)
	}
	_ = w.Close()
	lines := strings.Replace(linesCSV, "1,", "0,", -1)
	c, r, rejected := importText(t, strings.Replace(good, "many: true", "many: false", 1), map[string]string{"orders.csv": b.String()[:b.Len()/2], "lines.csv": lines})
	if len(c.items) < 100 || int(r.Accepted) != len(c.items) || !strings.Contains(reasons(rejected), "the file cannot be read further") {
		t.Errorf("%d items, rejected: %s", len(c.items), reasons(rejected))
	}
}

func TestServerRefusals(t *testing.T) {
	c := &collector{refuse: func(i mapping.Item) string {
		if i.UserID == "bea" {
			return "the time is in the future"
		}
		return ""
	}}
	path := filepath.Join(t.TempDir(), "rejected.csv")
	i := parse(t, good, Options{Inputs: []string{files(t, map[string]string{"orders.csv": ordersCSV, "lines.csv": linesCSV})}, Rejected: path})
	r, err := i.Run(t.Context(), c)
	data, _ := os.ReadFile(path)
	if err != nil || r.Accepted != 1 || r.Rejected != 1 || r.RejectedFile != path ||
		!strings.Contains(string(data), "2,,bea,2024-01-03,7,orders.csv,3,the server refused Bought: the time is in the future,") {
		t.Errorf("%v %+v\n%s", err, r, data)
	}
	// What is there is never written over.
	if r, err = i.Run(t.Context(), c); err != nil || filepath.Base(r.RejectedFile) != "rejected-2.csv" {
		t.Errorf("%v %s", err, r.RejectedFile)
	}
}

type brokenSender struct{ after int }

var errDown = errors.New("down")

func (b *brokenSender) Send(_ context.Context, items []mapping.Item) (Result, error) {
	if b.after--; b.after < 0 {
		return Result{}, errDown
	}
	return Result{Accepted: len(items)}, nil
}

func TestServerLost(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,who,day,price\n")
	for n := range 5000 {
		fmt.Fprintf(&b, "%d,p,2024-01-02,1\n", n)
	}
	i := parse(t, strings.Replace(good, "many: true", "many: false", 1), Options{
		Inputs: []string{files(t, map[string]string{"orders.csv": b.String(), "lines.csv": linesCSV})}, BatchItems: 10, InFlight: 1})
	r, err := i.Run(t.Context(), &brokenSender{after: 3})
	if !errors.Is(err, errDown) || r.Accepted != 30 || r.Rows == 5000 {
		t.Errorf("%v %+v", err, r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.Run(ctx, &brokenSender{after: 1 << 20}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBadRows(t *testing.T) {
	c, _, rejected := importText(t, good, map[string]string{"lines.csv": linesCSV, "orders.csv": ordersCSV +
		"3,,2024-01-03,7\n4,cid,,7\n5,cid,2024-13-01,7\n6,cid,2024-01-03,a lot\n,cid,2024-01-03,7\n7,cid,2024-01-03\n8,dan,2024-01-08,99999999999999999999\n"})
	want := strings.Join([]string{
		"orders.csv:4:it names nobody: every identifier of person: is empty",
		"orders.csv:5:bought: time: the time is empty; where that is normal, say when: it happened",
		`orders.csv:6:bought: time: "2024-13-01" is not a time written as yyyy-MM-dd`,
		`orders.csv:7:bought: money: "a lot" is not a number written with a decimal point, as 1234.50`,
		"orders.csv:8:bought: key: every part of the key is empty",
		"orders.csv:9:this row has 3 columns, the header has 4",
		"orders.csv:10:bought: money: the number is too large to be reckoned exactly",
	}, "\n")
	if got := reasons(rejected); got != want || len(c.items) != 2 {
		t.Errorf("%d items, rejected:\n%s", len(c.items), got)
	}
}

func TestItemTooLarge(t *testing.T) {
	big := strings.Repeat("x", mapping.MaxItemBytes)
	c, _, rejected := importText(t, strings.Replace(good, "{order_id: =id}", "{note: =who + who}", 1), map[string]string{
		"lines.csv": linesCSV, "orders.csv": ordersCSV + "3," + big + ",2024-01-03,7\n"})
	if len(c.items) != 2 || !strings.Contains(reasons(rejected), "the limit is 512 KB") {
		t.Errorf("%d items, %.200s", len(c.items), reasons(rejected))
	}
}

func TestDryRun(t *testing.T) {
	for _, name := range []string{"generic", "olist", "online-retail", "helpdesk"} {
		m, err := mapping.Load(filepath.Join(example(name), "mapping.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		i, err := Open(m, Options{Inputs: []string{filepath.Join(example(name), "sample")}})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 4, 10} {
			items, _, err := i.DryRun(t.Context(), n)
			if err != nil || len(items) > n || len(items) < min(n, 5) {
				t.Errorf("%s: %d of %d items, %v", name, len(items), n, err)
			}
		}
	}
}

func TestProgress(t *testing.T) {
	var last mapping.Progress
	o := Options{Inputs: []string{filepath.Join(example("online-retail"), "sample")}, Progress: func(p mapping.Progress) { last = p }}
	r := runImport(t, filepath.Join(example("online-retail"), "mapping.yaml"), o, &collector{})
	if last.Rows != r.Rows || last.Bytes != last.TotalBytes || last.Bytes == 0 {
		t.Errorf("%+v", last)
	}
}

func FuzzImport(f *testing.F) {
	for _, text := range []string{ordersCSV, "id,who,day,price\n1,\"a\n", "\ufeffid;who;day;price\n1;a;2024-01-01;1,5\n", "sep=|\nid|who|day|price", "id,id,who,day,price\n,,,,\n", "\xff\xfei\x00d\x00"} {
		f.Add(text, "=id")
	}
	f.Add(ordersCSV, "=total(map(1..3, number(price)))")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, expression string) {
		path := filepath.Join(dir, "orders.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "lines.csv"), []byte(linesCSV), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := mapping.Parse("m.yaml", []byte(strings.Replace(good, "{order_id: =id}", fmt.Sprintf("{x: %q}", expression), 1)))
		if err != nil {
			return
		}
		i, err := Open(m, Options{Inputs: []string{dir}})
		if err != nil {
			return
		}
		var first, second collector
		r, err := i.Run(t.Context(), &first)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Run(t.Context(), &second); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(first.ids(), second.ids()) {
			t.Error("the second run made other ids")
		}
		if r.Interactions != r.Accepted || len(slices.Compact(first.ids())) != len(first.items) {
			t.Errorf("items were lost or share ids: %+v", r)
		}
	})
}
