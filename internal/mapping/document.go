package mapping

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"

	"regia/internal/experience"
)

// document is one stream of rows: a file, what a .gz holds, a member of a .zip,
// or a workbook.
type document struct {
	name    string // for messages: "orders.csv", "olist.zip: orders.csv"
	base    string // what match: is compared with
	claimed string // file of the mapping it was given for, as in orders=my.csv
	size    int64  // bytes that open's reader will count
	open    func(count func(int)) (io.ReadCloser, error)
	book    *workbook // instead of open: its sheets have the rows
}

// documents finds what the given paths hold: files, folders, archives, and
// name=path for the mapping's file of that name.
func documents(paths []string) ([]document, error) {
	var out []document
	for _, given := range paths {
		claimed, p := "", given
		if name, rest, ok := strings.Cut(given, "="); ok && plainName.MatchString(name) {
			if _, err := os.Stat(given); err != nil {
				claimed, p = name, rest
			}
		}
		info, err := os.Stat(p)
		if err != nil {
			return nil, experience.Errorf(experience.NotFound, "%s cannot be read: %w", p, err)
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return nil, experience.Errorf(experience.Invalid, "%s is not a file: save it as one first, because files are read more than once", p)
		}
		files := []string{p}
		if info.IsDir() {
			if files, err = filesIn(p); err != nil {
				return nil, err
			}
		}
		for _, f := range files {
			found, err := documentsIn(f)
			if err != nil {
				return nil, experience.Errorf(experience.Invalid, "%s cannot be read: %w", filepath.Base(f), err)
			}
			for _, d := range found {
				d.claimed = claimed
				out = append(out, d)
			}
		}
	}
	return out, nil
}

func filesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, experience.Errorf(experience.NotFound, "the folder %s cannot be read: %w", folder, err)
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0 {
			out = append(out, filepath.Join(folder, e.Name()))
		}
	}
	return out, nil
}

// documentsIn looks at a file's first bytes, not at its name.
func documentsIn(p string) ([]document, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, nil // a link to a folder
	}
	var magic [8]byte
	n, err := io.ReadFull(f, magic[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	base := filepath.Base(p)
	switch head := string(magic[:n]); {
	case strings.HasPrefix(head, "PK\x03\x04"):
		book, err := openWorkbook(p)
		if errors.Is(err, errNoWorkbook) {
			return zipDocuments(p)
		}
		if err != nil {
			return nil, err
		}
		return []document{{name: base, base: base, size: info.Size(), book: book}}, nil
	case head == "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
		return nil, oldOffice(f)
	case strings.HasPrefix(head, "\x1f\x8b"):
		return []document{{name: base, base: strings.TrimSuffix(base, ".gz"), size: info.Size(), open: openGzip(p)}}, nil
	}
	return []document{{name: base, base: base, size: info.Size(), open: openPlain(p)}}, nil
}

// oldOffice says what a file in the format of old Office files is.
func oldOffice(f io.Reader) error {
	const encrypted = "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e"
	begin, err := io.ReadAll(io.LimitReader(f, 4<<20))
	if err != nil {
		return err
	}
	if strings.Contains(string(begin), encrypted) {
		return errors.New("it is protected by a password: open it, and save it without one")
	}
	return errors.New("it is an old workbook (.xls): save it as .xlsx or CSV")
}

// counted counts the bytes read, and closes everything it stands on.
type counted struct {
	io.Reader
	count   func(int)
	closers []io.Closer
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.count != nil {
		c.count(n)
	}
	return n, err
}

func (c *counted) Close() error {
	var errs []error
	for _, closer := range c.closers {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}

func openPlain(p string) func(func(int)) (io.ReadCloser, error) {
	return func(count func(int)) (io.ReadCloser, error) {
		f, err := os.Open(p)
		if err != nil {
			return nil, err
		}
		return &counted{f, count, []io.Closer{f}}, nil
	}
}

func openGzip(p string) func(func(int)) (io.ReadCloser, error) {
	return func(count func(int)) (io.ReadCloser, error) {
		f, err := os.Open(p)
		if err != nil {
			return nil, err
		}
		z, err := gzip.NewReader(&counted{Reader: f, count: count})
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return &counted{&unpacked{from: z, packed: packedSize(f)}, nil, []io.Closer{z, f}}, nil
	}
}

func zipDocuments(p string) ([]document, error) {
	z, err := zip.OpenReader(p)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var out []document
	for _, member := range z.File {
		name := member.Name
		if member.FileInfo().IsDir() || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(path.Base(name), ".") {
			continue
		}
		out = append(out, document{
			name: filepath.Base(p) + ": " + name, base: path.Base(name), size: int64(member.UncompressedSize64),
			open: func(count func(int)) (io.ReadCloser, error) { return openMember(p, name, count) },
		})
	}
	return out, nil
}

func openMember(p, name string, count func(int)) (io.ReadCloser, error) {
	z, err := zip.OpenReader(p)
	if err != nil {
		return nil, err
	}
	for _, member := range z.File {
		if member.Name == name {
			f, err := member.Open()
			if err != nil {
				return nil, errors.Join(err, z.Close())
			}
			return &counted{&unpacked{from: f, packed: int64(member.CompressedSize64)}, count, []io.Closer{f, z}}, nil
		}
	}
	return nil, errors.Join(fs.ErrNotExist, z.Close())
}

// Text becomes a hundred times smaller when it is packed, not more; what unpacks
// to more than that was made to fill disks and memory.
const (
	maxRatio = 300
	anyRatio = 256 << 20 // bytes that nobody needs to fear
)

// unpacked reads what was packed, as long as its size can be believed.
type unpacked struct {
	from   io.Reader
	packed int64
	read   int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.read += int64(n)
	if u.read > anyRatio && u.read/maxRatio > u.packed {
		return 0, errUnpacks
	}
	return n, err
}

func packedSize(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
