package stream

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"regia/internal/experience"
)

// mark remembers the last acknowledged block of a folder, in a file beside the
// others. What stands at the end of the last file and cannot be read was either
// being written when the process ended, or was acknowledged and is damaged: the
// mark tells which. It is written after the block is on
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
	if at.sequence <= m.at.sequence {
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

func (m *mark) close() error { return m.file.Close() }
