package ledger

import (
	"encoding/binary"

	"regia/internal/experience"
)

// idSet is a set of ids of which it keeps 32 bits each, 5 to 10 bytes: of ids
// that are not in it one in a thousand million is taken for one that is. Its
// last table is filled.
type idSet []*fingerprints

// fingerprints is a part of an idSet, in open addressing.
type fingerprints struct {
	slots []uint32 // 0: empty; a power of two of them
	used  int
}

const (
	firstSlots = 1 << 12
	mostSlots  = 1 << 22       // in one table: 16 MB
	mostIDs    = 6 * mostSlots // that are remembered as seen, in all: 128 MB; beyond them the table is asked
	fullAt     = 4             // a table is full when one slot of so many is empty
)

func (f *fingerprints) find(id *experience.ID) (at int, there bool, mark uint32) {
	// Fibonacci hashing (Knuth, vol. 3, 6.4): the ids of invented people are no hashes.
	h := (binary.LittleEndian.Uint64(id[:]) ^ binary.BigEndian.Uint64(id[8:])) * 0x9E3779B97F4A7C15
	mark = uint32(h) | 1
	mask := len(f.slots) - 1
	for at = int(h>>32) & mask; ; at = (at + 1) & mask {
		switch f.slots[at] {
		case 0:
			return at, false, mark
		case mark:
			return at, true, mark
		}
	}
}

// add puts an id in, unless it is there.
func (s *idSet) add(id *experience.ID) {
	if s.has(id) {
		return
	}
	if len(*s) == 0 {
		*s = append(*s, &fingerprints{slots: make([]uint32, firstSlots)})
	}
	last := (*s)[len(*s)-1]
	at, _, mark := last.find(id)
	if last.used >= len(last.slots)-len(last.slots)/fullAt {
		last = &fingerprints{slots: make([]uint32, min(2*len(last.slots), mostSlots))}
		*s = append(*s, last)
		at, _, mark = last.find(id)
	}
	last.slots[at] = mark
	last.used++
}

func (s idSet) has(id *experience.ID) bool {
	for _, t := range s {
		if _, there, _ := t.find(id); there {
			return true
		}
	}
	return false
}

func (s idSet) size() (n int) {
	for _, t := range s {
		n += t.used
	}
	return n
}
