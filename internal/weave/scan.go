package weave

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"regia/internal/experience"
)

// The front door writes events in one form: no blanks, known keys, each once.
// What stands here reads that form in one pass. Whatever looks different is
// left to encoding/json, so that both always agree (see TestScanAgrees).

// scanEvent reads an event in the door's form; false: it is another form.
func scanEvent(data []byte, e *experience.Event) bool {
	s := scan{data: data}
	if !s.take('{') {
		return false
	}
	for {
		key, ok := s.plain()
		if !ok || !s.take(':') || !s.member(e, key) {
			return false
		}
		switch {
		case s.take(','):
		case s.take('}'):
			return s.at == len(data)
		default:
			return false
		}
	}
}

// member reads the value of one key of an event.
func (s *scan) member(e *experience.Event, key []byte) (ok bool) {
	var text *string
	switch string(key) {
	case "messageId":
		text = &e.MessageID
	case "event":
		text = &e.Name
	case "userId":
		text = &e.UserID
	case "anonymousId":
		text = &e.AnonymousID
	case "previousId":
		text = &e.PreviousID
	case "groupId":
		text = &e.GroupID
	case "type":
		raw, ok := s.plain()
		e.Kind = kindOf(raw)
		return ok
	case "time":
		raw, ok := s.plain()
		return ok && e.Time.UnmarshalText(raw) == nil
	case "properties":
		e.Properties, ok = s.object()
		return ok
	case "traits":
		e.Traits, ok = s.object()
		return ok
	case "context":
		e.Context, ok = s.object()
		return ok
	default:
		return s.rest(e, key)
	}
	*text, ok = s.text()
	return ok
}

// rest reads the keys that few events have.
func (s *scan) rest(e *experience.Event, key []byte) bool {
	var into any
	switch string(key) {
	case "identifiers":
		into = &e.Identifiers
	case "imported":
		into = &e.Imported
	case "import":
		into = &e.Import
	default:
		return false
	}
	raw, ok := s.value()
	return ok && json.Unmarshal(raw, into) == nil
}

// kindOf gives a kind without keeping the text it is read from.
func kindOf(raw []byte) experience.Kind {
	for _, k := range experience.Kinds {
		if string(raw) == string(k) {
			return k
		}
	}
	return experience.Kind(raw)
}

// pick finds the values of some names in an object, nil where it has none. It
// tells false when encoding/json might find something else: then a name stands
// there twice, in other letters, or is written in an unusual way.
func pick(object []byte, names []string, values []json.RawMessage) bool {
	clear(values)
	s := scan{data: object}
	s.space()
	if !s.take('{') {
		return false
	}
	s.space()
	if s.take('}') {
		return s.ended()
	}
	for {
		s.space()
		key, ok := s.plain()
		if !ok || !isASCII(key) {
			return false
		}
		s.space()
		if !s.take(':') {
			return false
		}
		s.space()
		value, ok := s.value()
		if !ok {
			return false
		}
		for k, name := range names {
			if len(name) != len(key) || !strings.EqualFold(name, string(key)) {
				continue
			}
			if values[k] != nil || string(key) != name {
				return false
			}
			values[k] = value
		}
		s.space()
		switch {
		case s.take(','):
		case s.take('}'):
			return s.ended()
		default:
			return false
		}
	}
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// scan walks over JSON that was checked when it was written: it finds where
// things end, and does not judge what stands between.
type scan struct {
	data []byte
	at   int
}

func (s *scan) take(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scan) space() {
	for s.at < len(s.data) && (s.data[s.at] == ' ' || s.data[s.at] == '\n' || s.data[s.at] == '\t' || s.data[s.at] == '\r') {
		s.at++
	}
}

// ended tells whether nothing but blanks is left.
func (s *scan) ended() bool {
	s.space()
	return s.at == len(s.data)
}

// plain reads a text without escapes and gives what is inside its quotes.
func (s *scan) plain() ([]byte, bool) {
	start := s.at + 1
	raw, ok := s.quoted()
	if !ok || bytes.IndexByte(raw, '\\') >= 0 {
		return nil, false
	}
	return s.data[start : s.at-1 : s.at-1], true
}

// text reads a text.
func (s *scan) text() (string, bool) {
	raw, ok := s.quoted()
	if !ok {
		return "", false
	}
	inside := raw[1 : len(raw)-1]
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside), true
	}
	var out string
	err := json.Unmarshal(raw, &out)
	return out, err == nil
}

// quoted walks over a text and gives it with its quotes.
func (s *scan) quoted() ([]byte, bool) {
	start := s.at
	if !s.take('"') {
		return nil, false
	}
	for {
		n := bytes.IndexByte(s.data[s.at:], '"')
		if n < 0 {
			return nil, false
		}
		s.at += n + 1
		slashes := 0
		for s.data[s.at-2-slashes] == '\\' { // ends at the opening quote at the latest
			slashes++
		}
		if slashes%2 == 0 {
			return s.data[start:s.at:s.at], true
		}
	}
}

// object walks over an object.
func (s *scan) object() (json.RawMessage, bool) {
	if s.at >= len(s.data) || s.data[s.at] != '{' {
		return nil, false
	}
	return s.value()
}

// value walks over any value and gives its text.
func (s *scan) value() (json.RawMessage, bool) {
	start, depth := s.at, 0
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			if _, ok := s.quoted(); !ok {
				return nil, false
			}
		case '{', '[':
			depth++
			s.at++
			continue
		case '}', ']':
			depth--
			s.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			s.at++
			continue
		default:
			s.scalar()
		}
		if depth == 0 {
			return s.data[start:s.at:s.at], true
		}
		if depth < 0 {
			return nil, false
		}
	}
	return nil, false
}

// scalar walks over a number or a word.
func (s *scan) scalar() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ',', '}', ']', ' ', '\t', '\n', '\r', ':':
			return
		}
		s.at++
	}
}
