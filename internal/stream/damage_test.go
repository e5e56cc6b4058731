package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regia/internal/experience"
)

// storeFiles gives the files in which the engine keeps the blocks.
func storeFiles(t *testing.T, dir string) (list []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, fileEnd) {
			list = append(list, path)
		}
		return err
	}))
	if len(list) == 0 {
		t.Fatal("the engine has no files")
	}
	return list
}

// used gives a file of the log without the room behind its last block.
func used(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return bytes.TrimRight(b, "\x00")
}

// flip changes a byte at a part of what is used of a file.
func flip(t *testing.T, path string, part float64) {
	t.Helper()
	out, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	b := used(t, path)
	at := int(float64(len(b)-1) * part)
	_, err = out.WriteAt([]byte{b[at] ^ 0x40}, int64(at))
	must(t, errors.Join(err, out.Close()))
}

// A byte that changes on disk is noticed, wherever it is and however far the
// reader has come: every event that was acknowledged is read, or it is said
// that the log is damaged.
func TestFlippedByte(t *testing.T) {
	const written = 20
	for _, part := range []float64{0, 0.001, 0.005, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999, 1} {
		for _, read := range []int{0, 10, written} {
			t.Run(fmt.Sprintf("at %.2f, %d read", part, read), func(t *testing.T) {
				dir := t.TempDir()
				l := open(t, Options{Dir: dir})
				for i := range written {
					must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprintf("%02d%s", i, strings.Repeat(".", 500)))}))
				}
				var at experience.Position
				for range read {
					blocks, err := l.Next(t.Context(), at, 1)
					must(t, err)
					at = blocks[0].Position
				}
				must(t, l.Close())
				flip(t, storeFiles(t, dir)[0], part)

				l, err := Open(t.Context(), Options{Dir: dir})
				if errors.Is(err, ErrDamaged) {
					return
				}
				must(t, err)
				defer func() { _ = l.Close() }()
				must(t, l.Append(t.Context(), []experience.Record{record("new")}))
				tail, err := l.Tail(t.Context())
				must(t, err)
				for n := read; ; n++ {
					if at.Sequence == tail.Last {
						t.Fatalf("only %d events are there, and nobody says so", n)
					}
					blocks, err := l.Next(t.Context(), at, 1)
					if errors.Is(err, ErrDamaged) {
						return
					}
					must(t, err)
					at = blocks[0].Position
					got := string(blocks[0].Records[0].Event[:2])
					if got == "ne" && n == written {
						return // the byte belonged to nothing that was still needed
					}
					if got != fmt.Sprintf("%02d", n) {
						t.Fatalf("event %d is %q: the damage was skipped over", n, got)
					}
				}
			})
		}
	}
}

// A log that lost its end and goes on is refused, also where nobody had read
// that far.
func TestLostEnd(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir})
	must(t, l.Append(t.Context(), []experience.Record{record("one")}))
	must(t, l.Append(t.Context(), []experience.Record{record("two")}))
	must(t, l.Close())
	for _, path := range storeFiles(t, dir) {
		must(t, os.Truncate(path, 100))
	}
	_, err := Open(t.Context(), Options{Dir: dir})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), markName) {
		t.Fatalf("opening gave %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, markName))) // a human decides
	l = open(t, Options{Dir: dir})
	must(t, l.Append(t.Context(), []experience.Record{record("three")}))
}

func TestMarkThatWasCut(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir})
	must(t, l.Append(t.Context(), []experience.Record{record("one")}))
	must(t, l.Close())
	for _, bad := range []string{"", "short", strings.Repeat("x", markSize)} {
		must(t, os.WriteFile(filepath.Join(dir, markName), []byte(bad), 0o600))
		l = open(t, Options{Dir: dir})
		must(t, l.Append(t.Context(), []experience.Record{record("more")}))
		must(t, l.Close())
	}
	l = open(t, Options{Dir: dir})
	if events, _ := readAll(t, l, experience.Position{}, 10); len(events) != 4 {
		t.Errorf("%d events", len(events))
	}
}

// TestMarkBehindWhatWasTrimmed: killed after a block was on disk and before it
// was marked, then woven and trimmed: nothing is lost, and the log opens.
func TestMarkBehindWhatWasTrimmed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, markName)
	l := open(t, Options{Dir: dir, fileBytes: 1})
	must(t, l.Append(t.Context(), []experience.Record{record("1")}))
	lagging, err := os.ReadFile(path)
	must(t, err)
	must(t, l.Append(t.Context(), []experience.Record{record("2")}))
	must(t, l.Close())
	must(t, os.WriteFile(path, lagging, 0o600))

	l = open(t, Options{Dir: dir, fileBytes: 1})
	_, at := readAll(t, l, experience.Position{}, 10)
	must(t, l.Trim(t.Context(), at))
	must(t, l.Close())
	if tail, err := open(t, Options{Dir: dir}).Tail(t.Context()); err != nil || tail.First != 2 || tail.Last != 2 {
		t.Errorf("the log holds %+v (%v), want block 2 alone", tail, err)
	}
}

// TestTornLastBlock cuts the end of the file in which the engine keeps blocks,
// as a disk does that lost power in the middle of a write that it had said was
// done: the acknowledged block that is gone is named.
func TestTornLastBlock(t *testing.T) {
	for _, cut := range []int64{1, 8, 100, 400, 700} {
		t.Run(fmt.Sprint(cut, " bytes"), func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, Options{Dir: dir})
			for i := range 5 {
				must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprintf("%02d%s", i, strings.Repeat(".", 500)))}))
			}
			must(t, l.Close())
			files := storeFiles(t, dir)
			last := files[len(files)-1]
			must(t, os.Truncate(last, int64(len(used(t, last)))-cut))
			l, err := Open(t.Context(), Options{Dir: dir})
			if err == nil {
				_ = l.Close()
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "block") {
				t.Errorf("opening gave %v", err)
			}
		})
	}
}

// TestReusedNumbers has the engine lose blocks and give their numbers to new
// ones: whoever read the old ones is told.
func TestReusedNumbers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir})
	var ends []int64 // of the file after each block
	var at experience.Position
	for i := range 4 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint("old ", i))}))
		blocks, err := l.Next(t.Context(), at, 1)
		must(t, err)
		at = blocks[0].Position
		ends = append(ends, int64(len(used(t, storeFiles(t, dir)[0]))))
	}
	must(t, l.Close())
	must(t, os.Truncate(storeFiles(t, dir)[0], ends[1]))
	must(t, os.Remove(filepath.Join(dir, markName))) // even without it
	l = open(t, Options{Dir: dir})
	for i := range 3 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint("new ", i))}))
	}
	tail, err := l.Tail(t.Context())
	must(t, err)
	if tail.Last <= at.Sequence {
		t.Fatalf("the engine did not use numbers again: it ends at %d, %d was read", tail.Last, at.Sequence)
	}
	if blocks, err := l.Next(t.Context(), at, 10); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprint("block ", at.Sequence)) {
		t.Errorf("reading on after block %d gave %d blocks and %v", at.Sequence, len(blocks), err)
	}
}
