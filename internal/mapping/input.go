package mapping

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"regia/internal/experience"
)

// input is a file of the mapping, with the documents that stand for it.
type input struct {
	name string
	spec fileSpec
	docs []document
	// how the mapping writes numbers and times: workbooks have them as such
	settings settings
	fixes    corrections
	header   []string
	// lines of the header in each document, and its columns' places there
	places [][]int
}

// bind gives each file of the mapping its documents and reads their headers.
func bind(m *Mapping, s settings, docs []document) (map[string]*input, error) {
	docs, fixes, err := takeCorrections(docs, s)
	if err != nil {
		return nil, err
	}
	inputs := map[string]*input{}
	for name, spec := range m.spec.Files {
		in := &input{name: name, spec: spec, settings: s, fixes: fixes}
		for _, d := range docs {
			if d.claimed == name || d.claimed == "" && spec.matches(d.base, len(m.spec.Files)) {
				in.docs = append(in.docs, d)
			}
		}
		slices.SortStableFunc(in.docs, func(a, b document) int { return strings.Compare(a.name, b.name) })
		if len(in.docs) == 0 && !spec.Optional {
			return nil, experience.Errorf(experience.Invalid, "the mapping's file %q (match: %s) is not among the files given: %s. Give it as %s=FILE if it has another name",
				name, strings.Join(spec.Match, ", "), documentNames(docs), name)
		}
		for i := range in.docs {
			if err := in.readHeader(i); err != nil {
				return nil, err
			}
		}
		if len(in.docs) == 0 {
			in.header = slices.Concat(spec.Header, spec.Columns)
		}
		inputs[name] = in
	}
	return inputs, nil
}

func documentNames(docs []document) string {
	if len(docs) == 0 {
		return "none"
	}
	names := make([]string, len(docs))
	for i, d := range docs {
		names[i] = d.name
	}
	return strings.Join(names, ", ")
}

// matches compares a document's name with the patterns. The only file of a
// mapping without a pattern takes everything.
func (f fileSpec) matches(base string, files int) bool {
	if len(f.Match) == 0 {
		return files == 1
	}
	for _, pattern := range f.Match {
		if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(base)); ok {
			return true
		}
	}
	return false
}

// readHeader learns a document's columns. All documents of a file must have
// the same ones, in any order.
func (in *input) readHeader(doc int) error {
	header, o, err := in.start(doc, nil)
	if err != nil {
		return err
	}
	_ = o.close() // it was only read
	for _, expected := range in.spec.Columns {
		if !slices.Contains(header, expected) {
			return experience.Errorf(experience.Invalid, "%s has no column %q, which the mapping expects of %s; it has: %s",
				in.docs[doc].name, expected, in.name, strings.Join(header, ", "))
		}
	}
	if doc == 0 {
		in.header = header
	}
	places := make([]int, len(in.header))
	for i, c := range in.header {
		places[i] = slices.Index(header, c)
		if places[i] < 0 || len(header) != len(in.header) {
			return experience.Errorf(experience.Invalid, "%s has other columns than %s: %s instead of %s", in.docs[doc].name, in.docs[0].name,
				strings.Join(header, ", "), strings.Join(in.header, ", "))
		}
	}
	in.places = append(in.places, places)
	return nil
}

// reader gives the rows of a document.
type reader interface {
	// next gives a row's cells and first line, or damage, or io.EOF.
	next() ([]string, int64, *damage, error)
	// at is the line that was read last.
	at() int64
}

// opened is a document being read, past its header.
type opened struct {
	reader
	close     func() error
	delimiter byte
}

// start opens a document past its header, with its corrected lines in their
// places, and without the columns that say why rows were rejected.
func (in *input) start(doc int, count func(int)) (header []string, o opened, err error) {
	if header, o, err = in.open(doc, count); err != nil {
		return nil, o, err
	}
	if isRejected(header) && len(in.spec.Header) == 0 {
		header = header[:len(header)-4]
		o.reader = without{o.reader, len(header)}
	}
	if lines := in.fixes[in.docs[doc].name]; len(lines) > 0 {
		o.reader = &corrected{o.reader, lines, header, o.delimiter}
	}
	return header, o, nil
}

// open opens a document and reads its header.
func (in *input) open(doc int, count func(int)) (header []string, o opened, err error) {
	d := in.docs[doc]
	fail := func(err error) ([]string, opened, error) {
		if o.close != nil {
			_ = o.close()
		}
		return nil, opened{}, experience.Errorf(experience.Invalid, "%s: %w", d.name, err)
	}
	if d.book != nil {
		r, source, err := d.book.openSheet(in.spec.Sheet, in.settings, count)
		if err != nil {
			return fail(err)
		}
		o = opened{r, source.Close, '\t'}
		if header = in.spec.Header; len(header) == 0 {
			if header, err = r.header(); err != nil {
				return fail(err)
			}
		}
		r.columns = len(header)
		return header, o, nil
	}
	raw, err := d.open(count)
	if err != nil {
		return nil, o, experience.Errorf(experience.Invalid, "%s cannot be read: %w", d.name, err)
	}
	o.close = raw.Close
	text, strict, err := decode(raw, in.spec.Encoding)
	if err != nil {
		return fail(err)
	}
	r := newCSVReader(text, ',', strict)
	if header, err = in.findHeader(r); err != nil {
		return fail(err)
	}
	r.columns = len(header)
	return header, opened{r, raw.Close, r.delimiter}, nil
}

// decode turns a document into UTF-8. Strict text that is not UTF-8 is an error
// of its line; otherwise such lines are taken for Windows-1252.
func decode(raw io.Reader, encoding string) (text io.Reader, strict bool, err error) {
	b := bufio.NewReaderSize(raw, 64<<10)
	head, _ := b.Peek(3)
	switch {
	case strings.HasPrefix(string(head), "\xef\xbb\xbf"):
		_, err := b.Discard(3)
		return b, true, err
	case strings.HasPrefix(string(head), "\xff\xfe"), strings.HasPrefix(string(head), "\xfe\xff"):
		return transform.NewReader(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()), true, nil
	}
	switch name := strings.ToLower(encoding); name {
	case "", "auto":
		return b, false, nil
	case "utf-8", "utf8":
		return b, true, nil
	default:
		e, err := htmlindex.Get(name)
		if err != nil {
			return nil, false, fmt.Errorf("encoding: %q is not known; write utf-8, windows-1252, latin1 or leave it out", encoding)
		}
		return transform.NewReader(b, e.NewDecoder()), true, nil
	}
}

// findHeader finds the delimiter and the names of the columns.
func (in *input) findHeader(r *csvReader) ([]string, error) {
	first, err := r.take()
	for err == nil && (first.text == "" && first.fault == nil) {
		first, err = r.take()
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty: it has not even a header")
	case err != nil:
		return nil, err
	case first.fault != nil:
		return nil, about("header", *first.fault)
	}
	hint, spreadsheet := strings.CutPrefix(first.text, "sep=")
	switch d := in.spec.Delimiter; {
	case d == "tab":
		r.delimiter = '\t'
	case d != "":
		r.delimiter = d[0]
	case spreadsheet && len(hint) == 1:
		r.delimiter = hint[0]
	default:
		r.delimiter = sniffDelimiter(first.text)
	}
	if !spreadsheet {
		r.pending = append(r.pending, first)
	}
	if len(in.spec.Header) > 0 {
		return in.spec.Header, nil
	}
	cells, _, damaged, err := r.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file has no header")
	case err != nil:
		return nil, err
	case damaged != nil:
		return nil, about("header", damaged.reason)
	}
	return columnNames(cells), nil
}

// columnNames makes the names of columns distinct: a second "Variant" is called
// "Variant (2)", one without a name "column 5".
func columnNames(cells []string) []string {
	names := make([]string, len(cells))
	seen := map[string]bool{}
	for i, c := range cells {
		name := strings.TrimSpace(c)
		if name == "" {
			name = "column " + strconv.Itoa(i+1)
		}
		unique := name
		for n := 2; seen[unique]; n++ {
			unique = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[unique] = true
		names[i] = unique
	}
	return names
}

// walk reads every row of a file: its cells in the order of in.header.
func (in *input) walk(ctx context.Context, count func(int), each func(row) error, broken func(int, *damage) error) error {
	for doc := range in.docs {
		_, o, err := in.start(doc, count)
		if err != nil {
			return err
		}
		err = in.walkDocument(ctx, doc, o.reader, each, broken)
		_ = o.close() // it was only read; what was wrong with it has been told
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *input) walkDocument(ctx context.Context, doc int, r reader, each func(row) error, broken func(int, *damage) error) error {
	places := in.places[doc]
	moved := !slices.IsSorted(places)
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, line, damaged, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			// A truncated archive, a failing disk: what was read stands.
			damaged = &damage{line: r.at() + 1, reason: reason("file.broken", "the file cannot be read further: %s", err.Error())}
		}
		if damaged == nil && moved {
			cells = reorder(cells, places)
		} else if damaged != nil && moved {
			damaged.cells = nil // which cell stands for which column cannot be told
		}
		if damaged != nil {
			if fault := broken(doc, damaged); fault != nil || err != nil {
				return fault
			}
			continue
		}
		if err := each(row{in, doc, line, cells}); err != nil {
			return err
		}
	}
}

// reorder brings a document's cells into the file's order.
func reorder(cells []string, places []int) []string {
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = cells[p]
	}
	return out
}
