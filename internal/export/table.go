package export

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// Format is what a file of data is written as.
type Format string

// The formats. People are not written as Parquet.
const (
	CSV     Format = "csv"
	NDJSON  Format = "ndjson"
	Parquet Format = "parquet"
)

// mime is the content type of a format.
func (f Format) mime() string {
	switch f {
	case NDJSON:
		return "application/x-ndjson"
	case Parquet:
		return "application/vnd.apache.parquet"
	}
	return "text/csv; charset=utf-8; header=present"
}

// A table writes rows of one kind. close writes what a file ends with; without
// it the file is not whole.
type table[T any] interface {
	write(T) error
	close() error
}

// shape is how rows of one kind are written as text.
type shape[T any] struct {
	columns []string
	cells   func(T) []cell // as many as columns
	object  func(T) any    // what NDJSON writes
}

// cell is a value of a CSV file. Of figures, times, ids and marks no program
// makes a formula: only text that people wrote can be one.
type cell struct {
	text string
	free bool // somebody may have written anything here
}

func open[T any](s shape[T], f Format, out io.Writer, raw bool) (table[T], error) {
	switch f {
	case CSV:
		t := &csvTable[T]{shape: s, out: out, raw: raw}
		return t, t.header()
	case NDJSON:
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return ndjsonTable[T]{s, e}, nil
	}
	return nil, experience.Errorf(experience.Invalid, "export.error.format")
}

// ndjsonTable writes a JSON object a line.
type ndjsonTable[T any] struct {
	shape[T]
	encoder *json.Encoder
}

func (t ndjsonTable[T]) write(row T) error { return t.encoder.Encode(t.object(row)) }
func (t ndjsonTable[T]) close() error      { return nil }

// csvTable writes RFC 4180: commas, CRLF, quotes where they are needed, a first
// line of names.
type csvTable[T any] struct {
	shape[T]
	out  io.Writer
	raw  bool // formulas stay as they are
	line bytes.Buffer
}

func (t *csvTable[T]) header() error {
	names := make([]cell, len(t.columns))
	for k, name := range t.columns {
		names[k].text = name
	}
	return t.put(names)
}

func (t *csvTable[T]) write(row T) error { return t.put(t.cells(row)) }
func (t *csvTable[T]) close() error      { return nil }

func (t *csvTable[T]) put(cells []cell) error {
	t.line.Reset()
	for k, c := range cells {
		if k > 0 {
			t.line.WriteByte(',')
		}
		text := c.text
		if c.free && !t.raw {
			text = web.Defused(text)
		}
		if !strings.ContainsAny(text, "\",\r\n") {
			t.line.WriteString(text)
			continue
		}
		t.line.WriteByte('"')
		t.line.WriteString(strings.ReplaceAll(text, `"`, `""`))
		t.line.WriteByte('"')
	}
	t.line.WriteString("\r\n")
	_, err := t.out.Write(t.line.Bytes())
	return err
}
