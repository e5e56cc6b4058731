package web

import (
	"encoding/csv"
	"io"
	"net/http"
	"strings"
)

// Sheet writes lines for a spreadsheet: CSV by RFC 4180, in which no cell is a
// formula. As with a csv.Writer, Flush ends it and Error tells what went wrong.
type Sheet struct{ csv *csv.Writer }

// NewSheet begins a sheet.
func NewSheet(out io.Writer) *Sheet {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	return &Sheet{w}
}

// SendSheet begins an answer that is a sheet, with a name for its file.
func SendSheet(w http.ResponseWriter, name string) *Sheet {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	return NewSheet(w)
}

// Write adds a line.
func (s *Sheet) Write(cells ...string) {
	line := make([]string, len(cells))
	for i, c := range cells {
		line[i] = Defused(c)
	}
	_ = s.csv.Write(line) // Error has it
}

// Flush sends what was written.
func (s *Sheet) Flush() { s.csv.Flush() }

// Error tells why lines could not be sent; in an answer, that its reader is
// gone.
func (s *Sheet) Error() error { return s.csv.Error() }

// Defused puts an apostrophe before a text that a spreadsheet would run as a
// formula. A number, also that of a telephone, is none.
func Defused(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r\n", rune(text[0])) || numeral(text) {
		return text
	}
	return "'" + text
}

// numeral tells whether a text is a sign, then digits, a point and blanks.
func numeral(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return len(text)-len(digits) <= 1 && digits != "" && strings.Trim(digits, "0123456789. ") == ""
}
