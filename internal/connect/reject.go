package connect

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"regia/internal/experience"
)

// rejects writes rejected.csv: the original columns of all files, then file,
// line, reason, and for a line that could not be cut into columns the raw line.
// The file is made when the first row comes. It is safe for concurrent use.
type rejects struct {
	path    string // "": count only
	columns []string

	mu      sync.Mutex
	file    *os.File
	writer  *csv.Writer
	rows    int64
	damaged map[lineOf]bool // files are read more than once, damage is told once
	sample  []Rejection
}

// Rejection is a row that could not be imported, and why.
type Rejection struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
}

type lineOf struct {
	in   *input
	doc  int
	line int64
}

// maxSample is how many rejections a report carries along.
const maxSample = 20

func newRejects(path string, inputs map[string]*input, order []string) *rejects {
	r := &rejects{path: path, damaged: map[lineOf]bool{}}
	for _, name := range order {
		for _, c := range inputs[name].header {
			if !slices.Contains(r.columns, c) {
				r.columns = append(r.columns, c)
			}
		}
	}
	return r
}

func (r *rejects) rejectRow(row row, reason string) error {
	return r.write(row.file, row.doc, row.line, row.file.header, row.cells, reason, "")
}

func (r *rejects) rejectDamage(in *input, doc int, d *damage) error {
	if !r.first(in, doc, d) {
		return nil
	}
	return r.write(in, doc, d.line, nil, nil, d.reason, d.raw)
}

// first tells whether this damage is told for the first time.
func (r *rejects) first(in *input, doc int, d *damage) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := lineOf{in, doc, d.line}
	if r.damaged[at] {
		return false
	}
	r.damaged[at] = true
	return true
}

func (r *rejects) write(in *input, doc int, line int64, header, cells []string, reason, raw string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows++
	name := in.docs[doc].name
	if len(r.sample) < maxSample {
		r.sample = append(r.sample, Rejection{name, line, reason})
	}
	if r.path == "" {
		return nil
	}
	if r.file == nil {
		if err := r.create(); err != nil {
			return err
		}
	}
	record := make([]string, len(r.columns), len(r.columns)+4)
	for i, c := range header {
		record[slices.Index(r.columns, c)] = cells[i]
	}
	return r.writer.Write(append(record, name, strconv.FormatInt(line, 10), reason, raw))
}

// create makes the file; one that is there already is kept, and the new one
// called rejected-2.csv.
func (r *rejects) create() error {
	ext := filepath.Ext(r.path)
	stem := strings.TrimSuffix(r.path, ext)
	for n := 1; n < 10000; n++ {
		name := r.path
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return experience.Errorf(experience.Unavailable, "the rejected rows cannot be written to %s: %w", name, err)
		}
		r.file, r.path, r.writer = f, name, csv.NewWriter(f)
		return r.writer.Write(slices.Concat(r.columns, []string{"file", "line", "reason", "raw"}))
	}
	return experience.Errorf(experience.Conflict, "there are too many files named like %s: move them away", r.path)
}

// close finishes the file and gives its path, "" when there is none.
func (r *rejects) close() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return "", nil
	}
	r.writer.Flush()
	return r.path, errors.Join(r.writer.Error(), r.file.Close())
}
