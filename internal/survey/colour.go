package survey

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// colour is one of the sRGB space.
type colour struct{ r, g, b uint8 }

// parseColour reads #rrggbb.
func parseColour(s string) (colour, bool) {
	text, ok := strings.CutPrefix(s, "#")
	if !ok || len(text) != 6 {
		return colour{}, false
	}
	n, err := strconv.ParseUint(text, 16, 32)
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// luminance is the relative luminance of WCAG 2.2, 0 to 1.
func (c colour) luminance() float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// readable is the contrast that text needs (WCAG 2.2, 1.4.3, level AA).
const readable = 4.5

// towards mixes a part of another colour in, 0 to 1.
func (c colour) towards(o colour, part float64) colour {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*part)) }
	return colour{mix(c.r, o.r), mix(c.g, o.g), mix(c.b, o.b)}
}

var (
	white = colour{255, 255, 255}
	black = colour{0, 0, 0}
	// The papers of the public pages, as survey.css has them.
	lightPaper = colour{0xfd, 0xfa, 0xf4}
	darkPaper  = colour{0x16, 0x31, 0x3a}
	petrol     = colour{0x0f, 0x4f, 0x5b}
)

// on gives the colour, black or white, in which one reads best on c: of the two
// one is always readable.
func (c colour) on() colour {
	if contrast(c, white) >= contrast(c, black) {
		return white
	}
	return black
}

// against gives c, or the shade nearest to it that can be read on a paper.
func (c colour) against(paper colour) colour {
	away := black
	if paper.luminance() < 0.18 { // where black and white are as far
		away = white
	}
	for part := 0.0; part < 1; part += 0.02 {
		if shade := c.towards(away, part); contrast(shade, paper) >= readable {
			return shade
		}
	}
	return away
}

// accent is a survey's colour, Regia's own where it has none.
func (t Theme) accent() colour {
	if c, ok := parseColour(t.Accent); ok {
		return c
	}
	return petrol
}
