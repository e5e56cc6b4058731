package mapping

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Decimal is an exact decimal number: coefficient / 10^scale. The zero Decimal
// is absent, as an empty cell is: calculating with it gives an absent number.
type Decimal struct {
	coefficient int64
	scale       uint8
	present     bool
}

// maxScale bounds the digits after the point; 10^18 is the largest power of
// ten that an int64 holds.
const maxScale = 18

var errTooLarge = reason("number.large", "the number is too large to be reckoned exactly")

// Whole gives a whole number.
func Whole(n int64) Decimal { return Decimal{coefficient: n, present: true} }

// Present tells whether there is a number at all.
func (d Decimal) Present() bool { return d.present }

// Sign is -1, 0 or 1; 0 for an absent number.
func (d Decimal) Sign() int {
	switch {
	case d.coefficient < 0:
		return -1
	case d.coefficient > 0:
		return 1
	}
	return 0
}

// String writes the number as JSON does, without needless zeros; "" when absent.
func (d Decimal) String() string {
	if !d.present {
		return ""
	}
	return string(d.append(nil))
}

func (d Decimal) append(dst []byte) []byte {
	d = d.normal()
	n := uint64(d.coefficient)
	if d.coefficient < 0 {
		dst = append(dst, '-')
		n = -n
	}
	if d.scale == 0 {
		return strconv.AppendUint(dst, n, 10)
	}
	p := uint64(pow10(d.scale))
	dst = strconv.AppendUint(dst, n/p, 10)
	dst = append(dst, '.')
	fraction := strconv.FormatUint(n%p, 10)
	dst = append(dst, strings.Repeat("0", int(d.scale)-len(fraction))...)
	return append(dst, fraction...)
}

// normal drops zeros at the end of the fraction, so that equal numbers are equal.
func (d Decimal) normal() Decimal {
	for d.scale > 0 && d.coefficient%10 == 0 {
		d.coefficient /= 10
		d.scale--
	}
	return d
}

func pow10(n uint8) int64 {
	p := int64(1)
	for ; n > 0; n-- {
		p *= 10
	}
	return p
}

func multiply(a, b int64) (int64, error) {
	negative := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > 1<<63-1 {
		return 0, errTooLarge
	}
	if negative {
		return -int64(lo), nil
	}
	return int64(lo), nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// align brings two numbers to one scale.
func align(a, b Decimal) (x, y int64, scale uint8, err error) {
	x, y, scale = a.coefficient, b.coefficient, a.scale
	switch {
	case a.scale < b.scale:
		scale = b.scale
		x, err = multiply(x, pow10(b.scale-a.scale))
	case b.scale < a.scale:
		y, err = multiply(y, pow10(a.scale-b.scale))
	}
	return x, y, scale, err
}

// Add gives d+o, absent when either is. It fails when the sum does not fit.
func (d Decimal) Add(o Decimal) (Decimal, error) {
	if !d.present || !o.present {
		return Decimal{}, nil
	}
	x, y, scale, err := align(d.normal(), o.normal())
	sum := x + y
	if err != nil || sum == math.MinInt64 || (x > 0) == (y > 0) && x != 0 && y != 0 && (sum > 0) != (x > 0) {
		return Decimal{}, errTooLarge
	}
	return Decimal{sum, scale, true}.normal(), nil
}

// Negate gives -d.
func (d Decimal) Negate() Decimal {
	d.coefficient = -d.coefficient
	return d
}

// Multiply gives d*o, absent when either is. It fails when the product does not fit.
func (d Decimal) Multiply(o Decimal) (Decimal, error) {
	if !d.present || !o.present {
		return Decimal{}, nil
	}
	a, b := d.normal(), o.normal()
	n, err := multiply(a.coefficient, b.coefficient)
	if err != nil || int(a.scale)+int(b.scale) > maxScale {
		return Decimal{}, errTooLarge
	}
	return Decimal{n, a.scale + b.scale, true}.normal(), nil
}

// Compare is -1, 0 or 1 as d is less than, equal to or more than o. Both must
// be present.
func (d Decimal) Compare(o Decimal) int {
	difference, err := d.Add(o.Negate())
	if err == nil {
		return difference.Sign()
	}
	return d.rational().Cmp(o.rational()) // a huge number beside a very fine one
}

func (d Decimal) rational() *big.Rat { return new(big.Rat).SetFrac64(d.coefficient, pow10(d.scale)) }

// Round keeps digits after the point, halves away from zero.
func (d Decimal) Round(digits int) Decimal {
	digits = min(max(digits, 0), maxScale)
	if !d.present || int(d.scale) <= digits {
		return d
	}
	p := pow10(d.scale - uint8(digits))
	n, rest := d.coefficient/p, d.coefficient%p
	if magnitude(rest) >= uint64(p/2) { // p is even: a half is exact
		if d.coefficient < 0 {
			n--
		} else {
			n++
		}
	}
	return Decimal{n, uint8(digits), true}.normal()
}

// numberStyle says which character separates the decimals.
type numberStyle byte

const (
	decimalPoint numberStyle = '.' // 1,234.56
	decimalComma numberStyle = ',' // 1.234,56
)

// ParseDecimal reads a number as cells have it: with a currency sign, thousands
// in threes, a minus before or behind, and a decimal comma or point.
func ParseDecimal(text string, comma bool) (Decimal, error) {
	if comma {
		return parseDecimal(text, decimalComma)
	}
	return parseDecimal(text, decimalPoint)
}

// parseDecimal reads a number as people and programs write it: with a currency
// sign or blanks around, a minus before or behind, thousands in groups of
// three. Empty text is an absent number.
func parseDecimal(text string, style numberStyle) (Decimal, error) {
	s := strings.TrimFunc(text, decoration)
	if s == "" {
		return Decimal{}, notNumber(text, style, strings.TrimSpace(text) == "")
	}
	negative := false
	if rest, ok := cutMinus(s); ok {
		negative, s = true, strings.TrimFunc(rest, decoration)
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	whole, fraction, found := strings.Cut(s, string(style))
	whole, ok := ungroup(whole, style)
	if !ok || found && fraction == "" || !allDigits(fraction) || whole == "" && fraction == "" {
		return Decimal{}, notNumber(text, style, false)
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > maxScale {
		return Decimal{}, errTooLarge
	}
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return Decimal{}, errTooLarge
	}
	if negative {
		n = -n
	}
	return Decimal{n, uint8(len(fraction)), true}, nil
}

func notNumber(text string, style numberStyle, empty bool) error {
	if empty {
		return nil
	}
	if style == decimalComma {
		return reason("number.comma", "%s is not a number written with a decimal comma, as 1234,50", quote(text))
	}
	return reason("number.point", "%s is not a number written with a decimal point, as 1234.50", quote(text))
}

// decoration tells what may stand around a number: blanks and currency signs.
func decoration(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Sc, r) }

func cutMinus(s string) (string, bool) {
	for _, minus := range []string{"-", "−"} {
		if rest, ok := strings.CutPrefix(s, minus); ok {
			return rest, true
		}
		if rest, ok := strings.CutSuffix(s, minus); ok {
			return rest, true
		}
	}
	return s, false
}

// ungroup takes the thousands separators out, where they stand in groups of
// three: the other style's decimal sign, an apostrophe, a blank.
func ungroup(s string, style numberStyle) (string, bool) {
	if allDigits(s) {
		return s, true
	}
	separators := ",'’  \u202f"
	if style == decimalComma {
		separators = ".'’  \u202f"
	}
	at := strings.IndexAny(s, separators)
	if at < 1 || at > 3 {
		return "", false
	}
	_, size := utf8.DecodeRuneInString(s[at:])
	groups := strings.Split(s, s[at:at+size])
	for i, g := range groups {
		if !allDigits(g) || i > 0 && len(g) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// quote shows a value in a message, cut to a readable length.
func quote(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		s = string(runes[:59]) + "…"
	}
	return strconv.Quote(s)
}
