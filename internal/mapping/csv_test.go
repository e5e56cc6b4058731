package mapping

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// readAll gives rows as "line: a|b" and damage as "line! reason".
func readAll(text string, columns int) []string {
	r := newCSVReader(strings.NewReader(text), ',', false)
	r.columns = columns
	var out []string
	for {
		cells, line, d, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return out
		case d != nil:
			out = append(out, fmt.Sprintf("%d! %s", d.line, d.reason))
		default:
			out = append(out, fmt.Sprintf("%d: %s", line, strings.Join(cells, "|")))
		}
	}
}

func TestCSV(t *testing.T) {
	const unclosed = "a quote opened in this row is never closed"
	const stray = "text follows a closing quote in this row: a quote is missing or too many"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"plain", "a,b\nc,d\n", []string{"1: a|b", "2: c|d"}},
		{"line ends", "a,b\r\nc,d\r\n\r\ne,f", []string{"1: a|b", "2: c|d", "4: e|f"}},
		{"quotes", "\"a,1\",\"say \"\"hi\"\"\"\n", []string{`1: a,1|say "hi"`}},
		{"lines in a cell", "\"a\nb\r\nc\",d\ne,f\n", []string{"1: a\nb\nc|d", "4: e|f"}},
		{"a quote inside a plain cell", "5\" pipe,b\n", []string{`1: 5" pipe|b`}},
		{"short", "a,b\nc\ne,f\n", []string{"1: a|b", "2! this row has 1 columns, the header has 2", "3: e|f"}},
		{"long", "a,b,c\ne,f\n", []string{"1! this row has 3 columns, the header has 2", "2: e|f"}},
		{"blank columns behind", "a,b,,\ne,f\n", []string{"1: a|b", "2: e|f"}},
		{"ends in the middle", "a,b\nc", []string{"1: a|b", "2! the file ends in the middle of this row: 1 of 2 columns are there"}},
		{"unclosed at the end", "a,b\nc,\"d", []string{"1: a|b", "2! " + unclosed}},
		{"unclosed in the middle", "a,b\nc,\"d\ne,f\ng,h\n", []string{"1: a|b", "2! " + unclosed, "3: e|f", "4: g|h"}},
		{"stray quote swallows a line", "\"a,b\nc,\"d\ne,f\n", []string{"1! " + stray, "2! " + unclosed, "3: e|f"}},
		{"swallowed lines come back", "\"a,b\n\"\",c\ne,\"f\"\n", []string{"1! " + stray, "2: |c", "3: e|f"}},
		{"nul", "a,b\nc\x00,d\ne,f\n", []string{"1: a|b", "2! this row holds a NUL character: the file is damaged here", "3: e|f"}},
		{"windows", "a,citt\xe0 \x80\n", []string{"1: a|città €"}},
	} {
		if got := readAll(c.text, 2); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestCSVBounds(t *testing.T) {
	long := strings.Repeat("x", maxLine+1)
	got := readAll("a,b\n"+long+",y\nc,d\n", 2)
	if len(got) != 3 || !strings.HasPrefix(got[1], "2! this line is longer") || got[2] != "3: c|d" {
		t.Errorf("a line too long: %.60q", got)
	}
	got = readAll("\"a,b\n"+strings.Repeat("c,d\n", maxQuoted/2), 2)
	if len(got) != 1+maxQuoted/2 || got[1] != "2: c|d" {
		t.Errorf("a quote never closed lost rows: %d, %.80q", len(got), got[:2])
	}
}

// TestCSVAsTheStandardLibrary writes random rows and reads them back.
func TestCSVAsTheStandardLibrary(t *testing.T) {
	cell := rapid.StringMatching("[a-z\",;\n €à]{0,6}")
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 3, 3), 1, 8).Draw(t, "rows")
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		_ = w.WriteAll(rows)
		r := newCSVReader(strings.NewReader(b.String()), ',', true)
		r.columns = 3
		for i, want := range rows {
			cells, _, d, err := r.next()
			if err != nil || d != nil || strings.Join(cells, "|") != strings.Join(want, "|") {
				t.Fatalf("row %d of %q: %q, %v, %v", i, b.String(), cells, d, err)
			}
		}
	})
}

func TestSniffDelimiter(t *testing.T) {
	for header, want := range map[string]byte{"a,b": ',', "a;b,c;d": ';', "a\tb": '\t', "a|b|c": '|', `"x;y;z",b`: ',', "one": ','} {
		if got := sniffDelimiter(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
