package mapping

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Bounds that keep a damaged file from filling memory.
const (
	maxLine   = 4 << 20 // bytes of one physical line
	maxQuoted = 1 << 20 // bytes a quoted cell may reach over line ends
)

// row is one record of a file.
type row struct {
	file  *input
	doc   int   // which of the file's documents
	line  int64 // where it begins, from 1
	cells []string
}

// damage is a piece of a file that is not a row.
type damage struct {
	line   int64
	reason Reason
	raw    string
	cells  []string // what could be told apart, for finding its key
}

type physicalLine struct {
	number int64
	text   string
	last   bool    // the file ends here without a line end
	fault  *Reason // nil: none
}

// csvReader reads rows and survives damage: where a quote is never closed, or a
// row has the wrong number of columns, that line alone is damaged and reading
// goes on with the next one.
type csvReader struct {
	source    *bufio.Reader
	delimiter byte
	columns   int  // 0: any number
	strict    bool // text is stated to be UTF-8; else each line that is not is read as Windows-1252
	number    int64
	pending   []physicalLine // lines taken and put back, the next one last
	buffer    []byte
}

func newCSVReader(source io.Reader, delimiter byte, strict bool) *csvReader {
	return &csvReader{source: bufio.NewReaderSize(source, 256<<10), delimiter: delimiter, strict: strict}
}

func (r *csvReader) at() int64 { return r.number }

// next gives a row's cells and first line, or damage, or io.EOF.
func (r *csvReader) next() ([]string, int64, *damage, error) {
	for {
		first, err := r.take()
		if err != nil {
			return nil, 0, nil, err
		}
		if first.fault != nil {
			return nil, 0, &damage{line: first.number, reason: *first.fault, raw: first.text}, nil
		}
		if first.text == "" {
			continue
		}
		cells, more, d := r.split(first)
		if d == nil {
			if cells, d = r.check(cells, first); d == nil {
				return cells, first.number, nil, nil
			}
		}
		// Only the first line is damaged; those after it are read again.
		for i := len(more) - 1; i >= 0; i-- {
			r.pending = append(r.pending, more[i])
		}
		return nil, 0, d, nil
	}
}

func (r *csvReader) check(cells []string, first physicalLine) ([]string, *damage) {
	if n := r.columns; n > 0 && len(cells) > n && strings.Join(cells[n:], "") == "" {
		cells = cells[:n] // blank columns at the end, as spreadsheets leave them
	}
	var why Reason
	switch {
	case r.columns > 0 && len(cells) < r.columns && first.last:
		why = reason("row.cut", "the file ends in the middle of this row: %s of %s columns are there", strconv.Itoa(len(cells)), strconv.Itoa(r.columns))
	case r.columns > 0 && len(cells) != r.columns:
		why = wrongColumns(len(cells), r.columns)
	case strings.IndexByte(first.text, 0) >= 0:
		why = reason("row.nul", "this row holds a NUL character: the file is damaged here")
	default:
		return cells, nil
	}
	return nil, &damage{line: first.number, reason: why, raw: first.text, cells: cells}
}

func wrongColumns(have, want int) Reason {
	return reason("row.columns", "this row has %s columns, the header has %s", strconv.Itoa(have), strconv.Itoa(want))
}

// split cuts a line into cells, taking further lines while a quoted cell goes on.
func (r *csvReader) split(first physicalLine) (cells []string, more []physicalLine, d *damage) {
	cells = make([]string, 0, max(r.columns, 8))
	rest := first.text
	if strings.IndexByte(rest, '"') < 0 {
		return splitPlain(cells, rest, r.delimiter), nil, nil
	}
	broken := func(why Reason) ([]string, []physicalLine, *damage) {
		return nil, more, &damage{line: first.number, reason: why, raw: first.text, cells: cells}
	}
	for {
		if !strings.HasPrefix(rest, `"`) {
			at := strings.IndexByte(rest, r.delimiter)
			if at < 0 {
				return append(cells, rest), more, nil
			}
			cells, rest = append(cells, rest[:at]), rest[at+1:]
			continue
		}
		var cell strings.Builder
		rest = rest[1:]
		for closed := false; !closed; {
			at := strings.IndexByte(rest, '"')
			switch {
			case at < 0:
				cell.WriteString(rest)
				cell.WriteByte('\n')
				next, err := r.take()
				if err == nil {
					more = append(more, next)
				}
				if err != nil || next.fault != nil || cell.Len() > maxQuoted {
					return broken(reason("row.quote.open", "a quote opened in this row is never closed"))
				}
				rest = next.text
			case strings.HasPrefix(rest[at+1:], `"`):
				cell.WriteString(rest[:at+1])
				rest = rest[at+2:]
			default:
				cell.WriteString(rest[:at])
				rest, closed = rest[at+1:], true
			}
		}
		cells = append(cells, cell.String())
		if rest == "" {
			return cells, more, nil
		}
		if rest[0] != r.delimiter {
			return broken(reason("row.quote.text", "text follows a closing quote in this row: a quote is missing or too many"))
		}
		rest = rest[1:]
	}
}

func splitPlain(cells []string, text string, delimiter byte) []string {
	for {
		at := strings.IndexByte(text, delimiter)
		if at < 0 {
			return append(cells, text)
		}
		cells, text = append(cells, text[:at]), text[at+1:]
	}
}

// take gives the next physical line without its line end.
func (r *csvReader) take() (physicalLine, error) {
	if n := len(r.pending); n > 0 {
		l := r.pending[n-1]
		r.pending = r.pending[:n-1]
		return l, nil
	}
	data, err := r.source.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		data, err = r.takeLong(data)
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(data) == 0) {
		return physicalLine{}, err
	}
	r.number++
	l := physicalLine{number: r.number, last: err != nil}
	if n := len(data); n > maxLine {
		why := reason("row.long", "this line is longer than %s MB", strconv.Itoa(maxLine>>20))
		l.text, l.fault = strings.ToValidUTF8(string(data[:1000]), "�"), &why
		return l, nil
	}
	for n := len(data); n > 0 && (data[n-1] == '\n' || data[n-1] == '\r'); n-- {
		data = data[:n-1]
	}
	switch {
	case utf8.Valid(data):
		l.text = string(data)
	case r.strict:
		why := reason("row.utf8", "this line is not UTF-8, which the mapping says the file is")
		l.text, l.fault = strings.ToValidUTF8(string(data), "�"), &why
	default:
		decoded, _ := charmap.Windows1252.NewDecoder().Bytes(data) // every byte means something there
		l.text = string(decoded)
	}
	return l, nil
}

// takeLong collects a line that exceeds the reader's buffer; of what exceeds
// maxLine it keeps the beginning.
func (r *csvReader) takeLong(begin []byte) ([]byte, error) {
	r.buffer = append(r.buffer[:0], begin...)
	for {
		data, err := r.source.ReadSlice('\n')
		if len(r.buffer) <= maxLine {
			r.buffer = append(r.buffer, data...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return r.buffer, err
		}
	}
}

// sniffDelimiter tells from the header what separates the columns: the
// candidate that occurs most outside quotes. A spreadsheet's "sep=;" decides.
func sniffDelimiter(header string) byte {
	best, most := byte(','), 0
	for _, candidate := range []byte{',', ';', '\t', '|'} {
		n, quoted := 0, false
		for i := range len(header) {
			switch header[i] {
			case '"':
				quoted = !quoted
			case candidate:
				if !quoted {
					n++
				}
			}
		}
		if n > most {
			best, most = candidate, n
		}
	}
	return best
}
