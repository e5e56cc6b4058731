package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
)

// On PostgreSQL a transaction that lost a race runs again, from the top.
func TestLostRaceRunsAgain(t *testing.T) {
	db := open(t, registry.Options{URL: testkit.Postgres(t)})
	exec(t, db, `CREATE TABLE counter (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)`)
	exec(t, db, `INSERT INTO counter VALUES (1, 0)`)
	runs := 0
	err := db.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		runs++
		var n int64
		if err := tx.QueryRow(ctx, `SELECT n FROM counter WHERE id = 1`).Scan(&n); err != nil {
			return err
		}
		if runs == 1 {
			exec(t, db, `UPDATE counter SET n = 10 WHERE id = 1`) // somebody is faster
		}
		_, err := tx.Exec(ctx, `UPDATE counter SET n = $1 WHERE id = 1`, n+1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := number(t, db, `SELECT n FROM counter`); runs != 2 || n != 11 {
		t.Errorf("ran %d times to %d, want twice to 11", runs, n)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("dear diary, ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name    string
		options registry.Options
		code    experience.Code
		says    string
	}{
		{"nothing", registry.Options{}, experience.Invalid, "needs a file"},
		{"no such folder", registry.Options{Path: filepath.Join(folder, "none", "r.db")}, experience.Unavailable, "no such file"},
		{"a folder", registry.Options{Path: folder}, experience.Unavailable, "is a directory"},
		{"another file", registry.Options{Path: text}, experience.Unavailable, "damaged"},
		{"nobody there", registry.Options{URL: "postgres://regia:hunter2@127.0.0.1:1/regia"}, experience.Unavailable, "does not answer"},
		{"not an address", registry.Options{URL: "postgres://regia:hunter2@127.0.0.1:port/regia"}, experience.Invalid, "cannot be read"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := registry.Open(t.Context(), c.options)
			if experience.CodeOf(err) != c.code || !strings.Contains(experience.MessageOf(err), c.says) {
				t.Errorf("got %s: %v", experience.CodeOf(err), err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error tells the password")
			}
		})
	}
}

func TestFileIsOursAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	open(t, registry.Options{Path: path})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file may be read by others: %v", info.Mode())
	}
}

func TestIntegritySeesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	db, err := registry.Open(t.Context(), registry.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `CREATE TABLE filler (id BIGINT PRIMARY KEY, text TEXT)`)
	for i := range 50 {
		exec(t, db, `INSERT INTO filler VALUES ($1, $2)`, i, strings.Repeat("x", 3000))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)-9*4096:], make([]byte, 3*4096))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, registry.Options{Path: path}).Integrity(t.Context()); experience.CodeOf(err) != experience.Internal {
		t.Errorf("damage was not seen: %v", err)
	}
}
