package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The room around a chart's drawing, in pixels: the widths are shares of the
// page, so that words keep their size on every screen.
const (
	chartTop    = 14
	chartBottom = 26
)

// chart is a ChartProps laid out.
type chart struct {
	ChartProps
	low, high float64
	ticks     []float64
}

func layout(p ChartProps) chart {
	if p.Height <= 0 {
		p.Height = 220
	}
	c := chart{ChartProps: p}
	first := true
	for _, s := range p.Series {
		for _, v := range s.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			if first {
				c.low, c.high, first = v, v, false
			}
			c.low, c.high = min(c.low, v), max(c.high, v)
		}
	}
	c.low, c.high = min(c.low, 0), max(c.high, 0) // the axis shows zero: differences keep their size
	if c.low == c.high {
		c.high = 1
	}
	step := niceStep((c.high - c.low) / 3)
	c.low, c.high = math.Floor(c.low/step)*step, math.Ceil(c.high/step)*step
	if c.Most > 0 && c.high > c.Most {
		c.high = c.Most
	}
	for i := 0; c.low+float64(i)*step <= c.high+step/1000; i++ {
		c.ticks = append(c.ticks, c.low+float64(i)*step)
	}
	return c
}

// niceStep rounds a step up to 1, 2, 2.5 or 5 times a power of ten.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*power >= raw*0.999 {
			return m * power
		}
	}
	return 10 * power
}

func (c chart) empty() bool {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				return false
			}
		}
	}
	return true
}

// plot is the height of the drawing between top and bottom.
func (c chart) plot() float64 { return float64(c.Height - chartTop - chartBottom) }

func (c chart) y(v float64) float64 { return chartTop + c.plot()*(1-(v-c.low)/(c.high-c.low)) }

// x is the middle of the i-th class, as a share of the width.
func (c chart) x(i int) float64 { return 100 * (float64(i) + 0.5) / float64(max(1, len(c.Labels))) }

func px(v float64) string  { return strconv.FormatFloat(v, 'f', 1, 64) }
func pct(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) + "%" }

// gutter is the class that leaves room for the levels' values beside the
// drawing, so that no line strikes a figure through.
func (c chart) gutter(l *Locale) string {
	longest := 0
	for _, t := range c.ticks {
		longest = max(longest, utf8.RuneCountInString(c.value(l, t)))
	}
	switch {
	case longest <= 2:
		return "gutter-s"
	case longest <= 5:
		return "gutter-m"
	}
	return "gutter-l"
}

// path draws a line in a box 100 wide and plot high; gaps interrupt it.
func (c chart) path(s Series) string {
	var b strings.Builder
	pen := false
	for i, v := range s.Values {
		if math.IsNaN(v) {
			pen = false
			continue
		}
		command := "L"
		if !pen {
			command = "M"
		}
		pen = true
		fmt.Fprintf(&b, "%s%.3f %.2f", command, c.x(i), c.y(v)-chartTop)
	}
	return b.String()
}

// area is the surface between an unbroken line and zero; "" when it is broken.
func (c chart) area(s Series) string {
	if len(s.Values) < 2 || len(s.Values) > len(c.Labels) {
		return ""
	}
	for _, v := range s.Values {
		if math.IsNaN(v) {
			return ""
		}
	}
	zero := c.y(0) - chartTop
	return fmt.Sprintf("%sL%.3f %.2fL%.3f %.2fZ", c.path(s), c.x(len(s.Values)-1), zero, c.x(0), zero)
}

// column is the place of one column: the classes share the width, the series a class.
func (c chart) column(series, i int, v float64) (x, y, width, height string) {
	class := 100 / float64(max(1, len(c.Labels)))
	each := class * 0.68 / float64(max(1, len(c.Series)))
	left := class*float64(i) + class*0.16 + each*float64(series)
	top, bottom := c.y(max(v, 0)), c.y(min(v, 0))
	return pct(left), px(top), pct(each * 0.94), px(max(bottom-top, 1))
}

// named tells whether the i-th label is written: about six short ones fit on a
// phone, four long ones.
func (c chart) named(i int) bool {
	fit := 6
	for _, label := range c.Labels {
		if utf8.RuneCountInString(label) > 6 {
			fit = 4
			break
		}
	}
	step := (len(c.Labels) + fit - 1) / fit
	return step <= 1 || i%step == step/2
}

// dots are drawn when points are few; otherwise only the last.
func (c chart) dotted(i int, s Series) bool {
	if i >= len(s.Values) || math.IsNaN(s.Values[i]) {
		return false
	}
	lonely := (i == 0 || math.IsNaN(s.Values[i-1])) && (i == len(s.Values)-1 || math.IsNaN(s.Values[i+1]))
	return !s.Former && (len(s.Values) <= 16 || i == len(s.Values)-1 || lonely)
}

func (c chart) value(l *Locale, v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case c.Format != nil:
		return c.Format(v)
	case v == math.Trunc(v):
		return l.N(int64(v))
	}
	return l.Decimal(v, 1)
}

// at is the value of a series at a place, a gap beyond its end.
func (s Series) at(i int) float64 {
	if i >= len(s.Values) {
		return math.NaN()
	}
	return s.Values[i]
}

func (s Series) class() string {
	t := s.Tone
	if t == "" {
		t = Petrol
	}
	if s.Former {
		return toneClass(Sand) + " is-former"
	}
	return toneClass(t)
}

// alternative says in words what a chart draws: its finding, ends and extremes.
func (c chart) alternative(l *Locale) string {
	var text []string
	if c.Title != "" {
		text = append(text, c.Title)
	}
	for _, s := range c.Series {
		lowAt, highAt := -1, -1
		for i, v := range s.Values {
			if math.IsNaN(v) || i >= len(c.Labels) {
				continue
			}
			if lowAt < 0 || v < s.Values[lowAt] {
				lowAt = i
			}
			if highAt < 0 || v > s.Values[highAt] {
				highAt = i
			}
		}
		if highAt >= 0 {
			text = append(text, l.T("web.chart.alternative", "name", s.Name,
				"low", c.value(l, s.Values[lowAt]), "lowAt", c.Labels[lowAt],
				"high", c.value(l, s.Values[highAt]), "highAt", c.Labels[highAt]))
		}
	}
	return strings.Join(text, ". ")
}

func (c chart) head(l *Locale) string {
	if c.Head != "" {
		return c.Head
	}
	return l.T("web.chart.period")
}

// sparkPath draws a small line in a box 100 x 24.
func sparkPath(values []float64) (line string, x, y float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if high <= low {
		high = low + 1
	}
	var b strings.Builder
	command := "M"
	for i, v := range values {
		if math.IsNaN(v) {
			command = "M"
			continue
		}
		x = 97 * float64(i) / float64(max(1, len(values)-1))
		y = 21 - 18*(v-low)/(high-low)
		fmt.Fprintf(&b, "%s%.2f %.2f", command, x, y)
		command = "L"
	}
	return b.String(), x, y
}

// tip says everything about one class, on hover.
func (c chart) tip(l *Locale, i int, label string) string {
	text := label
	for _, s := range c.Series {
		text += "\n" + s.Name + ": " + c.value(l, s.at(i))
	}
	return text
}
