package registry_test

import (
	"testing"

	"regia/internal/registry"
)

func TestLibrariesAreKept(t *testing.T) {
	engines(t, func(t *testing.T, db *registry.DB, _ registry.Options) {
		ctx := t.Context()
		if script, err := db.Library(ctx, "regia-1.js"); err != nil || script != nil {
			t.Fatalf("a library nobody kept: %q, %v", script, err)
		}
		for _, script := range []string{"first()", "something else"} {
			if err := db.KeepLibrary(ctx, "regia-1.js", []byte(script)); err != nil {
				t.Fatal(err)
			}
		}
		if script, err := db.Library(ctx, "regia-1.js"); err != nil || string(script) != "first()" {
			t.Errorf("kept: %q, %v", script, err)
		}
	})
}
