package mapping

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxRows is more than how many rows a sheet can have.
const maxRows = 1 << 30

// maxColumns is how many columns a sheet can have (XFD).
const maxColumns = 16384

// titleRows is how many rows of a sheet may stand above the names of the columns.
const titleRows = 20

// sheetReader reads the rows of a sheet. Numbers and dates are given as texts
// that the mapping reads: in its decimals and its first fitting format of time.
type sheetReader struct {
	book     *workbook
	settings settings
	bounded  *bounded
	xml      *xml.Decoder
	columns  int // 0: any number
	line     int64
	pending  [][]string
	lines    []int64
}

func (r *sheetReader) at() int64 { return r.line }

// header finds the names of the columns: the first row with two cells, or the
// first with any. What stands above is a title.
func (r *sheetReader) header() ([]string, error) {
	var first []string
	for range titleRows {
		cells, _, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		filled := 0
		for _, c := range cells {
			if c != "" {
				filled++
			}
		}
		if filled >= 2 {
			r.pending, r.lines = nil, nil
			return columnNames(trimRight(cells)), nil
		}
		if first == nil && filled > 0 {
			first = trimRight(cells)
			continue
		}
		if filled > 0 {
			r.pending, r.lines = append(r.pending, cells), append(r.lines, r.line)
		}
	}
	if first == nil {
		return nil, errors.New("the sheet is empty: it has not even a header")
	}
	return columnNames(first), nil
}

func trimRight(cells []string) []string {
	n := len(cells)
	for n > 0 && cells[n-1] == "" {
		n--
	}
	return cells[:n]
}

// next gives a row's cells and line, or damage, or io.EOF.
func (r *sheetReader) next() ([]string, int64, *damage, error) {
	for {
		var cells []string
		var line int64
		if len(r.pending) > 0 {
			cells, line, r.pending, r.lines = r.pending[0], r.lines[0], r.pending[1:], r.lines[1:]
		} else {
			var err error
			if cells, line, err = r.read(); err != nil {
				return nil, line, nil, err
			}
		}
		cells = trimRight(cells)
		if len(cells) == 0 {
			continue
		}
		if n := r.columns; n > 0 && len(cells) > n {
			return nil, line, &damage{line: line, reason: wrongColumns(len(cells), n), raw: strings.Join(cells, "\t"), cells: cells}, nil
		}
		for len(cells) < r.columns {
			cells = append(cells, "")
		}
		return cells, line, nil, nil
	}
}

// read gives the next row as it stands.
func (r *sheetReader) read() ([]string, int64, error) {
	for {
		token, err := r.bounded.next(r.xml)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // a sheet says where its rows end
		}
		if err != nil {
			return nil, r.line, err
		}
		if end, ok := token.(xml.EndElement); ok && end.Name.Local == "sheetData" {
			return nil, r.line, io.EOF
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "row" {
			continue
		}
		r.line++
		if n, err := strconv.ParseInt(attribute(start, "r"), 10, 64); err == nil && n >= r.line && n <= maxRows {
			r.line = n
		}
		cells, err := r.row()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return cells, r.line, err
	}
}

func (r *sheetReader) row() ([]string, error) {
	var cells []string
	for {
		token, err := r.bounded.next(r.xml)
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			if t.Name.Local == "row" {
				return cells, nil
			}
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			place, ok := columnOfCell(attribute(t, "r"))
			if !ok {
				place = len(cells)
			}
			if place >= maxColumns {
				return nil, fmt.Errorf("row %d has a cell beyond the last column", r.line)
			}
			for len(cells) <= place {
				cells = append(cells, "")
			}
			if cells[place], err = r.cell(t); err != nil {
				return nil, err
			}
		}
	}
}

// cell reads what a cell shows: of a formula, the value it had when the file
// was saved.
func (r *sheetReader) cell(start xml.StartElement) (string, error) {
	raw := ""
	for {
		token, err := r.bounded.next(r.xml)
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.EndElement:
			if t.Name.Local == "c" {
				return r.value(attribute(start, "t"), attribute(start, "s"), raw), nil
			}
		case xml.StartElement:
			switch t.Name.Local {
			case "v", "is":
				if raw, err = r.bounded.text(r.xml, t.Name.Local); err != nil {
					return "", err
				}
			}
		}
	}
}

// value gives a cell's text.
func (r *sheetReader) value(kind, style, raw string) string {
	switch kind {
	case "s":
		if n, err := strconv.Atoi(raw); err == nil && n >= 0 && n < len(r.book.strings) {
			return r.book.strings[n]
		}
		return ""
	case "str", "inlineStr", "e":
		return raw
	case "b":
		return strconv.FormatBool(raw == "1" || raw == "true")
	case "d":
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
			if t, err := time.Parse(layout, raw); err == nil {
				return r.settings.write(t)
			}
		}
		return raw
	}
	n, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return raw
	}
	s, _ := strconv.Atoi(style)
	if s >= 0 && s < len(r.book.dates) && n >= 0 && n < 2958466 {
		switch as := r.book.dates[s]; {
		case as == dayStyle && n >= 1:
			return r.settings.write(r.book.epoch.time(n))
		case as != plainStyle && n < 1:
			return r.book.epoch.time(n).Format("15:04:05")
		case as == clockStyle:
			return r.settings.write(r.book.epoch.time(n))
		}
	}
	return r.settings.decimal(n)
}

// decimal writes a number with the fifteen digits that a spreadsheet means: it
// stores 19.9 as 19.899999999999999.
func (s settings) decimal(n float64) string {
	meant, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64)
	if err != nil {
		meant = n
	}
	text := strconv.FormatFloat(meant, 'f', -1, 64)
	if s.style == decimalComma {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}

// write writes a date of a spreadsheet, which has no zone, so that the mapping
// reads it: in the first of its formats that loses nothing.
func (s settings) write(t time.Time) string {
	y, month, d := t.Date()
	local := time.Date(y, month, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), s.layouts.zoneOrUTC())
	for _, f := range s.layouts.formats {
		text := f.write(local)
		if back, err := f.parse(text, s.layouts.zoneOrUTC()); err == nil && back.Equal(local) {
			return text
		}
	}
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}

func (l layouts) zoneOrUTC() *time.Location {
	if l.zone == nil {
		return time.UTC
	}
	return l.zone
}

func (f format) write(t time.Time) string {
	if f.layout != "" {
		return t.Format(f.layout)
	}
	return strconv.FormatInt(t.UnixNano()/int64(f.unit), 10)
}

// epoch is from which day a workbook counts: 1904 when true, else 1900.
type epoch bool

// time gives the moment of a number of days, to the second.
func (e epoch) time(days float64) time.Time {
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case bool(e):
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days >= 1 && days < 61: // Excel believes that 1900 had a 29th of February
		days++
	}
	whole, part := math.Modf(days)
	return first.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(part*86400)) * time.Second)
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// columnOfCell reads the column of "C5": 2.
func columnOfCell(reference string) (int, bool) {
	n := 0
	for i := range len(reference) {
		c := reference[i]
		if c < 'A' || c > 'Z' {
			return n - 1, n > 0
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumns {
			return n, true
		}
	}
	return 0, false
}

// next reads a token within the bounds.
func (b *bounded) next(d *xml.Decoder) (xml.Token, error) {
	b.token = 0
	return d.RawToken()
}

var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// text collects the text of an element, up to its end: of rich text all runs,
// but not how it is pronounced.
func (b *bounded) text(d *xml.Decoder, element string) (string, error) {
	var out strings.Builder
	silent, inside := 0, element == "v"
	for {
		token, err := b.next(d)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "rPh":
				silent++
			case "t":
				inside = true
			}
		case xml.CharData:
			if silent == 0 && inside {
				out.Write(t)
			}
			if out.Len() > maxToken {
				return "", errUnpacks
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "rPh":
				silent--
			case "t":
				inside = false
			case element:
				return unescape(out.String()), nil
			}
		}
	}
}

// unescape reads characters that XML cannot hold, written as _x000D_.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if err != nil || n == 0 {
			return ""
		}
		return string(rune(n))
	})
}
