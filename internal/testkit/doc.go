// Package testkit gives tests the real parts they need: a PostgreSQL, a
// browser. Only tests and the commands below it import it.
package testkit

import (
	"os"
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
