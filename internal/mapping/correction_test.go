package mapping

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rejectedFile writes refusals as an import does.
type rejectedFile struct {
	kept
	columns []string
	rows    [][]string
}

func (f *rejectedFile) Reject(r Refusal) error {
	record := make([]string, len(f.columns))
	for i, cell := range r.Cells {
		for n, c := range f.columns {
			if c == r.Columns[i] {
				record[n] = cell
			}
		}
	}
	f.rows = append(f.rows, append(record, r.File, strconv.FormatInt(r.Line, 10), Plain(r.Reasons), r.Raw))
	return f.kept.Reject(r)
}

// TestCorrections: rejected rows that somebody put right take the place of the
// lines they were, also where several files belong together.
func TestCorrections(t *testing.T) {
	dir := files(t, map[string]string{
		"orders.csv": "id,who,day,price\n1,anna,2024-01-02,10.50\n2,bea,soon,7\n3,cid,2024-01-04,1\n4,dan,2024-01-05\n",
		"lines.csv":  "id,article\n1,pen\n3,ink,blue\n2,pen\n9,cap\n",
	})
	m, err := Parse("m.yaml", []byte(strings.Replace(good, "{order_id: =id}", "{order_id: =id, articles: '=map(lines, .article)'}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	walk := func(paths ...string) *rejectedFile {
		t.Helper()
		b, err := Bind(m, paths)
		if err != nil {
			t.Fatal(err)
		}
		f := &rejectedFile{columns: b.Columns()}
		if _, err := b.Walk(t.Context(), WalkOptions{}, f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := walk(dir)
	if len(first.items) != 1 || len(first.rows) != 5 {
		t.Fatalf("%d items, refused %q", len(first.items), first.refused)
	}
	var text strings.Builder
	w := csv.NewWriter(&text)
	w.Comma = ';' // as a spreadsheet writes it
	if err := w.WriteAll(append([][]string{RejectedColumns(first.columns)}, first.rows...)); err != nil {
		t.Fatal(err)
	}
	right := strings.NewReplacer("soon", "2024-01-03", "4,dan,2024-01-05", "4,dan,2024-01-05,3", "3,ink,blue", "3,ink", "9;", "4;").Replace(text.String())
	if err := os.WriteFile(filepath.Join(dir, "rejected.csv"), []byte(right), 0o600); err != nil {
		t.Fatal(err)
	}
	second := walk(dir)
	if len(second.items) != 4 || len(second.refused) > 0 || second.items[0] != first.items[0] {
		t.Errorf("%q, refused %q", second.items, second.refused)
	}
	for _, want := range []string{`"order_id":"2","articles":["pen"]`, `"order_id":"3","articles":["ink"]`, `"order_id":"4","articles":["cap"]`} {
		if !strings.Contains(strings.Join(second.items, "\n"), want) {
			t.Errorf("%s is not in %q", want, second.items)
		}
	}
	// Alone, the rejected rows of one file are a file like any other.
	alone, err := Parse("m.yaml", []byte(strings.Replace(strings.Replace(good, "  lines: {match: lines.csv}\n", "", 1), "    joins:\n      - {file: lines, on: id, many: true}\n", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	m = alone
	one := filepath.Join(t.TempDir(), "rejected.csv")
	if err := os.WriteFile(one, []byte("id,who,day,price,file,line,reason,raw\n2,bea,2024-01-03,7,orders.csv,3,no time,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := walk("orders=" + one); len(got.items) != 1 || len(got.columns) != 4 {
		t.Errorf("%q of columns %q", got.items, got.columns)
	}
}

func TestLook(t *testing.T) {
	dir := files(t, map[string]string{"a.csv": "x;y\n1;2\n3;4\n5;6\n", "b.csv": ""})
	got, err := Look(t.Context(), []string{dir}, 2)
	if err != nil || len(got) != 2 || strings.Join(got[0].Columns, "|") != "x|y" || len(got[0].Rows) != 2 || got[0].Err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got[1].Err == nil || !strings.Contains(got[1].Err.Error(), "b.csv: the file is empty") {
		t.Error(got[1].Err)
	}
}
