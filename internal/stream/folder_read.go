package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"syscall"
	"time"

	"regia/internal/experience"
)

// reading is where the reader of a folder is.
type reading struct {
	known bool                // at was found to be what it should be
	at    experience.Position // the last block given
	held  *Block              // read, but did not fit the last answer
	file  *os.File            // that was read last; nil = none
	path  string              // of it
}

func (f *folder) next(ctx context.Context, after experience.Position, maxRecords int) ([]Block, error) {
	r := &f.in
	if !r.known || r.at != after {
		r.known, r.held = false, nil
		if err := verify(ctx, f, after); err != nil {
			return nil, err
		}
		r.known, r.at = true, after
	}
	last, err := f.wait(ctx, after.Sequence+1)
	if err != nil {
		return nil, err
	}
	var blocks []Block
	records, size := 0, 0
	for number := after.Sequence + 1; number <= last; number++ {
		b, err := f.read(number)
		if err != nil {
			r.known = len(blocks) > 0
			if r.known { // give what is good; the error comes back with the next call
				err = nil
			}
			return blocks, err
		}
		records, size = records+len(b.Records), size+b.Bytes
		if len(blocks) > 0 && (records > maxRecords || size > answerBytes) {
			r.held = b
			break
		}
		blocks, r.at = append(blocks, *b), b.Position
		if records >= maxRecords {
			break
		}
	}
	return blocks, nil
}

// wait returns once there is a block of a number, and tells the last one.
func (f *folder) wait(ctx context.Context, number uint64) (last uint64, err error) {
	for {
		f.mu.Lock()
		last, grown := f.last, f.grown
		f.mu.Unlock()
		if last >= number {
			return last, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// read gives a block to the one reader, for whom the file stays open.
func (f *folder) read(number uint64) (*Block, error) {
	r := &f.in
	if b := r.held; b != nil {
		r.held = nil
		if b.Position.Sequence == number {
			return b, nil
		}
	}
	path, e, err := f.find(number)
	if err != nil {
		return nil, err
	}
	if r.path != path {
		if r.file != nil {
			_ = r.file.Close() // it was only read
		}
		if r.file, err = os.Open(path); err != nil {
			r.file, r.path = nil, ""
			return nil, fetchFailed(number, err)
		}
		r.path = path
	}
	data, err := fetch(r.file, number, e)
	if err != nil {
		return nil, err
	}
	return unpack(number, data, time.UnixMicro(e.written))
}

func (f *folder) block(_ context.Context, number uint64) ([]byte, time.Time, error) {
	path, e, err := f.find(number)
	if err != nil {
		return nil, time.Time{}, err
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, fetchFailed(number, err)
	}
	defer in.Close()
	data, err := fetch(in, number, e)
	return data, time.UnixMicro(e.written).UTC(), err
}

func (f *folder) written(_ context.Context, number uint64) (time.Time, error) {
	_, e, err := f.find(number)
	return time.UnixMicro(e.written).UTC(), err
}

func fetch(in *os.File, number uint64, e entry) ([]byte, error) {
	data := make([]byte, e.length)
	if _, err := in.ReadAt(data, e.offset); err != nil {
		return nil, fetchFailed(number, err)
	}
	return data, nil
}

// fetchFailed says that a block cannot be read: a file that is cut or gone, or
// whose disk cannot read it, is damage; other trouble, such as too many files
// open, may pass.
func fetchFailed(number uint64, err error) error {
	for _, damage := range []error{errHead, io.EOF, os.ErrNotExist, syscall.EIO} {
		if errors.Is(err, damage) {
			return fmt.Errorf("%w: block %d cannot be read: %w", ErrDamaged, number, err)
		}
	}
	return experience.Errorf(experience.Unavailable, "block %d of the log cannot be read: %w", number, err)
}

// find tells in which file a block is, and where.
func (f *folder) find(number uint64) (path string, e entry, err error) {
	f.mu.Lock()
	if first := f.first(); number < first || number > f.last {
		defer f.mu.Unlock()
		return "", entry{}, missing(number, number)
	}
	i := sort.Search(len(f.files), func(i int) bool { return f.files[i].first > number }) - 1
	one := f.files[i]
	index, most := one.index, uint64(0)
	if i+1 < len(f.files) {
		most = f.files[i+1].first - one.first // whatever else is in it was never acknowledged
	}
	f.mu.Unlock()
	if index == nil {
		if index, err = f.look(one, most); err != nil {
			return "", entry{}, fetchFailed(number, err)
		}
	}
	if k := number - one.first; k < uint64(len(index)) {
		e = index[k]
	}
	if e.offset == 0 {
		return "", entry{}, fmt.Errorf("%w: block %d is missing in %s", ErrDamaged, number, one.path)
	}
	return one.path, e, nil
}

// look finds the blocks of a file that is complete.
func (f *folder) look(one *file, most uint64) ([]entry, error) {
	if one.damaged {
		return nil, errHead
	}
	in, err := os.Open(one.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	index, _, err := one.scan(in, most)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	one.index = index
	f.keepIndex(one)
	return index, nil
}

// keepIndex has one complete file alone keep its index: a log of small blocks has
// millions, and they are read file by file. mu is held.
func (f *folder) keepIndex(one *file) {
	if f.indexed != nil && f.indexed != one {
		f.indexed.index = nil
	}
	f.indexed = one
}
