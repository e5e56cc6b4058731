package stream

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A file of the log is laid out as
//
//	head     "regialog", salt, number of its first block, 4 bytes unused, checksum
//	blocks   each: salt, number, when it was written, length, checksum; then the block
//	zeros    room written ahead, so that a block changes nothing of the file but bytes
//
// Numbers have 8 bytes, as has the time (microseconds since 1970); lengths and
// checksums (CRC-32C of what stands before them in the head) have 4; all are little endian. The block has a
// checksum of its own. The salt is drawn by lot for each file: where something is
// damaged the next block is found by it, and no event can pretend to be one.
const (
	fileMagic = "regialog"
	fileEnd   = ".log"
	headBytes = 32 // of a file, and of each block in it
	saltBytes = 8

	searchBytes = 64 << 10 // read at a time where a block's head cannot be read
)

// file is one file of a folder's log.
type file struct {
	path  string
	salt  [saltBytes]byte
	first uint64    // number of its first block
	since time.Time // when that was written, or about then
	size  int64     // bytes
	index []entry   // of its blocks, from the first on; nil where nobody looked yet

	damaged bool // its head cannot be read: the rest is known by the name alone
}

// entry is where a block lies in its file, behind its head; 0 where it cannot
// be found.
type entry struct {
	offset  int64
	length  uint32
	written int64 // microseconds since 1970
}

func fileName(first uint64) string { return fmt.Sprintf("%020d%s", first, fileEnd) }

// numberOf reads the name of a file.
func numberOf(name string) (first uint64, ok bool) {
	first, err := strconv.ParseUint(strings.TrimSuffix(name, fileEnd), 10, 64)
	return first, err == nil && first > 0 && name == fileName(first)
}

func (f *file) head() []byte {
	b := append(append(make([]byte, 0, headBytes), fileMagic...), f.salt[:]...)
	b = binary.LittleEndian.AppendUint64(b, f.first)
	return checked(append(b, 0, 0, 0, 0))
}

// blockHead is what stands before block number n.
func (f *file) blockHead(n uint64, e entry) []byte {
	b := append(make([]byte, 0, headBytes), f.salt[:]...)
	b = binary.LittleEndian.AppendUint64(b, n)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.written))
	return checked(binary.LittleEndian.AppendUint32(b, e.length))
}

func checked(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func whole(b []byte) bool {
	return len(b) == headBytes && crc32.Checksum(b[:headBytes-4], castagnoli) == binary.LittleEndian.Uint32(b[headBytes-4:])
}

// newFile describes a file whose first block will be number first.
func newFile(dir string, first uint64) *file {
	f := &file{path: filepath.Join(dir, fileName(first)), first: first, size: headBytes, index: []entry{}}
	_, _ = rand.Read(f.salt[:]) // never fails
	return f
}

// errHead says that the beginning of a file is not what it was.
var errHead = errors.New("its beginning cannot be read")

// describeFile reads the head of the file that begins with a block, and when
// that was written.
func describeFile(path string, first uint64) (*file, error) {
	f := &file{path: path, first: first}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	f.size, f.since = info.Size(), info.ModTime()
	b := make([]byte, 2*headBytes)
	n, err := in.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head, block := b[:min(n, headBytes)], b[min(n, headBytes):n]
	if !whole(head) || string(head[:len(fileMagic)]) != fileMagic || binary.LittleEndian.Uint64(head[16:]) != f.first {
		f.damaged = true
		return f, nil
	}
	copy(f.salt[:], head[len(fileMagic):])
	if number, e, ok := f.parse(block, headBytes); ok && number == f.first {
		f.since = time.UnixMicro(e.written)
	}
	return f, nil
}

// parse reads the head of a block that begins at an offset less headBytes.
func (f *file) parse(head []byte, offset int64) (number uint64, e entry, ok bool) {
	if !whole(head) || !bytes.Equal(head[:saltBytes], f.salt[:]) {
		return 0, entry{}, false
	}
	return binary.LittleEndian.Uint64(head[8:]), entry{
		offset: offset + headBytes, written: int64(binary.LittleEndian.Uint64(head[16:])), length: binary.LittleEndian.Uint32(head[24:]),
	}, true
}

// scan finds the blocks of a file, at most so many, and tells where the next one
// would begin. Blocks whose head cannot be read, though later ones can, have an
// entry of their own, empty.
func (f *file) scan(in io.ReaderAt, most uint64) (index []entry, end int64, err error) {
	end = headBytes
	head := make([]byte, headBytes)
	for index = []entry{}; uint64(len(index)) < most; {
		n, err := in.ReadAt(head, end)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		number, e, ok := f.parse(head[:n], end)
		if !ok || number != f.first+uint64(len(index)) || e.offset+int64(e.length) > f.size {
			number, e, err = f.search(in, end, f.first+uint64(len(index)))
			if err != nil || number == 0 || number-f.first >= most {
				return index, end, err
			}
		}
		index = append(append(index, make([]entry, number-f.first-uint64(len(index)))...), e)
		end = e.offset + int64(e.length)
	}
	return index, end, nil
}

// search looks for the next block that can be read, from an offset on; 0 when
// there is none.
func (f *file) search(in io.ReaderAt, from int64, least uint64) (number uint64, e entry, err error) {
	part := make([]byte, searchBytes)
	for from+headBytes <= f.size {
		n, err := in.ReadAt(part[:min(searchBytes, f.size-from)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, entry{}, err
		}
		if n < headBytes {
			break // the file is shorter than it was
		}
		for at := 0; at+headBytes <= n; at++ {
			next := bytes.Index(part[at:n], f.salt[:])
			if next < 0 || at+next+headBytes > n {
				break // one that is cut begins the next part
			}
			at += next
			number, e, ok := f.parse(part[at:at+headBytes], from+int64(at))
			if ok && number >= least && number-f.first < uint64(f.size/headBytes) && e.offset+int64(e.length) <= f.size {
				return number, e, nil
			}
		}
		from += int64(n - headBytes + 1)
	}
	return 0, entry{}, nil
}
