package listen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"time"
)

// archiveStep is how many letters of a file are taken together.
const archiveStep = 50

// archive reads an mbox file from where it was left.
func (l *looking) archive(ctx context.Context, f *os.File, at filePlace) error {
	if _, err := f.Seek(at.Offset, io.SeekStart); err != nil {
		return err
	}
	m := newMbox(f, at.Offset)
	var voices []Voice
	for {
		one, err := m.next()
		switch {
		case errors.Is(err, io.EOF):
			at.Offset = m.at
			return l.take(ctx, voices, at)
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		v, err := l.hear(ctx, &one, time.Time{})
		if err != nil {
			return err
		}
		if voices = append(voices, v); len(voices) == archiveStep {
			at.Offset = m.at
			if err := l.take(ctx, voices, at); err != nil {
				return err
			}
			voices = nil
		}
	}
}

// separator is the line between two letters of an mbox file (RFC 4155). Others
// that begin with "From " are text.
var separator = regexp.MustCompile(`^From \S.*\d{1,2}:\d{2}.*\d{4}\s*$|^From \S+\s+\S.*\d{4}.*\d{1,2}:\d{2}`)

// mbox gives the letters of a file, one after the other.
type mbox struct {
	in     *bufio.Reader
	offset int64 // bytes read
	at     int64 // where the next letter begins: its separator
	begun  bool  // a separator has been read
	end    bool
}

func newMbox(r io.Reader, offset int64) *mbox {
	return &mbox{in: bufio.NewReaderSize(r, 64<<10), offset: offset, at: offset}
}

// next reads a letter. io.EOF: there is none; a fault: this is no such file.
func (m *mbox) next() (letter, error) {
	if !m.begun {
		if err := m.start(); err != nil {
			return letter{}, err
		}
	}
	if m.end {
		return letter{}, io.EOF
	}
	body := &mboxBody{mbox: m, fresh: true}
	one := readLetter(body)
	_, err := io.Copy(io.Discard, body) // what is beyond the bounds of a letter
	return one, err
}

// start finds the first separator.
func (m *mbox) start() error {
	for range 100 { // blank lines
		line, err := m.in.ReadSlice('\n')
		m.offset += int64(len(line))
		switch {
		case separator.Match(bytes.TrimRight(line, "\r\n")):
			m.begun = true
			return nil
		case len(bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))) > 0:
			return &fault{key: "format", slow: true}
		case errors.Is(err, io.EOF):
			m.end = true
			return io.EOF
		case err != nil:
			return err
		}
	}
	return &fault{key: "format", slow: true}
}

// mboxBody is a letter's text: it ends before the next separator, and lines
// that were quoted because they looked like one are as they were.
type mboxBody struct {
	*mbox
	rest   []byte
	within bool // of a line longer than the buffer
	blank  bool // the line before was
	fresh  bool // nothing was read yet
	done   bool
}

func (b *mboxBody) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.done {
			return 0, io.EOF
		}
		if err := b.line(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *mboxBody) line() error {
	line, err := b.in.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	if !b.within {
		trimmed := bytes.TrimRight(line, "\r\n")
		if (b.blank || b.fresh) && separator.Match(trimmed) {
			b.at = b.offset
			b.offset += int64(len(line))
			b.done = true
			return nil
		}
		b.blank = len(trimmed) == 0 && len(line) > 0
		if quoted := bytes.TrimLeft(line, ">"); len(quoted) < len(line) && bytes.HasPrefix(quoted, []byte("From ")) {
			b.offset++
			line = line[1:]
		}
	}
	b.fresh, b.within = false, errors.Is(err, bufio.ErrBufferFull)
	b.offset += int64(len(line))
	b.rest = line
	if errors.Is(err, io.EOF) {
		b.done, b.end, b.at = true, true, b.offset
	}
	return nil
}
