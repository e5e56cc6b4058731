package mapping

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
)

// Rejected rows come back as they went: the columns of the files, then these.
// Beside the files they came from, they take the place of the lines they were;
// alone, they are a file like any other.
const (
	fileColumn   = "file"
	lineColumn   = "line"
	reasonColumn = "reason"
	rawColumn    = "raw"
)

// ReasonColumn is where the reason stands among RejectedColumns of no columns.
const ReasonColumn = 2

// RejectedColumns gives the header of a file of rejected rows.
func RejectedColumns(columns []string) []string {
	return slices.Concat(columns, []string{fileColumn, lineColumn, reasonColumn, rawColumn})
}

// maxCorrections bounds the corrected rows, which are held in memory.
const maxCorrections = 500_000

// isRejected tells a file of rejected rows by its last columns.
func isRejected(header []string) bool {
	n := len(header)
	return n > 4 && slices.Equal(header[n-4:], RejectedColumns(nil))
}

// correction is a line as somebody put it right.
type correction struct {
	cells map[string]string // by column
	raw   string
}

// corrections are the corrected lines of documents, by their names.
type corrections map[string]map[int64]correction

// takeCorrections separates files of corrected rows from those they correct.
// One whose files are not here stays among the others.
func takeCorrections(docs []document, s settings) ([]document, corrections, error) {
	out, found := make([]document, 0, len(docs)), corrections{}
	for _, d := range docs {
		in := &input{name: "rejected", docs: []document{d}, settings: s}
		header, o, err := in.open(0, nil)
		if err != nil {
			out = append(out, d) // whoever needs it says what is wrong
			continue
		}
		if !isRejected(header) {
			_ = o.close()
			out = append(out, d)
			continue
		}
		mine, err := readCorrections(o, header, docs)
		_ = o.close()
		switch {
		case err != nil:
			return nil, nil, experience.Errorf(experience.Invalid, "%s: %w", d.name, err)
		case mine == nil:
			out = append(out, d)
		}
		for name, lines := range mine {
			if found[name] == nil {
				found[name] = map[int64]correction{}
			}
			for line, c := range lines {
				found[name][line] = c
			}
		}
	}
	return out, found, nil
}

// readCorrections gives nil when the rows come from files that are not among docs.
func readCorrections(o opened, header []string, docs []document) (corrections, error) {
	out, n := corrections{}, len(header)
	for count := 0; ; count++ {
		cells, at, damaged, err := o.next()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case damaged != nil:
			return nil, experience.Errorf(experience.Invalid, "line %d: %s", damaged.line, damaged.reason)
		case count == maxCorrections:
			return nil, experience.Errorf(experience.TooLarge, "these are more than %d corrected rows: correct what is wrong with all of them in the mapping, or in parts", maxCorrections)
		}
		name := cells[n-4]
		if !slices.ContainsFunc(docs, func(d document) bool { return d.name == name }) {
			return nil, nil
		}
		line, err := strconv.ParseInt(strings.TrimSpace(cells[n-3]), 10, 64)
		if err != nil {
			return nil, experience.Errorf(experience.Invalid, "line %d: the column line must hold the number of the line it was", at)
		}
		c := correction{cells: make(map[string]string, n-4), raw: cells[n-1]}
		for i, column := range header[:n-4] {
			if cells[i] != "" {
				c.cells[column] = cells[i]
			}
		}
		if out[name] == nil {
			out[name] = map[int64]correction{}
		}
		out[name][line] = c
	}
}

// apply gives a line's cells as they were corrected: in the columns, or in the
// line as a whole, where it could not be cut.
func (c correction) apply(header []string, delimiter byte) ([]string, bool) {
	cells, some := make([]string, len(header)), false
	for i, column := range header {
		cells[i] = c.cells[column]
		some = some || cells[i] != ""
	}
	if some {
		return cells, true
	}
	if c.raw == "" {
		return nil, false
	}
	r := newCSVReader(strings.NewReader(c.raw), delimiter, false)
	r.columns = len(header)
	cells, _, damaged, err := r.next()
	return cells, err == nil && damaged == nil
}

// corrected reads a document and puts corrected lines in the place of those
// they were.
type corrected struct {
	reader
	lines     map[int64]correction
	header    []string // as this document has it
	delimiter byte
}

func (c *corrected) next() ([]string, int64, *damage, error) {
	cells, line, damaged, err := c.reader.next()
	at := line
	if damaged != nil {
		at = damaged.line
	}
	if fix, ok := c.lines[at]; ok && err == nil {
		if right, whole := fix.apply(c.header, c.delimiter); whole {
			return right, at, nil, nil
		}
	}
	return cells, line, damaged, err
}

// without reads rows without their last columns, which say why they were rejected.
type without struct {
	reader
	columns int
}

func (w without) next() ([]string, int64, *damage, error) {
	cells, line, damaged, err := w.reader.next()
	if len(cells) > w.columns {
		cells = cells[:w.columns]
	}
	return cells, line, damaged, err
}

// Glimpse is what can be seen of a document without a mapping.
type Glimpse struct {
	Document string
	Columns  []string
	Rows     [][]string // the first ones
	Err      error      // why it cannot be read
}

// Look shows the columns and the first rows of the documents that paths hold.
func Look(ctx context.Context, paths []string, rows int) ([]Glimpse, error) {
	docs, err := documents(paths)
	if err != nil {
		return nil, err
	}
	var out []Glimpse
	for _, d := range docs {
		g := Glimpse{Document: d.name}
		in := &input{name: d.base, docs: []document{d}}
		if g.Err = in.readHeader(0); g.Err == nil {
			g.Columns = in.header
			g.Err = in.walk(ctx, nil, func(one row) error {
				if g.Rows = append(g.Rows, one.cells); len(g.Rows) >= rows {
					return errEnough
				}
				return nil
			}, func(int, *damage) error { return nil })
		}
		if errors.Is(g.Err, errEnough) {
			g.Err = nil
		}
		out = append(out, g)
	}
	return out, nil
}
