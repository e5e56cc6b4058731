package stream

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"regia/internal/experience"
)

const (
	largestBlock = 2 << 20
	fileBytes    = 64 << 20       // of one file: what is trimmed at a time
	fileShare    = 8              // a log that may not grow much has so many files
	fileAge      = 24 * time.Hour // a file takes blocks for so long at most
)

// folder keeps blocks in files of a folder, one after the other. Only the last
// file is written.
type folder struct {
	bus
	dir       string
	most      int64 // bytes in all
	fileBytes int64
	clock     experience.Clock
	logger    *slog.Logger
	sync      func(*os.File) error
	syncNames func(dir string) error
	mark      *mark
	out       output  // of the writer
	in        reading // of the reader

	mu      sync.Mutex
	files   []*file // the oldest first; their index may be read by whoever holds mu
	indexed *file   // of those that are complete, the one whose index is kept
	last    uint64  // number of the last block that is on disk
	bytes   int64   // in all files, heads included, zeros not
	grown   chan struct{}
}

// openFolder opens the log in a folder. What was being written when the process
// ended, and never acknowledged, is dropped.
func openFolder(o Options) (_ *folder, err error) {
	f := &folder{
		dir: o.Dir, most: o.MaxBytes, fileBytes: cmp.Or(o.fileBytes, min(fileBytes, o.MaxBytes/fileShare)),
		clock: o.Clock, logger: o.Logger, sync: o.sync, syncNames: o.syncNames, grown: make(chan struct{}),
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, cannotOpen(err)
	}
	if f.mark, err = openMark(f.dir); err != nil {
		return nil, err
	}
	for _, step := range []func() error{f.findFiles, f.leaveUnfinished, f.findEnd, f.verifyMark, f.settle} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func cannotOpen(err error) error {
	return experience.Errorf(experience.Unavailable, "the log cannot be opened: %w", err)
}

// findFiles finds what files there are.
func (f *folder) findFiles() error {
	list, err := os.ReadDir(f.dir) // sorted by name, and so by number: names are equally long
	if err != nil {
		return cannotOpen(err)
	}
	for _, found := range list {
		if filepath.Ext(found.Name()) != fileEnd {
			continue
		}
		first, ok := numberOf(found.Name())
		if !ok {
			f.logger.Warn("a file in the folder of the log is none of its files", "file", found.Name())
			continue
		}
		one, err := describeFile(filepath.Join(f.dir, found.Name()), first)
		if err != nil {
			return cannotOpen(err)
		}
		f.files, f.bytes = append(f.files, one), f.bytes+one.size
	}
	if len(f.files) == 0 {
		return refuseEarlier(f.dir)
	}
	return nil
}

// refuseEarlier refuses a folder whose log is in the form it had before there
// were files of our own.
func refuseEarlier(dir string) error {
	_, err := os.Stat(filepath.Join(dir, "jetstream", "$G", "streams", streamName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return experience.Errorf(experience.Unavailable, "the log in %s was kept by an earlier build of Regia, and this one cannot read it: weave and export what is there with that build (regia verify, regia export), then begin in a new folder", dir)
}

// leaveUnfinished puts aside a last file that was begun and whose beginning
// never came to disk.
func (f *folder) leaveUnfinished() error {
	for n := len(f.files) - 1; n >= 0 && f.files[n].damaged; n-- {
		one := f.files[n]
		if one.first <= f.mark.at.sequence {
			return fmt.Errorf("%w: %s, which begins with block %d: %w; restore the folder from a copy, or move the file away to go on without its blocks", ErrDamaged, one.path, one.first, errHead)
		}
		f.logger.Warn("a file of the log was begun and holds nothing that was acknowledged; it is put aside", "file", one.path)
		if err := os.Rename(one.path, one.path+".unfinished"); err != nil {
			return cannotOpen(err)
		}
		f.files, f.bytes = f.files[:n], f.bytes-one.size
	}
	return nil
}

// findEnd finds the last block.
func (f *folder) findEnd() error {
	if len(f.files) == 0 {
		return nil
	}
	one := f.files[len(f.files)-1]
	out, err := os.OpenFile(one.path, os.O_RDWR, 0)
	if err != nil {
		return cannotOpen(err)
	}
	index, end, err := one.scan(out, math.MaxUint64)
	if err == nil && len(index) > 0 {
		// The last one alone may be half written.
		last := index[len(index)-1]
		data := make([]byte, last.length)
		if _, err = out.ReadAt(data, last.offset); err == nil && !intact(data) {
			index, end = index[:len(index)-1], last.offset-headBytes
		}
	}
	if err != nil {
		return errors.Join(cannotOpen(err), out.Close())
	}
	f.out = output{file: out, end: end, prepared: one.size}
	f.bytes += end - one.size
	one.index, one.size, f.last = index, end, one.first+uint64(len(index))-1
	return nil
}

// settle has what was found on disk, and nothing behind it: the process before
// may have ended, or its disk have refused, when the last block was written and
// not yet known to be there, and who reads it builds on it.
func (f *folder) settle() error {
	err := errors.Join(f.syncNames(f.dir), f.syncNames(filepath.Dir(f.dir)))
	if err != nil {
		return cannotOpen(err)
	}
	if f.out.file == nil {
		return nil
	}
	o, one := f.out, f.files[len(f.files)-1]
	_, err = o.file.WriteAt(one.head(), 0)
	var at marked
	if n := len(one.index); n > 0 && one.index[n-1].offset > 0 && err == nil {
		last := one.index[n-1]
		data := make([]byte, last.length)
		if _, err = o.file.ReadAt(data, last.offset); err == nil {
			err, at = writeBlock(o.file, last.offset-headBytes, one.blockHead(f.last, last), data), describe(f.last, data)
		}
	}
	if err == nil {
		err = clearRest(o.file, o.end, o.prepared)
	}
	if err == nil {
		err = f.sync(o.file)
	}
	if err == nil {
		err = f.mark.write(at)
	}
	if err != nil {
		return cannotOpen(err)
	}
	return nil
}

// intact tells whether a sealed block is what was sealed.
func intact(data []byte) bool {
	n := len(data) - blockChecksum
	return n >= blockHeader && crc32.Checksum(data[:n], castagnoli) == binary.LittleEndian.Uint32(data[n:])
}

// verifyMark refuses a log that lost what it had acknowledged.
func (f *folder) verifyMark() error {
	at := f.mark.at
	if at.sequence == 0 || len(f.files) > 0 && at.sequence < f.files[0].first && f.last >= f.files[0].first {
		// None, or killed before it marked its last blocks, which were woven and the
		// marked one trimmed since. What is lost before it is woven, its reader misses.
		return nil
	}
	err := missing(f.last+1, at.sequence)
	if at.sequence <= f.last {
		var data []byte
		data, _, err = f.block(context.Background(), at.sequence)
		if err == nil && describe(at.sequence, data) == at && intact(data) {
			return nil
		}
		err = fmt.Errorf("%w: block %d is not the one that was acknowledged", ErrDamaged, at.sequence)
	}
	return fmt.Errorf("%w; restore the folder from a copy, or remove %s to go on without them", err, f.mark.file.Name())
}

func (f *folder) largest() int { return largestBlock }

func (f *folder) close() (err error) {
	f.bus.close()
	if f.in.file != nil {
		err = f.in.file.Close()
	}
	if f.out.file != nil {
		err = errors.Join(err, f.out.file.Close())
	}
	return errors.Join(err, f.mark.close())
}

func (f *folder) tail(context.Context) (Tail, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Tail{First: f.first(), Last: f.last, Bytes: f.bytes}, nil
}

// first is the number of the oldest block; mu is held.
func (f *folder) first() uint64 {
	if len(f.files) == 0 {
		return f.last + 1
	}
	return f.files[0].first
}

// trim drops files whose blocks are all before keep and were all written before
// a time, as the next file tells.
func (f *folder) trim(_ context.Context, keep uint64, before time.Time) error {
	for {
		f.mu.Lock()
		if len(f.files) < 2 || f.files[1].first > keep || f.files[1].since.After(before) {
			f.mu.Unlock()
			return nil
		}
		gone := f.files[0]
		f.files, f.bytes = f.files[1:], f.bytes-gone.size
		f.mu.Unlock()
		if err := os.Remove(gone.path); err != nil {
			return experience.Errorf(experience.Unavailable, "a file of the log cannot be removed: %w", err)
		}
	}
}
