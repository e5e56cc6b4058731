// Package testkit gives tests the real parts they need: a PostgreSQL, a
// browser. Only tests and the commands below it import it.
package testkit

import (
	"os"
	"path/filepath"
	"testing"
)

// Missing ends a test that lacks a part of the machine: it skips with a
// sentence that says what to install, and fails when REGIA_TEST_ALL=1 asks
// that nothing be left out.
func Missing(t testing.TB, sentence string) {
	t.Helper()
	if os.Getenv("REGIA_TEST_ALL") == "1" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

// RealData finds a file or folder of the real data (../shared/data, or where
// REGIA_DATA says), or ends the test with a sentence that says it is not here.
// What must be proved everywhere rests on data that the project makes itself,
// so its lack fails nothing.
func RealData(t testing.TB, parts ...string) string {
	t.Helper()
	dir := os.Getenv("REGIA_DATA")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared", "data")
	}
	path := filepath.Join(append([]string{dir}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the real data is not here (%s); REGIA_DATA may name its folder", path)
	}
	return path
}
