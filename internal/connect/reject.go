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
	"regia/internal/mapping"
)

// rejects writes rejected.csv: the original columns of all files, then file,
// line, reason, and for a line that could not be cut into columns the raw line.
// The file is made when the first row comes. It is safe for concurrent use.
type rejects struct {
	path    string // "": count only
	columns []string
	write   func([]mapping.Reason) string // what the column reason says

	mu     sync.Mutex
	file   *os.File
	writer *csv.Writer
	rows   int64
	sample []Rejection
}

// Rejection is a row that could not be imported, and why.
type Rejection struct {
	File   string           `json:"file"`
	Line   int64            `json:"line"`
	Reason string           `json:"reason"`
	Why    []mapping.Reason `json:"why,omitempty" doc:"The same, in a form that can be said in any language"`
}

// maxSample is how many rejections a report carries along.
const maxSample = 20

func newRejects(path string, columns []string) *rejects {
	return &rejects{path: path, columns: columns, write: mapping.Plain}
}

// Reject writes down a row.
func (r *rejects) Reject(one mapping.Refusal) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows++
	if len(r.sample) < maxSample {
		r.sample = append(r.sample, Rejection{one.File, one.Line, mapping.Plain(one.Reasons), one.Reasons})
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
	for i, cell := range one.Cells {
		record[slices.Index(r.columns, one.Columns[i])] = cell
	}
	return r.writer.Write(append(record, one.File, strconv.FormatInt(one.Line, 10), r.write(one.Reasons), one.Raw))
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
		return r.writer.Write(mapping.RejectedColumns(r.columns))
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
