package mapping

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		text  string
		style numberStyle
		want  string // "" absent, "!" an error
	}{
		{"12.50", '.', "12.5"}, {"1,234.50", '.', "1234.5"}, {"1234567", '.', "1234567"}, {"-0.001", '.', "-0.001"},
		{"£40.00", '.', "40"}, {"12-", '.', "-12"}, {"−3", '.', "-3"}, {"+3", '.', "3"}, {".5", '.', "0.5"}, {"", '.', ""}, {"  ", '.', ""},
		{"12,50", '.', "!"}, {"1,23,456", '.', "!"}, {"1.2.3", '.', "!"}, {"1e5", '.', "!"}, {"abc", '.', "!"}, {"-", '.', "!"}, {"€", '.', "!"},
		{"5.", '.', "!"}, {"99999999999999999999", '.', "!"}, {"0.12345678901234567890", '.', "!"}, {"NaN", '.', "!"}, {"0x10", '.', "!"},
		{"12,50", ',', "12.5"}, {"1.249,00", ',', "1249"}, {"€ 1.249,00", ',', "1249"}, {"12,50 €", ',', "12.5"}, {"1'000,5", ',', "1000.5"},
		{"1 000,5", ',', "1000.5"}, {"12.50", ',', "!"}, {"-1.000", ',', "-1000"}, {"0,0", ',', "0"},
	} {
		d, err := parseDecimal(c.text, c.style)
		got := d.String()
		if err != nil {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%q with %q: got %s (%v), want %s", c.text, c.style, got, err, c.want)
		}
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		text   string
		digits int
		want   string
	}{{"2.345", 2, "2.35"}, {"-2.345", 2, "-2.35"}, {"2.344", 2, "2.34"}, {"0.5", 0, "1"}, {"-0.5", 0, "-1"}, {"1.005", 2, "1.01"}, {"7", 2, "7"}, {"2.349999", 2, "2.35"}} {
		d, _ := parseDecimal(c.text, decimalPoint)
		if got := d.Round(c.digits).String(); got != c.want {
			t.Errorf("%s to %d: %s, want %s", c.text, c.digits, got, c.want)
		}
	}
}

// TestDecimalAgainstRationals compares the arithmetic with math/big.
func TestDecimalAgainstRationals(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) Decimal {
		return Decimal{rapid.Int64Range(-1<<62, 1<<62).Draw(t, "coefficient"), uint8(rapid.IntRange(0, maxScale).Draw(t, "scale")), true}
	})
	same := func(d Decimal, text string) bool {
		want, _ := new(big.Rat).SetString(text)
		return d.rational().Cmp(want) == 0
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if read, _ := new(big.Rat).SetString(a.String()); read.Cmp(a.rational()) != 0 {
			t.Fatalf("%v is written %s", a, a)
		}
		if sum, err := a.Add(b); err == nil && sum.rational().Cmp(new(big.Rat).Add(a.rational(), b.rational())) != 0 {
			t.Fatalf("%s + %s = %s", a, b, sum)
		}
		if product, err := a.Multiply(b); err == nil && product.rational().Cmp(new(big.Rat).Mul(a.rational(), b.rational())) != 0 {
			t.Fatalf("%s * %s = %s", a, b, product)
		}
		if a.Compare(b) != a.rational().Cmp(b.rational()) {
			t.Fatalf("%s against %s: %d", a, b, a.Compare(b))
		}
		digits := rapid.IntRange(0, 4).Draw(t, "digits")
		if got, want := a.Round(digits), a.rational().FloatString(digits); !same(got, want) {
			t.Fatalf("%s to %d digits is %s, want %s", a, digits, got, want)
		}
	})
}

func TestDecimalAbsent(t *testing.T) {
	sum, err := Whole(1).Add(Decimal{})
	product, err2 := Decimal{}.Multiply(Whole(2))
	if sum.present || product.present || err != nil || err2 != nil {
		t.Errorf("an absent number was reckoned with: %v, %v", sum, product)
	}
	if _, err := Whole(1 << 62).Add(Whole(1 << 62)); err == nil {
		t.Error("an overflow went unnoticed")
	}
}
