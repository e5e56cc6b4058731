package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"regia/internal/experience"
)

// mark remembers the last acknowledged block of an embedded log, beside the
// engine's own files. The engine recovers from a damaged file by dropping what
// it cannot read and using the numbers again: without the mark, blocks that
// nobody has read yet could go unnoticed. It is written after the block is on
// disk and is not synchronised itself, so it may lag but never run ahead.
type mark struct {
	file *os.File
	at   marked
}

// marked names a block: its sequence, its size and its checksum.
type marked struct {
	sequence uint64
	size     uint32
	sum      uint32
}

const (
	markName = "acknowledged"
	markSize = 8 + 4 + 4 + 4 // sequence, size, sum; their checksum
)

func openMark(dir string) (*mark, error) {
	file, err := os.OpenFile(filepath.Join(dir, markName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, experience.Errorf(experience.Unavailable, "the log cannot be opened: %w", err)
	}
	m := &mark{file: file}
	b := make([]byte, markSize)
	if _, err := io.ReadFull(file, b); err != nil {
		return m, nil // new, or cut by a power failure: nothing to go by
	}
	if crc32.Checksum(b[:16], castagnoli) == binary.LittleEndian.Uint32(b[16:]) {
		m.at = marked{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])}
	}
	return m, nil
}

// describe names a sealed block.
func describe(sequence uint64, block []byte) marked {
	m := marked{sequence: sequence, size: uint32(len(block))}
	if len(block) >= blockChecksum {
		m.sum = binary.LittleEndian.Uint32(block[len(block)-blockChecksum:])
	}
	return m
}

// write remembers a block. Only the writer calls it.
func (m *mark) write(at marked) error {
	if m == nil || at.sequence <= m.at.sequence {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, markSize), at.sequence)
	b = binary.LittleEndian.AppendUint32(b, at.size)
	b = binary.LittleEndian.AppendUint32(b, at.sum)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	m.at = at
	_, err := m.file.WriteAt(b, 0)
	return err
}

func (m *mark) close() error {
	if m == nil {
		return nil
	}
	return m.file.Close()
}

// verifyMark refuses a log that lost what it had acknowledged.
func (l *Log) verifyMark(ctx context.Context) error {
	at := l.mark.at
	if at.sequence == 0 {
		return nil
	}
	tail, err := l.Tail(ctx)
	if err != nil {
		return err
	}
	if at.sequence < tail.First && tail.First <= tail.Last {
		// Killed before it marked its last blocks, which were woven and the marked
		// one trimmed since. What is lost before it is woven, its reader misses.
		return nil
	}
	err = missing(tail.Last+1, at.sequence)
	if at.sequence <= tail.Last {
		m, getErr := l.stream.GetMsg(ctx, at.sequence)
		switch {
		case errors.Is(getErr, jetstream.ErrMsgNotFound):
			err = missing(at.sequence, at.sequence)
		case getErr != nil:
			return l.fail(getErr)
		case describe(at.sequence, m.Data) == at:
			return nil
		default:
			err = fmt.Errorf("%w: block %d is not the one that was acknowledged", ErrDamaged, at.sequence)
		}
	}
	return fmt.Errorf("%w; restore the folder from a copy, or remove %s to go on without them", err, l.mark.file.Name())
}
