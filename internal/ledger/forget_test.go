package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// importedRow is a row that came with an import.
func importedRow(message, subject, person, from string, n int) experience.Interaction {
	r := row(message, subject, person, n)
	r.Imported, r.Import = true, id(from)
	return r
}

// An import taken back leaves every part, sorted or not, moved or not, and may
// be made again; what else there is stays and is known as before.
func TestForget(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		ctx := context.Background()
		var first, second, live []experience.Interaction
		for i := range 60 {
			s, p := fmt.Sprint("s", i%7), fmt.Sprint("p", i%7)
			if i%7 == 6 {
				p = "" // nobody
			}
			first = append(first, importedRow(fmt.Sprint("first ", i), s, p, "first import", i))
			second = append(second, importedRow(fmt.Sprint("second ", i), s, p, "second import", i))
			live = append(live, row(fmt.Sprint("live ", i), s, p, i))
		}
		// The same message, live, two days after it was imported.
		again := row("first 3", "s3", "p3", 3)
		again.ReceivedAt = again.ReceivedAt.Add(48 * time.Hour)

		b.rows(append(append(append([]experience.Interaction{}, first[:30]...), second[:30]...), live[:30]...)...)
		_, err := b.CompactAll(ctx)
		b.check(err)
		b.append(ledger.Batch{Rows: append(append(append([]experience.Interaction{again}, first[30:]...), second[30:]...), live[30:]...),
			Moves: []ledger.Move{move(1, "s1", "p1", "p2")}})
		b.append(ledger.Batch{Forget: []experience.ID{id("first import"), {}, id("none")}, Rows: []experience.Interaction{row("after", "s", "p", 9)}})
		b.reopen()

		const left = `SELECT coalesce(import_id::TEXT, ''), count(*), count(DISTINCT id) FROM interactions GROUP BY 1 ORDER BY 1`
		want := []string{"|62|62", id("second import").String() + "|60|60"}
		if diff := cmp.Diff(want, b.ask(left)); diff != "" {
			t.Errorf("after taking one back: %s", diff)
		}
		if got := b.ask(`SELECT count(*), count(DISTINCT id) FROM seen`); got[0] != "62|62" { // those of live rows were pruned two days later
			t.Errorf("sightings|ids %s, want 62", got[0])
		}
		fresh, err := b.Fresh(ctx, append(append([]experience.Interaction{again}, first...), second...))
		b.check(err)
		for i, f := range fresh {
			// "first 3" repeats the live row that stayed.
			if should := i > 0 && i <= len(first) && i != 4; f != should {
				t.Errorf("row %d: fresh %v, want %v", i, f, should)
			}
		}
		// Taken back and made again in one batch: made again.
		for i := range second {
			if second[i].Subject == id("s1") {
				second[i].Person = id("p2")
			}
		}
		b.append(ledger.Batch{Forget: []experience.ID{id("second import")}, Rows: second})
		_, err = b.CompactAll(ctx)
		b.check(err)
		if diff := cmp.Diff(want, b.ask(left)); diff != "" {
			t.Errorf("after making the other again: %s", diff)
		}
		items, _, err := b.Timeline(ctx, ledger.TimelineQuery{Person: id("p2"), Limit: 100, Whole: true})
		b.check(err)
		moved := 0
		for _, r := range items {
			if r.Import == id("second import") {
				moved++
			}
		}
		if moved != 18 { // of s1 and s2
			t.Errorf("%d imported rows on the timeline, want 18", moved)
		}
	})
}

// Rows that go while a part is being sorted do not come back with it.
func TestForgetWhileCompacting(t *testing.T) {
	b := newBook(t, "DuckDB")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		var err error
		for ctx.Err() == nil && err == nil {
			_, err = b.CompactAll(ctx)
		}
		done <- err
	}()
	for n := range 40 {
		var rows []experience.Interaction
		for i := range 100 {
			rows = append(rows, importedRow(fmt.Sprint(n, " ", i), fmt.Sprint("s", i), fmt.Sprint("p", i), fmt.Sprint("import ", n), n))
		}
		batch := ledger.Batch{Rows: rows}
		if n > 0 {
			batch.Forget = []experience.ID{id(fmt.Sprint("import ", n-1))}
		}
		b.append(batch)
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "INTERRUPT") {
		t.Fatal(err)
	}
	if got := b.ask(`SELECT count(*), count(DISTINCT import_id), (SELECT count(*) FROM seen) FROM interactions`); got[0] != "100|1|100" {
		t.Fatalf("rows|imports|sightings %s, want those of the last import", got[0])
	}
}

// A ledger file of the first version gains the column in every part.
func TestFirstVersionIsMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.duckdb")
	old, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range ledger.FirstVersion() {
		if _, err := old.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	b := &book{Ledger: l, t: t}
	defer func() { b.check(b.Close()) }()
	b.rows(importedRow("new", "s", "p", "import", 1))
	_, err = b.CompactAll(t.Context())
	b.check(err)
	want := []string{"new|" + id("import").String(), "old|<nil>", "old and sorted|<nil>"}
	if diff := cmp.Diff(want, b.ask(`SELECT message_id, import_id::TEXT FROM interactions ORDER BY 1`)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's rights are %v (%v), want 0600", info.Mode(), err)
	}
}
