package web_test

import (
	"bytes"
	"encoding/csv"
	"net/http/httptest"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/web"
)

func TestDefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		"Anna":              "Anna",
		"=1+1":              "'=1+1",
		"+39333123456":      "+39333123456",
		"+39 333 123 456":   "+39 333 123 456",
		"-12":               "-12",
		"-12.50":            "-12.50",
		"-1-1":              "'-1-1",
		"\n=1":              "'\n=1",
		"+":                 "'+",
		"--1":               "'--1",
		"-2+3+cmd|' /C'!A0": "'-2+3+cmd|' /C'!A0",
		"@SUM(A1)":          "'@SUM(A1)",
		"\tA":               "'\tA",
		"\r=1":              "'\r=1",
		"a=b":               "a=b",
		"'=1":               "'=1",
	} {
		if got := web.Defused(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// Whatever people wrote, a reader of RFC 4180 gets as many cells back, and none
// of them is a formula.
func TestSheetsAreHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+@"\-,;\n0-9. è]{0,8}`)), 2, 5).Draw(t, "cells")
		var out bytes.Buffer
		s := web.NewSheet(&out)
		s.Write(cells...)
		if s.Flush(); s.Error() != nil {
			t.Fatal(s.Error())
		}
		lines, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(lines) != 1 || len(lines[0]) != len(cells) {
			t.Fatalf("%q comes back as %q: %v", cells, lines, err)
		}
		for _, c := range lines[0] {
			if web.Defused(c) != c {
				t.Fatalf("%q is a formula", c)
			}
		}
	})
}

func TestSheetsAreFiles(t *testing.T) {
	w := httptest.NewRecorder()
	s := web.SendSheet(w, "voices")
	s.Write("id", "text")
	s.Write("1", "=cmd()")
	s.Flush()
	if got := w.Body.String(); got != "id,text\r\n1,'=cmd()\r\n" || w.Header().Get("Content-Disposition") != `attachment; filename="voices.csv"` {
		t.Errorf("%q %v", got, w.Header())
	}
}
