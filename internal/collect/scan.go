package collect

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
)

// scanner walks over JSON once: it checks the grammar (RFC 8259), notes what an
// event may not hold, and mends in place what the books cannot hold: the NUL
// character and halves of surrogate pairs become U+FFFD, which takes as many
// bytes. It does not recurse, so nesting costs one byte a level. The text must
// be valid UTF-8.
type scanner struct {
	data []byte
	at   int
	open []byte // what is open of the value being walked over: '{' and '['
	// around is how many braces stand around it that count for the depth.
	around int
	notes  notes // since they were last cleared
}

// notes is what a value holds that the caller may refuse.
type notes struct {
	depth  int  // deepest nesting; a scalar has 0
	number bool // a number that no double can hold, or absurdly long
}

const (
	maxNumber   = 400 // characters of a number
	maxExponent = 400
)

var errEnd = errors.New("it ends too early")

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf(format+" at byte %d", append(args, s.at+1)...)
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek skips blanks and gives the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.data) && s.data[s.at] > ' ' { // mostly there is nothing to skip
		return s.data[s.at]
	}
	s.space()
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

func (s *scanner) expect(c byte) error {
	switch got := s.peek(); {
	case got == c:
		s.at++
		return nil
	case s.at >= len(s.data):
		return errEnd
	default:
		return s.errorf("%q where %q is due", got, c)
	}
}

// value walks over one value, whatever it is, and gives its text.
func (s *scanner) value() ([]byte, error) {
	c := s.peek()
	start := s.at
	err := error(nil)
	if c == '{' || c == '[' {
		err = s.nested()
	} else {
		err = s.single(c)
	}
	if err != nil {
		return nil, err
	}
	return s.data[start:s.at:s.at], nil
}

// single walks over a value that holds no others and starts with c.
func (s *scanner) single(c byte) (err error) {
	switch {
	case c == '"':
		_, err = s.text()
	case c == '-' || c >= '0' && c <= '9':
		err = s.number()
	case c == 't':
		err = s.literal("true")
	case c == 'f':
		err = s.literal("false")
	case c == 'n':
		err = s.literal("null")
	case s.at >= len(s.data):
		err = errEnd
	default:
		err = s.errorf("%q where a value is due", c)
	}
	return err
}

// nested walks over an object or a list with all that it holds.
func (s *scanner) nested() error {
	s.open = s.open[:0]
	for {
		into := false
		c, err := s.peek(), error(nil)
		if c == '{' || c == '[' {
			into, err = s.enter(c)
		} else {
			err = s.single(c)
		}
		for err == nil && !into { // what ends after a value, up to the next value
			last := len(s.open) - 1
			if last < 0 {
				return nil
			}
			if into, err = s.more(s.open[last] + 2); !into {
				s.open = s.open[:last]
			} else if err == nil && s.open[last] == '{' {
				_, _, err = s.member()
			}
		}
		if err != nil {
			return err
		}
	}
}

// enter walks into an object or a list up to its first value. It tells when
// there is none: then it has walked over it.
func (s *scanner) enter(c byte) (into bool, err error) {
	s.at++
	s.open = append(s.open, c)
	s.notes.depth = max(s.notes.depth, s.around+len(s.open))
	if s.peek() == c+2 { // '}' and ']' stand two after their partners
		s.at++
		s.open = s.open[:len(s.open)-1]
		return false, nil
	}
	if c == '{' {
		_, _, err = s.member()
	}
	return true, err
}

// more walks over the comma after a value, or over the end of what holds it.
func (s *scanner) more(end byte) (bool, error) {
	switch c := s.peek(); {
	case c == ',':
		s.at++
		return true, nil
	case c == end:
		s.at++
		return false, nil
	case s.at >= len(s.data):
		return false, errEnd
	default:
		return false, s.errorf("%q where ',' or %q is due", c, end)
	}
}

// member walks over a key and its colon. It gives the key with its quotes, and
// tells when it surely stands for itself.
func (s *scanner) member() (key []byte, plainly bool, err error) {
	if c := s.peek(); c != '"' {
		if s.at >= len(s.data) {
			return nil, false, errEnd
		}
		return nil, false, s.errorf("%q where a key is due", c)
	}
	start := s.at
	if plainly, err = s.text(); err != nil {
		return nil, false, err
	}
	key = s.data[start:s.at:s.at]
	if s.at < len(s.data) && s.data[s.at] == ':' {
		s.at++
		return key, plainly, nil
	}
	return key, plainly, s.expect(':')
}

func (s *scanner) literal(word string) error {
	if len(s.data)-s.at < len(word) || string(s.data[s.at:s.at+len(word)]) != word {
		return s.errorf("%q where a value is due", s.data[s.at])
	}
	s.at += len(word)
	return nil
}

// text walks over a string, and tells when all of it surely stands for itself:
// most do, so that is found out first, eight bytes at a time.
func (s *scanner) text() (plainly bool, err error) {
	at := s.at + 1
	for at+8 <= len(s.data) {
		found := special(binary.LittleEndian.Uint64(s.data[at:]))
		if found == 0 {
			at += 8
			continue
		}
		at += bits.TrailingZeros64(found) / 8
		if s.data[at] == '"' {
			s.at = at + 1
			return true, nil
		}
		break
	}
	s.at = at
	return false, s.rest()
}

// rest walks from within a string to its end.
func (s *scanner) rest() error {
	for ; ; s.at++ {
		s.at += plain(s.data[s.at:])
		if s.at >= len(s.data) {
			return errEnd
		}
		switch s.data[s.at] {
		case '"':
			s.at++
			return nil
		case '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default:
			return s.errorf("a control character in a text")
		}
	}
}

// plain tells how many bytes at the beginning of b stand for themselves in a
// JSON string. Most of what arrives is that, so eight are looked at together.
func plain(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if found := special(binary.LittleEndian.Uint64(b[i:])); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}

// special marks, among eight bytes, the first being lowest, those that are a
// quote, a backslash or a control character: the lowest bit set lies in the
// first of them; 0 when none is. Taking n from every byte sets the highest bit
// of those that are smaller than n; what is borrowed from higher bytes can only
// disturb those behind the first one.
func special(eight uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	low := eight ^ ones*2          // a quote becomes a blank: it and control characters, and no others, lie below '!'
	backslash := eight ^ ones*'\\' // it becomes zero
	return ((low-ones*'!')&^low | (backslash-ones)&^backslash) & high
}

// escape walks from a backslash to the last byte of what it introduces.
func (s *scanner) escape() error {
	if s.at+1 >= len(s.data) {
		return errEnd
	}
	s.at++
	switch s.data[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return s.errorf("an unknown escape in a text")
	}
	r, ok := hex4(s.data[s.at+1:])
	if !ok {
		return s.errorf("an unknown escape in a text")
	}
	digits := s.data[s.at+1 : s.at+5]
	s.at += 4
	switch {
	case r >= 0xd800 && r < 0xdc00: // the first half of a pair
		if rest := s.data[s.at+1:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
			if low, ok := hex4(rest[2:]); ok && low >= 0xdc00 && low < 0xe000 {
				s.at += 6
				return nil
			}
		}
		copy(digits, "fffd")
	case r >= 0xdc00 && r < 0xe000, r == 0:
		copy(digits, "fffd")
	}
	return nil
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (s *scanner) number() error {
	start := s.at
	if s.data[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.data) && s.data[s.at] == '0' {
		s.at++
	} else if s.digits() == 0 {
		return s.errorf("a number without digits")
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return s.errorf("a number without digits after its point")
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		if err := s.exponent(); err != nil {
			return err
		}
	}
	if n := s.data[start:s.at]; len(n) > 300 {
		if _, err := strconv.ParseFloat(string(n), 64); err != nil || len(n) > maxNumber {
			s.notes.number = true
		}
	}
	return nil
}

func (s *scanner) exponent() error {
	number := s.at
	for number > 0 && isNumber(s.data[number-1]) {
		number--
	}
	s.at++
	if s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
		s.at++
	}
	start := s.at
	if s.digits() == 0 {
		return s.errorf("a number without digits in its exponent")
	}
	size, err := strconv.Atoi(string(s.data[start:s.at]))
	if err != nil || size > maxExponent {
		s.notes.number = true
		return nil
	}
	if _, err := strconv.ParseFloat(string(s.data[number:s.at]), 64); err != nil {
		s.notes.number = true
	}
	return nil
}

func isNumber(c byte) bool { return c >= '0' && c <= '9' || c == '.' || c == '-' }

func (s *scanner) digits() (n int) {
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
		n++
	}
	return n
}

// object walks over an object and calls f at each value with the key's text;
// f must walk over the value.
func (s *scanner) object(f func(key []byte) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.at++
		return nil
	}
	for {
		key, plainly, err := s.member()
		if err != nil {
			return err
		}
		if plainly {
			key = key[1 : len(key)-1 : len(key)-1]
		} else {
			key = unquote(key)
		}
		if err := f(key); err != nil {
			return err
		}
		if more, err := s.more('}'); !more {
			return err
		}
	}
}

// array walks over an array and calls f at each value; f must walk over it.
func (s *scanner) array(f func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.at++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if more, err := s.more(']'); !more {
			return err
		}
	}
}

// unquote reads a string that was walked over before: where it stands for
// itself, it gives a part of it.
func unquote(raw []byte) []byte {
	inside := raw[1 : len(raw)-1 : len(raw)-1]
	if plain(inside) == len(inside) {
		return inside
	}
	var text string
	_ = json.Unmarshal(raw, &text) // was walked over before
	return []byte(text)
}
