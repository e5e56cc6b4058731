package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit"
)

// book is a ledger of one engine under test, and how to open it again.
type book struct {
	*ledger.Ledger
	t    testing.TB
	open func() *ledger.Ledger
	head experience.Position
}

// everyEngine runs a test on each engine.
func everyEngine(t *testing.T, f func(t *testing.T, b *book)) {
	for _, engine := range []string{"DuckDB", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) { f(t, newBook(t, engine)) })
	}
}

// Small, so that tests compact and divide parts as years of data would.
const (
	hotLimit = 20
	partRows = 1000
)

func newBook(t testing.TB, engine string) *book {
	t.Helper()
	o := ledger.Options{HotLimit: hotLimit}
	ledger.SetPartRows(&o, partRows)
	ledger.SetSortBytes(&o, 4000)
	if engine == "DuckDB" {
		o.Path = filepath.Join(t.TempDir(), "ledger.duckdb")
	} else {
		o.URL = testkit.Postgres(t)
	}
	b := &book{t: t}
	b.open = func() *ledger.Ledger {
		l, err := ledger.Open(context.Background(), o)
		if err != nil {
			t.Fatalf("open the %s ledger: %v", engine, err)
		}
		return l
	}
	b.Ledger = b.open()
	t.Cleanup(func() { b.Close() })
	return b
}

// reopen closes the ledger and opens it again.
func (b *book) reopen() {
	b.t.Helper()
	b.check(b.Close())
	b.Ledger = b.open()
}

func (b *book) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// append writes a batch at the next position.
func (b *book) append(batch ledger.Batch) {
	b.t.Helper()
	batch.Before, batch.After = b.head, at(b.head.Sequence+1)
	b.check(b.Append(context.Background(), batch))
	b.head = batch.After
}

func (b *book) rows(rows ...experience.Interaction) {
	b.t.Helper()
	b.append(ledger.Batch{Rows: rows})
}

// ask gives the rows of a question, each as its values printed.
func (b *book) ask(query string, args ...any) []string {
	b.t.Helper()
	rows, err := b.Query(context.Background(), query, args...)
	b.check(err)
	defer rows.Close()
	columns, err := rows.Columns()
	b.check(err)
	var out []string
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		b.check(rows.Scan(dest...))
		line := ""
		for i, v := range values {
			if t, ok := v.(time.Time); ok {
				v = t.UTC().Format("2006-01-02 15:04:05.999999")
			}
			if i > 0 {
				line += "|"
			}
			line += fmt.Sprint(v)
		}
		out = append(out, line)
	}
	b.check(rows.Err())
	return out
}

func at(sequence uint64) experience.Position {
	if sequence == 0 {
		return experience.Position{}
	}
	return experience.Position{Sequence: sequence, Hash: fmt.Sprintf("hash of %d", sequence)}
}

// id makes a readable name into an id: the same for the same name.
func id(name string) experience.ID {
	if name == "" {
		return experience.ID{}
	}
	return experience.HashID([]byte("test"), name)
}

var day0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// row is an interaction of a subject and person, n minutes after day0.
func row(message, subject, person string, n int) experience.Interaction {
	t := day0.Add(time.Duration(n) * time.Minute)
	return experience.Interaction{ID: id("row " + message), MessageID: message, Source: "web", Kind: experience.Track, Name: "Product Viewed",
		Time: t, ReceivedAt: t.Add(time.Second), Subject: id(subject), Person: id(person),
		Properties: json.RawMessage(`{"n":` + fmt.Sprint(n) + `}`)}
}

func move(number int64, subject, was, person string) ledger.Move {
	return ledger.Move{Number: number, Subject: id(subject), Was: id(was), Person: id(person)}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
