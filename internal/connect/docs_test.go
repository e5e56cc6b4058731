package connect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/mapping"
)

// TestDocumentation parses the mapping that docs/import.md is made around.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	var spec strings.Builder
	for i, block := range strings.Split(string(text), "```yaml\n") {
		if i > 0 {
			yaml, _, _ := strings.Cut(block, "```")
			spec.WriteString(yaml)
		}
	}
	// The files that the steps mention beside those that the first block shows.
	whole := strings.Replace(spec.String(), "\nsteps:", "\n  customers: {}\n  lines: {}\n\nsteps:", 1)
	if _, err := mapping.Parse("import.md", []byte(whole)); err != nil {
		t.Errorf("%v in\n%s", err, whole)
	}
}

// TestColumnsNamedLikeFunctions: a column may be called as it likes.
func TestColumnLikeFunctionHint(t *testing.T) {
	m, err := mapping.Parse("m.yaml", []byte(strings.Replace(good, "{order_id: =id}", "{at: =total + id}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	dir := files(t, map[string]string{"orders.csv": "id,who,day,price,total\n", "lines.csv": linesCSV})
	if _, err = Open(m, Options{Inputs: []string{dir}}); err == nil || !strings.Contains(err.Error(), `write row["total"] for it`) {
		t.Error(err)
	}
}

func TestColumnsNamedLikeFunctions(t *testing.T) {
	spec := `version: 1
name: names
defaults: {zone: UTC, time: yyyy-MM-dd}
files: {rows: {}}
steps:
  - rows: rows
    person: {user_id: =number}
    interactions:
      - event: E
        time: =date
        properties:
          a: =time(row["time"], "dd/MM/yyyy")
          b: =number(row["count"]) + 1
          c: =row["in"] + row["Prezzo (€)"]
          d: =number(row["count"]) > 1.5 and number(row["count"]) * 2 == 4
          e: =number("") < 5
          f: =coalesce("", row["total"]) + text(number(row["count"]) / 3)
          g: =uniq(["a", "a"])
          h: =min
          i: '={"1": "one"}[row["number"]] ?? "other"'
          j: ['=number(row["count"])', =h, {k: =number("")}, 5, true]
          l: =days(date, "2024-01-31")
          m: =hours(time(date), time(date))
          n: '=has(date) ? round(number("2.345"), 2) : abs(0 - number(row["count"]))'
`
	c, _, rejected := importText(t, spec, map[string]string{"rows.csv": "number,date,time,count,in,Prezzo (€),total,min,h\nu,2024-01-01,05/02/2024,2,x,y,z,1,H\n"})
	if len(rejected) > 0 {
		t.Fatal(rejected)
	}
	c.has(t, `"properties":{"a":"2024-02-05T00:00:00Z","b":3,"c":"xy","d":true,"e":false,"f":"z0.666667","g":["a"],"h":"1","i":"other","j":[2,"H",5,true],"l":30,"m":0,"n":2.35}`)
}
