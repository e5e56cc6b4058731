package stream

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"regia/internal/experience"
)

// Stand for synchronising where a test keeps its power.
func nothing(*os.File) error { return nil }
func noNames(string) error   { return nil }

// TestRefusedBlock has the disk refuse a block at each step: it is refused, what
// was acknowledged before stays, and the next block takes its number.
func TestRefusedBlock(t *testing.T) {
	refusal := errors.New("the disk is broken")
	failing, noName := false, false
	for _, c := range []struct {
		name         string
		broken, mend func(f *folder)
	}{
		{"synchronising", func(*folder) { failing = true }, func(*folder) { failing = false }},
		{"writing", func(f *folder) {
			if f.out.file == nil {
				_, err := f.roll(f.last+1, time.Now())
				must(t, err)
			}
			must(t, f.out.file.Close())
		}, func(*folder) {}},
		{"synchronising a name", func(f *folder) {
			f.leaveOut()
			noName = true
		}, func(*folder) { noName = false }},
		{"beginning a file", func(f *folder) {
			f.leaveOut()
			must(t, os.Mkdir(filepath.Join(f.dir, fileName(f.last+1)), 0o700))
		}, func(f *folder) { must(t, os.Remove(filepath.Join(f.dir, fileName(f.last+1)))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			o := Options{Dir: dir, sync: func(f *os.File) error {
				if failing {
					return refusal
				}
				return datasync(f)
			}, syncNames: func(dir string) error {
				if noName {
					return refusal
				}
				return syncFolder(dir)
			}}
			l := open(t, o)
			want := []string{}
			say := func(s string) error { return l.Append(t.Context(), []experience.Record{record(s)}) }
			for round := range 3 {
				for i := range round { // also where the file that breaks is empty
					want = append(want, fmt.Sprint(round, i))
					must(t, say(want[len(want)-1]))
				}
				c.broken(l.engine.(*folder))
				if err := say("refused"); experience.CodeOf(err) != experience.Unavailable {
					t.Fatalf("a broken disk: %v", err)
				}
				c.mend(l.engine.(*folder))
			}
			want = append(want, "after")
			must(t, say("after"))
			for range 2 {
				events, at := readAll(t, l, experience.Position{}, 3)
				if got := strings.Join(events, " "); got != strings.Join(want, " ") || at.Sequence != uint64(len(want)) {
					t.Errorf("%s, up to block %d; want %v", got, at.Sequence, want)
				}
				must(t, l.Close())
				l = open(t, o)
			}
		})
	}
}

// TestEarlierLog: a folder whose log NATS kept is not begun anew.
func TestEarlierLog(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "jetstream", "$G", "streams", streamName), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, markName), []byte("something"), 0o600))
	_, err := Open(t.Context(), Options{Dir: dir})
	if experience.CodeOf(err) != experience.Unavailable || !strings.Contains(err.Error(), "an earlier build") {
		t.Fatalf("opening gave %v", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("the folder holds %v (%v)", list, err)
	}
	must(t, os.RemoveAll(filepath.Join(dir, "jetstream")))
	open(t, Options{Dir: dir})
}

// TestFolderNames: whatever the folder is called, its files are found; and what is
// none of them is left alone.
func TestFolderNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `[shop] * \ ?`, "log")
	l := open(t, Options{Dir: dir})
	must(t, l.Append(t.Context(), []experience.Record{record("one")}))
	must(t, l.Close())
	for _, name := range []string{"regia.log", "7.log", "00000000000000000001 (copy).log", "00000000000000000000.log", "99999999999999999999.log"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600))
	}
	l = open(t, Options{Dir: dir})
	must(t, l.Append(t.Context(), []experience.Record{record("two")}))
	if events, _ := readAll(t, l, experience.Position{}, 1); strings.Join(events, " ") != "one two" {
		t.Errorf("%v", events)
	}
}

// TestSmallerLimit: a log that may grow less than it did goes on once it is woven.
func TestSmallerLimit(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir})
	var at experience.Position
	say := func() error { return l.Append(t.Context(), []experience.Record{record(strings.Repeat("x", 9000))}) }
	for range 10 {
		must(t, say())
	}
	must(t, l.Close())
	l = open(t, Options{Dir: dir, MaxBytes: 80 << 10})
	for n := range 30 {
		if err := say(); err != nil && (n == 0 || say() == nil) {
			t.Fatalf("block %d: %v", n, err)
		}
		_, at = readAll(t, l, at, 100)
		must(t, l.Trim(t.Context(), at))
	}
}

// TestFoundBlockIsOnDisk: what is found when a folder is opened was perhaps never
// synchronised, and before anybody reads it it is, and is acknowledged.
func TestFoundBlockIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir})
	must(t, l.Append(t.Context(), []experience.Record{record("one")}))
	must(t, l.Close())
	must(t, os.Remove(filepath.Join(dir, markName))) // killed before it was marked
	synced := 0
	l = open(t, Options{Dir: dir, sync: func(f *os.File) error {
		synced++
		return datasync(f)
	}})
	if synced != 1 {
		t.Errorf("opening synchronised %d times", synced)
	}
	must(t, l.Close())
	flip(t, storeFiles(t, dir)[0], 1)
	if _, err := Open(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrDamaged) {
		t.Errorf("the block was lost later: %v", err)
	}
	if _, err := Open(t.Context(), Options{Dir: t.TempDir(), sync: func(*os.File) error { return errors.New("no") }}); err != nil {
		t.Errorf("an empty folder needs nothing: %v", err)
	}
}

// TestDamagedHead: where the beginning of a file is damaged nothing in it is taken
// for a block, whatever it looks like.
func TestDamagedHead(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir, fileBytes: 1})
	inner := newEncoder(0)
	inner.add(record("a lie"))
	sealed := inner.seal()
	lie := append((&file{}).blockHead(1, entry{length: uint32(len(sealed))}), sealed...) // of a file without a salt
	must(t, l.Append(t.Context(), []experience.Record{record(string(lie))}))
	must(t, l.Append(t.Context(), []experience.Record{record("two")}))
	must(t, l.Close())
	flip(t, filepath.Join(dir, fileName(1)), 0.01)
	l = open(t, Options{Dir: dir})
	if blocks, err := l.Next(t.Context(), experience.Position{}, 10); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "block 1 ") {
		t.Errorf("%d blocks, %v", len(blocks), err)
	}
	if data, _, err := l.engine.block(t.Context(), 2); err != nil || !bytes.Contains(data, []byte("two")) {
		t.Errorf("the next one is %q (%v)", data, err)
	}
}

// TestManyHoles reads a file in which every other head is damaged, in time.
func TestManyHoles(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir, sync: nothing, syncNames: noNames})
	const blocks = 6000
	for i := range blocks {
		block := newEncoder(0)
		block.add(record(fmt.Sprintf("%d%s", i, strings.Repeat("-", 700))))
		must(t, l.engine.append(block.seal()))
	}
	must(t, l.Close())
	path := storeFiles(t, dir)[0]
	b, err := os.ReadFile(path)
	must(t, err)
	salt := b[len(fileMagic) : len(fileMagic)+saltBytes]
	for at, n := headBytes, 0; n < blocks-1; at, n = at+1, n+1 {
		at += bytes.Index(b[at:], salt)
		if n%2 == 0 {
			b[at+saltBytes] ^= 1
		}
	}
	must(t, os.WriteFile(path, b, 0o600))
	began := time.Now()
	l = open(t, Options{Dir: dir})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("opening took %v", took)
	}
	for n := range 10 {
		_, err := l.Next(t.Context(), experience.Position{Sequence: uint64(n)}, 1)
		if n > 0 {
			_, _, err = l.engine.block(t.Context(), uint64(n))
		}
		if damaged := n != 0 && n%2 == 1 || n == 0; damaged != errors.Is(err, ErrDamaged) {
			t.Errorf("block %d: %v", n, err)
		}
	}
}

// TestIndexesAreFewInMemory: however many files there are, few know where their
// blocks lie.
func TestIndexesAreFewInMemory(t *testing.T) {
	l := open(t, Options{fileBytes: 300, sync: nothing, syncNames: noNames})
	for i := range 60 {
		must(t, l.Append(t.Context(), []experience.Record{record(fmt.Sprint(i))}))
	}
	readAll(t, l, experience.Position{}, 1)
	f := l.engine.(*folder)
	kept := 0
	for _, one := range f.files {
		if one.index != nil {
			kept++
		}
	}
	if len(f.files) < 10 || kept > 2 {
		t.Errorf("%d of %d files keep their index", kept, len(f.files))
	}
}

// TestTroubleThatPasses: too many open files are no damage.
func TestTroubleThatPasses(t *testing.T) {
	if err := fetchFailed(1, &os.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}); errors.Is(err, ErrDamaged) || experience.CodeOf(err) != experience.Unavailable {
		t.Errorf("%v", err)
	}
}

// TestBusLeavesNothing: listeners end when they are cancelled, and with the log.
func TestBusLeavesNothing(t *testing.T) {
	l := open(t, Options{})
	before := runtime.NumGoroutine()
	var cancels []func()
	for range 50 {
		cancel, err := l.Subscribe("s", func([]byte) {})
		must(t, err)
		cancels = append(cancels, cancel)
	}
	must(t, l.Publish("s", []byte("x")))
	for _, cancel := range cancels[:25] {
		cancel()
		cancel()
	}
	must(t, l.Close())
	for _, cancel := range cancels {
		cancel()
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		runtime.Gosched()
	}
}
