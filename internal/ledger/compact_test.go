package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

func TestCompactWaitsForEnough(t *testing.T) {
	ctx := context.Background()
	b := newBook(t, "DuckDB")
	many := func(n, from int) {
		var rows []experience.Interaction
		for i := range n {
			rows = append(rows, row(fmt.Sprint(from+i), fmt.Sprint("s", i%7), fmt.Sprint("p", i%7), i))
		}
		b.rows(rows...)
	}
	many(hotLimit-1, 0)
	for i, want := range []int64{0, hotLimit + 30, 0, 51} {
		switch i {
		case 1:
			many(31, 1000)
		case 3:
			many(51, 2000)
		}
		s, err := b.Compact(ctx, ledger.Beside{})
		b.check(err)
		if s.Rows != want {
			t.Fatalf("compaction %d sorted %d rows, want %d", i, s.Rows, want)
		}
	}
	many(1, 3000)
	s, err := b.CompactAll(ctx)
	b.check(err)
	if want := int64(hotLimit + 30 + 51 + 1); s.Rows != want || s.Parts != 1 {
		t.Fatalf("CompactAll: %+v, want %d rows in one part", s, want)
	}
}

// TestReadersSeeEveryRowOnce reads, appends and retouches all the while rows
// are compacted.
func TestReadersSeeEveryRowOnce(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		const batches, size = 60, 40
		var work sync.WaitGroup
		fail := make(chan error, 10)
		work.Go(func() { // compacting without pause
			for ctx.Err() == nil {
				if _, err := b.CompactAll(ctx); err != nil && ctx.Err() == nil {
					fail <- fmt.Errorf("compact: %w", err)
					return
				}
			}
		})
		for range 2 { // reading: whole batches, no row missing or twice
			work.Go(func() {
				for ctx.Err() == nil {
					if err := readWhole(ctx, b.Ledger, size); err != nil && ctx.Err() == nil {
						fail <- err
						return
					}
				}
			})
		}
		for n := range batches {
			batch := ledger.Batch{Before: at(uint64(n)), After: at(uint64(n + 1))}
			for i := range size {
				batch.Rows = append(batch.Rows, row(fmt.Sprint(n, " ", i), fmt.Sprint("s", i), fmt.Sprint("p", i), n))
			}
			if n == batches/2 {
				for i := range size {
					batch.Moves = append(batch.Moves, move(int64(i+1), fmt.Sprint("s", i), fmt.Sprint("p", i), "everybody"))
				}
			}
			if n > batches/2 {
				for i := range batch.Rows {
					batch.Rows[i].Person = id("everybody")
				}
			}
			if n%10 == 9 {
				batch.Retouch = &ledger.Retouch{Catalogue: int64(n), Bindings: []experience.Binding{{Touchpoint: fmt.Sprint("t", n)}}}
			}
			b.check(b.Append(ctx, batch))
		}
		cancel()
		work.Wait()
		select {
		case err := <-fail:
			t.Fatal(err)
		default:
		}
		want := fmt.Sprintf("%d|%d|1|1|t%d", batches*size, batches*size, batches-1)
		if got := b.ask(`SELECT count(*), count(DISTINCT id), count(DISTINCT person_id), count(DISTINCT touchpoint), max(touchpoint) FROM interactions`); got[0] != want {
			t.Fatalf("rows|ids|persons|touchpoints|last = %s, want %s", got[0], want)
		}
	})
}

func readWhole(ctx context.Context, l *ledger.Ledger, size int64) error {
	var rows, ids int64
	if err := l.QueryRow(ctx, `SELECT count(*), count(DISTINCT id) FROM interactions`).Scan(&rows, &ids); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if rows != ids || rows%size != 0 {
		return fmt.Errorf("a reader saw %d rows of %d ids in batches of %d", rows, ids, size)
	}
	items, _, err := l.Timeline(ctx, ledger.TimelineQuery{Person: id("everybody"), Limit: 1000})
	if err != nil {
		return fmt.Errorf("timeline: %w", err)
	}
	if n := int64(len(items)); n%size != 0 {
		return fmt.Errorf("a timeline of %d rows, in batches of %d", n, size)
	}
	return nil
}

// crashVariable holds the ledger that a child process of TestCrash writes.
const crashVariable = "REGIA_TEST_CRASH_LEDGER"

// TestCrash kills a process that appends and compacts, again and again, and
// looks whether head, rows and persons agree each time the file is opened.
func TestCrash(t *testing.T) {
	if path := os.Getenv(crashVariable); path != "" {
		crashChild(path)
		return
	}
	path := filepath.Join(t.TempDir(), "ledger.duckdb")
	var last uint64
	for round := range 8 {
		child := exec.Command(os.Args[0], "-test.run=^TestCrash$")
		child.Env, child.Stderr = append(os.Environ(), crashVariable+"="+path), os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// The child writes one byte a batch: let it do some, then kill it in the
		// middle of whatever it is doing.
		progress := make([]byte, 1)
		for range 5 + 3*round {
			if _, err := out.Read(progress); err != nil {
				t.Fatalf("the child ended by itself: %v, %v", err, child.Wait())
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // killed
		head := checkCrashed(t, path)
		if head < last+uint64(5+3*round)-1 {
			t.Fatalf("round %d: at batch %d, but the child said it wrote more after %d", round, head, last)
		}
		last = head
	}
}

const crashBatch = 25

func openCrashed(path string) (*ledger.Ledger, error) {
	o := ledger.Options{Path: path, HotLimit: 50}
	ledger.SetPartRows(&o, 200)
	return ledger.Open(context.Background(), o)
}

// crashChild appends batches for ever. Batch n has the rows n.0 to n.24 and a
// move: every subject goes from person n to person n+1.
func crashChild(path string) {
	ctx := context.Background()
	l, err := openCrashed(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		for {
			if _, err := l.CompactAll(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}()
	head, err := l.Head(ctx)
	for err == nil {
		n := head.Position.Sequence
		b := ledger.Batch{Before: head.Position, After: at(n + 1)}
		for i := range crashBatch {
			s := fmt.Sprint("s", i)
			b.Rows = append(b.Rows, row(fmt.Sprintf("%d.%d", n, i), s, fmt.Sprint("p", n), int(n)))
			b.Moves = append(b.Moves, move(head.Move+int64(i)+1, s, fmt.Sprint("p", n), fmt.Sprint("p", n+1)))
		}
		if err = l.Append(ctx, b); err != nil {
			break
		}
		head.Position, head.Move = b.After, head.Move+crashBatch
		os.Stdout.Write([]byte{'.'})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func checkCrashed(t *testing.T, path string) uint64 {
	t.Helper()
	l, err := openCrashed(path)
	if err != nil {
		t.Fatalf("open after a crash: %v", err)
	}
	b := &book{Ledger: l, t: t}
	defer func() { b.check(l.Close()) }()
	head, err := l.Head(context.Background())
	b.check(err)
	n := int64(head.Position.Sequence)
	if head.Move != n*crashBatch {
		t.Fatalf("at batch %d but move %d", n, head.Move)
	}
	want := strings.Join([]string{strconv.FormatInt(n*crashBatch, 10), strconv.FormatInt(n*crashBatch, 10), "1", id(fmt.Sprint("p", n)).String()}, "|")
	if got := b.ask(`SELECT count(*), count(DISTINCT id), count(DISTINCT person_id), max(person_id::TEXT) FROM interactions`); got[0] != want {
		t.Fatalf("rows|ids|persons|person = %s, want %s", got[0], want)
	}
	if got := b.ask(`SELECT count(*) FROM seen`); got[0] != strconv.FormatInt(n*crashBatch, 10) {
		t.Fatalf("%s sightings at batch %d", got[0], n)
	}
	return head.Position.Sequence
}

func TestCancelledWorkLeavesTheLedgerWhole(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		var rows []experience.Interaction
		for i := range 3000 {
			rows = append(rows, row(fmt.Sprint(i), fmt.Sprint("s", i%90), fmt.Sprint("p", i%90), i))
		}
		b.rows(rows...)
		for wait := time.Duration(0); wait < 64*time.Millisecond; wait = wait*2 + time.Millisecond {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			next := ledger.Batch{Before: b.head, After: at(b.head.Sequence + 1), Rows: rows[:1]}
			if err := b.Append(ctx, next); err == nil {
				b.head = next.After
			}
			_, err := b.CompactAll(ctx)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "INTERRUPT") {
				t.Errorf("cancelled after %v: %v", wait, err)
			}
		}
		head, err := b.Head(context.Background())
		b.check(err)
		b.head = head.Position // a commit may have been cancelled after it was done
		_, err = b.CompactAll(context.Background())
		b.check(err)
		b.rows(row("last", "s", "p", 1))
		want := fmt.Sprintf("%d|3001", 3000+b.head.Sequence-1)
		if got := b.ask(`SELECT count(*), count(DISTINCT id) FROM interactions`); got[0] != want {
			t.Fatalf("rows|ids = %s, want %s", got[0], want)
		}
	})
}

func TestOneProcessOwnsTheFile(t *testing.T) {
	if path := os.Getenv(crashVariable + "_LOCK"); path != "" {
		_, err := ledger.Open(context.Background(), ledger.Options{Path: path})
		fmt.Printf("%s %v\n", experience.CodeOf(err), err)
		os.Exit(0)
	}
	path := filepath.Join(t.TempDir(), "held.duckdb")
	held, err := ledger.Open(context.Background(), ledger.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := ledger.Open(context.Background(), ledger.Options{Path: path}); experience.CodeOf(err) != experience.Conflict {
		t.Errorf("the same process opened it twice: %v", err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestOneProcessOwnsTheFile$")
	child.Env = append(os.Environ(), crashVariable+"_LOCK="+path)
	out, err := child.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "conflict ") {
		t.Fatalf("a second process was told: %s", out)
	}
}
