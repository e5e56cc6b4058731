package web

import (
	"math"

	"regia/internal/experience"
)

// ScaleLabel is what a scale is called inside a sentence: "NPS", "stars out of
// 10" where it ends elsewhere than usual. Capital begins a line with it.
func (l *Locale) ScaleLabel(s experience.Scale) string {
	name := l.T("web.scale." + s.Name())
	if s.Usual() {
		return name
	}
	return l.T("web.scale.other", "scale", name, "best", l.Short(s.High))
}

// Answer writes an answer with its scale: "3 of 10 · NPS".
func (l *Locale) Answer(s experience.Scale, score float64) string {
	return l.T("web.answer", "score", l.Short(score), "best", l.Short(s.High), "scale", l.T("web.scale."+s.Name()))
}

// Short writes a number with one digit after the point, or none where it would
// be 0.
func (l *Locale) Short(v float64) string {
	v = math.Round(v*10) / 10
	if v == math.Trunc(v) {
		return l.Decimal(v, 0)
	}
	return l.Decimal(v, 1)
}

// TooFew stands in the place of a figure about so few that it must not be shown:
// experience.TooFew says why.
func (l *Locale) TooFew(n int64) string { return l.T("web.toofew", "n", n) }
