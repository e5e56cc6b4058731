package house

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestHouseRules walks the whole repository.
func TestHouseRules(t *testing.T) {
	root := os.DirFS(filepath.Join("..", ".."))
	files := 0
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped(name) {
				return fs.SkipDir
			}
			return nil
		}
		if !text(name) || !entry.Type().IsRegular() {
			return nil
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		files++
		for _, wrong := range wrongFile(name, content) {
			t.Errorf("%s: %s", name, wrong)
		}
		if path.Ext(name) == ".go" {
			checkGo(t, name, content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were looked at: this is not the repository", files)
	}
}

// skipped tells the folders that hold nothing of ours.
func skipped(dir string) bool {
	switch path.Base(dir) {
	case "node_modules", "bin", "dist", "data", "regia-data", "regia-demo":
		return true
	}
	return dir != "." && strings.HasPrefix(path.Base(dir), ".") && dir != ".ci"
}

func checkGo(t *testing.T, name string, content []byte) {
	t.Helper()
	imports, wrong, err := goFile(name, content)
	if err != nil {
		t.Errorf("%s cannot be read: %v", name, err)
		return
	}
	for _, w := range wrong {
		t.Errorf("%s: %s", name, w)
	}
	for _, i := range imports {
		if w := i.wrong(); w != "" {
			t.Errorf("%s imports %s: %s", name, i.to, w)
		}
	}
}

func TestFloors(t *testing.T) {
	for _, c := range []struct {
		from, to string
		test     bool
		want     string // part of what is said; "" when the import is right
	}{
		{"internal/ledger", "regia/internal/experience", false, ""},
		{"internal/weave", "regia/internal/ledger", false, ""},
		{"internal/analytics", "regia/internal/ledger", false, ""},
		{"internal/people/identity", "regia/internal/people", false, ""},
		{"internal/app", "regia/internal/weave", false, ""},
		{"internal/cli", "regia/internal/app", false, ""},
		{"internal/bench", "regia/internal/app", false, ""},
		{"internal/cli", "regia/internal/bench", false, ""},
		{"cmd/regia", "regia/internal/cli", false, ""},
		{"internal/weave", "regia/internal/testkit", true, ""},
		{"internal/testkit/cmd/pg", "regia/internal/testkit", false, ""},
		{"internal/testkit/books", "regia/internal/ledger", false, ""},
		{"e2e", "regia/internal/testkit", true, ""},
		{"internal/weave", "github.com/google/uuid", false, ""},
		{"internal/ledger", "github.com/duckdb/duckdb-go/v2", false, ""},
		{"internal/weave", "modernc.org/sqlite", true, ""},

		{"internal/experience", "regia/internal/web", false, "imports go down only"},
		{"internal/ledger", "regia/internal/weave", false, "imports go down only"},
		{"internal/weave", "regia/internal/app", true, "imports go down only"},
		{"internal/app", "regia/internal/bench", false, "imports go down only"},
		{"internal/app", "regia/internal/cli", false, "imports go down only"},
		{"internal/ledger", "regia/internal/registry", false, "same floor"},
		{"internal/weave", "regia/internal/people", false, "same floor"},
		{"internal/analytics", "regia/internal/people", false, "imports go down only"},
		{"internal/weave", "regia/internal/people/identity", true, "same floor"},
		{"internal/weave", "regia/internal/testkit", false, "for tests only"},
		{"internal/testkit", "regia/internal/ledger", false, "testkit imports nothing"},
		{"internal/testkit/books", "regia/internal/weave", false, "testkit imports nothing"},
		{"cmd/regia", "regia/internal/app", false, "internal/cli and nothing else"},
		{"e2e", "regia/internal/app", true, "from outside"},
		{"internal/weave", "github.com/duckdb/duckdb-go/v2", false, "engines stay"},
		{"internal/app", "github.com/nats-io/nats.go", false, "engines stay"},
	} {
		t.Run(c.from+" imports "+c.to, func(t *testing.T) {
			said(t, imp{c.from, c.to, c.test}.wrong(), c.want)
		})
	}
}

func TestFiles(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		want                string
	}{
		{"good", "internal/a/a.go", "package a\n", ""},
		{"as long as may be", "a.go", "package a\n" + strings.Repeat("\n", longest-1), ""},
		{"long", "a.go", "package a\n" + strings.Repeat("\n", longest), "501 lines"},
		{"long, generated", "a_templ.go", "package a\n" + strings.Repeat("\n", longest), ""},
		{"long, prose", "README.md", strings.Repeat("\n", longest+1), ""},
		{"put off", "web/src/a.ts", "\n// TO" + "DO later", "line 2 puts work off"},
		{"part of a word", "a.go", "package a // TO" + "DOS", ""},
		{"Latin-1", "messages.it.json", "{\"a\":\"perch\xe9\"}", "not UTF-8"},
		{"Latin-1 where bytes count", "testdata/a.csv", "perch\xe9", ""},
		{"host in a lock", "web/package-lock.json", `{"resolved": "https://host/a.tgz"}`, "registry's host"},
		{"link in a lock", "web/package-lock.json", `{"resolved": "packages/a"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			said(t, strings.Join(wrongFile(c.file, []byte(c.content)), "; "), c.want)
		})
	}
}

func TestGoFiles(t *testing.T) {
	const sleep = "package a\nimport \"time\"\nfunc f() { time.Sleep(1) }\n"
	const starts = "package a\nfunc init() {}\n"
	for _, c := range []struct {
		name, file, content string
		want                string
	}{
		{"sleep in a test", "a_test.go", sleep, "line 3: a test that sleeps"},
		{"sleep elsewhere", "a.go", sleep, ""},
		{"init", "a.go", starts, "line 2: init does work"},
		{"init, generated", "a_templ.go", starts, ""},
		{"method called init", "a.go", "package a\ntype t int\nfunc (t) init() {}\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, wrong, err := goFile(c.file, []byte(c.content))
			if err != nil {
				t.Fatal(err)
			}
			said(t, strings.Join(wrong, "; "), c.want)
		})
	}
}

// said checks that what was said holds what was wanted, or that both are nothing.
func said(t *testing.T, got, want string) {
	t.Helper()
	if (got == "") != (want == "") || !strings.Contains(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}
