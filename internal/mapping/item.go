package mapping

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"

	"regia/internal/experience"
)

// MaxItemBytes is how large an item may be: what the door takes.
const MaxItemBytes = 512 << 10

// Item is one interaction, or what became known of a person, on its way to
// POST /v1/import.
type Item struct {
	Type        experience.Kind // track or identify
	MessageID   string          // the same on every run
	Event       string          // track: the event's name
	UserID      string
	AnonymousID string
	Identifiers []experience.Identifier // beyond the two above
	Time        time.Time               // UTC
	Properties  json.RawMessage         // object or absent
	Traits      json.RawMessage         // object or absent
	Context     json.RawMessage         // object or absent

	origin []row // what it was made of, for rejected.csv
}

// MarshalJSON writes the item in the words of Segment's API.
func (i Item) MarshalJSON() ([]byte, error) { return i.AppendJSON(nil), nil }

// AppendJSON appends the item as MarshalJSON writes it.
func (i *Item) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, i.Type...)
	dst = append(dst, '"')
	dst = appendMember(dst, "messageId", i.MessageID)
	dst = appendMember(dst, "event", i.Event)
	dst = appendMember(dst, "userId", i.UserID)
	dst = appendMember(dst, "anonymousId", i.AnonymousID)
	if len(i.Identifiers) > 0 {
		dst = append(dst, `,"identifiers":[`...)
		for n, id := range i.Identifiers {
			if n > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"kind":`...)
			dst = appendString(dst, string(id.Kind))
			dst = appendMember(dst, "value", id.Value)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"timestamp":"`...)
	dst = i.Time.UTC().AppendFormat(dst, timeLayout)
	dst = append(dst, '"')
	for _, raw := range []struct {
		name string
		json json.RawMessage
	}{{"properties", i.Properties}, {"traits", i.Traits}, {"context", i.Context}} {
		if len(raw.json) > 0 {
			dst = append(dst, `,"`...)
			dst = append(dst, raw.name...)
			dst = append(dst, `":`...)
			dst = append(dst, raw.json...)
		}
	}
	return append(dst, '}')
}

const timeLayout = "2006-01-02T15:04:05.999999Z"

func appendMember(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendString(dst, text)
}

// appendString writes a JSON string; bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		from = i + 1
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// blank tells whether a value says nothing, as an empty cell does.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case Decimal:
		return !v.present
	case time.Time:
		return v.IsZero()
	}
	return false
}

// appendJSON writes what an expression gave. Blank members of objects are left
// out.
func appendJSON(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case Decimal:
		if !v.present {
			return append(dst, "null"...), nil
		}
		return v.append(dst), nil
	case time.Time:
		dst = append(dst, '"')
		dst = v.UTC().AppendFormat(dst, timeLayout)
		return append(dst, '"'), nil
	case []any:
		dst = append(dst, '[')
		var err error
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, item); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
	other, err := json.Marshal(v) // what expressions make: floats, maps, typed lists
	if err != nil {
		return dst, fmt.Errorf("the value cannot be written as JSON: %w", err)
	}
	return append(dst, other...), nil
}

// MarshalJSON writes the number, and null where it is absent.
func (d Decimal) MarshalJSON() ([]byte, error) { return appendJSON(nil, d) }

// textOf gives a scalar's text: for keys, identifiers and event names.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case Decimal:
		return v.String(), nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.UTC().Format(timeLayout), nil
	}
	return "", fmt.Errorf("a text is needed here, the expression gives a %s", kindName(v))
}

func kindName(v any) string {
	switch v.(type) {
	case float64:
		return "number; use number() to reckon exactly"
	case []any:
		return "list"
	case map[string]any:
		return "row or object"
	}
	return fmt.Sprintf("%T", v)
}

// minorDigits gives how many decimals a currency's amounts have.
func minorDigits(code string) (int, error) {
	unit, err := currency.ParseISO(code)
	if err != nil || unit.String() != code {
		return 0, reason("currency", "currency: %s is not a currency code such as EUR", quote(code))
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits, nil
}

// Minor gives an amount in the smallest units of its currency: cents of EUR.
func Minor(amount, code string) (int64, error) {
	digits, err := minorDigits(code)
	if err != nil {
		return 0, err
	}
	d, err := parseDecimal(amount, decimalPoint)
	if err == nil {
		d, err = d.Multiply(Whole(pow10(uint8(digits))))
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(d.Round(0).String(), 10, 64)
}

// Size is the number of bytes that AppendJSON writes.
func (i *Item) Size() int {
	return len(i.AppendJSON(make([]byte, 0, 512+len(i.Properties)+len(i.Traits)+len(i.Context))))
}

// Refused gives the rows that the item was made of, with the reason why nobody
// took it.
func (i *Item) Refused(why Reason) []Refusal {
	out := make([]Refusal, len(i.origin))
	for n, one := range i.origin {
		out[n] = one.refusal([]Reason{why})
	}
	return out
}
