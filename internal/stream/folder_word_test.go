package stream

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

// image is what a folder holds: the bytes of each file.
type image map[string][]byte

func imageOf(t *rapid.T, dir string) image {
	list, err := os.ReadDir(dir)
	fatal(t, err)
	i := image{}
	for _, found := range list {
		i[found.Name()], err = os.ReadFile(filepath.Join(dir, found.Name()))
		fatal(t, err)
	}
	return i
}

func (i image) write(t *rapid.T, dir string) {
	fatal(t, os.RemoveAll(dir))
	fatal(t, os.Mkdir(dir, 0o700))
	for name, b := range i {
		fatal(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
}

func fatal(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const sector = 512

// powerLost gives what may be on a disk that lost power between two images, of
// which the first was synchronised: each sector as it was before or after, each
// file as long as before, as after, or between; a new one there or not.
func powerLost(random *rand.Rand, before, after image) image {
	out := image{}
	for _, name := range sorted(before, after) {
		old, there := before[name]
		young, stays := after[name]
		if (!there || !stays) && random.IntN(2) == 0 {
			continue // not made yet, or removed already
		}
		if !stays {
			young = old
		}
		length := []int{len(old), len(young), min(len(old), len(young)) + random.IntN(1+max(len(old), len(young))-min(len(old), len(young)))}[random.IntN(3)]
		b := make([]byte, length)
		copy(b, old)
		some := random.IntN(3) // none, some or all of the sectors
		for at := 0; at < min(length, len(young)); at += sector {
			if some == 2 || some == 1 && random.IntN(2) == 0 {
				copy(b[at:min(at+sector, length)], young[at:])
			}
		}
		out[name] = b
	}
	return out
}

// sorted gives the names in images.
func sorted(images ...image) (names []string) {
	for _, i := range images {
		names = slices.AppendSeq(names, maps.Keys(i))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// keeper holds a log against what it promised.
type keeper struct {
	dir     string
	log     *Log
	random  *rand.Rand
	failing bool
	number  int
	kept    []string            // acknowledged, or found and given: in order
	from    int                 // of kept, the first that was not read
	at      experience.Position // up to where it was read
	refused []string            // nobody was told that they are kept; some may be found
	marks   [][]byte            // what the file of the mark held
}

func (k *keeper) open(t *rapid.T) error {
	var err error
	k.log, err = Open(t.Context(), Options{Dir: k.dir, fileBytes: 3000, MaxBlock: minBlock, syncNames: noNames, sync: func(*os.File) error {
		if k.failing {
			return errors.New("the disk is broken")
		}
		return nil
	}})
	return err
}

func (k *keeper) close(t *rapid.T) {
	if k.log != nil {
		fatal(t, k.log.Close())
		k.log = nil
	}
}

// append writes a call's events.
func (k *keeper) append(t *rapid.T) error {
	var records []experience.Record
	var ids []string
	for range 1 + k.random.IntN(3) {
		k.number++
		id := fmt.Sprintf("%06d", k.number)
		ids = append(ids, id)
		records = append(records, record(id+strings.Repeat(".", k.random.IntN(900))))
	}
	err := k.log.Append(t.Context(), records)
	if err == nil {
		k.kept = append(k.kept, ids...)
	} else {
		k.refused = append(k.refused, ids...)
	}
	b, markErr := os.ReadFile(filepath.Join(k.dir, markName))
	fatal(t, markErr)
	k.marks = append(k.marks, b)
	return err
}

// read reads on to the end: everything that was kept comes, in order, and
// nothing else but perhaps what was refused.
func (k *keeper) read(t *rapid.T, steps int) error {
	tail, err := k.log.Tail(t.Context())
	fatal(t, err)
	for ; steps > 0 && k.at.Sequence < tail.Last; steps-- {
		blocks, err := k.log.Next(t.Context(), k.at, 1+k.random.IntN(20))
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if k.at = b.Position; !slices.IsSortedFunc(b.Records, func(a, b experience.Record) int { return bytes.Compare(a.Event, b.Event) }) {
				t.Fatal("a block is in another order")
			}
			for _, r := range b.Records {
				id := string(r.Event[:6])
				if slices.Contains(k.refused, id) && (k.from == 0 || k.kept[k.from-1] < id) {
					k.kept = slices.Insert(k.kept, k.from, id) // it was there after all
				}
				if k.from == len(k.kept) || k.kept[k.from] != id {
					t.Fatalf("%s came; kept is %v, of which %d were read", id, k.kept, k.from)
				}
				k.from++
			}
		}
	}
	if k.at.Sequence == tail.Last && k.from < len(k.kept) {
		t.Fatalf("acknowledged and gone: %v", k.kept[k.from:])
	}
	return nil
}

// losePower loses it while a block is written, and starts again.
func (k *keeper) losePower(t *rapid.T) {
	before := imageOf(t, k.dir)
	kept, marks := len(k.kept), k.marks
	k.failing = k.random.IntN(3) == 0
	_ = k.append(t)
	k.failing, k.marks = false, marks // a mark follows its block
	if len(k.kept) > kept {           // nobody was told of it
		k.refused, k.kept = append(k.refused, k.kept[kept:]...), k.kept[:kept]
	}
	after := imageOf(t, k.dir)
	k.close(t)
	lost := powerLost(k.random, before, after)
	lost[markName] = nil // it is never synchronised
	if n := k.random.IntN(len(k.marks)); n > 0 {
		lost[markName] = k.marks[n-1]
	}
	lost.write(t, k.dir)
	if err := k.open(t); err != nil {
		t.Fatalf("after the power came back: %v", err)
	}
}

// damage changes the folder, whose log is closed, in one place.
func (k *keeper) damage(t *rapid.T) {
	i := imageOf(t, k.dir)
	name := rapid.SampledFrom(sorted(i)).Draw(t, "file")
	b := i[name]
	switch what := rapid.SampledFrom([]string{"flip", "flip in what is used", "cut", "zeros", "remove", "add", "rename"}).Draw(t, "damage"); what {
	case "flip", "flip in what is used":
		most := len(b)
		if what != "flip" {
			most = len(bytes.TrimRight(b, "\x00"))
		}
		if most > 0 {
			b[k.random.IntN(most)] ^= 1 << k.random.IntN(8)
		}
	case "cut":
		i[name] = b[:k.random.IntN(len(b)+1)]
	case "zeros":
		at := k.random.IntN(len(b) + 1)
		clear(b[at:min(len(b), at+sector)])
	case "remove":
		delete(i, name)
	case "add":
		i[name] = append(b, bytes.Repeat([]byte{byte(k.random.Int())}, k.random.IntN(2000))...)
	case "rename":
		i["other"+name] = b
		delete(i, name)
	}
	i.write(t, k.dir)
}

// TestFolderKeepsItsWord: appends, readings, closings, a broken disk and lost
// power in any order lose nothing that was acknowledged, give nothing twice and
// nothing in another order, and are never called damage. Then something is
// damaged: everything is read all the same, or the damage is named.
func TestFolderKeepsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		home, err := os.MkdirTemp("", "regia-word-")
		fatal(t, err)
		defer os.RemoveAll(home)
		seed := rapid.Uint64().Draw(t, "seed")
		k := &keeper{dir: filepath.Join(home, "log"), random: rand.New(rand.NewPCG(seed, 1))}
		defer k.close(t)
		fatal(t, k.open(t))
		fatal(t, k.append(t))
		for _, what := range rapid.SliceOfN(rapid.SampledFrom([]string{"append", "append", "append", "read", "reopen", "broken", "power", "trim"}), 1, 40).Draw(t, "what") {
			k.step(t, what)
		}
		fatal(t, k.read(t, 1000))
		from, at := k.from, k.at // what comes now is not read before it is damaged
		for range 1 + k.random.IntN(12) {
			fatal(t, k.append(t))
		}
		k.close(t)
		k.damage(t)
		k.from, k.at = from, at
		if err := k.open(t); err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("opening what was damaged: %v", err)
			}
			k.log = nil
			return
		}
		fatal(t, k.append(t))
		if err := k.read(t, 1000); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatalf("reading what was damaged: %v", err)
		}
	})
}

func (k *keeper) step(t *rapid.T, what string) {
	switch what {
	case "append":
		fatal(t, k.append(t))
	case "read":
		fatal(t, k.read(t, 1+k.random.IntN(4)))
	case "reopen":
		k.close(t)
		fatal(t, k.open(t))
	case "broken":
		k.failing = true
		if k.append(t) == nil {
			t.Fatal("acknowledged by a broken disk")
		}
		k.failing = false
	case "power":
		k.losePower(t)
	case "trim":
		fatal(t, k.log.engine.trim(t.Context(), k.at.Sequence, k.log.o.Clock().Add(farAhead)))
	}
}

// FuzzFolder opens folders that hold anything: whatever it is, nothing panics,
// what is written then is there, and nothing is given twice.
func FuzzFolder(f *testing.F) {
	one := &file{first: 1, salt: [saltBytes]byte{1, 2, 3, 4, 5, 6, 7, 8}}
	head, blocks := one.head(), []byte{}
	for n := range 3 {
		e := newEncoder(0)
		e.add(record(fmt.Sprint("event ", n)))
		block := e.seal()
		blocks = append(append(blocks, one.blockHead(uint64(n+1), entry{length: uint32(len(block)), written: 1e15})...), block...)
	}
	at := (&mark{}).at
	f.Add(head, blocks, uint64(1), []byte{})
	f.Add(head, append(slices.Clone(blocks), make([]byte, 100)...), uint64(1), []byte("mark"))
	f.Add(head, one.blockHead(1<<20, entry{length: 9}), uint64(1), []byte{})
	f.Add(head, append(one.blockHead(3, entry{length: 1 << 31}), blocks...), uint64(9), []byte{})
	f.Add([]byte(fileMagic), blocks, uint64(1<<63), fmt.Append(nil, at))
	f.Fuzz(func(t *testing.T, head, blocks []byte, first uint64, acknowledged []byte) {
		if first == 0 || first > 1<<62 {
			first = 1
		}
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, fileName(first)), append(head, blocks...), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, markName), acknowledged, 0o600))
		for round := range 2 {
			l, err := Open(t.Context(), Options{Dir: dir, fileBytes: 1000, sync: nothing, syncNames: noNames})
			if err != nil {
				if !errors.Is(err, ErrDamaged) || round > 0 {
					t.Fatal(err)
				}
				return
			}
			must(t, l.Append(t.Context(), []experience.Record{record("new")}))
			tail, err := l.Tail(t.Context())
			must(t, err)
			for at := (experience.Position{Sequence: tail.First - 1}); at.Sequence < tail.Last; {
				blocks, err := l.Next(t.Context(), at, 100)
				if errors.Is(err, ErrDamaged) {
					break
				}
				must(t, err)
				if blocks[0].Position.Sequence != at.Sequence+1 {
					t.Fatalf("block %d follows block %d", blocks[0].Position.Sequence, at.Sequence)
				}
				if at = blocks[len(blocks)-1].Position; at.Sequence == tail.Last {
					last := blocks[len(blocks)-1].Records
					if string(last[0].Event) != "new" {
						t.Fatalf("what was written is %q", last[0].Event)
					}
				}
			}
			must(t, l.Close())
		}
	})
}
