package people

import (
	"context"
	"math"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// Impact tells what interactions did to a person.
type Impact interface {
	// Curve gives what interactions did to a person, oldest first.
	Curve(ctx context.Context, person experience.ID) ([]experience.Impression, error)
	// Scores gives people's experience scores, and by what evidence.
	Scores(ctx context.Context, people []experience.ID) (map[experience.ID]experience.Estimate, error)
	// Why says in words what an impact comes from.
	Why(l *web.Locale, i experience.Impact) string
}

// curve is what a person's interactions did to them, ready to be drawn.
type curve struct {
	l     *web.Locale
	score *experience.Estimate // nil: none
	dots  []feltDot
	more  int // earlier impressions that are not drawn
	err   error
}

// feltDot is one interaction on the curve: the strongest of what it did.
type feltDot struct {
	value    float64
	evidence experience.Evidence
	day      string
	tip      string
}

// The curve's drawing, in pixels; and how many dots it has at most.
const (
	curveHeight = 168
	curveTop    = 12
	curveBottom = 26
	curveDots   = 40
)

// curve gives a person's curve, and what each interaction did.
func (r *Room) curve(ctx context.Context, l *web.Locale, person experience.ID) (curve, map[experience.ID]experience.Impression) {
	c := curve{l: l}
	if r.Impact == nil {
		return c, nil
	}
	list, err := r.Impact.Curve(ctx, person)
	if err != nil || len(list) == 0 {
		c.err = err
		return c, nil
	}
	scores, err := r.Impact.Scores(ctx, []experience.ID{person})
	if err != nil {
		c.err = err
		return c, nil
	}
	if s, ok := scores[person]; ok {
		c.score = &s
	}
	did := make(map[experience.ID]experience.Impression, len(list))
	for _, i := range list {
		did[i.Interaction] = i
	}
	c.more = max(0, len(list)-curveDots)
	for _, i := range list[c.more:] {
		x := strongest(i)
		title := EventTitle(l, i.Kind, i.Name)
		c.dots = append(c.dots, feltDot{value: x.Value, evidence: x.Evidence, day: l.Day(i.Time),
			tip: l.Date(i.Time) + "\n" + title + "\n" + felt(l, x) + " · " + r.Impact.Why(l, x) + " · " + l.EvidenceLabel(x.Evidence)})
	}
	return c, did
}

// strongest is the impact that stands for an interaction: what was stated where
// something was, else the strongest. Kinds of evidence are not averaged.
func strongest(i experience.Impression) experience.Impact {
	best := i.Impacts[0]
	for _, x := range i.Impacts[1:] {
		if rank(x.Evidence) < rank(best.Evidence) || x.Evidence == best.Evidence && math.Abs(x.Value) > math.Abs(best.Value) {
			best = x
		}
	}
	return best
}

func rank(e experience.Evidence) int {
	return map[experience.Evidence]int{experience.Stated: 0, experience.Inferred: 1, experience.Assumed: 2}[e]
}

// felt writes an impact from −100 to +100.
func felt(l *web.Locale, i experience.Impact) string { return points(l, i.Value) }

func points(l *web.Locale, v float64) string {
	n := math.Round(100 * v)
	if n > 0 {
		return "+" + l.Decimal(n, 0)
	}
	return l.Decimal(n+0, 0) // −0 is 0
}

// feltTone is the colour of an impact.
func feltTone(v float64) web.Tone {
	switch {
	case v <= -0.05:
		return web.Terracotta
	case v >= 0.05:
		return web.Petrol
	}
	return web.Sand
}

// feel tells a moment what it did.
func (m *moment) feel(l *web.Locale, i experience.Impression, why func(*web.Locale, experience.Impact) string) {
	x := strongest(i)
	m.felt = &x
	words := felt(l, x) + " " + why(l, x)
	if m.note != "" {
		words += " · " + m.note
	}
	m.note = words
}

func (c curve) x(i int) string {
	return strconv.FormatFloat(100*(float64(i)+0.5)/float64(len(c.dots)), 'f', 2, 64)
}

func (c curve) y(v float64) string {
	return strconv.FormatFloat(curveTop+(curveHeight-curveTop-curveBottom)*(1-v)/2, 'f', 1, 64)
}

// path is the line from dot to dot, in a box 100 wide.
func (c curve) path() string {
	var b strings.Builder
	for i, d := range c.dots {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + c.x(i) + " " + c.y(d.value))
	}
	return b.String()
}

// named tells whether a dot's day is written: the first, the last, one between.
func (c curve) named(i int) bool {
	n := len(c.dots)
	return i == n/2 || n > 4 && (i == 0 || i == n-1)
}

// title is the score in a sentence.
func (c curve) title() string {
	if c.score == nil {
		return c.l.T("people.curve")
	}
	return c.l.T("people.curve.score", "score", points(c.l, c.score.Value), "evidence", c.l.EvidenceLabel(c.score.Evidence))
}

func (c curve) note() string {
	if c.score == nil {
		return c.l.T("people.curve.note")
	}
	return c.l.T("people.curve.basis", "n", c.score.N, "low", points(c.l, c.score.Low), "high", points(c.l, c.score.High))
}

// alternative says what is drawn, for those who cannot see it.
func (c curve) alternative() string {
	low, high := c.dots[0], c.dots[0]
	for _, d := range c.dots {
		if d.value < low.value {
			low = d
		}
		if d.value > high.value {
			high = d
		}
	}
	return c.l.T("people.curve.alternative", "n", len(c.dots), "low", points(c.l, low.value), "lowDay", low.day, "high", points(c.l, high.value), "highDay", high.day)
}
