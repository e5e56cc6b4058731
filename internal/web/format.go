package web

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// What Italian and English put between the parts of a number. Italian groups
// numbers of four digits too, as shops write prices.
const (
	narrowSpace = "\u202f" // before % in Italian
	noBreak     = "\u00a0"
	minusSign   = "\u2212"
)

// N writes a whole number with groups: 12.345.
func (l *Locale) N(n int64) string {
	if n == math.MinInt64 {
		return l.Decimal(float64(n), 0)
	}
	if n < 0 {
		return minusSign + l.group(strconv.FormatInt(-n, 10))
	}
	return l.group(strconv.FormatInt(n, 10))
}

// Decimal writes a number with so many digits after the point: 3,5.
func (l *Locale) Decimal(f float64, digits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	text := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	out := l.group(whole)
	if fraction != "" {
		out += l.point() + fraction
	}
	if f < 0 && strings.Trim(text, "0.") != "" {
		out = minusSign + out
	}
	return out
}

// Percent writes a share (0.38) as 38 %. Small shares get one digit.
func (l *Locale) Percent(f float64) string {
	p, digits := f*100, 0
	if a := math.Abs(p); a > 0 && a < 10 && math.Abs(p-math.Round(p)) >= 0.05 {
		digits = 1
	}
	if l.lang == "en" {
		return l.Decimal(p, digits) + "%"
	}
	return l.Decimal(p, digits) + narrowSpace + "%"
}

// PercentChange writes a change (0.38) with its sign: +38 %.
func (l *Locale) PercentChange(f float64) string {
	if f > 0 {
		return "+" + l.Percent(f)
	}
	return l.Percent(f)
}

// Money writes minor units of a currency: 1.234,50 € or €1,234.50.
func (l *Locale) Money(minor int64, currency string) string {
	digits := currencyDigits(currency)
	symbol, ok := currencySymbols[currency]
	if !ok {
		symbol = currency
	}
	number := l.scaled(minor, digits)
	if l.lang != "en" {
		return number + noBreak + symbol
	}
	if !ok {
		symbol += noBreak
	}
	if rest, negative := strings.CutPrefix(number, minusSign); negative {
		return minusSign + symbol + rest
	}
	return symbol + number
}

// scaled writes minor units exactly, without going through a float.
func (l *Locale) scaled(minor int64, digits int) string {
	text, sign := strconv.FormatInt(minor, 10), ""
	if minor < 0 {
		text, sign = text[1:], minusSign
	}
	if digits == 0 {
		return sign + l.group(text)
	}
	for len(text) <= digits {
		text = "0" + text
	}
	cut := len(text) - digits
	return sign + l.group(text[:cut]) + l.point() + text[cut:]
}

var currencySymbols = map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "BRL": "R$", "CHF": "CHF"}

// currencyDigits says how many minor digits a currency has (ISO 4217).
func currencyDigits(currency string) int {
	switch currency {
	case "JPY", "KRW", "CLP", "ISK", "VND", "XAF", "XOF", "XPF", "PYG", "UGX", "RWF", "KMF", "GNF", "DJF", "BIF", "VUV":
		return 0
	case "BHD", "KWD", "OMR", "TND", "JOD", "IQD", "LYD":
		return 3
	}
	return 2
}

func (l *Locale) point() string {
	if l.lang == "en" {
		return "."
	}
	return ","
}

func (l *Locale) group(digits string) string {
	separator := "."
	if l.lang == "en" {
		separator = ","
	}
	if len(digits) <= 3 {
		return digits
	}
	var b strings.Builder
	lead := len(digits) % 3
	b.WriteString(digits[:lead])
	for i := lead; i < len(digits); i += 3 {
		if b.Len() > 0 {
			b.WriteString(separator)
		}
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}

var (
	monthsIT = [...]string{"gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"}
	monthsEN = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
)

// Date writes a day in the company's time zone: 22 nov 2026.
func (l *Locale) Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(l.zone)
	return strconv.Itoa(t.Day()) + " " + l.month(t) + " " + strconv.Itoa(t.Year())
}

// Day writes a day without its year, for axes: 22 nov.
func (l *Locale) Day(t time.Time) string {
	t = t.In(l.zone)
	return strconv.Itoa(t.Day()) + " " + l.month(t)
}

// Month writes a month with its year: nov 2026.
func (l *Locale) Month(t time.Time) string {
	t = t.In(l.zone)
	return l.month(t) + " " + strconv.Itoa(t.Year())
}

func (l *Locale) month(t time.Time) string {
	if l.lang == "en" {
		return monthsEN[t.Month()-1]
	}
	return monthsIT[t.Month()-1]
}

// Time writes hour and minute: 14:05.
func (l *Locale) Time(t time.Time) string { return t.In(l.zone).Format("15:04") }

// DateTime writes day and time: 22 nov 2026, 14:05.
func (l *Locale) DateTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return l.Date(t) + ", " + l.Time(t)
}

// Ago says how long t is before now in words, or the date when it is a month
// and more. A moment ahead of now (a fast clock) is just now.
func (l *Locale) Ago(t, now time.Time) string {
	if t.IsZero() {
		return l.T("web.never")
	}
	switch d := now.Sub(t); {
	case d < 10*time.Second:
		return l.T("web.ago.now")
	case d < time.Minute:
		return l.T("web.ago.seconds", "n", int(d.Seconds()))
	case d < time.Hour:
		return l.T("web.ago.minutes", "n", int(d.Minutes()))
	case d < 24*time.Hour:
		return l.T("web.ago.hours", "n", int(d.Hours()))
	case d < 30*24*time.Hour:
		return l.T("web.ago.days", "n", int(d.Hours()/24))
	}
	return l.Date(t)
}
