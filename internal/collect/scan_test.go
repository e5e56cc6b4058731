package collect

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func scan(text string) (scanner, error) {
	s := scanner{data: []byte(text)}
	_, err := s.value()
	if err == nil && s.peek() != 0 {
		err = s.errorf("more")
	}
	return s, err
}

func TestScanner(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-0`, `1.5`, `1e5`, `-1.5E+10`, `true`, `false`, `null`, ` { "a" : [ 1 , { } , "x" ] } `,
		`{"a":{"b":{"c":[[],[[]]]}}}`, `"\u0041\n\"\\\/"`, `"\ud83d\ude00"`, `[1,2]`, `{"":""}`, `{"a":1,"a":2}`,
		``, ` `, `{`, `}`, `[`, `]`, `"`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,]`, `{,}`, `{1:2}`, `{"a":1 "b":2}`, `[1 2]`,
		`01`, `1.`, `.5`, `+1`, `-`, `1e`, `1e+`, `0x1`, `tru`, `nul`, `TRUE`, `NaN`, `'a'`, "\"\n\"", "\"\x00\"", `"\x"`, `"\u12"`, `"\u12g4"`,
		`{"a":[}`, `[{]}`, `[1]]`, `{} {}`, `{}x`, `// c`, `[1,,2]`, `{"a"::1}`, `nullx`, `"a"b`, `- 1`, `1 .5`,
	} {
		want := json.Valid([]byte(text))
		if _, err := scan(text); (err == nil) != want {
			t.Errorf("%q: %v, JSON %v", text, err, want)
		}
	}
}

// What the scanner takes is what encoding/json takes.
func TestScannerAgrees(t *testing.T) {
	piece := rapid.SampledFrom([]string{"{", "}", "[", "]", ",", ":", `"a"`, `"\u00e9"`, `"\`, "1", "-2.5e3", "true", "null", " ", `"`, "e", "."})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		want := json.Valid([]byte(text))
		if _, err := scan(text); (err == nil) != want {
			t.Fatalf("%q: %v, JSON %v", text, err, want)
		}
	})
}

func TestScannerMends(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{`"a\u0000b"`, `"a\ufffdb"`},
		{`"a\\u0000b"`, `"a\\u0000b"`},
		{`{"\u0000":"\u0000"}`, `{"\ufffd":"\ufffd"}`},
		{`"\ud83d"`, `"\ufffd"`},
		{`"\ud83dx"`, `"\ufffdx"`},
		{`"\ud83d\u0041"`, `"\ufffd\u0041"`},
		{`"\ud83d\ud83d\ude00"`, `"\ufffd\ud83d\ude00"`},
		{`"\ude00"`, `"\ufffd"`},
		{`"\uD83D\uDE00"`, `"\uD83D\uDE00"`},
	} {
		s, err := scan(c.in)
		if err != nil || string(s.data) != c.out {
			t.Errorf("%s became %s, %v; want %s", c.in, s.data, err, c.out)
		}
	}
}

func TestScannerNotes(t *testing.T) {
	for _, c := range []struct {
		in   string
		want notes
	}{
		{`1`, notes{}},
		{`[[1],{"a":[]}]`, notes{depth: 3}},
		{`1e308`, notes{}},
		{`1e309`, notes{number: true}},
		{`-1.5e309`, notes{number: true}},
		{`1e-500`, notes{number: true}},
		{`1e99999999999999999999`, notes{number: true}},
		{strings.Repeat("9", 308), notes{}},
		{strings.Repeat("9", 310), notes{number: true}},
		{"0." + strings.Repeat("1", 500), notes{number: true}},
		{strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000), notes{depth: 1_000_000}},
	} {
		s, err := scan(c.in)
		if err != nil || s.notes != c.want {
			t.Errorf("%.20s: %+v, %v; want %+v", c.in, s.notes, err, c.want)
		}
	}
}

// Members are what encoding/json finds, the last of a key's values counting.
func TestMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.StringMatching(`[a-f"\\é]{0,2}`), 0, 90).Draw(t, "keys")
		var list []member
		for i, k := range keys {
			list = append(list, member{[]byte(k), []byte{'0' + byte(i%10)}})
		}
		text := appendObject(nil, list)
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := members(text)
		if len(got) != len(want) {
			t.Fatalf("%d members of %s, want %d", len(got), text, len(want))
		}
		for _, m := range got {
			if !bytes.Equal(want[string(m.key)], m.value) {
				t.Fatalf("%q is %s, want %s", m.key, m.value, want[string(m.key)])
			}
		}
	})
}

func TestAppendText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Filter(utf8.ValidString).Draw(t, "text")
		var back string
		if err := json.Unmarshal(appendText(nil, []byte(text)), &back); err != nil || back != text {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
	})
}

// TestPlain: eight bytes at a time find what one at a time does.
func TestPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\x7f\x80\x9f\xff\"!#\\[]\x1f\x00 ")), 0, 40).Draw(t, "bytes")
		want := 0
		for want < len(b) && b[want] >= ' ' && b[want] != '"' && b[want] != '\\' {
			want++
		}
		if got := plain(b); got != want {
			t.Fatalf("%q: %d, want %d", b, got, want)
		}
	})
}
