package stream

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"regia/internal/experience"
)

// Overwriting zeros is half as dear to synchronise as growing a file, which is
// worth writing them before for small blocks, as they mostly are; large ones
// would wait for more zeros than they spare.
const (
	ahead      = 256 << 10 // so many zeros at a time
	smallBlock = 16 << 10  // as blocks lately were
	lately     = 8
)

// output is the file that is written; none after a write failed, because nobody
// knows then what of it is on disk.
type output struct {
	file     *os.File
	end      int64 // of the last block
	prepared int64 // of the zeros behind it
	usual    int64 // size of blocks lately
	fresh    bool  // its name is not known to be on disk
}

// append puts a block on disk. A block that was refused may be found when the
// folder is opened again, unless another one took its number: it was never
// acknowledged, and whoever sent it sends it again.
func (f *folder) append(block []byte) error {
	now, size := f.clock(), int64(headBytes+len(block))
	f.mu.Lock()
	all, number := f.bytes, f.last+1
	var one *file
	full := false
	if n := len(f.files); n > 0 {
		one = f.files[n-1]
		// What is in the last file stays however far it is woven, also where the log
		// had been allowed more: a limit that counted it alone would never let go.
		full = n > 1 && len(one.index) > 0 && all+size > f.most
	}
	f.mu.Unlock()
	if full {
		return errFull(all)
	}
	if o := &f.out; o.file == nil || o.end > headBytes && (o.end+size > f.fileBytes || now.Sub(one.since) > fileAge) {
		var err error
		if one, err = f.roll(number, now); err != nil {
			return f.failed(err)
		}
	}
	e := entry{offset: f.out.end + headBytes, length: uint32(len(block)), written: now.UnixMicro()}
	if err := f.put(one.blockHead(number, e), block); err != nil {
		return f.failed(err)
	}
	f.mu.Lock()
	one.index, one.size = append(one.index, e), one.size+size
	f.last, f.bytes = number, f.bytes+size
	grown := f.grown
	f.grown = make(chan struct{})
	f.mu.Unlock()
	close(grown)
	if err := f.mark.write(describe(number, block)); err != nil {
		f.logger.Warn("the last block could not be marked", "error", err)
	}
	return nil
}

// put writes at the end of the file, and returns once that is on disk.
func (f *folder) put(head, block []byte) error {
	o := &f.out
	end := o.end + int64(len(head)+len(block))
	o.usual += (int64(len(block)) - o.usual) / lately
	if end > o.prepared && o.usual < smallBlock {
		if err := zeros(o.file, end, end+ahead); err != nil {
			return err
		}
		o.prepared = end + ahead
	}
	err := writeBlock(o.file, o.end, head, block)
	if err == nil {
		err = f.sync(o.file)
	}
	if err == nil && o.fresh {
		err = f.syncNames(f.dir)
	}
	if err == nil {
		o.end, o.prepared, o.fresh = end, max(o.prepared, end), false
	}
	return err
}

// writeBlock writes a block behind its head.
func writeBlock(out *os.File, at int64, head, block []byte) error {
	_, err := out.WriteAt(block, at+int64(len(head)))
	if err == nil {
		_, err = out.WriteAt(head, at)
	}
	return err
}

// roll begins a new file, whose first block will be of a number.
func (f *folder) roll(number uint64, now time.Time) (*file, error) {
	if err := f.dropEmpty(number); err != nil {
		return nil, err
	}
	one := newFile(f.dir, number)
	one.since = now
	out, err := os.OpenFile(one.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := out.WriteAt(one.head(), 0); err != nil {
		return nil, errors.Join(err, out.Close(), os.Remove(one.path))
	}
	f.leaveOut()
	f.out = output{file: out, end: headBytes, prepared: headBytes, usual: f.out.usual, fresh: true}
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.files); n > 0 {
		f.keepIndex(f.files[n-1])
	}
	f.files, f.bytes = append(f.files, one), f.bytes+one.size
	return one, nil
}

// dropEmpty removes the last file where it was begun for the block of a number
// and that never came to disk.
func (f *folder) dropEmpty(number uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.files) - 1
	if n < 0 || f.files[n].first != number {
		return nil
	}
	if err := os.Remove(f.files[n].path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f.files, f.bytes = f.files[:n], f.bytes-f.files[n].size
	return nil
}

// leaveOut ends writing to a file. What is behind its last block, room or a
// block that was refused, is given back; nothing depends on that.
func (f *folder) leaveOut() {
	if f.out.file != nil {
		_ = f.out.file.Truncate(f.out.end)
		_ = f.out.file.Close()
		f.out.file = nil
	}
}

// failed gives up the file that is written: the next block begins a new one.
func (f *folder) failed(err error) error {
	f.leaveOut()
	f.logger.Warn("a block could not be written", "error", err)
	return experience.Errorf(experience.Unavailable, "the log could not be written to its disk; please send again in a moment: %w", err)
}

// zeros writes zeros from one offset to another.
func zeros(out *os.File, from, to int64) error {
	for from < to {
		n, err := out.WriteAt(zeroBytes[:min(int64(len(zeroBytes)), to-from)], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

var zeroBytes [128 << 10]byte

// clearRest has nothing but zeros from one offset to another.
func clearRest(out *os.File, from, to int64) error {
	rest := make([]byte, max(to-from, 0))
	if _, err := out.ReadAt(rest, from); err != nil {
		return err
	}
	for _, b := range rest {
		if b != 0 {
			return zeros(out, from, to)
		}
	}
	return nil
}

// syncFolder returns once the names in a folder are on disk; at once where the
// file system has no word for that (EINVAL).
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	if err = dir.Sync(); errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
