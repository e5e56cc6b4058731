package mapping

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// kept is a sink that keeps what it is given, as lines.
type kept struct{ items, refused []string }

func (k *kept) Take(item Item) error {
	text := string(item.AppendJSON(nil))
	at := strings.Index(text, `"messageId":"`)
	k.items = append(k.items, text[:at]+text[at+51:])
	return nil
}

func (k *kept) Reject(r Refusal) error {
	k.refused = append(k.refused, fmt.Sprintf("%s:%d: %s", r.File, r.Line, Plain(r.Reasons)))
	return nil
}

func walkFiles(t testing.TB, spec string, paths ...string) (*kept, Tally) {
	t.Helper()
	m, err := Parse("m.yaml", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Bind(m, paths)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	tally, err := b.Walk(t.Context(), WalkOptions{}, k)
	if err != nil {
		t.Fatal(err)
	}
	return k, tally
}

// workbookFile writes a workbook with the real thing.
func workbookFile(t testing.TB, o excelize.Options, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	p := filepath.Join(t.TempDir(), "book.xlsx")
	if err := f.SaveAs(p, o); err != nil {
		t.Fatal(err)
	}
	return p
}

func set(t testing.TB, f *excelize.File, sheet string, rows ...[]any) {
	t.Helper()
	for n, row := range rows {
		for c, v := range row {
			cell, err := excelize.CoordinatesToCellName(c+1, n+1)
			if err == nil && v != nil {
				err = f.SetCellValue(sheet, cell, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func style(t testing.TB, f *excelize.File, sheet, from, to string, s excelize.Style) {
	t.Helper()
	id, err := f.NewStyle(&s)
	if err == nil {
		err = f.SetCellStyle(sheet, from, to, id)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const sales = `version: 1
name: sales
defaults: {zone: Europe/Rome, time: ["dd/MM/yyyy", "dd/MM/yyyy HH:mm"], decimals: comma, currency: EUR}
files: {sales: {SHEET}}
steps:
  - rows: sales
    person: {user_id: =Cliente}
    key: ['=row["N."]']
    interactions:
      - event: Sold
        time: =Data
        money: {amount: =Importo}
        properties: {note: =Note, paid: =Pagato, hour: =Ora, double: =Doppio}
`

func salesBook(t testing.TB, o excelize.Options) string {
	return workbookFile(t, o, func(f *excelize.File) {
		set(t, f, "Sheet1", []any{"see the next sheet"})
		if err := f.SetSheetVisible("Sheet1", true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.NewSheet("Vendite"); err != nil {
			t.Fatal(err)
		}
		day := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)
		set(t, f, "Vendite",
			[]any{"Vendite di marzo"},
			[]any{"N.", "Cliente", "Data", "Importo", "Note", "Pagato", "Ora", "Doppio"},
			[]any{1, 391.0, day, 19.9, "città <&> \"x\"", true, nil, nil},
			[]any{2, "anna", day.Add(15*time.Hour + 30*time.Minute), 1234567.125, nil, false, nil, nil},
			[]any{},
			[]any{3, "bea", "28/02/2026", "1.234,50", "as text", nil, nil, nil},
			[]any{4, "cid", "soon", 5, nil, nil, nil, nil, nil, "beyond"},
			[]any{5, "dan", "soon", 5},
		)
		style(t, f, "Vendite", "C3", "C3", excelize.Style{NumFmt: 14})
		custom := `[$-410]d mmmm yyyy" ore "hh:mm;@`
		style(t, f, "Vendite", "C4", "C4", excelize.Style{CustomNumFmt: &custom})
		style(t, f, "Vendite", "G3", "G3", excelize.Style{NumFmt: 20})
		euro := `#,##0.00\ "d'y h";[Red]-#,##0.00`
		style(t, f, "Vendite", "D3", "D4", excelize.Style{CustomNumFmt: &euro})
		if err := f.SetCellValue("Vendite", "G3", 0.4375); err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellFormula("Vendite", "H3", "D3*2"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWorkbook(t *testing.T) {
	p := salesBook(t, excelize.Options{})
	k, tally := walkFiles(t, strings.Replace(sales, "SHEET", "sheet: vendite", 1), p)
	want := []string{
		`{"type":"track","event":"Sold","userId":"391","timestamp":"2026-03-28T23:00:00Z","properties":{"note":"città <&> \"x\"","paid":"true","hour":"10:30:00","revenue":19.9,"currency":"EUR"}}`,
		`{"type":"track","event":"Sold","userId":"anna","timestamp":"2026-03-29T13:30:00Z","properties":{"paid":"false","revenue":1234567.13,"currency":"EUR"}}`,
		`{"type":"track","event":"Sold","userId":"bea","timestamp":"2026-02-27T23:00:00Z","properties":{"note":"as text","revenue":1234.5,"currency":"EUR"}}`,
	}
	if got := strings.Join(k.items, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	refused := []string{
		"book.xlsx:7: this row has 10 columns, the header has 8",
		`book.xlsx:8: sold: time: "soon" is not a time written as dd/MM/yyyy / dd/MM/yyyy HH:mm`,
	}
	if got := strings.Join(k.refused, "\n"); got != strings.Join(refused, "\n") {
		t.Errorf("refused\n%s\nwant\n%s", got, strings.Join(refused, "\n"))
	}
	if tally.Files[0].Rows != 4 || tally.Files[0].Damaged != 1 {
		t.Errorf("%+v", tally.Files)
	}
}

func TestWorkbookSheets(t *testing.T) {
	p := salesBook(t, excelize.Options{})
	for choice, want := range map[string]string{
		"sheet: Vendite": "", "sheet: 2": "", `sheet: "9"`: `there is no sheet "9"; there are: Sheet1, Vendite`,
		"match: book.xlsx": "unknown name Cliente", // the first sheet
	} {
		m, err := Parse("m.yaml", []byte(strings.Replace(sales, "SHEET", choice, 1)))
		if err != nil {
			t.Fatal(choice, err)
		}
		if _, err = Bind(m, []string{p}); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", choice, err)
		}
	}
}

// packed makes an archive.
func packed(t testing.TB, parts map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "book.xlsx")
	if err := os.WriteFile(p, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// parts are the least that makes a workbook.
func parts(sheet string) map[string]string {
	return map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="/xl/s.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="strings.xml"/></Relationships>`,
		"xl/strings.xml":             `<sst><si><t>Cliente</t></si><si><r><t>N</t></r><r><t>.</t></r><rPh><t>no</t></rPh></si><si><t>a_x000A_b</t></si></sst>`,
		"xl/s.xml":                   sheet,
	}
}

func TestWorkbookFaults(t *testing.T) {
	data := func(text string) string {
		p := filepath.Join(t.TempDir(), "book.xlsx")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	head := `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>Data</t></is></c></row>`
	bomb := strings.Repeat("x", 40<<20)
	for _, c := range []struct{ name, path, want string }{
		{"password", salesBook(t, excelize.Options{Password: "secret"}), "it is protected by a password"},
		{"old", data("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on"), "it is an old workbook (.xls)"},
		{"binary", packed(t, map[string]string{"xl/workbook.bin": ""}), "binary workbook (.xlsb)"},
		{"ods", packed(t, map[string]string{"mimetype": "", "content.xml": ""}), "OpenDocument file (.ods)"},
		{"numbers", packed(t, map[string]string{"Index/Document.iwa": ""}), "Numbers file"},
		{"no links", packed(t, map[string]string{"xl/workbook.xml": "<workbook/>"}), "its part xl/_rels/workbook.xml.rels is missing"},
		{"no sheet", packed(t, map[string]string{"xl/workbook.xml": "<workbook/>", "xl/_rels/workbook.xml.rels": "<Relationships/>"}), "it has no sheet with rows"},
		{"empty sheet", packed(t, parts(`<worksheet><sheetData/></worksheet>`)), "the sheet is empty"},
		{"not XML", packed(t, parts(`<worksheet><row><c`)), "unexpected EOF"},
		{"large index", packed(t, map[string]string{"xl/workbook.xml": bomb}), "has more than 8 MB"},
		{"large name", packed(t, parts(`<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>`+bomb)), "unpacks to more"},
		{"far cell", packed(t, parts(`<worksheet><row><c r="ZZZZZ1"><v>1</v></c></row></worksheet>`)), "beyond the last column"},
		{"cut off", data(string(must(os.ReadFile(salesBook(t, excelize.Options{})))[:2000])), "not a valid zip file"},
	} {
		m, err := Parse("m.yaml", []byte(strings.Replace(sales, "SHEET", "", 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Bind(m, []string{c.path}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "book.xlsx") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// What goes wrong further down is told of, and what stands above is kept.
	spec := `version: 1
name: sales
defaults: {zone: UTC, time: yyyy-MM-dd}
files: {sales: {}}
steps: [{rows: sales, person: {user_id: =Cliente}, interactions: [{event: Sold, time: =Data, properties: {n: '=row["N."]'}}]}]
`
	row := `<row><c t="s"><v>2</v></c><c><f>1+1</f><v>1.9899999999999999E1</v></c><c t="d"><v>2026-01-02</v></c></row>`
	for tail, want := range map[string]string{
		``:                                     "book.xlsx:3: the file cannot be read further",
		`<row><c t="inlineStr"><is><t>` + bomb: "book.xlsx:4: the file cannot be read further: it unpacks to more",
	} {
		k, _ := walkFiles(t, spec, packed(t, parts(head+row+tail)))
		if got := fmt.Sprint(k.items); !strings.Contains(got, `"userId":"a\nb","timestamp":"2026-01-02T00:00:00Z","properties":{"n":"19.9"}`) {
			t.Errorf("%.20s: %s", tail, got)
		}
		if len(k.refused) != 1 || !strings.HasPrefix(k.refused[0], want) {
			t.Errorf("%.20s: %q", tail, k.refused)
		}
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

func TestDateStyles(t *testing.T) {
	for code, want := range map[string]dateStyle{
		"": plainStyle, "General": plainStyle, "0.00": plainStyle, `"day" 0`: plainStyle, `\d0`: plainStyle, "[Red]0;[h]:mm": plainStyle,
		"yyyy-mm-dd": dayStyle, "[$-410]d mmm yy": dayStyle, "hh:mm": clockStyle, "mm:ss.0": clockStyle, "[h]:mm:ss": plainStyle,
		`"`: plainStyle, "[": plainStyle, `\`: plainStyle, "d/m h:mm": dayStyle,
	} {
		if got := dateStyleOf(200, code); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
	for days, want := range map[float64]string{
		1: "1900-01-01 00:00:00", 59: "1900-02-28 00:00:00", 61: "1900-03-01 00:00:00", 45658.999999: "2025-01-02 00:00:00", 45658.5: "2025-01-01 12:00:00",
	} {
		if got := epoch(false).time(days).Format("2006-01-02 15:04:05"); got != want {
			t.Errorf("%v is %s, want %s", days, got, want)
		}
	}
	if got := epoch(true).time(44196.5).Format("2006-01-02 15:04"); got != "2025-01-01 12:00" {
		t.Errorf("since 1904: %s", got)
	}
}
