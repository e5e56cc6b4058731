package connect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"regia/internal/mapping"
	"regia/internal/web"
)

// Every reason that package mapping gives can be said in both languages, and
// says in English what it says by itself.
func TestReasonsHaveWords(t *testing.T) {
	english := catalogue(t, "en")
	said := map[string]string{"door": "the server refused %s: %s", "door.traits": "the server refused the traits: %s"}
	sources, err := filepath.Glob(filepath.Join("..", "mapping", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`reason\("([a-z.0-9]+)", "([^"]+)"`)
	for _, path := range sources {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(source), -1) {
			said[m[1]] = m[2]
		}
	}
	if len(said) < 20 {
		t.Fatalf("only %d reasons are found", len(said))
	}
	for key, text := range said {
		for k := 0; strings.Contains(text, "%s"); k++ {
			text = strings.Replace(text, "%s", fmt.Sprintf("{{.%c}}", 'a'+k), 1)
		}
		if got := english["connect.reason."+key]; got != text {
			t.Errorf("%s is %q in the catalogue, %q in the program", key, got, text)
		}
	}
	for key := range english {
		if name, ok := strings.CutPrefix(key, "connect.reason."); ok && said[name] == "" {
			t.Errorf("nothing says %s", key)
		}
	}
}

func catalogue(t *testing.T, lang string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile("messages." + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A reader of Italian hears in Italian why rows were refused, on the page and in
// the file; what was kept as plain text stays as it was.
func TestReasonsInTheReadersLanguage(t *testing.T) {
	site, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Messages(messages); err != nil {
		t.Fatal(err)
	}
	italian := site.Locale("it", nil)
	dir := files(t, map[string]string{"orders.csv": "id,who,day,price\n1,anna,2026-02-31,5\n2,,2026-02-01,5\n3,ada,2026-02-01,much\n", "lines.csv": linesCSV})
	m, err := mapping.Parse("m.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	rejected := filepath.Join(t.TempDir(), "rejected.csv")
	in, err := Open(m, Options{Inputs: []string{dir}, Rejected: rejected, Coded: true})
	if err != nil {
		t.Fatal(err)
	}
	report, err := in.Run(t.Context(), &collector{})
	if err != nil {
		t.Fatal(err)
	}
	coded, err := os.ReadFile(report.RejectedFile)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := sayRejected(&file, bytes.NewReader(coded), func(why []mapping.Reason) string { return inWords(italian, why) }); err != nil {
		t.Fatal(err)
	}
	page := ""
	for _, r := range report.Rejections {
		page += r.words(italian) + "\n"
	}
	for _, want := range []string{`non è una data scritta come`, "non nomina nessuno", "non è un numero"} {
		if !strings.Contains(page, want) || !strings.Contains(file.String(), want) {
			t.Errorf("%q is missing:\n%s\n%s", want, page, file.String())
		}
	}
	if !strings.Contains(report.Rejections[0].Reason, "is not a time") {
		t.Errorf("programs read %q", report.Rejections[0].Reason)
	}
	if got := (Rejection{Reason: "as it was"}).words(italian); got != "as it was" {
		t.Error(got)
	}
}
