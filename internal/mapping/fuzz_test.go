package mapping

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// anything is a mapping that takes whatever has these three columns.
const anything = `version: 1
name: fuzz
defaults: {zone: Europe/Rome, time: [yyyy-MM-dd, dd/MM/yyyy, unix], decimals: comma, currency: EUR}
files: {rows: {match: "*", header: [who, when, much]}}
steps:
  - rows: rows
    group: {by: [who], as: same}
    person: {user_id: =who}
    traits: {time: =when, set: {last: =much}}
    interactions:
      - {event: Bought, time: =when, money: {amount: =much}, properties: {n: =len(same)}}
      - {event: Line, each: same, time: =it.when, properties: {much: =number(it.much)}}
`

// swallow walks over bytes: whatever they are, every row is counted once, every
// item is one that the door can read, and nothing falls.
func swallow(t *testing.T, name string, data []byte) {
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Parse("fuzz.yaml", []byte(anything))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Bind(m, []string{p})
	if err != nil {
		return // it says so before anything is read
	}
	k := &checked{t: t}
	tally, err := b.Walk(t.Context(), WalkOptions{}, k)
	if err != nil {
		t.Fatal(err)
	}
	if int64(k.items) != tally.Interactions+tally.Profiles {
		t.Errorf("%d items, %+v", k.items, tally)
	}
}

type checked struct {
	t     *testing.T
	items int
}

func (c *checked) Take(item Item) error {
	c.items++
	if _, err := ParseDocument(item.AppendJSON(nil)); err != nil || item.Size() > MaxItemBytes {
		c.t.Errorf("%v: %s", err, item.AppendJSON(nil))
	}
	return nil
}

func (c *checked) Reject(r Refusal) error {
	if Plain(r.Reasons) == "" || r.Line < 1 || !utf8.ValidString(r.Raw) {
		c.t.Errorf("%+v", r)
	}
	return nil
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"anna,2024-01-02,\"1.234,50\"\nbea,02/01/2024,7\nanna,1700000000,\n", "a;b;c\n\"x", "a\tb\tc\r\n\x00,,\n", "\xef\xbb\xbfa,b,c\n\xff\xfe,,", "sep=;\na;b;c;\n",
		"\xff\xfea\x00,\x00b\x00,\x00c\x00\n\x00", "PK\x03\x04", "\x1f\x8b", "\"\"\"\"\",,\n\"a\nb\",2024-01-02,1\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { swallow(t, "rows.csv", data) })
}

func FuzzXLSX(f *testing.F) {
	book, err := os.ReadFile(salesBook(f, excelize.Options{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(book)
	f.Fuzz(func(t *testing.T, data []byte) { swallow(t, "rows.xlsx", data) })
}

// FuzzSheet goes past the archive, where a fuzzer seldom gets.
func FuzzSheet(f *testing.F) {
	for _, text := range []string{
		`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c t="d"><v>2024-01-02</v></c><c s="1"><f>1+1</f><v>19.899999999999999</v></c></row></sheetData></worksheet>`,
		`<row r="9223372036854775807"/><row><c r="C1" t="inlineStr"><is><t>x</t><rPh/></is></c></row></sheetData>`, `<row><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c><v>1e308</v></c>`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, sheet string) {
		if strings.Contains(sheet, "<?xml") {
			return // other encodings are not ours to read
		}
		data, err := os.ReadFile(packed(t, parts(sheet)))
		if err != nil {
			t.Fatal(err)
		}
		swallow(t, "rows.xlsx", data)
	})
}
