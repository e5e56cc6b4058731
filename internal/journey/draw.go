package journey

import (
	"fmt"
	"html"
	"strings"
	"unicode"

	"regia/internal/experience"
)

// The drawing's measures, in pixels. Fonts differ from machine to machine, so
// widths of words are estimated on the generous side.
const (
	drawEdge   = 28.0
	drawColumn = 224.0
	drawGap    = 16.0
	drawPad    = 12.0
	drawHead   = 44.0
	drawCurve  = 110.0 // height of the curve's lane
)

// Colours of the light theme: paper knows no other.
const (
	inkColour   = "#16323a"
	quietColour = "#55686a"
	lineColour  = "#d8ccb4"
	paperColour = "#fdfaf4"
	cardColour  = "#ffffff"
	brandColour = "#0f4f5b"
	headColour  = "#dde7e6"
	truthColour = "#cf9a2c"
	painColour  = "#a3432a"
	sageColour  = "#4a6c53"
	sandColour  = "#8a7a5a"
)

// drawing writes a map as SVG. It uses attributes only, no style sheet, so that
// a page whose policy forbids styles can hold it too.
type drawing struct {
	desk
	m Map
	b strings.Builder
	y float64
}

// Draw gives a map as an SVG document: with its title, and with all of it as
// its text alternative.
func (d desk) draw(m Map, basis string) string {
	w := &drawing{desk: d, m: m}
	wide := 2*drawEdge + float64(len(m.Stages))*(drawColumn+drawGap) - drawGap
	wide = max(wide, 720)
	w.heading(wide, basis)
	w.curve()
	bottom := w.y
	for i, stage := range m.Stages {
		bottom = max(bottom, w.stage(drawEdge+float64(i)*(drawColumn+drawGap), w.y, i, stage))
	}
	high := w.legend(bottom + 34)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-labelledby="map-title map-desc" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">`+
		`<title id="map-title">%s</title><desc id="map-desc">%s</desc><rect width="100%%" height="100%%" fill="%s"/>%s</svg>`,
		wide, high, wide, high, safe(m.Name), safe(d.outline(m)), paperColour, w.b.String())
}

// outline is the map in words.
func (d desk) outline(m Map) string {
	var parts []string
	for _, stage := range m.Stages {
		var steps []string
		for _, s := range stage.Steps {
			text := s.Name
			if s.MomentOfTruth {
				text += " (" + d.l.T("journey.truth") + ")"
			}
			if expected := d.expectation(m, s); expected != "" {
				text += ", " + expected
			}
			steps = append(steps, text)
		}
		parts = append(parts, stage.Name+": "+strings.Join(steps, "; "))
	}
	return strings.Join(parts, ". ") + "."
}

func (w *drawing) heading(wide float64, basis string) {
	y := 44.0
	for _, line := range fold(w.m.Name, wide-2*drawEdge, 22) {
		w.text(drawEdge, y, 22, inkColour, `font-weight="600"`, line)
		y += 28
	}
	for _, line := range fold(basis, wide-2*drawEdge, 12) {
		w.text(drawEdge, y, 12, quietColour, "", line)
		y += 17
	}
	for _, line := range fold(w.m.About, wide-2*drawEdge, 13) {
		y += 18
		w.text(drawEdge, y-14, 13, inkColour, "", line)
	}
	w.y = y + 14
}

// curve draws what the designer supposes of people's feelings, dotted as all
// that is assumed.
func (w *drawing) curve() {
	type point struct{ x, y float64 }
	var points []point
	known := false
	mid := w.y + drawCurve/2
	for i, stage := range w.m.Stages {
		for k, s := range stage.Steps {
			value, ok := s.Assumed[experience.Emotional]
			known = known || ok
			if !ok {
				continue
			}
			x := drawEdge + float64(i)*(drawColumn+drawGap) + drawColumn*(float64(k)+0.5)/float64(len(stage.Steps))
			points = append(points, point{x, mid - value*(drawCurve/2-16)})
		}
	}
	if !known {
		return
	}
	w.text(drawEdge, w.y+2, 11, quietColour, "", w.l.T("journey.draw.curve"))
	right := drawEdge + float64(len(w.m.Stages))*(drawColumn+drawGap) - drawGap
	fmt.Fprintf(&w.b, `<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-dasharray="2 4"/>`, drawEdge, mid, right, lineColour)
	var path strings.Builder
	for i, p := range points {
		if i == 0 {
			fmt.Fprintf(&path, "M%.1f %.1f", p.x, p.y)
			continue
		}
		half := (points[i-1].x + p.x) / 2
		fmt.Fprintf(&path, "C%.1f %.1f %.1f %.1f %.1f %.1f", half, points[i-1].y, half, p.y, p.x, p.y)
	}
	fmt.Fprintf(&w.b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="1 5" stroke-linecap="round"/>`, path.String(), brandColour)
	for _, p := range points {
		fmt.Fprintf(&w.b, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s" stroke="%s" stroke-width="1.8" stroke-dasharray="2 2"/>`, p.x, p.y, paperColour, brandColour)
	}
	w.y += drawCurve + 6
}

// stage draws a column and gives where it ends.
func (w *drawing) stage(x, y float64, i int, s Stage) float64 {
	tip, notch := 12.0, 12.0
	if i == 0 {
		notch = 0
	}
	lines := fold(s.Name, drawColumn-48, 14)
	high := max(drawHead, float64(len(lines))*18+18)
	fmt.Fprintf(&w.b, `<path d="M%.1f %.1fh%.1fl%.1f %.1fl-%.1f %.1fh-%.1fl%.1f -%.1fz" fill="%s"/>`,
		x, y, drawColumn, tip, high/2, tip, high/2, drawColumn, notch, high/2, headColour)
	for k, line := range lines {
		w.text(x+drawPad+notch, y+high/2+5+float64(k)*18-float64(len(lines)-1)*9, 14, brandColour, `font-weight="600"`, line)
	}
	y += high + drawGap*0.75
	for _, step := range s.Steps {
		y = w.card(x, y, step) + drawGap*0.75
	}
	return y
}

// line is one line of a card.
type line struct {
	text   string
	size   float64
	colour string
	attrs  string
	mark   string // what stands before it: truth, clock, dot, pain, chance, back, or ""
	tone   string // colour of the mark
	gap    float64
}

// card draws a step and gives where it ends.
func (w *drawing) card(x, y float64, s Step) float64 {
	lines := w.lines(s)
	high := drawPad*2 - 4
	for _, l := range lines {
		high += l.size + 4 + l.gap
	}
	fmt.Fprintf(&w.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="8" fill="%s" stroke="%s"/>`, x, y, drawColumn, high, cardColour, lineColour)
	if s.MomentOfTruth {
		fmt.Fprintf(&w.b, `<rect x="%.1f" y="%.1f" width="4" height="%.1f" rx="2" fill="%s"/>`, x, y+6, high-12, truthColour)
	}
	at := y + drawPad - 4
	for _, l := range lines {
		at += l.size + 4 + l.gap
		left := x + drawPad
		if l.mark != "" || l.tone != "" {
			w.mark(left+5, at-l.size*0.36, l)
			left += 16
		}
		w.text(left, at, l.size, l.colour, l.attrs, l.text)
	}
	return y + high
}

func (w *drawing) lines(s Step) []line {
	var out []line
	add := func(text string, first line) {
		room := drawColumn - 2*drawPad
		if first.mark != "" {
			room -= 16
		}
		for i, part := range fold(text, room, first.size) {
			one := first
			one.text = part
			if i > 0 {
				one.mark, one.gap = "", 0
				if first.mark != "" {
					one.tone = "none"
				}
			}
			out = append(out, one)
		}
	}
	if s.MomentOfTruth {
		add(w.l.T("journey.truth"), line{size: 10, colour: "#805909", mark: "truth", tone: truthColour})
	}
	add(s.Name, line{size: 13, colour: inkColour, attrs: `font-weight="600"`})
	for i, key := range s.Touchpoints {
		gap := 0.0
		if i == 0 {
			gap = 3
		}
		add(w.chip(key).Label, line{size: 11, colour: quietColour, mark: "dot", tone: channelColour(w.catalogue[key].Channel), gap: gap})
	}
	if expected := w.expectation(w.m, s); expected != "" {
		add(expected, line{size: 11, colour: inkColour, mark: "clock", tone: quietColour, gap: 4})
	}
	for _, group := range []struct {
		list       []string
		mark, tone string
	}{{s.Pains, "pain", painColour}, {s.Opportunities, "chance", sageColour}, {s.Backstage, "back", sandColour}} {
		for _, text := range group.list {
			add(text, line{size: 11, colour: inkColour, mark: group.mark, tone: group.tone, gap: 4})
		}
	}
	return out
}

// mark draws what stands before a line: told apart by shape, not by colour alone.
func (w *drawing) mark(x, y float64, l line) {
	switch l.mark {
	case "truth":
		fmt.Fprintf(&w.b, `<path d="M%.1f %.1fl1.6 3.3 3.6.5-2.6 2.5.6 3.6-3.2-1.7-3.2 1.7.6-3.6-2.6-2.5 3.6-.5z" fill="%s"/>`, x, y-5.5, l.tone)
	case "clock":
		fmt.Fprintf(&w.b, `<circle cx="%.1f" cy="%.1f" r="5" fill="none" stroke="%s" stroke-width="1.3"/><path d="M%.1f %.1fv-3m0 3h2.4" stroke="%[3]s" stroke-width="1.3"/>`, x, y, l.tone, x, y)
	case "dot":
		fmt.Fprintf(&w.b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`, x, y, l.tone)
	case "pain":
		fmt.Fprintf(&w.b, `<path d="M%.1f %.1fl5 8.5h-10z" fill="%s"/>`, x, y-5, l.tone)
	case "chance":
		fmt.Fprintf(&w.b, `<path d="M%.1f %.1fh9m-4.5 -4.5v9" stroke="%s" stroke-width="2"/>`, x-4.5, y, l.tone)
	case "back":
		fmt.Fprintf(&w.b, `<rect x="%.1f" y="%.1f" width="8" height="8" rx="1.5" fill="none" stroke="%s" stroke-width="1.6"/>`, x-4, y-4, l.tone)
	}
}

// legend names the marks, and gives where the drawing ends.
func (w *drawing) legend(y float64) float64 {
	x := drawEdge
	for _, one := range []struct{ mark, tone, key string }{
		{"truth", truthColour, "journey.truth"}, {"clock", quietColour, "journey.expectation"}, {"pain", painColour, "journey.pains"},
		{"chance", sageColour, "journey.opportunities"}, {"back", sandColour, "journey.backstage"},
	} {
		words := w.l.T(one.key)
		w.mark(x+5, y-4, line{mark: one.mark, tone: one.tone})
		w.text(x+16, y, 11, quietColour, "", words)
		x += 16 + width(words, 11) + 18
	}
	return y + drawEdge
}

func (w *drawing) text(x, y, size float64, colour, attrs, text string) {
	if attrs != "" {
		attrs = " " + attrs
	}
	fmt.Fprintf(&w.b, `<text x="%.1f" y="%.1f" font-size="%.0f" fill="%s"%s>%s</text>`, x, y, size, colour, attrs, safe(text))
}

// safe writes text so that XML can carry it.
func safe(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
			return ' '
		}
		return r
	}, text))
}

// width estimates how wide a text is drawn.
func width(text string, size float64) float64 {
	sum := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("iljtfrI.,:;'!|()[] ", r):
			sum += 0.34
		case strings.ContainsRune("mwMW@%—…", r):
			sum += 0.9
		case r > 0x2e80:
			sum += 1.05 // ideographs
		case unicode.IsUpper(r):
			sum += 0.7
		default:
			sum += 0.57
		}
	}
	return sum * size
}

// fold breaks a text between words into lines of a width; a word that is wider
// is cut.
func fold(text string, room, size float64) []string {
	var out []string
	now := ""
	for _, word := range strings.Fields(text) {
		for width(word, size) > room {
			letters := []rune(word)
			n := len(letters) - 1
			for n > 1 && width(string(letters[:n]), size) > room {
				n--
			}
			if now != "" {
				out, now = append(out, now), ""
			}
			out, word = append(out, string(letters[:n])), string(letters[n:])
		}
		switch {
		case now == "":
			now = word
		case width(now+" "+word, size) <= room:
			now += " " + word
		default:
			out, now = append(out, now), word
		}
	}
	if now != "" {
		out = append(out, now)
	}
	return out
}

// channelColour is a channel's colour on paper.
func channelColour(c experience.Channel) string {
	switch c {
	case experience.Web:
		return "#0072b2"
	case experience.App:
		return "#2f8cc2"
	case experience.Shop:
		return "#c4520c"
	case experience.Phone:
		return "#00805f"
	case experience.Email:
		return "#b47700"
	case experience.Chat:
		return "#b0568f"
	case experience.Messaging:
		return "#75609f"
	case experience.Post:
		return "#6c7440"
	case experience.Marketplace:
		return "#8a5c33"
	case experience.Social:
		return "#bf4a6b"
	case experience.Reviews:
		return "#8b7a00"
	case experience.Device:
		return "#2f8794"
	}
	return "#6c7a7b"
}
