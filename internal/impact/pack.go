package impact

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"regia/internal/experience"
)

// pack holds everybody's marks in little memory: about forty bytes for each
// interaction that did something known, most of them its id.
type pack struct {
	vocabulary
	chunks      [][]byte
	people      []place // in the order of their ids once closed
	names       words
	touchpoints words
	impressions int64
}

// place is where a person's marks begin.
type place struct {
	person        experience.ID // zero: nobody known
	chunk, offset uint32
	length        uint32
}

// words numbers texts.
type words struct {
	list []string
	of   map[string]int
}

func (w *words) number(text string) uint64 {
	i, ok := w.of[text]
	if !ok {
		if w.of == nil {
			w.of = map[string]int{}
		}
		i = len(w.list)
		text = strings.Clone(text)
		w.list = append(w.list, text)
		w.of[text] = i
	}
	return uint64(i)
}

const chunkSize = 1 << 20

// isOne marks the amount that most rules have, which then is not written.
const isOne = 8

// add keeps what is known of one person's moments; marks are in their order.
func (p *pack) add(person experience.ID, moments []Moment, marks []mark) {
	if len(marks) == 0 {
		return
	}
	if n := len(p.chunks); n == 0 || cap(p.chunks[n-1])-len(p.chunks[n-1]) < 4096 {
		p.chunks = append(p.chunks, make([]byte, 0, chunkSize))
	}
	chunk := len(p.chunks) - 1
	b := p.chunks[chunk]
	start := len(b)
	var before int64
	var order string
	for len(marks) > 0 {
		n := 1
		for n < len(marks) && marks[n].moment == marks[0].moment {
			n++
		}
		m := &moments[marks[0].moment]
		b = append(b, m.ID[:]...)
		b = appendTime(b, m.Time.UnixMicro()-before)
		before = m.Time.UnixMicro()
		b = append(b, byte(slices.Index(experience.Kinds, m.Kind)))
		b = binary.AppendUvarint(b, p.names.number(m.Name))
		b = binary.AppendUvarint(b, p.touchpoints.number(m.Touchpoint))
		b = appendOrder(b, m.Order, order)
		if m.Order != "" {
			order = m.Order
		}
		b = binary.AppendUvarint(b, uint64(n))
		for _, k := range marks[:n] {
			head := k.evidence<<4 | k.dimension
			if k.amount == 1 {
				head |= isOne
			}
			b = append(b, head)
			b = binary.AppendUvarint(b, uint64(k.which))
			if k.amount != 1 {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(k.amount))
			}
		}
		marks = marks[n:]
		p.impressions++
	}
	p.chunks[chunk] = b
	p.people = append(p.people, place{person, uint32(chunk), uint32(start), uint32(len(b) - start)})
}

// appendTime writes microseconds, whole seconds shorter.
func appendTime(b []byte, micros int64) []byte {
	if micros%1e6 == 0 {
		return binary.AppendVarint(b, micros/1e6*2)
	}
	return binary.AppendVarint(b, micros*2+1)
}

// appendOrder writes 0 for none, 1 for the one before, else its length and 2.
func appendOrder(b []byte, order, before string) []byte {
	switch {
	case order == "":
		return append(b, 0)
	case order == before:
		return append(b, 1)
	}
	return append(binary.AppendUvarint(b, uint64(len(order))+2), order...)
}

// close puts people in the order of their ids.
func (p *pack) close() {
	slices.SortStableFunc(p.people, func(a, b place) int { return bytes.Compare(a.person[:], b.person[:]) })
	for i, c := range p.chunks {
		if cap(c)-len(c) > chunkSize/8 {
			p.chunks[i] = slices.Clone(c)
		}
	}
	p.names.of, p.touchpoints.of = nil, nil
}

// find gives where a person's marks are.
func (p *pack) find(person experience.ID) (place, bool) {
	i := sort.Search(len(p.people), func(i int) bool { return bytes.Compare(p.people[i].person[:], person[:]) >= 0 })
	if person.IsZero() || i == len(p.people) || p.people[i].person != person {
		return place{}, false
	}
	return p.people[i], true
}

// entry is one interaction of the pack, unpacked. It is used again for the
// next: whoever keeps it copies it.
type entry struct {
	id         experience.ID
	at         int64 // microseconds since 1970
	kind       experience.Kind
	name       int
	touchpoint int
	order      []byte // the pack's own bytes
	marks      []mark
}

// each unpacks a person's entries, oldest first.
func (p *pack) each(at place, do func(*entry)) {
	b := p.chunks[at.chunk][at.offset : at.offset+at.length]
	var e entry
	var order []byte
	for len(b) > 0 {
		copy(e.id[:], b)
		b = b[len(e.id):]
		t, n := binary.Varint(b)
		b = b[n:]
		if t%2 == 0 {
			e.at += t / 2 * 1e6
		} else {
			e.at += (t - 1) / 2
		}
		e.kind, b = experience.Kinds[b[0]], b[1:]
		e.name, b = uvarint(b)
		e.touchpoint, b = uvarint(b)
		var length int
		length, b = uvarint(b)
		switch length {
		case 0:
			e.order = nil
		case 1:
			e.order = order
		default:
			e.order, b = b[:length-2], b[length-2:]
			order = e.order
		}
		var count int
		count, b = uvarint(b)
		e.marks = e.marks[:0]
		for range count {
			head := b[0]
			k := mark{evidence: head >> 4, dimension: head & 7, amount: 1}
			k.which, b = uvarint(b[1:])
			if head&isOne == 0 {
				k.amount = math.Float32frombits(binary.LittleEndian.Uint32(b))
				b = b[4:]
			}
			e.marks = append(e.marks, k)
		}
		do(&e)
	}
}

func uvarint(b []byte) (int, []byte) {
	v, n := binary.Uvarint(b)
	return int(v), b[n:]
}

// impression weighs an entry; false where nothing is left of it.
func (p *pack) impression(b *Book, person experience.ID, e *entry) (experience.Impression, bool) {
	out := experience.Impression{
		Interaction: e.id, Person: person, Time: time.UnixMicro(e.at).UTC(), Kind: e.kind, Name: p.names.list[e.name],
		Touchpoint: p.touchpoints.list[e.touchpoint], Order: string(e.order),
	}
	for _, k := range e.marks {
		if impact, ok := b.impact(k, &p.vocabulary); ok {
			out.Impacts = append(out.Impacts, impact)
		}
	}
	return out, len(out.Impacts) > 0
}

// size is how many bytes the pack takes.
func (p *pack) size() int64 {
	n := int64(cap(p.people)) * 32
	for _, c := range p.chunks {
		n += int64(cap(c))
	}
	return n
}
