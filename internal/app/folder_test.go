package app_test

import (
	"os"
	"testing"

	"regia/internal/app"
)

// TestFolderIsItsOwnersAlone: also where it was there before, open to all.
func TestFolderIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (app.Config{Data: dir}).CreateFolder(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of personal data: %v (%v), want 0700", info.Mode().Perm(), err)
	}
}
