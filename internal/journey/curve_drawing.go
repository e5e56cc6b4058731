package journey

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"regia/internal/experience"
)

// Sizes of the drawing, in pixels.
const (
	drawingGutter = 92  // for the words beside the curve and the bars
	drawingWide   = 800 // steps share it while they are few
	leastPitch    = 116 // from one step to the next
	mostPitch     = 190
	curveTop      = 14
	curveHigh     = 190
	countLine     = 19 // a line of counts below the curve
	stageHigh     = 30
	nameLine      = 16
	barHigh       = 84
	barWide       = 44
	besides       = 13 // how far the kinds of evidence stand from each other
)

// livedDrawing is a map as it is lived, laid out: the curve above, then the stages
// and their steps, and below how many come there.
type livedDrawing struct {
	living
	pitch                      float64
	width, height              float64
	curve, counts              bool
	stageY, nameY, barY, noteY float64
	names                      int // lines of the longest name
	most                       int64
	lines                      []feelLine
	points                     []feelPoint
}

// feelLine joins the points of one kind of evidence.
type feelLine struct {
	evidence experience.Evidence
	path     string
}

// feelPoint is one point of the curve.
type feelPoint struct {
	felt       Felt
	step       int
	x, y       float64
	low, high  float64 // ends of the interval
	up, down   float64 // one standard deviation
	hasSpread  bool
	url        string
	label, tip string
}

// layOut places everything.
func (v living) layOut() livedDrawing {
	d := livedDrawing{living: v, names: 1}
	n := len(v.f.Steps)
	d.pitch = min(max(drawingWide/float64(max(n, 1)), leastPitch), mostPitch)
	d.width = drawingGutter + d.pitch*float64(n)
	for _, s := range v.f.Steps {
		d.most = max(d.most, s.Cases)
		d.names = max(d.names, len(d.words(s.Name)))
		for _, f := range s.Felt {
			d.curve = d.curve || f.Dimension == v.dimension
			d.counts = d.counts || f.Dimension == v.dimension && f.Evidence != experience.Assumed
		}
	}
	if d.curve {
		d.stageY = curveTop + curveHigh + 14
		if d.counts {
			d.stageY += 2*countLine + 6
		}
		d.feel()
	}
	d.nameY = d.stageY + stageHigh + 22
	d.barY = d.nameY + float64(d.names-1)*nameLine + 34
	d.noteY = d.barY + barHigh + 18
	d.height = d.noteY + 26
	return d
}

// x is the middle of a step.
func (d livedDrawing) x(step int) float64 { return drawingGutter + d.pitch*(float64(step)+0.5) }

// y is the height of an impact on the curve.
func (d livedDrawing) y(value float64) float64 { return curveTop + curveHigh*(1-value)/2 }

// feel places the points of the curve, and joins them.
func (d *livedDrawing) feel() {
	for k, e := range []experience.Evidence{experience.Assumed, experience.Inferred, experience.Stated} {
		beside := [...]float64{-besides, besides, 0}[k]
		var path strings.Builder
		pen := "M"
		for i, s := range d.f.Steps {
			f := feltOf(s.Felt, d.dimension, e)
			if f == nil || f.Mean == nil {
				if s.Bound || e == experience.Assumed { // what cannot be seen parts nothing
					pen = "M"
				}
				continue
			}
			p := d.point(i, *f, d.x(i)+beside)
			d.points = append(d.points, p)
			fmt.Fprintf(&path, "%s%.1f %.1f", pen, p.x, p.y)
			pen = "L"
		}
		if strings.Contains(path.String(), "L") {
			d.lines = append(d.lines, feelLine{e, path.String()})
		}
	}
}

func (d *livedDrawing) point(step int, f Felt, x float64) feelPoint {
	s := d.f.Steps[step]
	p := feelPoint{felt: f, step: step, x: x, y: d.y(f.Mean.Value), low: d.y(f.Mean.Low), high: d.y(f.Mean.High)}
	if f.Evidence == experience.Assumed {
		p.label = s.Name + ": " + d.signed(f.Mean.Value) + ", " + d.l.EvidenceLabel(f.Evidence)
		p.tip = p.label
		return p
	}
	p.up, p.down, p.hasSpread = d.y(min(f.Mean.Value+*f.Spread, 1)), d.y(max(f.Mean.Value-*f.Spread, -1)), true
	p.label = s.Name + ": " + d.estimate(f.Mean) + ", " + d.l.EvidenceLabel(f.Evidence) + ", n = " + d.l.N(f.N)
	p.tip = p.label + "\n" + d.l.T("journey.alive.spread", "spread", d.l.Decimal(*f.Spread, 2)) + "\n" + d.l.T("journey.alive.worsthere", "count", d.cases(f.Worst))
	p.url = d.behind(f.N, known, "at", s.ID, "dimension", string(f.Dimension), "evidence", string(f.Evidence))
	return p
}

// shade is the class of how good or bad an impact is: from -3 to 3.
func shade(value float64) string {
	return "feel-" + strconv.Itoa(int(math.Round(math.Max(-1, math.Min(1, value))*3))+3)
}

// words cuts a name into lines that fit a step.
func (d livedDrawing) words(name string) []string {
	letters := int(d.pitch/6.6) - 1
	lines := []string{""}
	for _, word := range strings.Fields(name) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = clipped(word, letters)
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= letters:
			*last += " " + word
		case len(lines) == 3:
			*last = clipped(*last+" "+word, letters)
			return lines
		default:
			lines = append(lines, clipped(word, letters))
		}
	}
	return lines
}

func clipped(text string, letters int) string {
	if r := []rune(text); len(r) > letters && letters > 1 {
		return strings.TrimSpace(string(r[:letters-1])) + "…"
	}
	return text
}

// band is a stage above its steps.
type band struct {
	name    string
	x, wide float64
	whole   string
}

func (d livedDrawing) bands() []band {
	var list []band
	at := 0
	for _, stage := range d.m.Stages {
		if n := len(stage.Steps); n > 0 {
			b := band{x: d.x(at) - d.pitch/2, wide: d.pitch * float64(n), whole: stage.Name}
			b.name = clipped(stage.Name, int((b.wide-24)/7))
			list = append(list, b)
			at += n
		}
	}
	return list
}

// bar is a piece of the column of those who came to a step.
type bar struct {
	class, url, tip string
	y, high         float64
}

// bars are those who went on, below, those who are there, and those who went no
// further, on top.
func (d livedDrawing) bars(i int) []bar {
	s := d.f.Steps[i]
	if s.Cases == 0 || d.most == 0 {
		return nil
	}
	y := d.barY + barHigh
	var list []bar
	add := func(n int64, class, what, text string) {
		if n <= 0 {
			return
		}
		high := math.Max(barHigh*float64(n)/float64(d.most), 1.5)
		y -= high
		b := bar{class: class, y: y, high: high, tip: s.Name + "\n" + d.l.T(text, "count", d.cases(n), "share", d.share(n, s.Cases))}
		if what != "" {
			b.url = d.behind(n, what, "at", s.ID)
		}
		list = append(list, b)
	}
	add(s.Cases-s.Here-s.Stopped, "is-on", reached, "journey.alive.bar.on")
	add(s.Here, "is-here", here, "journey.alive.bar.here")
	add(s.Stopped, "is-stopped", stopped, "journey.alive.bar.stopped")
	return list
}

// count says on how much a kind of evidence rests at a step.
func (d livedDrawing) count(i int, e experience.Evidence) (text, url string) {
	f := feltOf(d.f.Steps[i].Felt, d.dimension, e)
	switch {
	case f == nil:
		return "", ""
	case f.Mean == nil:
		return d.l.T("journey.alive.toofew", "count", f.N), d.behind(f.N, known, "at", d.f.Steps[i].ID, "dimension", string(d.dimension), "evidence", string(e))
	}
	return "n = " + d.l.N(f.N), ""
}

func px(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// top is where the count above a step's column stands.
func (d livedDrawing) top(i int) float64 {
	top := d.barY + barHigh
	for _, b := range d.bars(i) {
		top = min(top, b.y)
	}
	return top - 6
}

// onward says, between two columns, which part came from the one before.
func (d livedDrawing) onward(s StepFigures) string {
	if s.FromBefore.Of < experience.TooFew {
		return "→"
	}
	return d.l.Percent(part(s.FromBefore.Went, s.FromBefore.Of)) + " →"
}

// below says, below a column, how many are still there, or went no further.
func (d livedDrawing) below(s StepFigures) string {
	switch {
	case s.Stopped > 0:
		return d.l.T("journey.alive.stop", "count", d.l.N(s.Stopped))
	case s.Here > 0:
		return d.l.T("journey.alive.ishere", "count", d.l.N(s.Here))
	}
	return ""
}
