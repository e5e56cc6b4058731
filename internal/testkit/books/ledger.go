// Package books opens the books that tests of several rooms write and read.
package books

import (
	"context"
	"path/filepath"
	"testing"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/testkit"
)

// EachLedger runs a test on each engine of the ledger, on an empty one.
func EachLedger(t *testing.T, f func(t *testing.T, l *ledger.Ledger)) {
	t.Helper()
	t.Run("DuckDB", func(t *testing.T) { f(t, Ledger(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, openLedger(t, ledger.Options{URL: testkit.Postgres(t)})) })
}

// Each runs a test on both books: on the engines that stand alone, and on
// PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, l *ledger.Ledger, book *registry.DB)) {
	t.Helper()
	t.Run("DuckDB", func(t *testing.T) { f(t, Ledger(t), Registry(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		f(t, openLedger(t, ledger.Options{URL: testkit.Postgres(t)}), openRegistry(t, registry.Options{URL: testkit.Postgres(t)}))
	})
}

// EachRegistry runs a test on each engine of the registry, on an empty one.
func EachRegistry(t *testing.T, f func(t *testing.T, book *registry.DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, Registry(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, openRegistry(t, registry.Options{URL: testkit.Postgres(t)})) })
}

// Ledger opens an empty ledger of the engine that stands alone.
func Ledger(t testing.TB) *ledger.Ledger {
	t.Helper()
	return openLedger(t, ledger.Options{Path: filepath.Join(t.TempDir(), "ledger.duckdb")})
}

// Registry opens an empty registry of the engine that stands alone.
func Registry(t testing.TB) *registry.DB {
	t.Helper()
	return openRegistry(t, registry.Options{Path: filepath.Join(t.TempDir(), "registry.db")})
}

func openLedger(t testing.TB, o ledger.Options) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func openRegistry(t testing.TB, o registry.Options) *registry.DB {
	t.Helper()
	book, err := registry.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	return book
}

// Fill puts rows in the place of those that the Fill before brought, so that a
// property test need not open a ledger for each draw.
func Fill(t interface {
	Helper()
	Fatal(...any)
}, l *ledger.Ledger, rows []experience.Interaction) {
	t.Helper()
	head, err := l.Head(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	world := experience.HashID(nil, "world")
	for i := range rows {
		rows[i].Import = world
	}
	after := experience.Position{Sequence: head.Position.Sequence + 1, Hash: "hash"}
	if err := l.Append(context.Background(), ledger.Batch{Before: head.Position, After: after, Forget: []experience.ID{world}, Rows: rows}); err != nil {
		t.Fatal(err)
	}
}
