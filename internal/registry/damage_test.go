package registry

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/experience"
)

// TestDamagedFile breaks the SQLite file where its structure is: it must be
// told, by opening it or by Integrity, in words that name the registry.
func TestDamagedFile(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "registry.db")
	db, err := Open(t.Context(), Options{Path: whole})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(ctx context.Context, tx Tx) error {
		for i := range 3000 {
			if _, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2)`, fmt.Sprint("key ", i), strings.Repeat("value ", 20)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	changed := func(at int, b ...byte) []byte {
		out := bytes.Clone(file)
		copy(out[at:], b)
		return out
	}
	cases := map[string][]byte{
		"not a database":                   bytes.Repeat([]byte("nothing "), 5000),
		"another size of pages":            changed(16, 0x03, 0x01),
		"the schema's page is of no kind":  changed(100, 0xff),
		"the end is gone":                  file[:len(file)/2],
		"half a page":                      file[:len(file)-page/2],
		"a page of zeros in the middle":    changed(len(file)/page/2*page, make([]byte, page)...),
		"the last page is of no kind":      changed(len(file)-page, 0xee),
		"a page counts more than it holds": changed(len(file)-page+3, 0xff, 0xff),
		"a page begins outside of itself":  changed(len(file)-page+5, 0xff, 0x00),
	}
	for name, content := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "registry.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := Open(t.Context(), Options{Path: path})
			if err == nil {
				err = db.Integrity(t.Context())
				if closed := db.Close(); closed != nil {
					t.Logf("closing: %v", closed)
				}
			}
			if code := experience.CodeOf(err); err == nil || code != experience.Internal && code != experience.Unavailable {
				t.Fatalf("nobody noticed: %v (code %s)", err, code)
			}
			if !strings.Contains(err.Error(), "registry") {
				t.Errorf("it does not name the registry: %v", err)
			}
		})
	}
}
