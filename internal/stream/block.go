package stream

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"regia/internal/experience"
)

// A block is laid out as
//
//	version   1 byte
//	count     4 bytes, little endian: records in the block
//	records   each: source, received, flags, event
//	checksum  4 bytes, little endian: CRC-32C of everything before it
//
// where source is an index (uvarint) into the sources of this block, in order
// of first appearance; the index that equals their number introduces a new one,
// whose length (uvarint) and text follow. received is the difference in
// microseconds to the record before (varint), flags a varint, event a length
// (uvarint) and its bytes.
const (
	blockVersion  = 1
	blockHeader   = 1 + 4
	blockChecksum = 4
	maxVarint     = binary.MaxVarintLen64
	blockOverhead = blockHeader + blockChecksum
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder fills one block.
type encoder struct {
	buf     []byte
	sources map[string]uint64
	count   uint32
	last    int64 // received of the record before, in microseconds
}

func newEncoder(capacity int) *encoder {
	e := &encoder{buf: make([]byte, blockHeader, max(capacity, blockHeader)), sources: map[string]uint64{}}
	e.buf[0] = blockVersion
	return e
}

// reset empties the encoder for the next block; its memory is used again, so
// what seal gave is gone.
func (e *encoder) reset() {
	clear(e.sources)
	e.buf, e.count, e.last = e.buf[:blockHeader], 0, 0
}

// bound is the most bytes a record can take in a block.
func bound(r experience.Record) int {
	return 5*maxVarint + len(r.Source) + len(r.Event)
}

// size is what the block would take now, sealed.
func (e *encoder) size() int { return len(e.buf) + blockChecksum }

func (e *encoder) add(r experience.Record) {
	index, known := e.sources[r.Source]
	if !known {
		index = uint64(len(e.sources))
		e.sources[r.Source] = index
	}
	e.buf = binary.AppendUvarint(e.buf, index)
	if !known {
		e.buf = binary.AppendUvarint(e.buf, uint64(len(r.Source)))
		e.buf = append(e.buf, r.Source...)
	}
	received := r.ReceivedAt.UnixMicro()
	e.buf = binary.AppendVarint(e.buf, received-e.last)
	e.last = received
	e.buf = binary.AppendVarint(e.buf, int64(r.Flags))
	e.buf = binary.AppendUvarint(e.buf, uint64(len(r.Event)))
	e.buf = append(e.buf, r.Event...)
	e.count++
}

// seal completes the block and gives its bytes. Nothing may be added after.
func (e *encoder) seal() []byte {
	binary.LittleEndian.PutUint32(e.buf[1:], e.count)
	return binary.LittleEndian.AppendUint32(e.buf, crc32.Checksum(e.buf, castagnoli))
}

var errCut = errors.New("the block is cut short")

// decode reads a block. The events it gives are parts of data, not copies.
func decode(data []byte) ([]experience.Record, error) {
	if len(data) < blockOverhead {
		return nil, errCut
	}
	body, sum := data[:len(data)-blockChecksum], binary.LittleEndian.Uint32(data[len(data)-blockChecksum:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, errors.New("the checksum does not match")
	}
	if body[0] != blockVersion {
		return nil, fmt.Errorf("version %d is not known to this version of Regia", body[0])
	}
	d := decoder{rest: body[blockHeader:]}
	count := int(binary.LittleEndian.Uint32(body[1:]))
	if count > len(d.rest)/4 { // a record takes four bytes at least
		return nil, errCut
	}
	records := make([]experience.Record, count)
	for i := range records {
		records[i] = d.record()
	}
	if d.err == nil && len(d.rest) > 0 {
		d.err = errors.New("something follows the last record")
	}
	return records, d.err
}

// decoder reads records one after the other and remembers the first error.
type decoder struct {
	rest    []byte
	sources []string
	last    int64
	err     error
}

func (d *decoder) record() experience.Record {
	index := d.uvarint()
	if index == uint64(len(d.sources)) {
		d.sources = append(d.sources, string(d.bytes()))
	}
	d.last += d.varint()
	flags := d.varint()
	event := d.bytes()
	if d.err == nil && index >= uint64(len(d.sources)) {
		d.err = fmt.Errorf("source %d was never introduced", index)
	}
	if d.err != nil {
		return experience.Record{}
	}
	return experience.Record{
		Source:     d.sources[index],
		ReceivedAt: time.UnixMicro(d.last).UTC(),
		Flags:      experience.Flags(flags),
		Event:      event,
	}
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.advance(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.advance(n)
	return v
}

func (d *decoder) advance(n int) {
	if n <= 0 {
		if d.err == nil {
			d.err = errCut
		}
		d.rest = nil
		return
	}
	d.rest = d.rest[n:]
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		if d.err == nil {
			d.err = errCut
		}
		d.rest = nil
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// fingerprint is the hash that a position carries.
func fingerprint(block []byte) string {
	sum := sha256.Sum256(block)
	return hex.EncodeToString(sum[:])
}
